"""What tests of the folder share: a workspace over it, and edits as other processes make them."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio

from workspace_server.config import Settings
from workspace_server.core.access import Caller
from workspace_server.services.engine import Engine
from workspace_server.storage.disk.watcher import Dirty

ANN = Caller(agent="ann")
BOB = Caller(agent="bob")
EVERYTHING = Dirty(True, set())


@asynccontextmanager
async def opened(folder: Path, **settings: Any) -> AsyncIterator[Engine]:
    async with Engine.open(folder, settings=Settings(**settings)) as engine:
        yield engine


async def until(seen: Callable[[], Awaitable[bool]], timeout_s: float = 30) -> None:
    """Wait until something is seen; the bound is for a failure only."""
    with anyio.fail_after(timeout_s):
        while not await seen():  # noqa: ASYNC110 - the disk and the database send no event
            await anyio.sleep(0.02)


async def write(engine: Engine, path: str, content: str, **more: Any) -> dict[str, Any]:
    return await engine.files.write_file(ANN, path=path, content=content, **more)


async def text(engine: Engine, path: str, version: int | None = None) -> str | None:
    return (await engine.files.read_file(ANN, path=path, version=version)).text


async def history(engine: Engine, path: str) -> list[tuple[int, str, str]]:
    found = await engine.files.file_history(ANN, path=path, limit=100)
    return [(row["version"], row["by"], row["op"]) for row in found["versions"]]


async def types(engine: Engine) -> list[tuple[str, str | None]]:
    found = await engine.events.feed(ANN, since_seq=0, limit=1000)
    return [(event["type"], event.get("path")) for event in found["events"] if event["type"] != "file.indexed"]


def aged(path: Path, content: bytes) -> None:
    """Write a file as if that had been a while ago, so that nobody waits for it to hold still."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    back = path.stat().st_mtime_ns - 5_000_000_001
    os.utime(path, ns=(back, back))


async def reconcile(engine: Engine) -> int:
    assert engine.tree.reconciler is not None
    await engine.tree.materialiser.sync()
    return await engine.tree.reconciler.reconcile(EVERYTHING)
