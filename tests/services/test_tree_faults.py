"""The folder follows the commits whatever fails in between, and what people do there meanwhile is seen."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import anyio
import pytest

from workspace_server.config import Settings
from workspace_server.core.access import Caller
from workspace_server.services.engine import Engine
from workspace_server.services.tree import materialise
from workspace_server.storage import intents

pytestmark = [pytest.mark.anyio, pytest.mark.blocking("opening a workspace blocks; the tests themselves write files")]

ANN = Caller(agent="ann")


async def until(seen: Callable[[], Awaitable[bool]], timeout_s: float = 10) -> None:
    """Wait until something is seen; the bound is for a failure only."""
    with anyio.fail_after(timeout_s):
        while not await seen():  # noqa: ASYNC110 - the disk and the database send no event
            await anyio.sleep(0.02)


async def write_three(engine: Engine) -> None:
    changes = [{"op": "write", "path": path, "content": path} for path in ("a.md", "b.md", "c.md")]
    await engine.files.commit_files(ANN, changes=changes)


async def test_a_path_that_fails_unexpectedly_holds_up_no_other_and_is_tried_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with Engine.open(folder, settings=Settings()) as engine:
        place = engine.tree.tree.place

        def fail_once(staged: object, path: str) -> object:
            if path == "b.md":
                monkeypatch.undo()
                raise MemoryError("no room")
            return place(staged, path)  # type: ignore[arg-type]

        monkeypatch.setattr(engine.tree.tree, "place", fail_once)
        await write_three(engine)
        assert (folder / "a.md").read_text() == "a.md"
        assert (folder / "c.md").read_text() == "c.md"
        assert "b.md cannot be brought up to date: unexpected MemoryError; see the log" in caplog.messages
        assert any(record.exc_info for record in caplog.records)

        async def followed() -> bool:
            return (folder / "b.md").exists() and not engine.tree.materialiser.blocked

        await until(followed)
        assert (folder / "b.md").read_text() == "b.md"


async def test_a_batch_that_fails_as_a_whole_is_tried_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(materialise, "RETRY_S", 0.1)
    async with Engine.open(folder, settings=Settings()) as engine:
        blocked = engine.tree.materialiser.blocked

        async def fail(paths: object) -> None:
            raise MemoryError("no room")

        with monkeypatch.context() as broken:
            broken.setattr(engine.tree.materialiser, "_goals_of", fail)
            await write_three(engine)
            assert set(blocked) == {"a.md", "b.md", "c.md"}

        async def followed() -> bool:
            return all((folder / path).exists() for path in ("a.md", "b.md", "c.md")) and not blocked

        await until(followed)


async def test_what_could_not_be_recorded_after_the_sync_is_recorded_by_the_next(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(materialise, "RETRY_S", 0.1)
    async with Engine.open(folder, settings=Settings()) as engine:
        record = engine.tree.materialiser._record

        async def fail_once(records: object) -> None:
            monkeypatch.setattr(engine.tree.materialiser, "_record", record)
            raise MemoryError("no room")

        monkeypatch.setattr(engine.tree.materialiser, "_record", fail_once)
        await write_three(engine)

        async def recorded() -> bool:
            return await engine.db.read(intents.count) == 0

        await until(recorded)
