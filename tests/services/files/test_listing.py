"""Lists stay within their budget, and their pages together hold each file once."""

import contextlib
from typing import Any

import anyio
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from workspace_server.config import Settings
from workspace_server.core import tokens
from workspace_server.core.access import Caller
from workspace_server.core.clock import ManualClock
from workspace_server.core.limits import LIMITS
from workspace_server.core.scopes import NOTHING
from workspace_server.errors import Forbidden, InvalidArgument, InvalidPath, NotFound
from workspace_server.services.engine import Engine

pytestmark = pytest.mark.anyio

ANN = Caller(agent="ann")
BOB = Caller(agent="bob")


async def write(engine: Engine, *paths: str) -> None:
    for path in paths:
        await engine.files.write_file(ANN, path=path, content=path)


async def rows(engine: Engine, **given: Any) -> list[str]:
    found = await engine.listing.list_files(ANN, detail="full", max_tokens=100_000, **given)
    assert "next_cursor" not in found
    return [row["path"] for row in found["files"]]


async def pages(engine: Engine, **given: Any) -> list[dict[str, Any]]:
    found = [await engine.listing.list_files(ANN, **given)]
    while "next_cursor" in found[-1]:
        assert len(found) < 1_000
        found.append(await engine.listing.list_files(ANN, cursor=found[-1]["next_cursor"], **given))
    return found


async def test_a_tree_shows_each_directory_once_and_each_file_on_a_line(engine: Engine, clock: ManualClock) -> None:
    await write(engine, "a.md", "docs/x.md", "docs/deep/y.md")
    await engine.files.write_file(BOB, path="docs/x.md", content="z" * 5_000, overwrite=True)
    await engine.locks.lock_files(BOB, paths=["docs/deep/"])
    clock.advance(7_300)
    await engine.locks.lock_files(BOB, paths=["docs/deep/"])
    found = await engine.listing.list_files(ANN, recursive=True)
    assert found["tree"] == (
        "a.md  v1 4B ann 2h ago\n"
        "docs/\n"
        "  deep/\n"
        "    y.md  v1 14B ann 2h ago  [locked by bob]\n"
        "  x.md  v2 4.9K bob 2h ago"
    )
    folded = await engine.listing.list_files(ANN)
    assert folded["tree"] == "a.md  v1 4B ann 2h ago\ndocs/  2 files, 2h ago"
    below = await engine.listing.list_files(ANN, path="docs/")
    assert below["tree"].splitlines()[0] == "deep/  1 file, 2h ago"


async def test_a_full_list_has_a_record_per_file(engine: Engine) -> None:
    await write(engine, "a.md", "docs/x.md")
    await engine.locks.lock_files(BOB, paths=["a.md"])
    found = await engine.listing.list_files(ANN, detail="full")
    assert found == {
        "files": [
            {
                "path": "a.md",
                "type": "file",
                "version": 1,
                "size_bytes": 4,
                "media_type": "text/markdown",
                "modified_at": "2027-01-15T08:00:00.000Z",
                "modified_by": "ann",
                "locked_by": "bob",
            },
            {"path": "docs", "type": "directory", "files": 1},
        ],
        "seq": found["seq"],
    }


@pytest.mark.parametrize("root", ["", ".", "./", "/"])
async def test_the_root_has_four_spellings(engine: Engine, root: str) -> None:
    await write(engine, "a.md")
    assert await rows(engine, path=root) == ["a.md"]


async def test_an_empty_workspace_is_listed_as_empty(engine: Engine) -> None:
    assert await engine.listing.list_files(ANN) == {"tree": "", "seq": 0}


@pytest.mark.parametrize(
    ("path", "pattern", "expected"),
    [
        ("", "*.md", ["a.md", "b[1].md"]),
        ("", "**/*.md", ["a.md", "b[1].md", "d[x]/c.md", "d[x]/e/f.md"]),
        ("d[x]", "*.md", ["d[x]/c.md"]),
        ("d[x]", "**", ["d[x]/c.md", "d[x]/e/f.md"]),
        ("d[x]", "c.md", ["d[x]/c.md"]),
        ("", "b[1].md", ["b[1].md"]),
        ("d[x]", "*.txt", []),
        ("", "d[x]/", []),
        ("", "d?x?/", ["d[x]/c.md", "d[x]/e/f.md"]),
    ],
)
async def test_a_pattern_is_meant_below_the_path(engine: Engine, path: str, pattern: str, expected: list[str]) -> None:
    await write(engine, "a.md", "b[1].md", "d[x]/c.md", "d[x]/e/f.md", "g.txt")
    assert await rows(engine, path=path, pattern=pattern) == expected


async def test_deleted_files_are_listed_when_asked_for(engine: Engine) -> None:
    await write(engine, "a.md", "b.md")
    await engine.files.delete_file(BOB, path="a.md")
    assert await rows(engine) == ["b.md"]
    found = await engine.listing.list_files(ANN, deleted=True, detail="full")
    [row] = found["files"]
    assert (row["path"], row["version"], row["modified_by"], row["deleted"]) == ("a.md", 1, "bob", True)
    assert "[deleted]" in (await engine.listing.list_files(ANN, deleted=True))["tree"]


async def test_a_place_that_is_none_is_refused(engine: Engine) -> None:
    await write(engine, "a.md")
    with pytest.raises(NotFound):
        await engine.listing.list_files(ANN, path="none")
    with pytest.raises(InvalidArgument):
        await engine.listing.list_files(ANN, path="a.md")
    with pytest.raises(InvalidPath):
        await engine.listing.list_files(ANN, path="../x")
    with pytest.raises(Forbidden):
        await engine.listing.list_files(Caller(agent="x", scope=NOTHING))


@pytest.mark.parametrize("cursor", ["", "x", "999", "1.99999", "0", "-1", "1.0", "9" * 40, "\ud800"])
async def test_a_cursor_that_was_never_given_is_refused(engine: Engine, cursor: str) -> None:
    await write(engine, "a.md")
    with pytest.raises(InvalidArgument):
        await engine.listing.list_files(ANN, cursor=cursor)


@pytest.mark.parametrize("given", [{"pattern": "\ud800"}, {"pattern": "["}, {"max_tokens": 1}, {"max_tokens": 10**9}])
async def test_wrong_arguments_are_refused(engine: Engine, given: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgument):
        await engine.listing.list_files(ANN, **given)


async def test_a_folder_and_a_file_whose_names_begin_alike_are_both_listed(engine: Engine) -> None:
    await write(engine, "dir/a", "dir0", "dir-/b", "dir.md")
    assert await rows(engine) == ["dir-", "dir.md", "dir", "dir0"]
    paged = await pages(engine, detail="full", max_tokens=100)
    assert [row["path"] for page in paged for row in page["files"]] == ["dir-", "dir.md", "dir", "dir0"]


async def test_more_files_than_a_page_holds_are_listed_page_by_page(engine: Engine) -> None:
    names = [f"{'d/' if number % 2 else ''}{number:04}.md" for number in range(LIMITS.list_rows_max + 10)]
    for start in range(0, len(names), 500):
        changes = [{"op": "write", "path": name, "content": ""} for name in names[start : start + 500]]
        await engine.files.commit_files(ANN, changes=changes)
    for asked in ({"recursive": True}, {"pattern": "**"}):
        paged = await pages(engine, detail="full", max_tokens=LIMITS.tokens_max, **asked)
        assert [len(page["files"]) for page in paged] == [LIMITS.list_rows_max, 10]
        assert [row["path"] for page in paged for row in page["files"]] == sorted(names)


NAME = st.text(st.sampled_from('ab-.0é"😀 '), min_size=1, max_size=30).map(lambda text: f"n{text.strip()}x")
PATHS = st.lists(st.lists(NAME, min_size=1, max_size=4).map("/".join), min_size=1, max_size=12, unique=True)


def beside_each_other(paths: list[str]) -> list[str]:
    """Return those paths that can stand beside each other: none is a directory of another."""
    return [path for path in paths if not any(other.startswith(path + "/") for other in paths)]


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(PATHS, st.integers(LIMITS.tokens_min, 300), st.booleans(), st.booleans())
def test_no_page_is_larger_than_its_budget_and_the_pages_together_are_the_whole(
    tmp_path_factory: pytest.TempPathFactory, paths: list[str], max_tokens: int, full: bool, recursive: bool
) -> None:
    async def check() -> None:
        detail = "full" if full else "brief"
        async with Engine.open(tmp_path_factory.mktemp("w"), settings=Settings(), clock=ManualClock()) as engine:
            changes = [{"op": "write", "path": path, "content": path} for path in beside_each_other(paths)]
            await engine.files.commit_files(ANN, changes=changes)
            asked: dict[str, Any] = {"detail": detail, "recursive": recursive}
            whole = await engine.listing.list_files(ANN, max_tokens=100_000, **asked)
            parts = []
            with contextlib.suppress(InvalidArgument):  # a budget for not even one entry: see the next test
                parts = await pages(engine, max_tokens=max_tokens, **asked)
            assert all(tokens.of_bytes(tokens.bytes_of(part)) <= max_tokens for part in parts)
            if full and parts:
                assert [row for part in parts for row in part["files"]] == whole["files"]
            elif parts:
                lines = {line for part in parts for line in part["tree"].split("\n")}
                assert lines == set(whole["tree"].split("\n"))

    anyio.run(check)


async def test_a_budget_that_takes_no_entry_is_refused_with_one_that_does(engine: Engine) -> None:
    await write(engine, "/".join(["long" * 20] * 8))
    for asked in ({"recursive": True}, {"recursive": True, "detail": "full"}):
        with pytest.raises(InvalidArgument) as refusal:
            await engine.listing.list_files(ANN, max_tokens=LIMITS.tokens_min, **asked)
        needed = int(str(refusal.value.hint).partition("=")[2])
        found = await engine.listing.list_files(ANN, max_tokens=needed, **asked)
        assert "next_cursor" not in found
        assert tokens.of_bytes(tokens.bytes_of(found)) <= needed
