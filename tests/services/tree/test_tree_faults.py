"""The folder follows the commits whatever fails in between, and what people do there meanwhile is seen."""

import os
import threading
import time
from collections.abc import Awaitable, Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import pytest

from workspace_server.config import Settings
from workspace_server.core.access import Caller
from workspace_server.services.engine import Engine
from workspace_server.services.tree import materialise
from workspace_server.storage.database import connect
from workspace_server.storage.disk.watcher import Dirty
from workspace_server.storage.tables import intents, totals

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


async def test_a_disk_that_does_not_sync_at_the_end_leaves_that_to_the_next_server(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with Engine.open(folder, settings=Settings()) as engine:

        def refuse(paths: object) -> None:
            raise OSError(5, "Input/output error")

        engine.tree.tree.sync = refuse  # type: ignore[method-assign]
        await write_three(engine)
    assert any("left to the next start" in message for message in caplog.messages)
    async with Engine.open(folder, settings=Settings()) as engine:
        assert await engine.db.read(intents.count) == 0


# What people do while a working copy is on its way


async def test_files_that_are_not_on_disk_yet_have_not_vanished(folder: Path) -> None:
    async with Engine.open(folder, settings=Settings()) as engine:
        reconciler = engine.tree.reconciler
        assert reconciler is not None
        may_place, place = threading.Event(), engine.tree.tree.place

        def wait_and_place(staged: Any, path: str) -> Any:
            may_place.wait(60)
            return place(staged, path)

        engine.tree.tree.place = wait_and_place  # type: ignore[method-assign]
        changes = [{"op": "write", "path": f"{number}.md", "content": "x"} for number in range(20)]
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(partial(engine.files.commit_files, ANN, changes=changes))
            try:

                async def committed() -> bool:
                    return await engine.db.read(intents.count) == 20

                await until(committed)
                assert await reconciler.reconcile(Dirty(True, set())) == 0
                assert reconciler.guard.stopped is None
            finally:
                may_place.set()
        assert await engine.db.read(totals.of_workspace) == (20, 20)


@pytest.mark.parametrize("edit", ["saved", "deleted"])
async def test_what_happens_between_the_sync_and_its_record_is_seen(
    folder: Path, edit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Engine.open(folder, settings=Settings()) as engine:
        materialiser, reconciler = engine.tree.materialiser, engine.tree.reconciler
        assert reconciler is not None
        synced, may_record, record = anyio.Event(), anyio.Event(), materialiser._record

        async def wait_and_record(records: Any) -> None:
            synced.set()
            await may_record.wait()
            monkeypatch.undo()
            await record(records)

        monkeypatch.setattr(materialiser, "_record", wait_and_record)
        await engine.files.write_file(ANN, path="x.md", content="one\n")
        await synced.wait()
        # The watcher's marks are taken here, so that nothing but the materialiser can tell.
        monkeypatch.setattr(reconciler.marks, "mark", lambda path: None)
        if edit == "saved":
            (folder / "x.md").write_text("a person's\n")
            back = (folder / "x.md").stat().st_mtime - 6  # else it would be given time to hold still
            os.utime(folder / "x.md", (back, back))
        else:
            (folder / "x.md").unlink()
        assert await reconciler.reconcile(Dirty(False, {"x.md"})) == 0
        may_record.set()

        async def seen() -> bool:
            rows = (await engine.files.file_history(ANN, path="x.md"))["versions"]
            return bool(rows[0]["by"] == "external")

        await until(seen, timeout_s=10)


async def test_a_file_that_is_found_missing_just_before_it_is_placed_is_not_deleted(folder: Path) -> None:
    async with Engine.open(folder, settings=Settings()) as engine:
        reconciler, tree = engine.tree.reconciler, engine.tree.tree
        assert reconciler is not None
        may_place, place, survey = threading.Event(), tree.place, reconciler._surveyor.survey

        def wait_and_place(staged: Any, path: str) -> Any:
            may_place.wait(60)
            return place(staged, path)

        def survey_and_wait(dirty: Dirty, rows: Any, underway: Any) -> Any:
            found = survey(dirty, rows, underway)
            may_place.set()
            with closing(connect(folder / ".workspace" / "workspace.db", read_only=True)) as database:
                while database.execute("SELECT count(*) FROM intents").fetchall()[0][0]:
                    time.sleep(0.02)
            return found

        tree.place = wait_and_place  # type: ignore[method-assign]
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(partial(engine.files.write_file, ANN, path="x.md", content="one\n"))

            async def committed() -> bool:
                return await engine.db.read(intents.count) == 1

            await until(committed)
            reconciler._surveyor.survey = survey_and_wait  # type: ignore[method-assign]
            await reconciler.reconcile(Dirty(True, set()))
            reconciler._surveyor.survey = survey  # type: ignore[method-assign]
        assert await engine.db.read(totals.of_workspace) == (1, 4)
        assert (folder / "x.md").exists()
