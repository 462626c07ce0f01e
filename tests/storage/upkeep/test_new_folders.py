"""A workspace that is made of a copy gets all its files, also those that the original has read from its folder."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from tests.services.tree.folders import aged, history, reconcile
from workspace_server.config import Settings
from workspace_server.core.access import Caller
from workspace_server.core.clock import ManualClock
from workspace_server.services.engine import Engine
from workspace_server.storage.clock import SystemClock
from workspace_server.storage.upkeep.archive import backup
from workspace_server.storage.upkeep.comparison import compare
from workspace_server.storage.upkeep.fork import fork
from workspace_server.storage.upkeep.restoring import restore

pytestmark = [pytest.mark.anyio, pytest.mark.blocking]  # copies are made by processes of their own

ADA = Caller(agent="ada")
IMPORTED = {f"d{number % 7}/file-{number}.md": f"{number}\n" for number in range(60)}
"""More than may vanish from a folder at once without being asked about."""


def restored(root: Path, target: Path) -> None:
    backup(root, target.with_suffix(".tar"))
    restore(target.with_suffix(".tar"), target, clock=SystemClock())


def forked(root: Path, target: Path) -> None:
    fork(root, target, at_seq=None)


@pytest.fixture
async def imported(folder: Path) -> AsyncIterator[Engine]:
    for path, text in IMPORTED.items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(text)
    async with Engine.open(folder, settings=Settings()) as engine:
        yield engine


def in_folder(root: Path) -> dict[str, str]:
    files = (path for path in root.rglob("*") if path.is_file() and ".workspace" not in path.parts)
    return {path.relative_to(root).as_posix(): path.read_text() for path in files}


@pytest.mark.parametrize("made", [restored, forked])
async def test_what_was_read_from_the_folder_comes_along(
    imported: Engine, tmp_path: Path, made: Callable[[Path, Path], None]
) -> None:
    await imported.files.write_file(ADA, path="by-agent.md", content="agent\n")
    path = next(iter(IMPORTED))
    aged(imported.root / path, b"edited outside\n")
    await reconcile(imported)
    assert await history(imported, path) == [(2, "external", "external"), (1, "import", "import")]

    made(imported.root, tmp_path / "other")

    async with Engine.open(tmp_path / "other", settings=Settings()) as other:
        await reconcile(other)
        assert in_folder(tmp_path / "other") == {**IMPORTED, "by-agent.md": "agent\n", path: "edited outside\n"}
        events = (await other.events.feed(ADA, since_seq=0, types=["file.deleted"]))["events"]
    assert events == []
    assert compare(imported.root, tmp_path / "other").files == []


@pytest.mark.parametrize("made", [restored, forked])
async def test_it_comes_along_whatever_boot_the_copy_is_opened_in(
    imported: Engine, tmp_path: Path, made: Callable[[Path, Path], None]
) -> None:
    made(imported.root, tmp_path / "other")

    for boot_id in ("boot-1", "boot-2"):
        clock = ManualClock(boot_id=boot_id)
        async with Engine.open(tmp_path / "other", settings=Settings(), clock=clock) as other:
            await reconcile(other)
        assert in_folder(tmp_path / "other") == IMPORTED


@pytest.mark.parametrize("made", [restored, forked])
async def test_bytes_that_stand_in_the_new_folder_already_are_kept(
    imported: Engine, tmp_path: Path, made: Callable[[Path, Path], None]
) -> None:
    made(imported.root, tmp_path / "other")
    path = next(iter(IMPORTED))
    (tmp_path / "other" / path).parent.mkdir()
    (tmp_path / "other" / path).write_text("put there meanwhile\n")

    async with Engine.open(tmp_path / "other", settings=Settings()):
        assert in_folder(tmp_path / "other") == IMPORTED
    kept = [file.read_text() for file in (tmp_path / "other" / ".workspace" / "lost").iterdir()]
    assert kept == ["put there meanwhile\n"]
