"""A join of any mode fires exactly once per complete set, also when the server is stopped and started in between."""

import random
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.model.joins_oracle import FILES, LATE, SHAPES, Oracle, Shape
from workspace_server.config import Settings
from workspace_server.core.access import Caller
from workspace_server.core.clock import ManualClock
from workspace_server.services.engine import Engine
from workspace_server.storage.tables import triggers

pytestmark = pytest.mark.anyio

ANN = Caller(agent="ann")
EDITOR = Caller(agent="editor")
STEPS = 90


class Story:
    """One workspace and the oracle beside it, through restarts."""

    def __init__(self, folder: Path, shape: Shape, chance: random.Random) -> None:
        self.folder, self.clock, self.chance = folder, ManualClock(), chance
        self.oracle = Oracle(shape)
        self.expected: list[set[str] | str] = []
        self.locks: dict[str, str] = {}
        self.jobs: list[str] = []

    async def open(self, stack: AsyncExitStack) -> None:
        self.engine = await stack.enter_async_context(Engine.open(self.folder, settings=Settings(), clock=self.clock))

    async def check(self) -> None:
        """Compare what happened with what the oracle says, and see that each set is another one."""
        self.expected += self.oracle.settle()
        types = ["trigger.fired", "trigger.timed_out"]
        events = (await self.engine.events.feed(ANN, types=types))["events"]
        fired = [event for event in events if event["type"] == "trigger.fired"]
        assert [
            {one["path"] for one in event["inputs"]} if event in fired else LATE for event in events
        ] == self.expected
        assert len({str(event["inputs"]) for event in fired}) == len(fired)

    async def save(self, path: str) -> None:
        if self.chance.random() < 0.15 and path not in self.locks:
            granted = await self.engine.locks.lock_files(ANN, paths=[path], ttl_seconds=3_600)
            self.locks[path] = granted["lock"]
        by = "ann" if path in self.locks else self.chance.choice(["ann", "bob"])
        await self.engine.files.write_file(
            Caller(agent=by),
            path=path,
            content=str(self.chance.random()),
            overwrite=True,
            lock=self.locks.get(path),
        )
        self.oracle.save(path, by=by, locked=path in self.locks)

    async def remove(self, path: str) -> None:
        if path in self.oracle.stands:
            await self.engine.files.delete_file(ANN, path=path, lock=self.locks.get(path))
            self.oracle.remove(path)

    async def move(self, path: str) -> None:
        to = self.chance.choice(FILES)
        if path in self.oracle.stands and path != to and not {path, to} & self.locks.keys():
            await self.engine.files.move_file(ANN, path=path, to=to, overwrite=True)
            self.oracle.remove(path)
            self.oracle.save(to, by="ann")

    async def unlock(self, path: str) -> None:
        if path in self.locks:
            await self.engine.locks.unlock_files(ANN, lock=self.locks.pop(path))
            self.oracle.locked.discard(path)

    async def relist(self, _: str) -> None:
        if self.oracle.shape.manifest:
            paths = set(self.chance.sample(FILES, self.chance.choice([1, 2, 3])))
            content = "".join(f"{path}\n" for path in sorted(paths))
            await self.engine.files.write_file(ANN, path="list.txt", content=content, overwrite=True)
            self.oracle.relist(paths)

    async def work(self, _: str) -> None:
        """Claim a job, or finish one."""
        claimed = (await self.engine.jobs.claim_job(EDITOR, queue="q")).get("job")
        if claimed is not None:
            self.jobs.append(claimed["job"])
        elif self.jobs:
            await self.engine.jobs.finish_job(EDITOR, job=self.jobs.pop(0))
            self.oracle.flying -= 1

    async def pause(self, _: str) -> None:
        """Let the trigger rest, or go on."""
        self.oracle.paused = not self.oracle.paused

        async def set_paused(tx: Any) -> None:
            await triggers.set_paused(tx, 1, paused=self.oracle.paused)
            await triggers.set_edition(tx, str(self.chance.random()))
            if not self.oracle.paused:
                await self.engine.automation.reaction.resume(tx, 1)

        await self.engine.db.write(set_paused)
        await self.engine.automation.settle()

    async def wait(self, _: str) -> None:
        seconds = self.chance.choice([1, 3, 50])
        self.clock.advance(seconds)
        self.oracle.pass_(seconds)
        await self.engine.automation.settle()


LIKELY = (*["save"] * 9, "remove", "move", *["unlock"] * 3, *["work"] * 5, *["wait"] * 3, "relist", "pause", "restart")


@pytest.mark.parametrize("name", SHAPES)
async def test_a_join_fires_exactly_once_per_complete_set(folder: Path, name: str) -> None:
    chance = random.Random(name)
    shape = replace(SHAPES[name], quiet_s=chance.choice([0, 3]), concurrency=chance.choice([1, 1, 2]))
    if shape.mode != "any":
        shape = replace(shape, within_s=40, on_timeout=chance.choice(["wait", "reset", "fire_partial"]))
    story = Story(folder, shape, chance)
    stack = AsyncExitStack()
    await story.open(stack)
    await story.engine.triggers.create_trigger(ANN, name="t", queue="q", options=shape.fields())
    for _ in range(STEPS):
        step = chance.choice([*LIKELY, *["pause"] * 6 * story.oracle.paused])
        if step == "restart":
            await stack.aclose()
            await story.open(stack)
            await story.engine.automation.settle()
        else:
            act: Callable[[str], Any] = getattr(story, step)
            await act(chance.choice(FILES))
        await story.check()
    await stack.aclose()
    assert story.expected, "something happened"
