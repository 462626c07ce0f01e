"""Whoever looks around sees every file once, in the order that was asked for, however the pages fall."""

from dataclasses import replace
from typing import Any

import pytest

from workspace_server.core.access import Caller
from workspace_server.core.clock import ManualClock
from workspace_server.core.limits import LIMITS
from workspace_server.core.sorting import SORTS, Order, parse_order
from workspace_server.errors import InvalidArgument
from workspace_server.services.engine import Engine
from workspace_server.services.files import browsing, ground
from workspace_server.services.files.browsing import Narrowed
from workspace_server.storage.tables import totals

pytestmark = pytest.mark.anyio

ANN, BOB = Caller(agent="ann"), Caller(agent="bob")
PATHS = ["b.md", "Q.md", "a-b/x.md", "a/y.csv", "a/b/z.md", "a/b/c/w.txt", "a.md", "zz/1.md", "zz/2.md", "ü/ö.md"]


async def fill(engine: Engine, clock: ManualClock) -> None:
    """Write files whose sizes, times and agents are all in different orders, and some of them alike."""
    for number, path in enumerate([*PATHS, *(f"zz/many-{number}.txt" for number in range(9))]):
        clock.advance(number % 4)
        caller = ANN if number % 3 else BOB
        await engine.files.write_file(caller, path=path, content="x" * (number * 7 % 5), message=f"why {path}")


async def pages(engine: Engine, path: str, *, limit: int = 3, **given: Any) -> list[dict[str, Any]]:
    """Return the rows of all pages."""
    found = await engine.browsing.table(ANN, path=path, limit=limit, **given)
    rows = found["rows"]
    while "next" in found:
        assert len(found["rows"]) == limit
        found = await engine.browsing.table(ANN, path=path, limit=limit, **found["next"], **given)
        rows += found["rows"]
    assert found["complete"]
    return rows


def by(order: Order, rows: list[dict[str, Any]]) -> list[str]:
    """Return the paths of rows, sorted: what the pages are held against."""
    key = {"name": "path", "size": "size_bytes", "modified": "modified_at", "agent": "modified_by"}[order.by]
    return [row["path"] for row in sorted(rows, key=lambda row: (row[key], row["path"]), reverse=order.down)]


async def test_pages_together_hold_what_is_in_a_directory_once_and_in_order(engine: Engine, clock: ManualClock) -> None:
    await fill(engine, clock)
    for limit in (1, 3, 4, 100):
        for sort in (*SORTS, *(f"-{sort}" for sort in SORTS)):
            order = parse_order(sort)
            rows = await pages(engine, "zz", order=order, limit=limit)
            root = await pages(engine, "", order=order, limit=limit)

            assert len(rows) == 11, (sort, limit)
            assert [row["path"] for row in rows] == by(order, rows), (sort, limit)
            assert [row["path"] for row in root if row["type"] == "directory"] == ["a-b", "a", "zz", "ü"], (sort, limit)
            inside = [row for row in root if row["type"] == "file"]
            assert [row["path"] for row in inside] == by(order, inside), (sort, limit)
            assert {row["path"] for row in inside} == {"b.md", "Q.md", "a.md"}, (sort, limit)


async def test_a_row_tells_who_changed_what_when_and_why(engine: Engine, clock: ManualClock) -> None:
    await fill(engine, clock)
    file = next(row for row in await pages(engine, "") if row["path"] == "Q.md")
    directory = (await pages(engine, ""))[1]

    assert (file["version"], file["modified_by"], file["message"]) == (1, "ann", "why Q.md")
    assert directory["path"] == "a"
    assert directory["files"] == 3
    assert directory["modified_by"] == next(
        row["modified_by"] for row in await pages(engine, "a/b/c") if row["path"] == "a/b/c/w.txt"
    )


async def test_deleted_and_moved_files_are_in_no_table(engine: Engine, clock: ManualClock) -> None:
    await fill(engine, clock)
    await engine.files.delete_file(ANN, path="b.md")
    await engine.files.move_file(ANN, path="a/b/c/w.txt", to="a/w.txt")

    assert "b.md" not in [row["path"] for row in await pages(engine, "")]
    assert await pages(engine, "a/b/c") == []
    assert [row["path"] for row in await pages(engine, "a")] == ["a/b", "a/w.txt", "a/y.csv"]
    assert await pages(engine, "never/was") == []


@pytest.mark.parametrize(
    ("path", "narrowed", "expected"),
    [
        ("", Narrowed(name="*.MD"), ["Q.md", "a-b/x.md", "a.md", "a/b/z.md", "b.md", "zz/1.md", "zz/2.md", "ü/ö.md"]),
        ("zz", Narrowed(name="*.md"), ["zz/1.md", "zz/2.md"]),
        ("", Narrowed(name="b/"), ["a-b/x.md", "a/b/c/w.txt", "a/b/z.md"]),
        ("a", Narrowed(name="b/*.md"), ["a/b/z.md"]),
        ("", Narrowed(name="many", agent="bob"), ["zz/many-2.txt", "zz/many-5.txt", "zz/many-8.txt"]),
        ("", Narrowed(media_type="text/csv"), ["a/y.csv"]),
        ("a", Narrowed(media_type="text/"), ["a/b/c/w.txt", "a/b/z.md", "a/y.csv"]),
        ("", Narrowed(name="%"), []),
        ("", Narrowed(since="3s", agent="ann"), ["zz/many-7.txt"]),
    ],
)
async def test_a_table_is_narrowed_down_to_files_everywhere_below(
    engine: Engine, clock: ManualClock, path: str, narrowed: Narrowed, expected: list[str]
) -> None:
    await fill(engine, clock)
    for sort in ("name", "-size"):
        found = [row["path"] for row in await pages(engine, path, narrowed=narrowed, order=parse_order(sort))]
        assert sorted(found) == expected


@pytest.mark.parametrize(
    "given",
    [
        {"order": parse_order("size"), "after": "a.md"},
        {"order": parse_order("modified"), "after": "a.md", "value": "noon"},
        {"narrowed": Narrowed(since="soon")},
        {"narrowed": Narrowed(since="12")},
        {"narrowed": Narrowed(name="x" * 2_000)},
        {"limit": 0},
        {"after": "\ud800"},
    ],
)
async def test_what_cannot_be_asked_for_is_refused(engine: Engine, given: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgument):
        await engine.browsing.table(ANN, path="", **given)


async def test_the_tree_is_opened_along_a_path_and_no_further(engine: Engine, clock: ManualClock) -> None:
    await fill(engine, clock)
    found = await engine.browsing.directories(ANN, path="", opened="a/b")

    assert [one["path"] for one in found["directories"]] == ["a-b", "a", "zz", "ü"]
    assert [one["has_more"] for one in found["directories"]] == [False, True, False, False]
    [inside] = found["directories"][1]["directories"]
    assert (inside["path"], inside["has_more"]) == ("a/b", True)
    assert [one["path"] for one in inside["directories"]] == ["a/b/c"]
    assert "directories" not in found["directories"][2]


async def test_a_long_list_of_folders_goes_on_and_keeps_the_one_where_somebody_is(
    engine: Engine, clock: ManualClock
) -> None:
    await fill(engine, clock)
    found = await engine.browsing.directories(ANN, path="", opened="zz", limit=2)
    rest = await engine.browsing.directories(ANN, path="", after=found["next"], limit=2)
    nowhere = await engine.browsing.directories(ANN, path="", opened="no/such", limit=2)

    assert [one["path"] for one in found["directories"]] == ["a-b", "a", "zz"]
    assert [one["path"] for one in rest["directories"]] == ["zz", "ü"]
    assert "next" not in rest
    assert [one["path"] for one in nowhere["directories"]] == ["a-b", "a"]


async def test_files_are_found_by_words_of_their_paths_in_any_case(engine: Engine, clock: ManualClock) -> None:
    await fill(engine, clock)

    async def found(query: str) -> list[str]:
        return [one["path"] for one in (await engine.browsing.find(ANN, query=query))["files"]]

    assert await found("B/ Z") == ["a/b/z.md"]
    assert await found("O\u0308.md u\u0308") == ["ü/ö.md"]
    assert await found("zz 1") == ["zz/1.md", "zz/many-1.txt"]
    assert (await found("b"))[0] == "b.md"
    assert await found("   ") == []
    assert await found("nothing") == []


async def test_more_files_than_are_looked_at_are_said_to_be_more(
    engine: Engine, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(engine, clock)
    few = replace(LIMITS, browsed_files_max=10, counted_files_max=8)
    for module in (browsing, ground):
        monkeypatch.setattr(module, "LIMITS", few)
    by_size = await engine.browsing.table(ANN, path="zz", order=parse_order("size"))
    by_name = await engine.browsing.table(ANN, path="zz")
    root = await engine.browsing.table(ANN, path="")

    assert (by_size["complete"], len(by_size["rows"])) == (False, 10)
    assert (by_name["complete"], len(by_name["rows"])) == (True, 11)
    assert not (await engine.browsing.table(ANN, path="", narrowed=Narrowed(agent="ann")))["complete"]
    assert not (await engine.browsing.find(ANN, query="zz"))["complete"]
    assert root["rows"][2] == {"path": "zz", "type": "directory", "files": 8, "more": True}


async def test_what_there_is_in_all_is_known_without_a_count(engine: Engine, clock: ManualClock) -> None:
    await fill(engine, clock)
    await engine.files.write_file(ANN, path="b.md", content="longer than before", overwrite=True)
    await engine.files.delete_file(ANN, path="zz", recursive=True)
    await engine.files.move_file(ANN, path="a", to="c")
    await engine.files.restore_file(ANN, path="zz/1.md")

    counted = await engine.db.read(
        lambda tx: tx.one("SELECT count(*), sum(size_bytes) FROM files NOT INDEXED WHERE live = 1")
    )
    assert await engine.db.read(totals.of_workspace) == counted
    glance = await engine.status.glance(ANN)
    assert (glance["files"], glance["bytes"]) == counted
