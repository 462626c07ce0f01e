"""What the tests of triggers do to a workspace, in a line each."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from workspace_server.config import Settings
from workspace_server.core.access import Caller
from workspace_server.core.clock import ManualClock
from workspace_server.services.engine import Engine

ANN = Caller(agent="ann")
BOB = Caller(agent="bob")
EDITOR = Caller(agent="editor")
REPORTS = ["research/cats.md", "research/dogs.md", "research/owls.md"]


@asynccontextmanager
async def reopened(folder: Path, clock: ManualClock, settings: Settings | None = None) -> AsyncIterator[Engine]:
    async with Engine.open(folder, settings=settings or Settings(), clock=clock) as opened:
        yield opened


async def watch(engine: Engine, files: list[Any], **fields: Any) -> dict[str, Any]:
    given = {"name": "editor", "queue": "editor", "settle": "immediate", **fields}
    return await engine.triggers.create_trigger(ANN, files=files, **given)


async def save(engine: Engine, path: str, text: str, caller: Caller = ANN, **given: Any) -> dict[str, Any]:
    return await engine.files.write_file(caller, path=path, content=text, **({"overwrite": True} | given))


async def claim(engine: Engine, queue: str = "editor", caller: Caller = EDITOR, **given: Any) -> dict[str, Any] | None:
    result = await engine.jobs.claim_job(caller, queue=queue, **given)
    job: dict[str, Any] | None = result.get("job")
    return job


async def finish(engine: Engine, job: dict[str, Any] | None) -> None:
    assert job is not None
    await engine.jobs.finish_job(EDITOR, job=job["job"])


async def inputs(engine: Engine, **given: Any) -> list[str] | None:
    """Claim the next job, finish it and return its inputs."""
    job = await claim(engine, **given)
    if job is None:
        return None
    await finish(engine, job)
    return [f"{one['path']}@{one['version']}" for one in job["inputs"]]


async def turn(engine: Engine, clock: ManualClock, seconds: float) -> None:
    """Turn the clock and let what is due happen."""
    clock.advance(seconds)
    await engine.automation.settle()


async def told(engine: Engine, kind: str) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = (await engine.events.feed(ANN, types=[kind]))["events"]
    return events
