"""Tables as cells: CSV, TSV, Markdown and HTML."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.extractors.delimited import _valued_rows, delimiter_of, read_rows
from indexer.limits import FACTS_PER_FILE_MAX
from tests.indexer.reading import facts, read, said


@pytest.mark.parametrize(
    "text", ["name,python\nhttpx,3.9\naiohttp,3.10\n", "name\tpython\nhttpx\t3.9\r\naiohttp\t3.10"]
)
def test_a_cell_is_stated_of_its_row_and_column(text: str) -> None:
    extraction = read(text, "requirements.csv")

    assert said(extraction) == [("httpx", "python", "3.9"), ("aiohttp", "python", "3.10")]
    assert [(f.quote, f.start_line, f.pointer) for f in facts(extraction)] == [
        ("3.9", 2, "row 2, column python"),
        ("3.10", 3, "row 3, column python"),
    ]


def test_a_table_of_keys_and_values_is_about_the_file() -> None:
    assert said(read("metric,value\nlatency,30 ms\n", "relay/data.csv")) == [("relay", "latency", "30 ms")]


def test_a_unit_in_the_column_name_is_the_unit_of_its_cells() -> None:
    (fact,) = facts(read("host,latency (ms)\na,30\n", "x.csv"))

    assert (fact.normal, fact.unit) == ("30", "ms")


@pytest.mark.parametrize("text", ["1,2\n3,4\n", "a,a\n1,2\n", "a,\n1,2\n", "only\nx\n", "\n", ",".join("abc" * 200)])
def test_a_table_without_a_header_states_nothing(text: str) -> None:
    assert facts(read(text, "x.csv")) == []


def test_rows_that_do_not_fit_and_cells_that_say_nothing_are_left_out() -> None:
    assert said(read("k,v,w\na,1,2,3\n,5,6\nb,-,n/a\nc,,7\nd\n", "x.csv"), "cell") == [("c", "w", "7")]


def test_quoted_cells_may_hold_delimiters_quotes_and_lines() -> None:
    (fact, other) = facts(read('name,said,n\na,"x, ""y""\nz",1\n', "x.csv"))

    assert (fact.value, fact.quote) == ('x, "y" z', 'x, ""y""\nz')
    assert (fact.start_line, fact.end_line, other.start_line) == (2, 3, 3)


def test_a_quote_that_nobody_closes_is_an_ordinary_character() -> None:
    assert said(read('k,v\na,"open\nb,"more\n', "x.csv")) == [("a", "v", '"open'), ("b", "v", '"more')]
    assert said(read('k,v\na,"open\nb,x\n', "x.csv")) == [("a", "v", '"open'), ("b", "v", "x")]


@given(st.lists(st.lists(st.text('ab,;"\n é', max_size=5), min_size=2, max_size=4), min_size=1, max_size=4))
def test_rows_are_read_as_the_standard_parser_reads_them(rows: list[list[str]]) -> None:
    buffer = io.StringIO()
    csv.writer(buffer, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(rows)
    text = buffer.getvalue()

    assert [[cell.value for cell in row] for row in read_rows(text, ",")] == rows
    assert all(
        text[cell.start : cell.end].replace('""', '"') == cell.value for row in read_rows(text, ",") for cell in row
    )


def test_the_delimiter_is_the_one_that_the_first_line_has_most_of() -> None:
    assert [delimiter_of(text) for text in ("a;b;c,d\n1,2,3", "a|b", "a")] == [";", "|", ","]


def test_a_last_cell_may_be_empty() -> None:
    assert [[cell.value for cell in row] for row in read_rows("a,b,\n,", ",")] == [["a", "b", ""], ["", ""]]


MARKDOWN = """# Relay

| Setting | Value | Since |
|:--------|------:|-------|
| retries | 3 | `1.2` |
| a \\| b | **5** | |

| a | b |
not a table

| one |
|-----|
| x |
"""


def test_a_markdown_table_is_read_like_any_other() -> None:
    extraction = read(MARKDOWN)

    assert said(extraction, "cell") == [
        ("retries", "Value", "3"),
        ("retries", "Since", "1.2"),
        ("a | b", "Value", "5"),
    ]
    assert [f.start_line for f in facts(extraction, "cell")] == [5, 5, 6]


def test_an_html_table_is_read_by_its_header_row() -> None:
    page = (
        "<table><tr><th>Name<th>Port</tr><tr><td><b>web</b></td><td>80&nbsp;TCP</td></tr>"
        "<tr><td>db<td>5432</table><table><tr><td>no</td><td>header</td></tr><tr><td>a</td><td>b</td></tr></table>"
    )
    extraction = read(page, "ports.html")

    assert said(extraction, "cell") == [("web", "Port", "80 TCP"), ("db", "Port", "5432")]
    assert [f.quote for f in facts(extraction, "cell")] == ["80&nbsp;TCP", "5432"]


def test_an_empty_html_cell_keeps_the_columns_in_place() -> None:
    page = "<table><tr><th>k</th><th>a</th><th>b</th></tr><tr><td>x</td><td></td><td>2</td></tr></table><td>stray</td>"

    assert said(read(page, "x.html"), "cell") == [("x", "b", "2")]


@given(
    st.lists(st.lists(st.text('ab,;" é', max_size=5), min_size=1, max_size=4), min_size=1, max_size=6),
    st.sampled_from(["\n", "\r\n"]),
)
def test_rows_for_which_there_is_no_room_say_the_same(rows: list[list[str]], end: str) -> None:
    text = end.join(",".join(row) for row in rows)
    whole = [(values, cells is not None) for values, cells in _valued_rows(text, ",", has_room=lambda: True)]
    quick = [(values, cells is not None) for values, cells in _valued_rows(text, ",", has_room=lambda: False)]

    assert [values for values, _ in quick] == [values for values, _ in whole]
    assert {has_cells for _, has_cells in whole} <= {True}
    assert {has_cells for _, has_cells in quick} <= {False}


def test_a_row_of_too_many_cells_beyond_the_room_makes_the_table_none() -> None:
    few = "".join(f"a{n},{n}\n" for n in range(FACTS_PER_FILE_MAX))
    found = read(f"k,v\n{few}{',' * 300}\n", "x.csv")

    assert (found.facts, found.reason.partition(";")[0]) == ((), "more than 256 columns")
