"""What a crash or a power cut has left is finished at the next start, and no byte of anybody is lost."""

import asyncio
import hashlib
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import apsw
import pytest

from workspace_server.config import Settings
from workspace_server.core.access import Caller
from workspace_server.core.clock import ManualClock
from workspace_server.errors import NotFound
from workspace_server.services.engine import Engine
from workspace_server.services.tree import goals
from workspace_server.services.tree.external import conflict_path
from workspace_server.services.tree.intake import EVERYTHING
from workspace_server.storage import content as contents
from workspace_server.storage.database import Transaction
from workspace_server.storage.disk import spares
from workspace_server.storage.disk.tree import Tree
from workspace_server.storage.tables import intents

pytestmark = [pytest.mark.anyio, pytest.mark.blocking("a crash is staged by hand")]

ANN = Caller(agent="ann")
MINE = b"a person's\n"


@asynccontextmanager
async def opened(folder: Path, boot_id: str = "boot-1") -> AsyncIterator[Engine]:
    async with Engine.open(folder, settings=Settings(), clock=ManualClock(boot_id=boot_id)) as engine:
        yield engine


async def crashed(folder: Path, content: str = "two\n") -> None:
    """Leave a folder as a crash right after a commit does: `x.md` is still the first version, an intent is open."""
    async with opened(folder) as engine:
        await engine.files.write_file(ANN, path="x.md", content="one\n")
        await engine.tree.materialiser.sync()

        async def nothing(paths: object) -> None:
            return

        engine.tree.materialiser._bring = nothing  # type: ignore[method-assign]
        await engine.files.write_file(ANN, path="x.md", content=content, overwrite=True)
        assert await engine.db.read(intents.count) == 1
    assert (folder / "x.md").read_bytes() == b"one\n"


def left_behind(folder: Path, content: bytes, path: str = "x.md") -> None:
    """Leave a temporary file, as a crash between two steps does."""
    tree = Tree(folder)
    tree.stage(content, path)
    tree.close()


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir() if entry.name != ".workspace")


async def clean(engine: Engine, folder: Path) -> bool:
    left = [name for name in names(folder / ".workspace" / "tmp") if not name.startswith(spares.PREFIX)]
    return await engine.db.read(intents.count) == 0 and left == []


async def test_a_commit_that_was_not_materialised_is_at_start(folder: Path) -> None:
    await crashed(folder)
    async with opened(folder) as engine:
        assert (folder / "x.md").read_bytes() == b"two\n"
        assert await clean(engine, folder)
    assert names(folder) == ["x.md"]


async def test_a_deletion_that_was_not_carried_out_is_at_start(folder: Path) -> None:
    await crashed(folder)
    async with opened(folder) as engine:

        async def nothing(paths: object) -> None:
            return

        engine.tree.materialiser._bring = nothing  # type: ignore[method-assign]
        await engine.files.delete_file(ANN, path="x.md")
        assert (folder / "x.md").exists()
    async with opened(folder) as engine:
        assert names(folder) == []
        assert await clean(engine, folder)


async def test_half_staged_content_goes(folder: Path) -> None:
    await crashed(folder, content="two two two\n")
    for part in (b"", b"two t", b"two two two\n"):
        left_behind(folder, part)
    async with opened(folder) as engine:
        assert (folder / "x.md").read_bytes() == b"two two two\n"
        assert await clean(engine, folder)
    assert names(folder) == ["x.md"]


async def test_an_edit_that_was_displaced_right_before_the_crash_is_kept(folder: Path) -> None:
    await crashed(folder)
    left_behind(folder, MINE)
    async with opened(folder) as engine:
        assert await clean(engine, folder)
        found = [name for name in names(folder) if "conflict" in name]
        assert len(found) == 1
        assert (folder / found[0]).read_bytes() == MINE
        assert (folder / "x.md").read_bytes() == b"two\n"


async def test_an_edit_made_while_no_server_ran_over_an_open_intent_is_kept(folder: Path) -> None:
    await crashed(folder)
    (folder / "x.md").write_bytes(MINE)
    async with opened(folder) as engine:
        found = [name for name in names(folder) if "conflict" in name]
        assert [(folder / name).read_bytes() for name in found] == [MINE]
        assert (folder / "x.md").read_bytes() == b"two\n"
        assert await clean(engine, folder)


async def test_after_a_power_cut_torn_bytes_are_kept_outside_the_tree(folder: Path) -> None:
    await crashed(folder)
    (folder / "x.md").write_bytes(b"tw\0\0")
    left_behind(folder, b"\0\0\0\0")
    async with opened(folder, boot_id="boot-2") as engine:
        assert (folder / "x.md").read_bytes() == b"two\n"
        assert names(folder) == ["x.md"]
        assert await clean(engine, folder)
    lost = folder / ".workspace" / "lost"
    assert sorted(entry.read_bytes() for entry in lost.iterdir()) == [b"\0\0\0\0", b"tw\0\0"]


async def test_bytes_that_belong_to_no_path_are_kept_outside_the_tree(folder: Path) -> None:
    left_behind(folder, MINE, path="never.md")
    async with opened(folder) as engine:
        assert await clean(engine, folder)
    assert [entry.read_bytes() for entry in (folder / ".workspace" / "lost").iterdir()] == [MINE]


async def test_a_displaced_file_of_our_own_goes_also_when_its_intent_is_cleared(folder: Path) -> None:
    async with opened(folder) as engine:
        await engine.files.write_file(ANN, path="x.md", content="one\n")
    left_behind(folder, b"one\n")
    async with opened(folder) as engine:
        assert await clean(engine, folder)
    assert names(folder) == ["x.md"]


async def test_a_late_edit_in_a_displaced_file_is_found_by_its_path_without_an_intent(folder: Path) -> None:
    async with opened(folder) as engine:
        await engine.files.write_file(ANN, path="x.md", content="one\n")
    left_behind(folder, MINE)
    async with opened(folder) as engine:
        assert await clean(engine, folder)
        copy = next(name for name in names(folder) if "conflict" in name)
        assert (folder / copy).read_bytes() == MINE
        assert copy.startswith("x.conflict-")
        assert conflict_path("x.md", copy.removeprefix("x.conflict-").removesuffix(".md")) == copy


async def test_an_upload_that_a_crash_cut_off_goes(folder: Path) -> None:
    async with opened(folder):
        pass
    temporary = folder / ".workspace" / "tmp" / "object-0123456789abcdef"
    temporary.write_bytes(b"the beginning of a large file")
    async with opened(folder) as engine:
        assert await clean(engine, folder)


async def test_an_empty_file_that_belongs_to_no_path_goes(folder: Path) -> None:
    """Such as one with which a server that was killed had tried out what the file system can do."""
    left_behind(folder, b"", path="")
    async with opened(folder) as engine:
        assert await clean(engine, folder)
    assert not (folder / ".workspace" / "lost").exists()


async def test_a_delete_after_a_crash_is_not_undone_by_the_file_that_it_deletes(folder: Path, tmp_path: Path) -> None:
    image = tmp_path / "image"
    async with opened(folder) as engine:
        await engine.files.write_file(ANN, path="other.md", content="other\n")
        (folder / "x.md").write_bytes(MINE)
        assert engine.tree.reconciler is not None
        await engine.tree.reconciler.reconcile(EVERYTHING, patient=False)
        ignored = shutil.ignore_patterns("index")  # is written meanwhile
        await asyncio.to_thread(shutil.copytree, folder, image, symlinks=True, ignore=ignored)  # other inodes
    async with opened(image) as engine:
        assert (await engine.files.read_file(ANN, path="x.md")).header["modified_by"] == "external"
        await engine.files.delete_file(ANN, path="x.md")
        await engine.tree.materialiser.sync()
        assert names(image) == ["other.md"]
        with pytest.raises(NotFound):
            await engine.files.read_file(ANN, path="x.md")


LARGE = "a line of a large file\n" * 10_000


async def test_a_missing_object_does_not_keep_the_server_from_starting(folder: Path) -> None:
    await crashed(folder, content=LARGE)
    left_behind(folder, MINE)
    for found in (folder / ".workspace" / "objects").rglob("*"):
        if found.is_file():
            found.unlink()
    async with opened(folder) as engine:
        await engine.files.write_file(ANN, path="other.md", content="served\n")
        assert (folder / "other.md").read_bytes() == b"served\n"
        assert list(engine.tree.materialiser.blocked) == ["x.md"]
    kept = [path for path in folder.rglob("*") if path.is_file() and path.read_bytes() == MINE]
    assert len(kept) == 1


async def test_a_half_staged_large_file_goes_and_one_that_differs_late_is_kept(folder: Path) -> None:
    await crashed(folder, content=LARGE)
    half = LARGE[: len(LARGE) // 2].encode()
    left_behind(folder, half)
    left_behind(folder, half + b"!")
    async with opened(folder) as engine:
        assert await clean(engine, folder)
        found = [name for name in names(folder) if "conflict" in name]
        assert [(folder / name).read_bytes() for name in found] == [half + b"!"]


async def test_one_unreadable_page_blocks_only_its_own_path(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    many = [f"{number:02}.md" for number in range(20)]
    async with opened(folder) as engine:
        await engine.files.commit_files(ANN, changes=[{"op": "write", "path": path, "content": path} for path in many])
        await engine.tree.materialiser.finish()
        for path in many:
            (folder / path).unlink()
        await engine.db.write(lambda tx: goals.reopened(tx, many, boot_id="boot-1"))
        bad = hashlib.sha256(b"07.md").hexdigest()
        stored = contents.stored

        async def unreadable(tx: Transaction, sha256: str) -> tuple[int, contents.Form, bytes | None]:
            if sha256 == bad:
                raise apsw.IOError("what a page with a wrong checksum gives")
            return await stored(tx, sha256)

        monkeypatch.setattr(contents, "stored", unreadable)
        await engine.tree.materialiser.settle(many)
        assert names(folder) == [path for path in many if path != "07.md"]
        assert list(engine.tree.materialiser.blocked) == ["07.md"]
        monkeypatch.undo()
        await engine.tree.materialiser.settle(many)
        assert names(folder) == many
        assert engine.tree.materialiser.blocked == {}
