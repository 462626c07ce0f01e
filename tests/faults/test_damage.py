"""What was damaged on the disk is refused, by every way to it, and never served as good."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import apsw
import pytest

from tests.faults.scenes import LARGE
from workspace_server.config import Settings
from workspace_server.core.access import Caller
from workspace_server.errors import Unavailable
from workspace_server.services.engine import Engine
from workspace_server.storage import checksums, soundness
from workspace_server.storage.content import expand
from workspace_server.storage.upkeep.integrity import find_damage

pytestmark = [pytest.mark.anyio, pytest.mark.blocking("the disk is damaged from outside")]

ANN = Caller(agent="ann")
TAIL = "the last line\n"


def object_of(folder: Path) -> Path:
    [found] = [path for path in (folder / ".workspace" / "objects").rglob("*") if path.is_file()]
    return found


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 4
    path.write_bytes(data)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-7])


DAMAGES: dict[str, Callable[[Path], None]] = {"flipped": flip, "cut": cut, "missing": Path.unlink}


@pytest.fixture
async def workspace(folder: Path) -> Path:
    """A large file of two versions that rest on one object, the second by a tail, and is no more the head."""
    async with Engine.open(folder, settings=Settings()) as engine:
        await engine.files.write_file(ANN, path="large.txt", content=LARGE)
        await engine.files.write_file(ANN, path="large.txt", content=TAIL, append=True)
        await engine.files.write_file(ANN, path="small.md", content="as it was\n")
    return folder


async def chunks(engine: Engine, version: int, *part: int) -> bytes:
    content = await engine.files.open_content(ANN, path="large.txt", version=version)
    return b"".join([chunk async for chunk in content.chunks(*part)])


async def whole(engine: Engine, version: int) -> bytes:
    return await (await engine.files.open_content(ANN, path="large.txt", version=version)).read()


WAYS: dict[str, Callable[[Engine], Awaitable[Any]]] = {
    "read": lambda engine: engine.files.read_file(ANN, path="large.txt", version=1),
    "read a tail": lambda engine: engine.files.read_file(ANN, path="large.txt"),
    "bytes": lambda engine: whole(engine, 1),
    "stream": lambda engine: chunks(engine, 1),
    "stream of a part": lambda engine: chunks(engine, 1, 0, 10),
    "stream of a tail": lambda engine: chunks(engine, 2),
    "edit": lambda engine: engine.files.edit_file(ANN, path="large.txt", edits=[{"old_text": TAIL, "new_text": "x"}]),
    "append": lambda engine: engine.files.write_file(ANN, path="large.txt", content="more\n", append=True),
}


@pytest.mark.parametrize("damage", DAMAGES)
async def test_no_way_leads_to_the_bytes_of_a_damaged_object(workspace: Path, damage: str) -> None:
    async with Engine.open(workspace, settings=Settings()) as engine:
        DAMAGES[damage](object_of(workspace))
        for name, way in WAYS.items():
            with pytest.raises(Unavailable) as refusal:
                await way(engine)
            assert refusal.value.facts["reason"] == "damaged", name
            assert "verify" in str(refusal.value.hint), name
        history = (await engine.files.file_history(ANN, path="large.txt"))["versions"]
        assert [version["version"] for version in history] == [2, 1]
        assert await (await engine.files.open_content(ANN, path="small.md")).read() == b"as it was\n"
        assert (await engine.status.status(ANN))["files"] == 2
    assert {finding.subject for finding in find_damage(workspace) if finding.kind == "content"} == {
        "large.txt@1",
        "large.txt@2",
    }


async def test_this_check_notices_a_server_that_serves_what_it_finds(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(soundness, "whole", expand)
    monkeypatch.setattr(soundness, "check", lambda _: None)
    async with Engine.open(workspace, settings=Settings()) as engine:
        flip(object_of(workspace))
        for name in ("read", "read a tail", "bytes", "stream of a part", "stream of a tail"):
            await WAYS[name](engine)


async def test_a_damaged_object_is_not_put_into_the_folder_again(workspace: Path) -> None:
    async with Engine.open(workspace, settings=Settings()) as engine:
        await engine.files.delete_file(ANN, path="large.txt")
        flip(object_of(workspace))
        await engine.files.restore_file(ANN, path="large.txt", version=1)
        assert not (workspace / "large.txt").exists()
        assert engine.tree.materialiser.blocked == {"large.txt": "damaged"}


async def test_the_index_takes_no_facts_from_what_is_damaged(workspace: Path) -> None:
    facts = "".join(f"- Part {number}: price {number} EUR\n" for number in range(4_000))
    async with Engine.open(workspace, settings=Settings()) as engine:
        engine.indexing._facts._rhythm_s = 0.3
        await engine.indexing.reach("facts", engine.head_seq, timeout_s=20)
        known = object_of(workspace)
        done = await engine.files.write_file(ANN, path="facts.md", content=facts)
        [other] = [path for path in known.parent.parent.rglob("*") if path.is_file() and path != known]
        data = other.read_bytes()
        other.write_bytes(data.replace(b"price 77 EUR", b"price 99 EUR"))
        assert await engine.indexing.reach("facts", done["seq"], timeout_s=20) >= done["seq"]
        shown = await engine.search.query_facts(ANN, path="facts.md", query="price")
        assert shown["facts"] == []


async def test_a_damaged_page_of_the_database_is_refused(workspace: Path) -> None:
    if not checksums.enable():
        pytest.skip("apsw comes without checksums here")
    database = workspace / ".workspace" / "workspace.db"
    data = bytearray(database.read_bytes())
    at = data.index(b"as it was\n")
    data[at : at + 2] = b"is"
    database.write_bytes(data)
    async with Engine.open(workspace, settings=Settings()) as engine:
        with pytest.raises(Unavailable):
            await (await engine.files.open_content(ANN, path="small.md")).read()
        listed = await engine.listing.list_files(ANN, detail="full")
        assert [file["path"] for file in listed["files"]] == ["large.txt", "small.md"]
    assert "database" in {finding.kind for finding in find_damage(workspace) if finding.damage}


async def test_content_that_was_changed_within_its_page_is_refused(workspace: Path) -> None:
    database = apsw.Connection(str(workspace / ".workspace" / "workspace.db"))
    database.execute("UPDATE contents SET data = CAST('is it was' AS BLOB) WHERE form = 'raw'")
    database.close()
    async with Engine.open(workspace, settings=Settings()) as engine:
        with pytest.raises(Unavailable) as refusal:
            await engine.files.read_file(ANN, path="small.md")
        assert refusal.value.facts["reason"] == "damaged"
        with pytest.raises(Unavailable) as refusal:
            await engine.files.edit_file(ANN, path="small.md", edits=[{"old_text": "it", "new_text": "that"}])
        assert refusal.value.facts["reason"] == "damaged"
