"""Editors, scripts and agents' own tools at work in the folder, while agents write through the server."""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import anyio
import pytest

from tests.services.tree.folders import (
    ANN,
    BOB,
    aged,
    history,
    opened,
    reconcile,
    text,
    types,
    until,
    write,
)
from workspace_server.errors import LockLost, NameTaken
from workspace_server.services.engine import Engine
from workspace_server.services.tree import reconcile as reconciling
from workspace_server.services.tree.external import conflict_path
from workspace_server.storage.tables import totals

pytestmark = [pytest.mark.anyio, pytest.mark.blocking("it plays the editors, in the same thread")]


def in_place(file: Path, content: bytes) -> None:
    """Truncate and write, as nano and most scripts do."""
    file.write_bytes(content)


def of_vim(file: Path, content: bytes) -> None:
    """Move the file to a backup, write it anew, delete the backup; beside it a probe and a swap file."""
    swap = file.with_name(f".{file.name}.swp")
    swap.write_bytes(b"b0VIM")
    (file.parent / "4913").write_bytes(b"")
    (file.parent / "4913").unlink()
    backup = file.with_name(file.name + "~")
    file.rename(backup)
    file.write_bytes(content)
    os.sync()
    backup.unlink()
    swap.unlink()


def of_emacs(file: Path, content: bytes) -> None:
    """Lock by a dangling link, copy to a backup, write over the file, autosave beside it."""
    link = file.with_name(f".#{file.name}")
    link.symlink_to("ada@host.1234:1")
    autosave = file.with_name(f"#{file.name}#")
    autosave.write_bytes(content[:3])
    shutil.copy2(file, file.with_name(file.name + "~"))
    file.write_bytes(content)
    autosave.unlink()
    link.unlink()


def of_a_careful_editor(file: Path, content: bytes) -> None:
    """Write a temporary file beside it and rename that over it, as VS Code's atomic save, gedit and sed -i do."""
    temporary = file.with_name(f".goutputstream-{os.getpid()}~")
    temporary.write_bytes(content)
    temporary.replace(file)


def by_deleting_first(file: Path, content: bytes) -> None:
    """Delete it and make it again."""
    file.unlink()
    file.write_bytes(content)


def by_appending(file: Path, content: bytes) -> None:
    """Add what is missing at its end, in two goes."""
    more = content[file.stat().st_size :]
    for part in (more[: len(more) // 2], more[len(more) // 2 :]):
        with file.open("ab") as end:
            end.write(part)


SAVES = [in_place, of_vim, of_emacs, of_a_careful_editor, by_deleting_first, by_appending]


@pytest.mark.parametrize("save", SAVES)
async def test_every_way_to_save_is_an_update_by_external(folder: Path, save: Callable[[Path, bytes], None]) -> None:
    async with opened(folder) as engine:
        await write(engine, "d/draft.md", "one\n")
        await engine.tree.materialiser.sync()
        save(folder / "d/draft.md", b"one\nand two\n")

        async def seen() -> bool:
            return await text(engine, "d/draft.md") == "one\nand two\n"

        await until(seen)
        assert (await history(engine, "d/draft.md"))[0][1:] == ("external", "external")
        assert (folder / "d/draft.md").read_bytes() == b"one\nand two\n"
        listed = await engine.listing.list_files(ANN, detail="full", recursive=True)
        assert [entry["path"] for entry in listed["files"] if entry["type"] == "file"] == ["d/draft.md"]


async def test_an_append_while_agents_write_beside_it_loses_no_line(folder: Path) -> None:
    """A script appends to a log while agents write other files, and read what it holds."""
    code = "import sys\nfor n in range(400):\n    open(sys.argv[1], 'a').write(f'{n}\\n')"
    async with opened(folder) as engine:
        await write(engine, "run.log", "")
        await engine.tree.materialiser.sync()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(anyio.run_process, [sys.executable, "-c", code, str(folder / "run.log")])
            for number in range(50):
                await write(engine, f"beside/{number % 5}.md", str(number), overwrite=True)
        wanted = "".join(f"{n}\n" for n in range(400))

        async def seen() -> bool:
            return await text(engine, "run.log") == wanted

        await until(seen)
        assert (folder / "run.log").read_text() == wanted
        assert not list(folder.glob("*.conflict-*"))


async def test_saves_and_writes_of_the_same_file_lose_nothing(folder: Path) -> None:
    """Each side saves over the other without looking; what one displaces is a version or a conflict copy."""
    async with opened(folder) as engine:
        await write(engine, "both.md", "start\n")
        for number in range(30):
            of_a_careful_editor(folder / "both.md", b"editor %d\n" % number)
            await write(engine, "both.md", f"agent {number}\n", overwrite=True)
        await engine.tree.materialiser.sync()
        await reconcile(engine)
        kept = set()
        for path in [entry for entry in folder.iterdir() if entry.is_file()]:
            for version, _, _ in await history(engine, path.name):
                kept.add((await engine.files.read_file(ANN, path=path.name, version=version)).text)
        assert {f"editor {n}\n" for n in range(30)} | {f"agent {n}\n" for n in range(30)} <= kept


async def test_a_tree_that_is_deleted_and_one_that_is_renamed_are_recorded(folder: Path) -> None:
    async with opened(folder) as engine:
        for number in range(30):
            await write(engine, f"keep/{number}.md", "x")
        for number in range(8):
            await write(engine, f"gone/deep/{number}.md", "x")
            await write(engine, f"old/{number}.md", f"moved {number}")
        await engine.tree.materialiser.sync()
        shutil.rmtree(folder / "gone")
        (folder / "old").rename(folder / "new")

        async def seen() -> bool:
            found = await types(engine)
            return all(("file.deleted", f"{d}/{n}.md") in found for d in ("gone/deep", "old") for n in range(8))

        await until(seen)

        async def moved() -> bool:
            return (await engine.db.read(totals.of_workspace))[0] == 38

        await until(moved)
        assert await text(engine, "new/7.md") == "moved 7"
        assert engine.tree.reconciler is not None
        assert engine.tree.reconciler.guard.stopped is None


async def test_a_mass_change_that_overflows_the_kernels_queue_is_found_whole(folder: Path) -> None:
    limit = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text("ascii"))
    if limit > 20_000:
        pytest.skip("the kernel's queue is larger here than a short test can fill")
    count = limit // 2  # a file makes three events (made, written, closed), of which the reader may hold some already
    code = (
        "import os, sys\n"
        "for n in range(int(sys.argv[2])):\n"
        "    os.makedirs(f'{sys.argv[1]}/m/{n % 10}', exist_ok=True) if n < 10 else None\n"
        "    open(f'{sys.argv[1]}/m/{n % 10}/{n}.md', 'w').write(str(n))\n"
    )
    for number in range(10):  # there from the start, so that they are watched
        aged(folder / f"m/{number}/first.md", b"x")
    async with opened(folder) as engine:
        watcher = engine.tree.watcher
        assert watcher is not None
        assert watcher._group is not None
        overflowed: list[bool] = []
        told = watcher._group.on_queue_overflow

        def overflow() -> None:
            overflowed.append(True)
            told()

        watcher._group.on_queue_overflow = overflow  # type: ignore[method-assign]
        with watcher._group._lock:  # the reader waits, the kernel's queue fills
            subprocess.run([sys.executable, "-c", code, str(folder), str(count)], check=True)

        async def all_found() -> bool:
            return (await engine.db.read(totals.of_workspace))[0] == count + 10

        async def overflow_seen() -> bool:
            return bool(overflowed)

        await until(all_found, timeout_s=90)
        await until(overflow_seen)  # the end of the queue, which the reader may come to later
        assert await text(engine, f"m/{(count - 1) % 10}/{count - 1}.md") == str(count - 1)


async def test_what_happened_while_the_folder_was_away_is_found(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconciling, "SCAN_EVERY_UNWATCHED_S", 0.1)
    away = tmp_path / "away"
    async with opened(folder) as engine:
        await write(engine, "a.md", "one\n")
        await write(engine, "b.md", "one\n")
        await engine.tree.materialiser.sync()
        reconciler = engine.tree.reconciler
        assert reconciler is not None
        folder.rename(away)
        (away / "a.md").write_text("edited\n")  # which the watcher hears, and nobody can look at

        async def said() -> bool:
            return "not where it was" in (reconciler.guard.stopped or "")

        await until(said)
        away.rename(folder)

        async def seen() -> bool:
            return await text(engine, "a.md") == "edited\n" and reconciler.guard.stopped is None

        await until(seen)
        assert "file.deleted" not in [kind for kind, _ in await types(engine)]


# Under a lock


async def test_the_holder_is_shown_what_an_outsider_has_changed(folder: Path) -> None:
    async with opened(folder) as engine:
        await write(engine, "draft.md", "one\n")
        held = await engine.locks.lock_files(ANN, paths=["draft.md"])
        await write(engine, "draft.md", "one\ntwo\n", lock=held["lock"])
        await engine.tree.materialiser.sync()
        aged(folder / "draft.md", b"ONE\ntwo\n")
        await reconcile(engine)
        with pytest.raises(LockLost) as caught:
            await write(engine, "draft.md", "mine\n", lock=held["lock"])
        facts = caught.value.facts
        assert (facts["reason"], facts["changed_since_lock"], facts["version"]) == ("broken", True, 3)
        assert {"-one", "+ONE", "+two"} <= set(str(facts["diff"]).splitlines())  # from the version that was locked


async def lock_and_edit(engine: Engine, folder: Path, content: bytes) -> str:
    """Return the handle of a lock under which an outsider has saved, and which has outlived that."""
    await write(engine, "draft.md", "one\n")
    held = await engine.locks.lock_files(ANN, paths=["draft.md"])
    await engine.tree.materialiser.sync()
    aged(folder / "draft.md", content)
    await reconcile(engine)
    return str(held["lock"])


async def test_with_conflict_copies_a_locked_file_stays_as_it_is(folder: Path) -> None:
    copy = conflict_path("draft.md", hashlib.sha256(b"edited\n").hexdigest())
    async with opened(folder, external_edits="conflict_copy") as engine:
        lock = await lock_and_edit(engine, folder, b"edited\n")
        assert (folder / "draft.md").read_text() == "one\n"
        assert (folder / copy).read_text() == "edited\n"
        assert await history(engine, "draft.md") == [(1, "ann", "write")]
        assert await history(engine, copy) == [(1, "external", "conflict")]
        found = await types(engine)
        assert ("file.conflict", "draft.md") in found
        assert "lock.broken" not in [kind for kind, _ in found]
        assert (await write(engine, "draft.md", "two\n", lock=lock))["version"] == 2


async def test_the_same_edit_again_makes_no_second_copy(folder: Path) -> None:
    async with opened(folder, external_edits="conflict_copy") as engine:
        await lock_and_edit(engine, folder, b"edited\n")
        await engine.tree.materialiser.sync()
        aged(folder / "draft.md", b"edited\n")
        await reconcile(engine)
        assert (folder / "draft.md").read_text() == "one\n"
        assert [kind for kind, _ in await types(engine)].count("file.conflict") == 1


async def test_an_edit_is_not_taken_for_kept_where_another_spelling_of_its_copy_says_something_else(
    folder: Path,
) -> None:
    copy = conflict_path("draft.md", hashlib.sha256(b"edited\n").hexdigest())
    async with opened(folder, external_edits="conflict_copy") as engine:
        await write(engine, copy.upper(), "something else\n")
        with pytest.raises(NameTaken):
            await lock_and_edit(engine, folder, b"edited\n")
        assert "file.conflict" not in [kind for kind, _ in await types(engine)]
        assert (folder / "draft.md").read_text() == "edited\n", "it still stands where it was saved"


async def test_with_conflict_copies_a_locked_file_cannot_be_deleted_or_made(folder: Path) -> None:
    made = conflict_path("new.md", hashlib.sha256(b"made\n").hexdigest())
    async with opened(folder, external_edits="conflict_copy") as engine:
        await write(engine, "draft.md", "one\n")
        await engine.locks.lock_files(ANN, paths=["draft.md", "new.md"])
        await engine.tree.materialiser.sync()
        (folder / "draft.md").unlink()
        aged(folder / "new.md", b"made\n")
        await reconcile(engine)
        await engine.tree.materialiser.sync()
        assert (folder / "draft.md").read_text() == "one\n"
        assert not (folder / "new.md").exists()
        assert (folder / made).read_text() == "made\n"
        assert "file.deleted" not in [kind for kind, _ in await types(engine)]


async def test_where_nobody_holds_a_lock_an_edit_counts_with_conflict_copies_too(folder: Path) -> None:
    async with opened(folder, external_edits="conflict_copy") as engine:
        await write(engine, "draft.md", "one\n")
        await engine.locks.lock_files(BOB, paths=["draft.md"], mode="shared")
        await engine.tree.materialiser.sync()
        aged(folder / "draft.md", b"edited\n")
        await reconcile(engine)
        assert await text(engine, "draft.md") == "edited\n"


async def test_an_edit_under_a_lock_for_work_in_the_folder_is_the_holders(folder: Path) -> None:
    async with opened(folder) as engine:
        await write(engine, "d/a.md", "one\n")
        await write(engine, "d/gone.md", "one\n")
        held = await engine.locks.lock_files(BOB, paths=["d/"], on_disk=True, purpose="Edit")
        await engine.tree.materialiser.sync()
        aged(folder / "d/a.md", b"two\n")
        aged(folder / "d/made.md", b"made\n")
        aged(folder / "outside.md", b"another's\n")
        (folder / "d/gone.md").unlink()
        await reconcile(engine)
        assert (await history(engine, "d/a.md"))[0] == (2, "bob", "external")
        assert (await history(engine, "d/made.md"))[0] == (1, "bob", "external")
        assert (await history(engine, "outside.md"))[0] == (1, "external", "external")
        assert (await engine.files.file_history(ANN, path="d/a.md"))["versions"][0]["message"] == "Edit"
        deleted = [e for e in (await engine.events.feed(ANN, since_seq=0))["events"] if e["type"] == "file.deleted"]
        assert [(event["path"], event["agent"]) for event in deleted] == [("d/gone.md", "bob")]
        assert "lock.broken" not in [kind for kind, _ in await types(engine)]
        done = await engine.files.write_file(BOB, path="d/a.md", content="three\n", lock=held["lock"])
        assert done["version"] == 3
        await engine.tree.materialiser.sync()
        assert await reconcile(engine) == 0
