"""Runs one change in a process of its own under a fault, and looks at what the next server finds."""

import asyncio
import multiprocessing
import os
import shutil
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Literal

from tests.faults import controls, doubles
from tests.faults.aftermath import State, faults, observe
from tests.faults.scenes import SCENES, Act, Scene
from tests.faults.strikes import Strike, Striker
from workspace_server.config import Settings
from workspace_server.core.clock import ManualClock
from workspace_server.errors import WorkspaceError
from workspace_server.services.engine import Engine

BOOT, NEXT_BOOT = "boot-1", "boot-2"
LIFE_S = 60.0
"""Longest life of a child; only one that hangs lives that long."""
Told = Literal["begun", "answered", "refused", "crashed", "ended"]


@dataclass(slots=True)
class Life:
    """What a child said before it ended.

    Attributes:
        seen: The calls that counted, when it lived to tell.
    """

    told: list[Told] = field(default_factory=list)
    detail: str = ""
    seen: list[str] = field(default_factory=list)
    struck: int = 0
    exit_code: int | None = None

    @property
    def killed(self) -> bool:
        return self.exit_code == -9

    @property
    def answered(self) -> bool:
        return "answered" in self.told


def open_engine(folder: Path, boot_id: str = BOOT) -> AbstractAsyncContextManager[Engine]:
    """Open the workspace as the next server does."""
    return Engine.open(folder, settings=Settings(retention_versions=1), clock=ManualClock(boot_id=boot_id))


def copied(source: Path, folder: Path) -> Path:
    """Make *folder* a copy of *source*, whatever it was before, and return it."""
    for left in (folder, folder.with_name(f"{folder.name}.restored")):
        shutil.rmtree(left, ignore_errors=True)
    folder.with_name(f"{folder.name}.backup").unlink(missing_ok=True)
    shutil.copytree(source, folder)
    journal(folder).unlink(missing_ok=True)
    return folder


def template(folder: Path, scene: Scene) -> tuple[State, ...]:
    """Make in *folder* what stands before the change; return the state then, after it, and after its other ways."""

    async def prepare() -> None:
        async with open_engine(folder) as engine:
            await scene.before(engine)

    async def change(copy: Path, act: Act, *before: Act) -> None:
        async with open_engine(copy) as engine:
            for one in (*before, act):
                await one(engine)
        if scene.ways:
            async with open_engine(copy):  # which finds what was done beside it
                pass

    folder.mkdir()
    asyncio.run(prepare())
    states = [observe(folder)]
    for acts in ((scene.act, scene.outside), *((way,) for way in scene.ways)):
        copy = folder.with_name(f"{folder.name}-after")
        shutil.copytree(folder, copy)
        asyncio.run(change(copy, *acts))
        states.append(observe(copy))
        assert faults(copy) + scene.check(copy) == []
        shutil.rmtree(copy)
    return tuple(states)


@dataclass(frozen=True, slots=True)
class Orders:
    """What a process is to do: open the folder and make the change, with a fault in it.

    Attributes:
        recovering: Strike from the first instruction on, rather than from the change on.
        doubled: Put the doubles of the disk in place; else faults come from outside.
    """

    folder: Path
    scene: str
    strike: Strike
    control: controls.Control = "honest"
    recovering: bool = False
    doubled: bool = True


Attach = Callable[[int], None]
"""Called with a process's id while that waits to go on, right before it may be struck."""


def live(orders: Orders, attach: Attach | None = None) -> Life:
    """Let a process live by its orders, and return what became of it."""
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload(["tests.faults.sweep"])
    ours, theirs = processes.Pipe()
    process = processes.Process(target=_live, args=(orders, theirs))
    process.start()
    theirs.close()
    life = Life()
    try:
        while ours.poll(LIFE_S):
            said, detail = ours.recv()
            if said == "waits":
                if attach is not None:
                    attach(detail)
                ours.send("go")
                continue
            life.told.append(said)
            if said == "ended":
                life.seen, life.struck = detail
            elif detail:
                life.detail = str(detail)
    except (EOFError, ConnectionError):
        pass
    process.join(LIFE_S)
    if process.exitcode is None:
        process.kill()
        process.join()
        life.detail = f"it hung; {life.detail}"
    life.exit_code = process.exitcode
    ours.close()
    return life


def journal(folder: Path) -> Path:
    """Return where the doubles write down what is not synced."""
    return folder.with_name(f"{folder.name}.unsynced")


def _live(orders: Orders, told: Connection) -> None:
    striker = Striker(orders.strike)
    vfs: object = None
    if orders.doubled:
        unsynced = doubles.Unsynced(journal(orders.folder))
        vfs = doubles.install(striker, unsynced, syncs=orders.control != "syncs nothing")

    def wait() -> None:
        told.send(("waits", os.getpid()))
        told.recv()

    async def change() -> None:
        if orders.recovering:
            wait()
            striker.arm()
        async with open_engine(orders.folder) as engine:
            controls.spoil(engine, orders.control)
            if orders.strike.kind != "kill":
                _spare_the_close(engine, striker)
            if not orders.recovering:
                await SCENES[orders.scene].outside(engine)
                wait()
            striker.arm()
            told.send(("begun", None))
            if orders.control == "answers early":
                told.send(("answered", None))
            try:
                await SCENES[orders.scene].act(engine)
                told.send(("answered", None))
            except WorkspaceError as refusal:
                told.send(("refused", refusal.as_dict()))
        striker.disarm()
        told.send(("ended", (striker.seen, striker.struck)))

    try:
        asyncio.run(change())
    except Exception as error:
        told.send(("crashed", repr(error)))
        raise
    assert vfs is not None or not orders.doubled, "kept until the end"


def _spare_the_close(engine: Engine, striker: Striker) -> None:
    """Let no error strike while SQLite closes: it passes over those, and a double in Python cannot."""
    threads, shutdown = engine.db._threads, engine.db._threads.shutdown

    def disarmed() -> None:
        striker.disarm()
        shutdown()

    threads.shutdown = disarmed  # type: ignore[method-assign, assignment]


def reopened(folder: Path, scene: Scene, *, boot_id: str) -> tuple[State, State]:
    """Open *folder* and close it, observe it; make the change once more, and observe it again."""

    async def once_more() -> None:
        async with open_engine(folder, boot_id) as engine:
            await scene.act(engine)

    async def just_open() -> None:
        async with open_engine(folder, boot_id) as engine, asyncio.timeout(LIFE_S):
            await scene.settle(engine)

    asyncio.run(just_open())
    first = observe(folder)
    if scene.once:
        asyncio.run(once_more())
    return first, observe(folder)


def judge(folder: Path, scene: Scene, life: Life, states: tuple[State, ...], *, cut: bool = False) -> list[str]:
    """Return what is wrong after a life: lost acknowledgements, half changes, damage; nothing, if all is well.

    Args:
        cut: The power goes as well: what was not synced is lost, and the machine starts anew.
    """
    before, after = states[:2]
    aside = bool(scene.ways and life.struck)  # the disk took no copy of what was displaced
    if cut:
        doubles.cut_power(folder, journal(folder))
    try:
        found, final = reopened(folder, scene, boot_id=NEXT_BOOT if cut else BOOT)
    except WorkspaceError as refusal:
        return [f"made again under its id, it is refused: {refusal}"]
    said = []
    if life.answered and found != after and not aside:
        said.append(f"acknowledged, and not there: {differences(found, after)}")
    elif found not in states:
        said.append(f"neither before nor after: {differences(found, before)}; {differences(found, after)}")
    if scene.once and final != after:
        said.append(f"made again under its id, it is not the same change: {differences(final, after)}")
    return said + faults(folder, torn=cut or aside) + scene.check(folder)


def differences(one: State, other: State) -> str:
    """Return what differs between two states, for people."""
    parts = ((name, getattr(one, name), getattr(other, name)) for name in State.__slots__)
    return "; ".join(f"{name} {left} against {right}" for name, left, right in parts if left != right)


def moments(seen: list[str]) -> list[int]:
    """Return the numbers of the calls that open something new: a commit, a sync, a rename, and the one past the last.

    Within a run of SQLite's writes the middle one stands for the others: until the sync they are all one commit.
    """
    found = []
    for number, (call, before) in enumerate(zip(seen, ["", *seen], strict=False), 1):
        if call != before or call != "db.write" or (number + 1 < len(seen) and seen[number] != "db.write"):
            found.append(number)
    return [*found, len(seen)]


def spread(numbers: list[int], wanted: int) -> list[int]:
    """Return about *wanted* of *numbers*, evenly chosen, the first and the last among them."""
    if len(numbers) <= wanted:
        return numbers
    step = (len(numbers) - 1) / (wanted - 1)
    return sorted({numbers[round(index * step)] for index in range(wanted)})
