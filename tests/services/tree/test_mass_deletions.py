"""When very many files vanish from the folder: nothing is recorded until it is clear that this was meant."""

import shutil
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.services.tree.folders import ANN, aged, history, opened, reconcile, text, types
from workspace_server.errors import IsDirectory, NotFound
from workspace_server.services.engine import Engine
from workspace_server.services.tree import reconcile as reconciling
from workspace_server.services.tree.arrivals import ARRIVALS_MIN
from workspace_server.storage.disk.watcher import Dirty
from workspace_server.storage.tables import intents

pytestmark = [pytest.mark.anyio, pytest.mark.blocking("it deletes files, in the same thread")]

COUNT = 40


def make(folder: Path, numbers: Iterable[int] = range(COUNT)) -> None:
    for number in numbers:
        aged(folder / f"d/{number}.md", b"%d" % number)


def delete(folder: Path, numbers: Iterable[int]) -> None:
    for number in numbers:
        (folder / f"d/{number}.md").unlink(missing_ok=True)


async def deleted(engine: Engine) -> int:
    return [kind for kind, _ in await types(engine)].count("file.deleted")


async def stopped(engine: Engine) -> str:
    return str((await engine.status.status(ANN))["folder"].get("deletions_stopped", ""))


async def test_a_restart_records_no_deletion_that_was_held_back(folder: Path) -> None:
    make(folder)
    async with opened(folder) as engine:
        delete(folder, range(15))
        await reconcile(engine)
        assert await deleted(engine) == 15
        delete(folder, range(15, 25))
        await reconcile(engine)
        assert "10 of 25" in await stopped(engine)
    async with opened(folder) as engine:
        assert "10 of 25" in await stopped(engine)
        await reconcile(engine)
        assert await deleted(engine) == 15
        make(folder, range(15, 20))  # now no more than half of all is missing
        await reconcile(engine)
        assert await deleted(engine) == 20
        assert await stopped(engine) == ""


async def test_a_person_who_raises_the_share_has_them_recorded(folder: Path) -> None:
    make(folder)
    async with opened(folder) as engine:
        delete(folder, range(COUNT - 10))
        await reconcile(engine)
        assert await deleted(engine) == 0
    async with opened(folder, deletion_share_max=1.0) as engine:
        assert await deleted(engine) == COUNT - 10
        assert await stopped(engine) == ""


async def test_what_is_deleted_through_the_server_is_no_longer_missed(folder: Path) -> None:
    make(folder)
    async with opened(folder) as engine:
        delete(folder, range(COUNT - 10))
        await reconcile(engine)
        for number in range(COUNT - 10):
            await engine.files.delete_file(ANN, path=f"d/{number}.md")
        await reconcile(engine)
        assert await stopped(engine) == ""


async def test_once_a_missed_file_is_deleted_or_back_all_is_looked_at_again(folder: Path) -> None:
    make(folder)
    async with opened(folder) as engine:
        delete(folder, range(30))
        await reconcile(engine)
        assert f"30 of {COUNT}" in await stopped(engine)
        await engine.files.delete_file(ANN, path="d/0.md")
        assert (await engine.files.restore_file(ANN, path="d/1.md"))["unchanged"]
        reconciler = engine.tree.reconciler
        assert reconciler is not None
        await reconciler.reconcile(Dirty(False, {"d/0.md"}))
        assert f"28 of {COUNT - 1}" in await stopped(engine)
        make(folder, range(1, 30))
        await reconciler.reconcile(Dirty(False, {"d"}))
        assert await stopped(engine) == ""


async def test_a_restore_of_a_directory_says_how_to_restore_what_is_in_it(folder: Path) -> None:
    make(folder, range(2))
    async with opened(folder) as engine:
        for there, call in ((True, "list_files(path='d')"), (False, "list_files(path='d', deleted=True)")):
            with pytest.raises(IsDirectory) as refusal:
                await engine.files.restore_file(ANN, path="d")
            assert call in (refusal.value.hint or "")
            if there:
                await engine.files.delete_file(ANN, path="d", recursive=True)
        with pytest.raises(NotFound):
            await engine.files.restore_file(ANN, path="e")


async def test_how_many_vanish_is_known_before_the_first_is_recorded(folder: Path) -> None:
    """Of a big `rm -r` the first look finds a small share only."""
    make(folder)
    async with opened(folder) as engine:
        reconciler = engine.tree.reconciler
        assert reconciler is not None
        look, parts = reconciler._surveyor.look, [range(12, 20), range(20, 30)]

        async def look_while_more_vanish(dirty: Dirty) -> object:
            found = await look(dirty)
            delete(folder, parts.pop(0) if parts else [])
            return found

        reconciler._surveyor.look = look_while_more_vanish  # type: ignore[assignment, method-assign]
        delete(folder, range(12))
        await reconcile(engine)
        assert f"30 of {COUNT}" in await stopped(engine)
        assert await deleted(engine) == 0


async def test_a_directory_that_is_renamed_has_not_vanished(folder: Path) -> None:
    make(folder)
    async with opened(folder) as engine:
        shutil.move(folder / "d", folder / "renamed")
        await reconcile(engine)
        assert await deleted(engine) == COUNT
        assert await stopped(engine) == ""
        assert await text(engine, "renamed/7.md") == "7"


async def test_many_edits_and_deletions_are_recorded_as_they_stand_with_nothing_left_to_do(folder: Path) -> None:
    make(folder, range(3 * ARRIVALS_MIN))
    async with opened(folder) as engine:
        await reconcile(engine)
        for number in range(ARRIVALS_MIN):
            aged(folder / f"d/{number}.md", b"edited %d" % number)
        delete(folder, range(ARRIVALS_MIN, 2 * ARRIVALS_MIN))
        await reconcile(engine)
        assert await engine.db.read(intents.count) == 0
        assert await deleted(engine) == ARRIVALS_MIN
        assert await text(engine, "d/7.md") == "edited 7"
        assert await history(engine, "d/7.md") == [(2, "external", "external"), (1, "import", "import")]
        assert await reconcile(engine) == 0


async def test_of_very_many_changes_agents_get_their_turn_in_between(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconciling, "RECORD_FILES_MAX", 8)
    make(folder)
    async with opened(folder) as engine:
        delete(folder, range(20))
        await reconcile(engine)
        kinds = "".join("|" if kind == "files.committed" else "-" for kind, _ in await types(engine))
        assert kinds.endswith("--------|--------|----|")
