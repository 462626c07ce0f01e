"""A join fires exactly once per complete set, also when the server is stopped and started in between."""

import random
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.model.test_joins import HOLD_S, PATHS, Oracle
from workspace_server.config import Settings
from workspace_server.core.access import Caller
from workspace_server.core.clock import ManualClock
from workspace_server.services.engine import Engine

pytestmark = pytest.mark.anyio

ANN = Caller(agent="ann")
EDITOR = Caller(agent="editor")
STEPS = 60


class Story:
    """One workspace and the oracle beside it, through restarts."""

    def __init__(self, folder: Path, refire: str, quiet_s: int) -> None:
        self.folder, self.clock = folder, ManualClock()
        self.oracle = Oracle(refire, quiet_s)
        self.fired = 0
        self.locks: dict[str, str] = {}
        self.job: str | None = None
        self.sets: set[str] = set()

    async def open(self, stack: AsyncExitStack) -> None:
        self.engine = await stack.enter_async_context(Engine.open(self.folder, settings=Settings(), clock=self.clock))

    async def check(self) -> None:
        """Compare what fired with what the oracle says, and see that each set is another one."""
        self.fired += self.oracle.fires()
        events = (await self.engine.events.feed(ANN, types=["trigger.fired"]))["events"]
        assert len(events) == self.fired
        self.sets = {str(event["inputs"]) for event in events}
        assert len(self.sets) == self.fired

    async def save(self, path: str, chance: random.Random) -> None:
        if chance.random() < 0.3 and path not in self.locks:
            granted = await self.engine.locks.lock_files(ANN, paths=[path], ttl_seconds=3_600)
            self.locks[path] = granted["lock"]
        await self.engine.files.write_file(
            ANN, path=path, content=str(chance.random()), overwrite=True, lock=self.locks.get(path)
        )
        self.oracle.stands.add(path)
        self.oracle.new.add(path)
        (self.oracle.locked.add if path in self.locks else self.oracle.locked.discard)(path)
        self.oracle.pause_s = 0

    async def remove(self, path: str) -> None:
        if path in self.oracle.stands:
            await self.engine.files.delete_file(ANN, path=path, lock=self.locks.get(path))
            for known in (self.oracle.stands, self.oracle.new, self.oracle.locked):
                known.discard(path)

    async def unlock(self, path: str) -> None:
        if path in self.locks:
            await self.engine.locks.unlock_files(ANN, lock=self.locks.pop(path))
            self.oracle.locked.discard(path)

    async def work(self) -> None:
        """Claim the job, or finish it."""
        if self.job is None:
            self.job = (await self.engine.jobs.claim_job(EDITOR, queue="q")).get("job", {}).get("job")
        else:
            await self.engine.jobs.finish_job(EDITOR, job=self.job)
            self.job, self.oracle.busy = None, False

    async def wait(self, seconds: int) -> None:
        self.clock.advance(seconds)
        self.oracle.pause_s += seconds
        if self.oracle.complete_for_s is not None:
            self.oracle.complete_for_s += seconds
        await self.engine.automation.settle()


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("refire", ["all", "any"])
async def test_a_join_fires_exactly_once_per_complete_set(folder: Path, refire: str, seed: int) -> None:
    chance = random.Random(f"{refire} {seed}")
    quiet_s = chance.choice([0, 3])
    settle = {"quiet_ms": quiet_s * 1_000, "max_wait_ms": 3_600_000} if quiet_s else "immediate"
    story = Story(folder, refire, quiet_s)
    stack = AsyncExitStack()
    await story.open(stack)
    await story.engine.triggers.create_trigger(
        ANN, name="t", files=list(PATHS), mode="all", refire=refire, settle=settle, hold_max_seconds=HOLD_S, queue="q"
    )
    for _ in range(STEPS):
        path = chance.choice(PATHS)
        match chance.choice(["save", "save", "save", "remove", "unlock", "unlock", "work", "work", "wait", "restart"]):
            case "save":
                await story.save(path, chance)
            case "remove":
                await story.remove(path)
            case "unlock":
                await story.unlock(path)
            case "work":
                await story.work()
            case "wait":
                await story.wait(chance.choice([1, 3, 50]))
            case _:
                await stack.aclose()
                await story.open(stack)
        await story.check()
    await stack.aclose()
