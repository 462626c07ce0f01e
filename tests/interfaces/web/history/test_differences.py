"""What changed between two texts, as rows, as prose and as cells."""

import re
from collections.abc import Sequence

import pytest

from workspace_server.core.diffs import LINES_MAX
from workspace_server.interfaces.web.files.render.tables import Table, read_table
from workspace_server.interfaces.web.history.cells import CellRow, Skipped, compare_tables
from workspace_server.interfaces.web.history.differences import FOLDED_MAX, ROWS_MAX, Difference, Line, compare_lines
from workspace_server.interfaces.web.history.prose import NODES_MAX, compare_prose


def told(line: Line | None) -> str:
    """Return a line as `12 text [changed] text`."""
    if line is None:
        return "-"
    text = "".join(f"[{part.text}]" if part.changed else part.text for part in line.parts)
    return f"{line.number} {text}"


def lines(before: str, after: str) -> Difference:
    found = compare_lines(before, after)
    assert found is not None
    return found


def changed_rows(found: Difference) -> list[tuple[str, str]]:
    return [(told(row.old), told(row.new)) for stretch in found.stretches if stretch.change for row in stretch.rows]


def test_changed_lines_stand_beside_what_they_were_with_the_words_marked() -> None:
    found = lines("a\nIt takes six weeks.\nb\ngone\n", "a\nIt takes seven weeks.\nb\n")

    assert changed_rows(found) == [("2 It takes [six] weeks.", "2 It takes [seven] weeks."), ("4 gone", "-")]
    assert (found.changes, found.added, found.removed, found.cut) == (2, 1, 2, False)


def test_what_stays_the_same_is_folded_away_but_for_the_lines_around_a_change() -> None:
    text = [f"line {number}\n" for number in range(1, 61)]
    other = [*text[:29], "another\n", *text[30:]]
    found = lines("".join(text), "".join(other))

    assert [(one.folded, len(one.rows), one.new_line) for one in found.stretches] == [
        (26, 26, 1),
        (0, 3, 27),
        (0, 1, 30),
        (0, 3, 31),
        (27, 27, 34),
    ]
    assert [told(row.old) for row in found.stretches[0].rows][:1] == ["1 line 1"]


def test_a_long_unchanged_stretch_stays_away_from_the_page() -> None:
    text = "x\n" * (FOLDED_MAX + 20)
    found = lines(text, "new\n" + text)

    assert [(one.folded, len(one.rows)) for one in found.stretches] == [(0, 1), (0, 3), (FOLDED_MAX + 17, 0)]


@pytest.mark.parametrize(
    ("before", "after", "rows"),
    [
        ("a b\n", "a b", [("1 a b[␊]", "1 a b")]),
        ("a b\r\n", "a b\n", [("1 a b[␍]", "1 a b")]),
        ("", "new", [("-", "1 new")]),
        ("same\n", "same\n", []),
    ],
)
def test_a_change_of_line_ends_is_seen(before: str, after: str, rows: list[tuple[str, str]]) -> None:
    assert changed_rows(lines(before, after)) == rows


def test_a_page_of_changes_ends_and_says_so_and_too_many_are_not_compared() -> None:
    before = "".join(f"{number}\n" for number in range(ROWS_MAX + 500))
    found = lines(before, "".join(f"{number}!\n" for number in range(ROWS_MAX + 500)))

    assert (found.cut, len(changed_rows(found)), found.added) == (True, ROWS_MAX, ROWS_MAX + 500)
    assert compare_lines("a\n" * LINES_MAX, "b\n" * LINES_MAX) is None


def test_one_line_of_megabytes_is_compared_as_a_whole_and_shown_in_part() -> None:
    [(old, new)] = changed_rows(lines("a" * 2_000_000, "b" * 2_000_000))

    assert (old[:3], new[:3]) == ("1 a", "1 b")
    assert len(old) < 5_000


def prose(before: str, after: str) -> str:
    found = compare_prose(before, after, "a.md")
    assert found is not None
    return re.sub(r"\n", "", str(found))


@pytest.mark.parametrize(
    ("before", "after", "html"),
    [
        ("It takes six weeks.", "It takes seven weeks.", "<p>It takes <del>six</del><ins>seven</ins> weeks.</p>"),
        ("one *two*", "one *three*", "<p>one <em><del>two</del><ins>three</ins></em></p>"),
        ("same", "same\n\nadded here", "<p>same</p><p><ins>added here</ins></p>"),
        ("# Title\n\ngone now", "# Title", "<h1>Title</h1><p><del>gone now</del></p>"),
        ("- a\n- b", "- a\n- new\n- b", "<ul><li>a</li><li><ins>new</ins></li><li>b</li></ul>"),
        (
            "one two three",
            "one **two** three",
            "<p><del>one two three</del></p><p><ins>one <strong>two</strong> three</ins></p>",
        ),
        ("> a b c", "> a b d", "<blockquote><p>a b <del>c</del><ins>d</ins></p></blockquote>"),
        ("a", "---", "<p><del>a</del></p><ins><hr></ins>"),
        ("x < y", "x < z", "<p>x &lt; <del>y</del><ins>z</ins></p>"),
        ("- a b\n  - c", "- a x\n  - c", "<ul><li>a <del>b</del><ins>x</ins><ul><li>c</li></ul></li></ul>"),
        ("- a\n\n  b c", "- a\n\n  b d", "<ul><li><p>a</p><p>b <del>c</del><ins>d</ins></p></li></ul>"),
        ("- a\n- b", "x", "<ul><li><del>a</del></li><li><del>b</del></li></ul><p><ins>x</ins></p>"),
    ],
)
def test_prose_is_read_with_what_came_and_what_went(before: str, after: str, html: str) -> None:
    assert prose(before, after) == html


def test_a_cell_of_a_table_in_prose_changes_in_its_place() -> None:
    html = prose("| a | b |\n|---|---|\n| 1 | 2 |\n", "| a | b |\n|---|---|\n| 1 | 3 |\n")

    assert "<tr><td>1</td><td><del>2</del><ins>3</ins></td></tr>" in html
    assert html.count("<table>") == 1


def test_front_matter_and_code_are_compared_too() -> None:
    html = prose("---\nowner: ana\n---\n\n```\nx = 1\n```\n", "---\nowner: bo\n---\n\n```\nx = 2\n```\n")

    assert "<del>ana</del><ins>bo</ins>" in html
    assert "<pre><code>x = <del>1</del><ins>2</ins></code></pre>" in html


def test_very_many_paragraphs_that_changed_are_shown_whole() -> None:
    before = "\n\n".join(f"same {number}" for number in range(201))
    html = prose(before, before.replace("same", "same same"))

    assert html.startswith("<p><del>same 0</del></p><p><del>same 1</del></p>")
    assert html.endswith("<p><ins>same same 200</ins></p>")
    assert (html.count("<del>"), html.count("<ins>")) == (201, 201)


@pytest.mark.parametrize("text", ["x" * 400_000, "- a\n" * (NODES_MAX + 1)])
def test_very_long_prose_is_not_compared_as_it_is_read(text: str) -> None:
    assert compare_prose(text, "short", "a.md") is None


@pytest.mark.parametrize("bad", ["<script>alert(1)</script>", '[x](javascript:alert(1) "a\\"b")', '![x](a" onerror=x)'])
def test_prose_that_changed_makes_only_harmless_markup(bad: str) -> None:
    for html in (prose(f"one {bad} two", f"one {bad} three"), prose("", bad), prose(bad, "")):
        assert "<script" not in html
        assert "javascript:" not in html.replace("(javascript:", "")
        assert not re.search(r"<[^>]* on\w+=", html)


def table(text: str) -> Table:
    found = read_table(text, ",")
    assert found is not None
    return found


def cells(before: str, after: str) -> tuple[list[str], Sequence[CellRow | Skipped]]:
    found = compare_tables(table(before), table(after))
    assert found is not None
    return [f"{one.old}>{one.new}" if one.kind != "same" else str(one.new) for one in found[0]], found[1]


def said(row: CellRow | Skipped) -> str:
    if isinstance(row, Skipped):
        return f"{row.rows} rows"
    return f"{row.kind} " + " ".join(
        str(one.new) if one.kind == "same" else f"{one.old}>{one.new}" for one in row.cells
    )


def test_cells_that_changed_are_told_and_rows_that_did_not_are_left_out() -> None:
    rows = [f"item {number},{number}\n" for number in range(12)]
    changed = [*rows[:6], "item 6,66\n", *rows[7:11]]
    header, found = cells("name,price\n" + "".join(rows), "name,price\n" + "".join(changed))

    assert header == ["name", "price"]
    assert [said(row) for row in found] == [
        "4 rows",
        "same item 4 4",
        "same item 5 5",
        "changed item 6 6>66",
        "same item 7 7",
        "same item 8 8",
        "same item 9 9",
        "same item 10 10",
        "removed item 11>None 11>None",
    ]
    assert [(row.old, row.new) for row in found if isinstance(row, CellRow)][2] == (8, 8)


def test_columns_that_came_or_went_or_were_renamed_are_told() -> None:
    header, found = cells("a,b,c\n1,2,3\n", "a,B,c,d\n1,2,3,4\n")
    assert header == ["a", "b>B", "c", "None>d"]
    assert [said(row) for row in found] == ["changed 1 2 3 None>4"]

    header, found = cells("a,b\nx y\n", "b\nx z\n")
    assert header == ["a>None", "b"]
    assert [said(row) for row in found] == ["changed x y>None >x z"]


def test_tables_that_are_the_same_but_for_what_reads_the_same_have_no_changed_row() -> None:
    _, found = cells("a,b\n1,2\n3,4\n", 'a,b\n"1",2\n3,4\n')
    assert [said(row) for row in found] == ["2 rows"]
