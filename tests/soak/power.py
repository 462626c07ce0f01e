"""Power cuts: the image of a mounted file system is copied while a server works on it, and opened elsewhere."""

import asyncio
import multiprocessing
import os
import random
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from pathlib import Path

from tests.faults import doubles
from tests.faults.aftermath import faults
from tests.faults.strikes import Strike, Striker
from tests.faults.sweep import NEXT_BOOT, open_engine
from tests.faults.test_kill_and_repeat import READER, Told, hear
from tests.faults.victim import work
from tests.soak.mounts import CannotMount, copy_at_one_moment, make_image, mounted
from tests.soak.parts import Budget, Report

SEED = 20261121
CUTS_OF_A_LIFE = 6
CONTROL_CUTS = 12
LIFE_S = (0.1, 1.0)


def _work(folder: Path, name: str, told: Connection, journal: Path, syncs: bool) -> None:
    kept = None if syncs else doubles.install(Striker(Strike(0)), doubles.Unsynced(journal), syncs=False)
    work(folder, name, [], told, acknowledge_early=False)
    assert syncs or kept is not None


class _Server:
    """A server at work on the mounted image, and what it has said."""

    def __init__(self, base: Path, name: str, *, syncs: bool) -> None:
        processes = multiprocessing.get_context("forkserver")
        processes.set_forkserver_preload(["tests.soak.power"])
        self.told = Told()
        self.ended = False
        self._ours, theirs = processes.Pipe(duplex=False)
        arguments = (base / "mounted" / "w", name, theirs, base / "journal", syncs)
        self._process = processes.Process(target=_work, args=arguments)
        self._process.start()
        theirs.close()

    def live(self, seconds: float) -> None:
        """Let it work for a while, listening, and stop it where it stands."""
        assert self._process.pid is not None
        until = time.monotonic() + seconds
        try:
            while (left := until - time.monotonic()) > 0 and self._ours.poll(left):
                hear(self.told, self._ours.recv())
            os.kill(self._process.pid, signal.SIGSTOP)
            while self._ours.poll(0):
                hear(self.told, self._ours.recv())
        except EOFError:  # it has ended by itself, such as on a full disk
            self.ended = True

    def go_on(self) -> None:
        assert self._process.pid is not None
        with suppress(ProcessLookupError):
            os.kill(self._process.pid, signal.SIGCONT)

    def end(self) -> None:
        self._process.kill()
        self._process.join()
        self._ours.close()


@contextmanager
def _server(base: Path, name: str, *, syncs: bool) -> Iterator[_Server]:
    server = _Server(base, name, syncs=syncs)
    try:
        yield server
    finally:
        server.end()


async def _lost(folder: Path, told: Told) -> list[str]:
    """Open the workspace as after the cut; return which acknowledged versions are not there, or not what they were."""
    said = []
    async with open_engine(folder, NEXT_BOOT) as engine:
        for operation, answer in told.answered:
            for path, version in answer:
                try:
                    content = await engine.files.open_content(READER, path=path, version=version)
                    whole = operation.text.encode() in await content.read()
                except Exception as error:  # noqa: BLE001 - whatever it is, it is not what was promised
                    said.append(f"{path}@{version} was acknowledged: {error!r}")
                else:
                    if not whole:
                        said.append(f"{path}@{version} is not what was acknowledged")
    return said


def _cut(base: Path, device: str, told: Told) -> list[str]:
    """Cut the power of the stopped server, start the machine anew, and return what is wrong."""
    copy_at_one_moment(base / "image", device, base / "copy")
    with mounted(base / "copy", base / "after"):
        folder = base / "after" / "w"
        if not folder.exists():
            return [] if not told.answered else ["the workspace is gone"]
        try:
            lost = asyncio.run(_lost(folder, told))
            return lost + faults(folder, torn=True)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is not what was promised
            return [f"it does not open: {error!r}"]


def _lives(base: Path, budget: Budget, *, syncs: bool, cuts_max: int) -> Iterator[tuple[int, list[str]]]:
    """Yield after each cut how much was acknowledged until then, and what is wrong."""
    chance = random.Random(SEED)
    cuts = 0
    while budget.left() and cuts < cuts_max:
        make_image(base / "image")
        with mounted(base / "image", base / "mounted") as device:
            (base / "mounted" / "w").mkdir()
            with _server(base, f"life{cuts}", syncs=syncs) as server:
                for _ in range(CUTS_OF_A_LIFE):
                    if server.ended or not budget.left() or cuts >= cuts_max:
                        break
                    server.live(chance.uniform(*LIFE_S))
                    cuts += 1
                    yield len(server.told.answered), _cut(base, device, server.told)
                    server.go_on()


def run(base: Path, budget: Budget) -> Report:
    """Cut the power again and again; then see that the same check finds a server that does not sync."""
    report = Report()
    try:
        most = 0
        for acknowledged, wrong in _lives(base, Budget(budget.seconds * 0.8), syncs=True, cuts_max=1_000_000):
            report.add("cuts")
            report.add("acknowledged, checked", acknowledged)
            most = max(most, acknowledged)
            report.wrong += wrong
        if not most:
            report.wrong.append("nothing was acknowledged")
        found = 0
        for _, wrong in _lives(base, Budget(max(30.0, budget.seconds * 0.2)), syncs=False, cuts_max=CONTROL_CUTS):
            found += bool(wrong)
            if found:
                break
        report.counts["control without syncs"] = "found" if found else "not found"
        if not found:
            report.wrong.append("a server that does not sync was not found")
    except CannotMount as error:
        return Report(why=str(error))
    finally:
        for name in ("image", "copy"):
            (base / name).unlink(missing_ok=True)
        shutil.rmtree(base / "journal", ignore_errors=True)
    return report
