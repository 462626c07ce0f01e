"""Folder and database together: what is committed stands on disk, and what is saved on disk is committed."""

import hashlib
import os
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest

from tests.blocking import guard_against_blocking
from tests.services.tree.folders import ANN, EVERYTHING, aged, history, reconcile, text, types, until, write
from workspace_server.config import Settings
from workspace_server.core.limits import LIMITS
from workspace_server.errors import InvalidPath, IsDirectory, LockLost
from workspace_server.services.engine import Engine
from workspace_server.services.tree.external import conflict_path
from workspace_server.services.tree.intake import preview
from workspace_server.services.tree.materialise import Materialiser
from workspace_server.storage.disk import spares
from workspace_server.storage.disk.watcher import Dirty
from workspace_server.storage.tables import intents

pytestmark = [pytest.mark.anyio, pytest.mark.blocking("opening a workspace blocks; what follows is guarded below")]


@asynccontextmanager
async def opened(folder: Path, **settings: Any) -> AsyncIterator[Engine]:
    async with Engine.open(folder, settings=Settings(**settings)) as engine:
        guard = guard_against_blocking(["workspace_server"])
        guard.activate()
        try:
            yield engine
        finally:
            guard.deactivate()


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def swap(folder: Path, away: Path) -> None:
    """Put an empty folder in the place of another."""
    folder.rename(away)
    folder.mkdir()


def swap_back(folder: Path, away: Path) -> None:
    folder.rmdir()
    away.rename(folder)


# From the database to the folder


async def test_what_is_acknowledged_stands_in_the_folder(folder: Path) -> None:
    async with opened(folder) as engine:
        await write(engine, "a/b/draft.md", "one\n")
        assert (folder / "a/b/draft.md").read_text() == "one\n"
        await write(engine, "a/b/draft.md", "two\n", overwrite=True)
        assert (folder / "a/b/draft.md").read_text() == "two\n"
        await engine.files.move_file(ANN, path="a/b/draft.md", to="final.md")
        assert (folder / "final.md").read_text() == "two\n"
        assert not (folder / "a").exists()
        await engine.files.delete_file(ANN, path="final.md")
        assert names(folder) == [".workspace"]


async def test_large_content_stands_in_the_folder(folder: Path) -> None:
    async with opened(folder) as engine:
        big = "0123456789\n" * 50_000
        await write(engine, "big.txt", big)
        assert (folder / "big.txt").read_text() == big


async def test_after_the_sync_no_intent_is_open_and_the_folder_holds_no_leftover(folder: Path) -> None:
    async with opened(folder) as engine:
        for number in range(5):
            await write(engine, "x.md", str(number), overwrite=True)
        await engine.tree.materialiser.sync()
        assert await engine.db.read(intents.count) == 0
        assert all(name.startswith(spares.PREFIX) for name in names(folder / ".workspace" / "tmp"))
        assert await reconcile(engine) == 0
        assert len(await history(engine, "x.md")) == 5
    assert names(folder / ".workspace" / "tmp") == []


async def test_a_write_where_no_file_can_stand_is_refused_before_it_is_committed(folder: Path) -> None:
    (folder / "d").mkdir()
    (folder / "link.md").symlink_to("/etc/passwd")
    async with opened(folder) as engine:
        with pytest.raises(IsDirectory):
            await write(engine, "d", "x")
        with pytest.raises(InvalidPath):
            await write(engine, "link.md", "x")
        with pytest.raises(InvalidPath) as caught:
            await write(engine, "node_modules/x.js", "x")
        assert caught.value.facts["reason"] == "ignored"
        assert engine.head_seq == 0


async def test_a_path_that_is_blocked_after_the_commit_is_named_and_follows_later(folder: Path) -> None:
    async with opened(folder) as engine:
        await write(engine, "x.md", "one")
        (folder / "x.md").unlink()
        (folder / "x.md").symlink_to("elsewhere")
        look, engine.folder.materialiser.look = engine.folder.materialiser.look, lambda path: None  # type: ignore[method-assign]
        await write(engine, "x.md", "two", overwrite=True)
        engine.folder.materialiser.look = look  # type: ignore[method-assign]
        status = await engine.status.status(ANN)
        assert status["open_intents"]
        assert "x.md" in status["folder"]["blocked"]
        (folder / "x.md").unlink()
        await engine.tree.materialiser.settle(["x.md"])
        assert (folder / "x.md").read_text() == "two"
        assert (await engine.status.status(ANN))["folder"]["blocked"] == {}


# From the folder to the database


async def test_an_existing_folder_is_taken_in_as_one_commit(folder: Path) -> None:
    for path in ["README.md", "src/app.py", "node_modules/x.js", ".git/config"]:
        aged(folder / path, path.encode())
    (folder / "link").symlink_to("README.md")
    async with opened(folder) as engine:
        assert await types(engine) == [
            ("file.created", "README.md"),
            ("file.created", "src/app.py"),
            ("files.committed", None),
        ]
        assert await history(engine, "src/app.py") == [(1, "import", "import")]
        left_out = (await engine.status.status(ANN))["folder"]["left_out"]
        assert {reason: row["count"] for reason, row in left_out.items()} == {"ignored": 2, "symlink": 1}
    async with opened(folder) as engine:
        assert len(await types(engine)) == 3


async def test_names_that_differ_by_case_are_taken_in_once(folder: Path) -> None:
    aged(folder / "README.md", b"1")
    aged(folder / "readme.md", b"2")
    async with opened(folder) as engine:
        assert len(await types(engine)) == 2
        left_out = (await engine.status.status(ANN))["folder"]["left_out"]
        assert left_out["case collision"]["count"] == 1
    assert names(folder) == [".workspace", "README.md", "readme.md"]


async def test_a_name_that_collided_is_counted_once_and_only_while_it_does(folder: Path) -> None:
    async def counted(engine: Engine) -> int:
        assert engine.tree.reconciler is not None
        await engine.tree.reconciler.reconcile(Dirty(False, {"readme.md"}))
        left_out = (await engine.status.status(ANN))["folder"]["left_out"]
        return left_out["case collision"]["count"] if left_out else 0

    async with opened(folder) as engine:
        await write(engine, "README.md", "1")
        await engine.tree.materialiser.sync()
        aged(folder / "readme.md", b"2")
        assert await counted(engine) == 1
        assert await counted(engine) == 1
        (folder / "readme.md").unlink()
        assert await counted(engine) == 0


async def test_a_file_whose_name_is_renamed_in_case_only_goes_on_under_that_name(folder: Path) -> None:
    async with opened(folder) as engine:
        await write(engine, "README.md", "1")
        await engine.tree.materialiser.sync()
        aged(folder / "README.md", b"1")
        (folder / "README.md").rename(folder / "readme.md")
        await reconcile(engine)
        assert await text(engine, "readme.md") == "1"
        assert names(folder) == [".workspace", "readme.md"]


async def test_a_preview_says_what_would_be_taken_in(folder: Path) -> None:
    async with opened(folder) as engine:
        aged(folder / "a.md", b"four")
        aged(folder / "x.pyc", b"")
        aged(folder / "A.md", b"")
        aged(folder / "B/c.md", b"")
        aged(folder / "b/d.md", b"")
        found = await anyio.to_thread.run_sync(preview, engine.tree.tree, engine.tree.ignore)
    assert (len(found.taken_in), found.size_bytes) in {(2, 4), (2, 0)}  # of a.md and A.md, the one that is found first
    assert {reason: len(paths) for reason, paths in found.left_out.items()} == {"ignored": 1, "case collision": 2}


async def test_edits_on_disk_become_versions_by_external(folder: Path) -> None:
    async with opened(folder) as engine:
        await write(engine, "draft.md", "one\n")
        (folder / "draft.md").write_text("edited\n")
        (folder / "new.md").write_text("new\n")

        async def seen() -> bool:
            return {"draft.md", "new.md"} <= {
                path for kind, path in await types(engine) if kind in {"file.updated", "file.created"} and path
            } and len(await history(engine, "draft.md")) == 2

        await until(seen)
        assert await history(engine, "draft.md") == [(2, "external", "external"), (1, "ann", "write")]
        assert await text(engine, "draft.md") == "edited\n"
        assert await text(engine, "new.md") == "new\n"
        assert (folder / "draft.md").read_text() == "edited\n"


async def test_an_editors_rename_over_the_file_is_an_update(folder: Path) -> None:
    async with opened(folder) as engine:
        await write(engine, "draft.md", "one\n")
        (folder / ".draft.md.swp").write_text("two\n")
        (folder / ".draft.md.swp").rename(folder / "draft.md")

        async def seen() -> bool:
            told = [kind for kind, path in await types(engine) if path == "draft.md"]
            return told == ["file.created", "file.updated"]

        await until(seen)
        assert len(await history(engine, "draft.md")) == 2


async def test_a_deletion_on_disk_is_recorded(folder: Path) -> None:
    async with opened(folder) as engine:
        await write(engine, "d/x.md", "one\n")
        await engine.tree.materialiser.sync()
        (folder / "d/x.md").unlink()

        async def seen() -> bool:
            return ("file.deleted", "d/x.md") in await types(engine)

        await until(seen)


async def test_a_directory_that_was_moved_on_disk_moves_its_files(folder: Path) -> None:
    async with opened(folder) as engine:
        await write(engine, "old/a.md", "a")
        await write(engine, "old/b.md", "b")
        await engine.tree.materialiser.sync()
        (folder / "old").rename(folder / "new")

        async def seen() -> bool:
            return {("file.deleted", "old/a.md"), ("file.created", "new/b.md")} <= set(await types(engine))

        await until(seen)
        assert await text(engine, "new/a.md") == "a"


async def test_many_changes_at_once_are_one_commit(folder: Path) -> None:
    async with opened(folder) as engine:
        for number in range(200):
            aged(folder / f"d{number % 7}/{number}.md", b"x%d" % number)
        assert await reconcile(engine) == 200
        assert [kind for kind, _ in await types(engine)].count("files.committed") == 1
        assert await text(engine, "d3/10.md") == "x10"


async def test_what_changed_while_no_server_ran_is_found_at_start(folder: Path) -> None:
    async with opened(folder) as engine:
        await write(engine, "kept.md", "one")
        await write(engine, "edited.md", "one")
        await write(engine, "gone.md", "one")
    aged(folder / "edited.md", b"two")
    (folder / "gone.md").unlink()
    async with opened(folder) as engine:
        assert await text(engine, "edited.md") == "two"
        assert ("file.deleted", "gone.md") in await types(engine)
        assert await history(engine, "kept.md") == [(1, "ann", "write")]


async def test_a_touched_file_is_no_new_version(folder: Path) -> None:
    async with opened(folder) as engine:
        await write(engine, "x.md", "one")
        await engine.tree.materialiser.sync()
        aged(folder / "x.md", b"one")
        (folder / "x.md").chmod(0o600)
        assert await reconcile(engine) == 0


async def test_a_backup_by_hard_links_deletes_nothing(folder: Path, tmp_path: Path) -> None:
    async with opened(folder) as engine:
        await write(engine, "x.md", "one")
        (tmp_path / "backup").hardlink_to(folder / "x.md")
        assert await reconcile(engine) == 0
        assert await text(engine, "x.md") == "one"


async def test_a_file_beyond_the_size_limit_is_left_alone(folder: Path) -> None:
    async with opened(folder) as engine:
        await write(engine, "grown.md", "one")
        for name in ("new.bin", "grown.md"):
            os.truncate(os.open(folder / name, os.O_CREAT | os.O_WRONLY), LIMITS.file_bytes_max + 1)
        aged(folder / "small.md", b"small")
        await reconcile(engine)
        assert await text(engine, "small.md") == "small"
        assert await text(engine, "grown.md") == "one"
        for name in ("new.bin", "grown.md"):
            with pytest.raises(InvalidPath):
                await engine.files.write_file(ANN, path=name, content="x", overwrite=True)
            assert (folder / name).stat().st_size == LIMITS.file_bytes_max + 1


async def test_a_file_that_became_ignored_stays(folder: Path) -> None:
    async with opened(folder) as engine:
        await write(engine, "x.log", "one")
        await write(engine, ".gitignore", "*.log\n")
        assert await reconcile(engine) == 0
        assert await text(engine, "x.log") == "one"
        with pytest.raises(InvalidPath):
            await write(engine, "y.log", "one")
        await write(engine, ".gitignore", "", overwrite=True)
        await write(engine, "y.log", "one")


async def test_an_edit_on_disk_ends_the_lock_that_covers_it(folder: Path) -> None:
    async with opened(folder) as engine:
        await write(engine, "draft.md", "one\n")
        held = await engine.locks.lock_files(ANN, paths=["draft.md"])
        await engine.tree.materialiser.sync()
        aged(folder / "draft.md", b"edited\n")
        assert await reconcile(engine) == 1
        assert "lock.broken" in [kind for kind, _ in await types(engine)]
        with pytest.raises(LockLost) as caught:
            await write(engine, "draft.md", "two\n", lock=held["lock"])
        assert caught.value.facts["reason"] == "broken"
        assert (folder / "draft.md").read_text() == "edited\n"


# When both happen at once


async def test_an_edit_that_a_write_displaces_is_kept_as_a_conflict_copy(folder: Path) -> None:
    async with opened(folder) as engine:
        await write(engine, "notes/draft.md", "one\n")
        await engine.tree.materialiser.sync()
        (folder / "notes/draft.md").write_text("a person's\n")
        await write(engine, "notes/draft.md", "two\n", expect_version=1)
        copy = conflict_path("notes/draft.md", hashlib.sha256(b"a person's\n").hexdigest())

        async def seen() -> bool:
            return (folder / copy).exists()

        await until(seen)
        assert (folder / "notes/draft.md").read_text() == "two\n"
        assert (folder / copy).read_text() == "a person's\n"
        assert ("file.conflict", "notes/draft.md") in await types(engine)
        assert await history(engine, copy) == [(1, "external", "conflict")]
        assert await reconcile(engine) == 0


async def test_an_edit_wins_over_a_deletion(folder: Path) -> None:
    async with opened(folder) as engine:
        await write(engine, "draft.md", "one\n")
        await engine.tree.materialiser.sync()
        (folder / "draft.md").write_text("a person's\n")
        await engine.files.delete_file(ANN, path="draft.md")

        async def seen() -> bool:
            return (folder / "draft.md").exists()

        await until(seen)
        assert await text(engine, "draft.md") == "a person's\n"


async def test_a_late_write_into_a_displaced_file_is_kept(folder: Path) -> None:
    async with opened(folder) as engine:
        await write(engine, "log.txt", "one\n")
        with (folder / "log.txt").open("a") as file:
            await write(engine, "log.txt", "two\n", overwrite=True)
            file.write("late\n")
        await engine.tree.materialiser.sync()
        copy = conflict_path("log.txt", hashlib.sha256(b"one\nlate\n").hexdigest())

        async def seen() -> bool:
            return (folder / copy).exists()

        await until(seen)
        assert (folder / "log.txt").read_text() == "two\n"


async def test_two_saves_in_a_row_are_no_conflict(folder: Path) -> None:
    async with opened(folder) as engine:
        await write(engine, "draft.md", "one\n")
        for number in range(5):
            (folder / "draft.md").write_text(f"save {number}\n")
            await anyio.sleep(0.15)

        async def seen() -> bool:
            return await text(engine, "draft.md") == "save 4\n"

        await until(seen)
        assert names(folder) == [".workspace", "draft.md"]
        assert (folder / "draft.md").read_text() == "save 4\n"


@pytest.mark.parametrize(
    ("path", "copy"),
    [
        ("draft.md", "draft.conflict-01234567.md"),
        ("a/b.tar.gz", "a/b.tar.conflict-01234567.gz"),
        ("Makefile", "Makefile.conflict-01234567"),
        (".env", ".env.conflict-01234567"),
    ],
)
def test_a_conflict_copy_stands_beside_its_file(path: str, copy: str) -> None:
    assert conflict_path(path, "0123456789abcdef") == copy


def test_a_conflict_copy_of_a_long_name_has_a_name_that_fits() -> None:
    for name in ("x" * 255, "x" * 251 + ".md", "x." + "y" * 253, "\u00e9" * 127):
        assert len(conflict_path(name, "0" * 64).encode()) <= 255


# When the folder is in trouble


async def test_deletions_stop_when_too_much_vanishes_at_once(folder: Path) -> None:
    for number in range(20):
        aged(folder / f"{number}.md", b"x")
    async with opened(folder) as engine:
        await engine.tree.materialiser.sync()
        for number in range(15):
            (folder / f"{number}.md").unlink()
        await reconcile(engine)
        assert "file.deleted" not in [kind for kind, _ in await types(engine)]
        assert "15 of 20" in (await engine.status.status(ANN))["folder"]["deletions_stopped"]
        for number in range(15):
            aged(folder / f"{number}.md", b"x")
        await reconcile(engine)
        assert "deletions_stopped" not in (await engine.status.status(ANN))["folder"]


async def test_a_folder_that_was_moved_away_deletes_nothing(folder: Path, tmp_path: Path) -> None:
    async with opened(folder) as engine:
        await write(engine, "x.md", "one")
        await engine.tree.materialiser.sync()
        swap(folder, tmp_path / "elsewhere")
        assert engine.tree.reconciler is not None
        assert await engine.tree.reconciler.reconcile(EVERYTHING) == 0
        stopped = engine.tree.reconciler.guard.stopped
        swap_back(folder, tmp_path / "elsewhere")
        assert stopped is not None
        assert "not where it was" in stopped
        assert await reconcile(engine) == 0
        assert engine.tree.reconciler.guard.stopped is None
        assert "file.deleted" not in [kind for kind, _ in await types(engine)]


async def test_a_small_folder_may_be_emptied(folder: Path) -> None:
    async with opened(folder) as engine:
        await write(engine, "x.md", "one")
        await write(engine, "y.md", "one")
        await engine.tree.materialiser.sync()
        for name in ("x.md", "y.md"):
            (folder / name).unlink()
        await reconcile(engine)
        assert [kind for kind, _ in await types(engine)].count("file.deleted") == 2


async def test_what_vanished_from_the_folder_unrecorded_is_put_back_by_saying_it_again(folder: Path) -> None:
    folder.joinpath("taken.md").write_text("taken in\n")
    async with opened(folder) as engine:
        await write(engine, "a.md", "one\n")
        await engine.tree.materialiser.sync()
        for name, again in (
            ("a.md", lambda: write(engine, "a.md", "one\n")),
            ("taken.md", lambda: engine.files.restore_file(ANN, path="taken.md")),
        ):
            content = (folder / name).read_text()
            (folder / name).unlink()
            await again()
            assert (folder / name).read_text() == content


async def test_the_state_is_hidden_from_git(folder: Path) -> None:
    async with opened(folder):
        assert (folder / ".workspace" / ".gitignore").read_text() == "*\n"


async def test_who_reads_a_link_is_told_that_it_is_one(folder: Path) -> None:
    (folder / "there.md").write_text("x")
    (folder / "link.md").symlink_to("there.md")
    async with opened(folder) as engine:
        with pytest.raises(InvalidPath) as refusal:
            await engine.files.read_file(ANN, path="link.md")
    assert "link" in str(refusal.value.facts["reason"])


async def test_what_a_sync_at_work_has_taken_is_waited_for(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    began, may_end = threading.Event(), threading.Event()
    sync = Materialiser._sync

    def slow(self: Materialiser, *settled: Any) -> Any:
        began.set()
        may_end.wait(timeout=30)
        return sync(self, *settled)

    async with opened(folder) as engine:
        await engine.tree.materialiser.finish()
        monkeypatch.setattr(Materialiser, "_sync", slow)
        await write(engine, "draft.md", "one\n")
        await anyio.to_thread.run_sync(began.wait)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(engine.tree.materialiser.finish)
            await anyio.sleep(0.05)
            may_end.set()
        assert await engine.db.read(intents.count) == 0
