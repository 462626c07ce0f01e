"""A purge beside everything else that goes on: other purges, saves of the same content, backups and lock holders."""

import asyncio
import gc
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import apsw
import pytest

from tests.services.upkeep.test_purging import ADA, ADMIN, holding, indexed, secret, until
from workspace_server.config import Settings
from workspace_server.errors import Unavailable
from workspace_server.services.engine import Engine
from workspace_server.services.upkeep import upkeep
from workspace_server.storage.clock import SystemClock
from workspace_server.storage.database import connect
from workspace_server.storage.upkeep import archive, purging
from workspace_server.storage.upkeep.archive import backup
from workspace_server.storage.upkeep.fork import fork
from workspace_server.storage.upkeep.integrity import find_damage
from workspace_server.storage.upkeep.restoring import restore

pytestmark = [pytest.mark.anyio, pytest.mark.blocking]  # the tests read the server's files

LARGE = "a line of a file that is stored as an object\n" * 2_000


async def save(engine: Engine, path: str, content: str, *, append: bool = False) -> None:
    await engine.files.write_file(ADA, path=path, content=content, overwrite=not append, append=append)


def objects(folder: Path) -> int:
    return sum(path.is_file() for path in (folder / ".workspace" / "objects").rglob("*"))


async def test_content_that_is_saved_again_while_the_disk_is_cleared_stays(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Engine.open(folder, settings=Settings()) as engine:
        await save(engine, "a.md", LARGE)
        finish = engine.tree.materialiser.finish

        async def save_first() -> None:
            monkeypatch.undo()
            await save(engine, "b.md", LARGE)
            await finish()

        monkeypatch.setattr(engine.tree.materialiser, "finish", save_first)
        await engine.upkeep.purge(ADMIN, path="a.md")
        await until(lambda: not engine.upkeep.is_busy)
        assert "failed" not in (engine.upkeep.told()["last"] or {"failed": 1})
        assert await (await engine.files.open_content(ADA, path="b.md")).read() == LARGE.encode()
        assert objects(folder) == 1
    assert [finding for finding in find_damage(folder) if finding.damage] == []


async def test_of_purges_at_once_one_is_done_and_the_others_are_refused(folder: Path) -> None:
    async with Engine.open(folder, settings=Settings()) as engine:
        for number in range(4):
            await save(engine, f"{number}.md", LARGE + str(number))
        asked = [engine.upkeep.purge(ADMIN, path=f"{number}.md") for number in range(4)]
        answers = await asyncio.gather(*asked, return_exceptions=True)
        done = [answer for answer in answers if not isinstance(answer, BaseException)]
        assert all(isinstance(answer, dict | Unavailable) for answer in answers)
        await until(lambda: not engine.upkeep.is_busy)
        assert (len(done), objects(folder)) == (1, 3)


async def test_a_purge_that_comes_while_the_disk_is_cleared_is_still_due(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leaked = secret()
    async with Engine.open(folder, settings=Settings()) as engine:
        await save(engine, "a.md", "first")
        await save(engine, "b.md", leaked)
        rebuild = engine.indexing.rebuild_passages
        also = engine.upkeep._purging

        async def purge_another() -> None:
            monkeypatch.undo()
            await also.purge(ADMIN, path="b.md")
            await rebuild()

        monkeypatch.setattr(engine.indexing, "rebuild_passages", purge_another)
        await engine.upkeep.purge(ADMIN, path="a.md")
        await until(lambda: not engine.upkeep.is_busy)
        assert not await also.is_due()
        assert holding(folder, leaked) == []


async def test_a_purge_ends_with_an_index_without_the_secret_that_fills_again_behind_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leaked = secret()
    async with Engine.open(folder, settings=Settings()) as engine:
        await save(engine, "a.md", leaked)
        await save(engine, "b.md", "kept\n")
        await indexed(engine)
        index, may_fill = engine.indexing._passages._index, asyncio.Event()
        write = index.write

        async def write_later(*given: Any, **named: Any) -> None:
            await may_fill.wait()
            await write(*given, **named)

        monkeypatch.setattr(index, "write", write_later)
        await engine.upkeep.purge(ADMIN, path="a.md")
        await until(lambda: not engine.upkeep.is_busy)
        assert holding(folder, leaked) == []
        assert not (await engine.search.search(ADA, query="kept"))["complete"]
        may_fill.set()
        await indexed(engine)
        assert [hit["path"] for hit in (await engine.search.search(ADA, query="kept"))["hits"]] == ["b.md"]
        assert holding(folder, leaked) == []


async def test_a_purge_that_is_refused_leaves_the_upkeep_free(folder: Path) -> None:
    async with Engine.open(folder, settings=Settings()) as engine:
        for _ in range(2):
            with pytest.raises(Exception, match="never"):
                await engine.upkeep.purge(ADMIN, path="never.md")
        assert not engine.upkeep.is_busy


@pytest.mark.parametrize("how", ["backup", "fork"])
async def test_a_copy_that_is_being_made_keeps_the_objects_that_it_reads(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    monkeypatch.setattr(upkeep, "RETRY_S", 0.01)
    async with Engine.open(folder, settings=Settings()) as engine:
        await save(engine, "log.md", LARGE)
        await save(engine, "log.md", "good tail\n", append=True)
        await engine.tree.materialiser.finish()
        loop = asyncio.get_running_loop()
        waited: list[dict[str, object]] = []

        async def purge() -> None:
            await engine.upkeep.purge(ADMIN, path="log.md", version=1)
            await until(lambda: engine.upkeep.told()["waits_for"] is not None)
            waited.append(await engine.upkeep.status(ADMIN))

        def beside(step: str, done: int, total: int) -> None:
            if step == "database" and done == total and not waited:
                asyncio.run_coroutine_threadsafe(purge(), loop).result()

        if how == "backup":
            await asyncio.to_thread(lambda: backup(folder, tmp_path / "b.tar", progress=beside))
        else:
            await asyncio.to_thread(lambda: fork(folder, tmp_path / "again", at_seq=None, progress=beside))
        assert waited
        await until(lambda: (engine.upkeep.told()["last"] or {}).get("copies") is not None)
        assert engine.upkeep.told()["waits_for"] is None
        assert not await engine.upkeep._purging.is_due()
    if how == "backup":
        restore(tmp_path / "b.tar", tmp_path / "again", clock=SystemClock())
    async with Engine.open(tmp_path / "again", settings=Settings()) as engine:
        assert await (await engine.files.open_content(ADA, path="log.md")).read() == (LARGE + "good tail\n").encode()
    assert [finding for finding in find_damage(tmp_path / "again") if finding.damage] == []


async def test_a_backup_is_whole_although_a_draft_of_it_is_cleared_meanwhile(folder: Path, tmp_path: Path) -> None:
    async with Engine.open(folder, settings=Settings()) as engine:
        await save(engine, "a.md", "one")
        with pytest.raises(Exception, match="version"):
            await engine.files.write_file(ADA, path="a.md", content=LARGE)
        loop = asyncio.get_running_loop()

        async def clear() -> None:
            gc.collect()  # of what the refusal holds
            await engine.db.write(lambda tx: tx.run("DELETE FROM drafts"))  # as when they expire
            await engine.upkeep.start_gc(ADMIN)
            await until(lambda: not engine.upkeep.is_busy)

        def beside(step: str, done: int, total: int) -> None:
            if step == "database" and done == total:
                asyncio.run_coroutine_threadsafe(clear(), loop).result()

        await asyncio.to_thread(lambda: backup(folder, tmp_path / "b.tar", progress=beside))
    restore(tmp_path / "b.tar", tmp_path / "again", clock=SystemClock())


async def test_rows_that_contradict_each_other_are_not_said_to_be_the_disks_fault() -> None:
    with pytest.raises(Unavailable) as refusal, archive.disk_errors("the backup"):
        raise apsw.ConstraintError("FOREIGN KEY constraint failed")
    assert "disk" not in str(refusal.value)
    assert refusal.value.facts["reason"] == "ConstraintError"


async def test_a_purge_waits_for_a_reader_and_goes_on_by_itself(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upkeep, "RETRY_S", 0.01)
    monkeypatch.setattr("workspace_server.services.upkeep.purging.READERS_S", 0.01)
    leaked = secret()
    rewritten: list[float] = []
    rewrite = purging.rewrite

    def counted(connection: apsw.Connection, clock: SystemClock) -> None:
        rewritten.append(time.monotonic())
        rewrite(connection, clock)

    monkeypatch.setattr(purging, "rewrite", counted)
    async with Engine.open(folder, settings=Settings()) as engine:
        await save(engine, "a.md", leaked)
        await engine.tree.materialiser.finish()
        with closing(connect(folder / ".workspace" / "workspace.db", read_only=True)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM meta").fetchall()
            await engine.upkeep.purge(ADMIN, path="a.md")
            await until(lambda: engine.upkeep.told()["waits_for"] is not None)
            assert await engine.upkeep._purging.is_due()
            reader.execute("COMMIT")
        await until(lambda: (engine.upkeep.told()["last"] or {}).get("copies") is not None)
        assert holding(folder, leaked) == []
        assert len(rewritten) == 1


async def test_locks_go_on_by_the_time_that_all_changes_were_held(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Held()
    rewrite: Callable[[apsw.Connection], object] = purging.write_anew

    def slow(connection: apsw.Connection) -> None:
        rewrite(connection)
        clock.ahead_s += 30.0

    monkeypatch.setattr(purging, "write_anew", slow)
    async with Engine.open(folder, settings=Settings(), clock=clock) as engine:
        await save(engine, "a.md", "one")
        await save(engine, "b.md", "two")
        ended = (await engine.locks.lock_files(ADA, paths=["c.md"], ttl_seconds=5))["lock"]
        clock.ahead_s += 6.0
        held = (await engine.locks.lock_files(ADA, paths=["b.md"], ttl_seconds=20))["lock"]
        await engine.upkeep.purge(ADMIN, path="a.md")
        await until(lambda: not engine.upkeep.is_busy)
        await engine.files.write_file(ADA, path="b.md", content="three", lock=held, overwrite=True)
        with pytest.raises(Exception, match="lock"):
            await engine.files.write_file(ADA, path="c.md", content="late", lock=ended)


class Held(SystemClock):
    """The system's clock, which can be put ahead."""

    ahead_s = 0.0

    def boot_s(self) -> float:
        return super().boot_s() + self.ahead_s
