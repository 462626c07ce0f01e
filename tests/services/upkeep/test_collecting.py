"""Clean-up: it takes what is beyond retention and what nothing names, and never anything else (invariant I8)."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import apsw
import pytest

from workspace_server.config import Settings
from workspace_server.core.access import Caller
from workspace_server.core.clock import ManualClock
from workspace_server.core.retention import DAY_S
from workspace_server.core.scopes import ALL
from workspace_server.errors import Forbidden, Gone, Unavailable
from workspace_server.services.engine import Engine
from workspace_server.services.tree.external import External, Recorded
from workspace_server.services.tree.reconcile import AHEAD_FROM
from workspace_server.services.upkeep import collecting
from workspace_server.services.upkeep.collecting import Collector
from workspace_server.storage.content import ObjectStore
from workspace_server.storage.database import Body, Transaction
from workspace_server.storage.disk.watcher import Dirty
from workspace_server.storage.upkeep.collection import Taken, Use
from workspace_server.storage.upkeep.integrity import find_damage

pytestmark = pytest.mark.anyio

ADA = Caller(agent="ada")
ADMIN = Caller(agent="op", scope=ALL)
LARGE = "a line of a large file, which is stored as an object\n" * 2_000


def keeping(**bounds: int) -> Settings:
    return Settings(**{f"retention_{name}": bound for name, bound in bounds.items()})  # type: ignore[arg-type]


async def collect(engine: Engine, **options: Any) -> dict[str, Any]:
    await engine.tree.materialiser.finish()  # until then open intents hold what they name
    await engine.indexing.reach("passages", engine.head_seq, timeout_s=60)  # and the index what it reads
    return await Collector(engine.folder, ADMIN, lambda *_: None, **options).run()


async def saved(engine: Engine, path: str, *contents: str) -> None:
    for content in contents:
        await engine.files.write_file(ADA, path=path, content=content, overwrite=True)


async def kept(engine: Engine, path: str) -> list[int]:
    """Return the versions of *path* whose bytes can be read."""
    found = []
    for version in (await engine.files.file_history(ADA, path=path))["versions"]:
        try:
            await engine.files.read_file(ADA, path=path, version=version["version"])
        except Gone:
            continue
        found.append(version["version"])
    return sorted(found)


def objects(folder: Path) -> list[Path]:
    return [path for path in (folder / ".workspace" / "objects").rglob("*") if path.is_file()]


async def test_by_default_nothing_is_cleared(folder: Path) -> None:
    async with Engine.open(folder, settings=Settings()) as engine:
        await saved(engine, "a.md", "one", "two", LARGE, "four")
        assert await collect(engine) == {"contents": 0, "object_files": 0, "bytes": 0}
        assert await kept(engine, "a.md") == [1, 2, 3, 4]


@pytest.mark.blocking
async def test_versions_beyond_retention_are_gone_and_say_what_is_kept(folder: Path) -> None:
    async with Engine.open(folder, settings=keeping(versions=2)) as engine:
        await saved(engine, "a.md", "one", LARGE, "three", "four")
        assert len(objects(folder)) == 1
        result = await collect(engine)
        assert result["contents"] == 2
        assert result["bytes"] >= len(LARGE)
        assert objects(folder) == []
        assert await kept(engine, "a.md") == [3, 4]
        with pytest.raises(Gone) as refusal:
            await engine.files.read_file(ADA, path="a.md", version=1)
        facts = refusal.value.as_dict()
        assert (facts["path"], facts["version"], facts["oldest_version"], facts["reason"]) == (
            "a.md",
            1,
            3,
            "retention",
        )
        with pytest.raises(Gone):
            await engine.files.restore_file(ADA, path="a.md", version=2, overwrite=True)
        history = (await engine.files.file_history(ADA, path="a.md"))["versions"]
        assert [row["version"] for row in history] == [4, 3, 2, 1]
    assert [finding for finding in find_damage(folder) if finding.damage] == []


async def test_days_count_from_when_a_version_was_replaced(folder: Path) -> None:
    clock = ManualClock()
    async with Engine.open(folder, settings=keeping(days=7), clock=clock) as engine:
        await saved(engine, "a.md", "one")
        clock.advance(30 * DAY_S)
        await saved(engine, "a.md", "two", "three")
        await saved(engine, "deleted.md", "only")
        await engine.files.delete_file(ADA, path="deleted.md")
        assert (await collect(engine))["contents"] == 0
        clock.advance(7 * DAY_S + 1)
        assert (await collect(engine))["contents"] == 3
        assert await kept(engine, "a.md") == [3]
        assert await kept(engine, "deleted.md") == []


async def test_content_that_another_version_keeps_stays(folder: Path) -> None:
    async with Engine.open(folder, settings=keeping(versions=1)) as engine:
        await saved(engine, "a.md", "shared", "two")
        await saved(engine, "b.md", "shared")
        await collect(engine)
        assert await kept(engine, "a.md") == [1, 2]


async def test_saving_the_same_again_brings_a_version_back(folder: Path) -> None:
    async with Engine.open(folder, settings=keeping(versions=1)) as engine:
        for content in ("small", LARGE):
            await saved(engine, "a.md", content, "other")
        await collect(engine)
        assert await kept(engine, "a.md") == [2, 4]  # both are "other"
        for content in ("small", LARGE):
            await saved(engine, "b.md", content)
        assert await kept(engine, "a.md") == [1, 2, 3, 4]


async def test_what_a_tail_rests_on_stays(folder: Path) -> None:
    async with Engine.open(folder, settings=keeping(versions=1)) as engine:
        await saved(engine, "log.txt", LARGE)
        for number in range(3):
            await engine.files.write_file(ADA, path="log.txt", content=f"line {number}\n", append=True)
        await collect(engine)
        found = await engine.files.open_content(ADA, path="log.txt")
        assert await found.read() == (LARGE + "line 0\nline 1\nline 2\n").encode()


async def test_what_a_live_lock_was_granted_on_stays(folder: Path) -> None:
    async with Engine.open(folder, settings=keeping(versions=1)) as engine:
        await saved(engine, "a.md", "one", "two")
        lock = (await engine.locks.lock_files(ADA, paths=["a.md"]))["lock"]
        for content in ("three", "four"):
            await engine.files.write_file(ADA, path="a.md", content=content, lock=lock)
        await collect(engine)
        assert await kept(engine, "a.md") == [2, 4]
        await engine.locks.unlock_files(ADA, lock=lock)
        await collect(engine)
        assert await kept(engine, "a.md") == [4]


async def test_the_inputs_of_an_unfinished_job_stay(folder: Path) -> None:
    async with Engine.open(folder, settings=keeping(versions=1)) as engine:
        await saved(engine, "a.md", "one")
        await engine.jobs.add_job(ADA, queue="q", instructions="read it", inputs=[{"path": "a.md", "version": 1}])
        await saved(engine, "a.md", "two")
        await collect(engine)
        assert await kept(engine, "a.md") == [1, 2]


async def test_what_an_approval_asks_about_stays_until_it_is_decided(folder: Path) -> None:
    async with Engine.open(folder, settings=keeping(versions=1)) as engine:
        options = {"approval": "Publish it?", "settle": "immediate"}
        await engine.triggers.create_trigger(ADA, name="ask", files=["a.md"], options=options)
        await saved(engine, "a.md", "one", "two", "three")
        await collect(engine)
        assert await kept(engine, "a.md") == [1, 3]
        await engine.decisions.deny(ADMIN, attention="A1")
        await collect(engine)
        assert await kept(engine, "a.md") == [3]


async def test_a_version_that_comes_while_it_is_looked_for_keeps_its_content(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Engine.open(folder, settings=keeping(versions=1)) as engine:
        await saved(engine, "a.md", LARGE, "two")
        beyond = Collector._beyond

        async def and_then_somebody_saves_it(self: Collector, stuck: set[str]) -> tuple[dict[str, list[Use]], set[str]]:
            found = await beyond(self, stuck)
            assert found[0]
            await saved(engine, "b.md", LARGE)
            return found

        monkeypatch.setattr(Collector, "_beyond", and_then_somebody_saves_it)
        await collect(engine)
        assert await kept(engine, "b.md") == [1]


@pytest.mark.blocking
async def test_an_object_file_without_a_row_is_cleared_when_it_is_old(folder: Path) -> None:
    async with Engine.open(folder, settings=Settings()) as engine:
        await saved(engine, "a.md", LARGE)
        other = ObjectStore(folder / ".workspace" / "objects", folder / ".workspace" / "tmp")
        orphan = other.path(other.put(b"an upload that was never committed" * 9_999).sha256)
        assert (await collect(engine))["object_files"] == 0
        os.utime(orphan, (1, 1))
        os.utime(objects(folder)[0], (1, 1))
        assert (await collect(engine))["object_files"] == 1
        assert not orphan.exists()
        assert await kept(engine, "a.md") == [1]


@pytest.mark.blocking
async def test_an_upload_that_has_placed_its_object_is_left_alone(folder: Path) -> None:
    async with Engine.open(folder, settings=Settings()) as engine:
        content = engine.folder.objects.put(LARGE.encode())
        path = engine.folder.objects.path(content.sha256)
        os.utime(path, (1, 1))
        assert (await collect(engine))["object_files"] == 0
        assert path.exists()
        del content  # its request was refused
        assert (await collect(engine))["object_files"] == 1
        assert not path.exists()


@pytest.mark.blocking
async def test_an_object_that_is_saved_again_before_its_file_is_removed_stays(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Engine.open(folder, settings=keeping(versions=1)) as engine:
        await saved(engine, "a.md", LARGE, "two")
        write = engine.db.write

        async def then_saved_again(body: Body[Any], **options: Any) -> Any:
            result = await write(body, **options)
            if isinstance(result, list) and any(isinstance(one, Taken) for one in result):
                monkeypatch.undo()
                await saved(engine, "b.md", LARGE)
                await engine.tree.materialiser.finish()
            return result

        await engine.tree.materialiser.finish()
        monkeypatch.setattr(engine.db, "write", then_saved_again)
        assert (await collect(engine))["contents"] == 1
        assert await kept(engine, "b.md") == [1]


@pytest.mark.blocking
async def test_an_orphan_that_is_saved_again_before_its_file_is_removed_stays(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Engine.open(folder, settings=Settings()) as engine:
        os.utime(engine.folder.objects.path(engine.folder.objects.put(LARGE.encode()).sha256), (1, 1))
        read_long = engine.db.read_long

        async def then_saved(body: Body[Any]) -> Any:
            result = await read_long(body)
            if isinstance(result, set):
                monkeypatch.undo()
                await saved(engine, "b.md", LARGE)
                await engine.tree.materialiser.finish()
            return result

        monkeypatch.setattr(engine.db, "read_long", then_saved)
        assert (await collect(engine))["object_files"] == 0
        assert await kept(engine, "b.md") == [1]


@pytest.mark.blocking
async def test_what_a_mass_edit_has_stored_ahead_of_its_commit_stays(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Engine.open(folder, settings=Settings()) as engine:
        record, cleared = External.record, []

        async def after_a_clean_up(*args: Any, **options: Any) -> Recorded:
            cleared.append(await Collector(engine.folder, ADMIN, lambda *_: None).run())
            return await record(*args, **options)

        monkeypatch.setattr(External, "record", after_a_clean_up)
        for number in range(AHEAD_FROM + 1):
            (folder / f"{number}.txt").write_text(f"file {number}\n")
            os.utime(folder / f"{number}.txt", (1, 1))
        assert engine.tree.reconciler is not None
        await engine.tree.reconciler.reconcile(Dirty(True, set()))
        assert cleared
        assert {result["contents"] for result in cleared} == {0}
        for number in range(AHEAD_FROM + 1):
            assert await kept(engine, f"{number}.txt") == [1]
    assert [finding for finding in find_damage(folder) if finding.damage] == []


async def test_a_chain_of_appends_goes_in_one_run(folder: Path) -> None:
    async with Engine.open(folder, settings=keeping(versions=1)) as engine:
        await saved(engine, "log.txt", LARGE)
        for number in range(20):
            await engine.files.write_file(ADA, path="log.txt", content=f"line {number}\n", append=True)
        await saved(engine, "log.txt", "fresh start")
        assert (await collect(engine))["contents"] == 21
        assert objects(folder) == []


async def test_what_cannot_be_taken_neither_hides_what_can_nor_holds_it_up(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collecting, "ROUND_MAX", 2)
    async with Engine.open(folder, settings=keeping(versions=1)) as engine:
        for number in range(3):  # what has gone, and is kept by another file
            await saved(engine, f"a{number}.md", f"shared {number}", "other")
            await saved(engine, f"b{number}.md", f"shared {number}")
        await saved(engine, "log.txt", LARGE)  # the head rests on it
        for number in range(3):
            await engine.files.write_file(ADA, path="log.txt", content=f"line {number}\n", append=True)
        await saved(engine, "z.md", "one", "two", "three")
        with anyio.fail_after(30):
            assert (await collect(engine))["contents"] == 2
        assert await kept(engine, "z.md") == [3]


@pytest.mark.blocking
async def test_no_step_that_holds_changes_up_looks_at_all_versions(folder: Path) -> None:
    async with Engine.open(folder, settings=Settings()) as engine:
        await saved(engine, "a.md", *(str(number) for number in range(3)))

        async def fill(tx: Transaction) -> None:
            await tx.run(
                "WITH RECURSIVE n (n) AS (SELECT 4 UNION ALL SELECT n + 1 FROM n WHERE n < 5000) INSERT INTO versions"
                " (file_id, version, seq, op, at, agent, sha256, size_bytes, media_type) SELECT file_id, n, n, 'write',"
                " 0, 'ada', sha256, size_bytes, media_type FROM files, n"
            )
            await tx.run("UPDATE files SET version = 5000")
            await tx.run(f"INSERT INTO contents (sha256, size_bytes, form, data) VALUES ('{0:064}', 3, 'raw', 'abc')")

        await engine.tree.materialiser.finish()
        await engine.db.write(fill)
        steps: list[int] = []

        def note(event: dict[str, Any]) -> None:
            steps.append(event["stmt_status"]["SQLITE_STMTSTATUS_VM_STEP"])

        engine.db._connection.trace_v2(apsw.SQLITE_TRACE_PROFILE, note)
        assert (await Collector(engine.folder, ADMIN, lambda *_: None).run())["contents"] == 1
        assert steps
        assert max(steps) < 2_000


@pytest.mark.blocking
async def test_content_that_nothing_names_goes(folder: Path) -> None:
    async with Engine.open(folder, settings=Settings()) as engine:
        await saved(engine, "a.md", "kept")

        async def strand(tx: Transaction) -> None:
            for number in range(3):
                await tx.run(
                    "INSERT INTO contents (sha256, size_bytes, form, data) VALUES (?, 3, 'raw', 'abc')", f"{number:064}"
                )

        await engine.db.write(strand)
        assert (await collect(engine))["contents"] == 3
        assert (await collect(engine))["contents"] == 0


async def test_only_an_admin_starts_it_and_one_at_a_time(folder: Path) -> None:
    async with Engine.open(folder, settings=Settings()) as engine:
        with pytest.raises(Forbidden):
            await engine.upkeep.start_gc(ADA)
        assert (await engine.upkeep.start_gc(ADMIN))["running"]["task"] == "gc"
        with pytest.raises(Unavailable):
            await engine.upkeep.start_gc(ADMIN)
        assert "upkeep is being done" in await engine.due()
        await until(lambda: not engine.upkeep.is_busy)
        assert (await engine.upkeep.status(ADMIN))["last"]["task"] == "gc"


async def until(seen: Callable[[], bool]) -> None:
    with anyio.fail_after(30):
        while not seen():  # noqa: ASYNC110 - upkeep sends no event
            await anyio.sleep(0.01)
