"""A workspace whose triggers send webhooks to a receiver on loopback, and waits for what comes of them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.services.receiver import Receiver
from workspace_server.config import Settings
from workspace_server.core.access import Caller
from workspace_server.core.clock import ManualClock
from workspace_server.services.engine import Engine

ANN = Caller(agent="ann")
SETTINGS = Settings(name="papers", webhooks_allow_loopback=True)


@asynccontextmanager
async def workspace(folder: Path, clock: ManualClock, settings: Settings = SETTINGS) -> AsyncIterator[Engine]:
    async with Engine.open(folder, settings=settings, clock=clock) as engine:
        yield engine


async def watch(engine: Engine, receiver: Receiver, *files: str, **fields: Any) -> str:
    """Make a trigger and return its secret."""
    given = {"name": "hook", "url": receiver.url, "settle": "immediate", **fields}
    secret: str = (await engine.triggers.create_trigger(ANN, files=list(files), **given))["secret"]
    return secret


async def save(engine: Engine, path: str, text: str) -> int:
    seq: int = (await engine.files.write_file(ANN, path=path, content=text, overwrite=True))["seq"]
    return seq


async def until(engine: Engine, **wanted: Any) -> list[dict[str, Any]]:
    """Return the deliveries once they are all as *wanted*."""
    async with asyncio.timeout(30):
        while True:
            shown: list[dict[str, Any]] = (await engine.deliveries.list_deliveries(ANN))["deliveries"]
            if shown and all(one.get(name) == value for one in shown for name, value in wanted.items()):
                return shown
            await engine.events.wait(engine.head_seq, 0.01)


async def attempts_made(engine: Engine, count: int) -> dict[str, Any]:
    """Return the first delivery once so many attempts are recorded."""
    async with asyncio.timeout(30):
        while True:
            shown = (await engine.deliveries.list_deliveries(ANN))["deliveries"][-1]
            if len(shown["attempts"]) >= count:
                found: dict[str, Any] = shown
                return found
            await engine.events.wait(engine.head_seq, 0.01)


async def told(engine: Engine, kind: str) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = (await engine.events.feed(ANN, types=[kind]))["events"]
    return events
