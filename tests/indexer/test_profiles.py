"""Profiles: what is counted of a whole table, and how far."""

import re
from collections.abc import Callable
from itertools import count

import pytest

from indexer.extraction import extract
from indexer.limits import DISTINCT_VALUES_MAX, FACTS_PER_FILE_MAX, INDEXED_BYTES_MAX, TABLES_PROFILED_MAX
from tests.indexer.reading import facts, read, said

PRICES = """sku,price,stock,day,kind,size (mm),empty,room no
a,24.90,112,2026-01-04,lamp,10 mm,,101
b,39.50,8,2026-01-05,lamp,20 mm,,102
c,"1,149.00",,2026-01-04,chair,n/a,,102
"""


def test_a_column_says_how_its_values_are_spread() -> None:
    assert said(read(PRICES, "prices.csv"), "profile") == [
        ("prices", "rows", "3 rows; columns: sku, price, stock, day, kind, size (mm), empty, room no"),
        ("prices", "price", "numbers, min 24.9, mean 404.467, max 1149, sum 1213.4, 3 distinct of 3"),
        ("prices", "day", "dates 2026-01-04 to 2026-01-05, 2 distinct of 3"),
        ("prices", "kind", "text, 2 distinct of 3: lamp (2), chair (1)"),
        ("prices", "room no", "numbers, min 101, max 102, 2 distinct of 3"),
    ]


def test_a_profile_cites_the_head_of_its_column() -> None:
    rows, price, *_ = facts(read(PRICES, "prices.csv"), "profile")

    assert (rows.quote, price.quote, price.start_line) == (PRICES.splitlines()[0], "price", 1)


@pytest.mark.parametrize(
    ("cells", "spread"),
    [
        (["$5", "$7.50", "$1,000"], "numbers in USD, min 5, mean 337.5, max 1000, sum 1012.5, 3 distinct of 3"),
        (["5 ms", "7 s", "7 s"], "text, 2 distinct of 3: 7 s (2), 5 ms (1)"),
        (["1e3", "-2", "+4"], "numbers, min -2, mean 334, max 1000, sum 1002, 3 distinct of 3"),
        (["9" * 80] * 3, "numbers, min 1e+80, mean 1e+80, max 1e+80, sum 3e+80, 1 distinct of 3"),
        (["1e999", "2", "2"], "text, 2 distinct of 3: 2 (2), 1e999 (1)"),
        (["nan", "12 apples", "nan"], "text, 2 distinct of 3: nan (2), 12 apples (1)"),
    ],
)
def test_only_what_is_a_number_throughout_is_summed(cells: list[str], spread: str) -> None:
    rows = "".join(f'"{cell}"\n' for cell in cells).replace('"\n', '",x\n')

    assert ("t", "v", spread) in said(read("v,k\n" + rows, "t.csv"), "profile")


def test_a_short_table_is_its_own_profile() -> None:
    assert said(read("k,v\na,1\nb,2\n", "x.csv"), "profile") == []


def test_many_different_values_are_counted_up_to_a_limit() -> None:
    text = "k,n,v\n" + "".join(f"a{n},{n},b\n" for n in range(DISTINCT_VALUES_MAX + 9)) + "a0,0,b\n"

    assert said(read(text, "x.csv"), "profile")[1:] == [
        ("x", "n", "numbers, min 0, mean 503.501, max 1008, sum 508536, at least 1000 distinct of 1010"),
        ("x", "v", "text, 1 distinct of 1010: b (1010)"),
    ]


def test_a_long_table_gives_some_cells_and_the_profile_of_all_of_it() -> None:
    rows = FACTS_PER_FILE_MAX + 100
    text = "k,v\n" + "".join(f"a{n},{n}\n" for n in range(rows))
    extraction = extract(text.encode(), path="x.csv", clock=lambda: 0.0)

    assert extraction.state == "limited"
    assert extraction.reason == f"the cells of the first 4996 rows are facts, the profile is of {rows} rows"
    assert said(extraction, "profile")[0] == ("x", "rows", f"{rows} rows; columns: k, v")


def ticking(step_s: float) -> Callable[[], float]:
    """Return a clock on which every look costs *step_s*."""
    looks = count()
    return lambda: next(looks) * step_s


def test_a_table_that_takes_too_long_is_profiled_as_far_as_it_was_read() -> None:
    text = "k,v\n" + "".join(f"a{n},{n}\n" for n in range(1_000))
    extraction = extract(text.encode(), path="x.csv", clock=ticking(0.01))

    (rows, numbers) = said(extraction, "profile")
    found = re.fullmatch(r"more than (\d+) rows; columns: k, v", rows[2])
    assert found is not None
    read_rows = int(found[1])
    assert 10 < read_rows < 900
    assert numbers[2].startswith(f"in the first {read_rows} rows: numbers, min 0, ")
    assert extraction.reason == f"only the first {read_rows} rows were read in time; the profile is of these"


def test_a_table_of_which_only_the_beginning_is_read_has_more_rows_than_that() -> None:
    found = extract(b"k,v\na,1\nb,2\nc,3\n", path="x.csv", size_bytes=INDEXED_BYTES_MAX + 1)

    assert said(found, "profile") == [
        ("x", "rows", "more than 3 rows; columns: k, v"),
        ("x", "v", "in the first 3 rows: numbers, min 1, mean 2, max 3, sum 6, 3 distinct of 3"),
    ]


def test_json_lines_that_take_too_long_are_read_as_far_as_it_goes() -> None:
    extraction = extract(b'{"k": 1}\n' * 1_000, path="x.jsonl", clock=ticking(0.01))

    assert extraction.reason.startswith("only the first ")
    assert facts(extraction, "field")


def test_an_array_of_objects_is_a_table() -> None:
    runs = '{"ms": 5, "ok": true}, {"ms": 7, "ok": true}, {"ms": 6, "ok": null}, {"ms": 6, "ok": true, "by": "me"}'
    text = f'{{"runs": [{runs}], "two": [{{"a": 1}}, {{"a": 2}}]}}'
    extraction = read(text, "x.json")

    assert said(extraction, "profile") == [
        ("runs", "rows", "4 rows; columns: ms, ok, by"),
        ("runs", "ms", "numbers, min 5, mean 6, max 7, sum 24, 3 distinct of 4"),
        ("runs", "ok", "text, 1 distinct of 3: true (3)"),
    ]
    assert [f.quote for f in facts(extraction, "profile")] == ['"ms": 5, "ok": true', '"ms": 5', '"ok": true']


def test_json_lines_are_a_table_and_yaml_documents_are_none() -> None:
    assert said(read('{"a": 1}\n' * 3, "x.jsonl"), "profile")[0] == ("x", "rows", "3 rows; columns: a")
    assert said(read("a: 1\n---\na: 1\n---\na: 1\n---\na: 1\n", "x.yaml"), "profile") == []
    assert said(read("- a: 1\n- a: 1\n- a: 1\n", "x.yaml"), "profile")[0] == ("x", "rows", "3 rows; columns: a")


def test_a_table_with_too_many_columns_and_a_file_with_too_many_tables_are_profiled_in_part() -> None:
    wide = "{" + ", ".join(f'"k{n}": 1' for n in range(300)) + "}"
    many = "{" + ", ".join(f'"t{n}": [{{"a": 1}}, {{"a": 1}}, {{"a": 1}}]' for n in range(60)) + "}"

    assert len(said(read(f"[{wide}, {wide}, {wide}]", "x.json"), "profile")) == 257
    assert len(said(read(many, "x.json"), "profile")) == 2 * TABLES_PROFILED_MAX
