"""Two workspaces side by side."""

from contextlib import closing
from pathlib import Path

import apsw
import pytest

from workspace_server.config import Settings
from workspace_server.core.access import Caller
from workspace_server.errors import NotFound, Unavailable
from workspace_server.services.engine import Engine
from workspace_server.storage.upkeep.comparison import compare

pytestmark = [pytest.mark.anyio, pytest.mark.blocking]  # a comparison is made by a process of its own

ANN = Caller(agent="ann")


async def filled(root: Path, **files: str) -> None:
    """Make a workspace of these files, with their facts."""
    root.mkdir(exist_ok=True)
    async with Engine.open(root, settings=Settings()) as engine:
        for name, content in files.items():
            await engine.files.write_file(ANN, path=f"{name}.md", content=content, overwrite=True)
        await engine.indexing.reach("facts", engine.head_seq, timeout_s=30)


@pytest.fixture
async def one(tmp_path: Path) -> Path:
    await filled(tmp_path / "one", same="color: red\n", other="price: 3 EUR\n", mine="x\n")
    return tmp_path / "one"


async def test_workspaces_of_the_same_files_are_alike_whatever_their_histories(one: Path, tmp_path: Path) -> None:
    await filled(tmp_path / "two", mine="first\n", other="price: 3 EUR\n", same="color: red\n")
    await filled(tmp_path / "two", mine="x\n")

    found = compare(one, tmp_path / "two")

    assert (found.same, found.files, found.facts) == (True, [], [])
    assert (found.files_alike, found.facts_alike) == (3, 2)
    assert (found.unread_a, found.unread_b) == (0, 0)


async def test_files_and_facts_that_differ_are_named_with_both_sides(one: Path, tmp_path: Path) -> None:
    await filled(tmp_path / "two", same="color: red\n", other="price: 4 EUR\n", theirs="size: 9 cm\n")

    found = compare(one, tmp_path / "two").as_dict()

    assert found["same"] is False
    assert [(side["path"], side["a"] is not None, side["b"] is not None) for side in found["files"]] == [
        ("mine.md", True, False),
        ("other.md", True, True),
        ("theirs.md", False, True),
    ]
    assert found["files"][1]["a"]["size_bytes"] == 13
    assert [(fact["path"], fact["key"], fact["a"], fact["b"]) for fact in found["facts"]] == [
        ("other.md", "price", ["3 EUR"], ["4 EUR"]),
        ("theirs.md", "size", None, ["9 cm"]),
    ]
    assert (found["files_alike"], found["facts_alike"]) == (1, 1)


async def test_files_whose_facts_are_not_known_yet_are_counted(one: Path, tmp_path: Path) -> None:
    await filled(tmp_path / "two", same="color: red\n")
    with closing(apsw.Connection(str(tmp_path / "two" / ".workspace" / "workspace.db"))) as connection:
        connection.execute("DELETE FROM index_states")

    assert (compare(one, tmp_path / "two").unread_a, compare(one, tmp_path / "two").unread_b) == (0, 1)


async def test_what_is_no_workspace_or_of_another_schema_is_refused(one: Path, tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        compare(one, tmp_path)
    await filled(tmp_path / "two", a="a\n")
    with closing(apsw.Connection(str(tmp_path / "two" / ".workspace" / "workspace.db"))) as connection:
        connection.execute("PRAGMA user_version = 2")
    with pytest.raises(Unavailable, match="schema 2"):
        compare(one, tmp_path / "two")


async def test_a_damaged_workspace_is_not_compared(one: Path, tmp_path: Path) -> None:
    await filled(tmp_path / "two", a="a\n")
    database = tmp_path / "two" / ".workspace" / "workspace.db"
    data = database.read_bytes()
    database.write_bytes(data[:100] + bytes(len(data) - 100))
    with pytest.raises(Unavailable) as refusal:
        compare(one, tmp_path / "two")
    assert "verify" in str(refusal.value.hint)
