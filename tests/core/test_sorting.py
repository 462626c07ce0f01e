"""Orders and names as an address spells them."""

import sqlite3

import pytest

from workspace_server.core.sorting import BY_NAME, SORTS, Order, like, parse_order
from workspace_server.errors import InvalidArgument


@pytest.mark.parametrize("sort", SORTS)
def test_an_order_is_read_as_it_is_written(sort: str) -> None:
    for text in (sort, f"-{sort}"):
        assert str(parse_order(text)) == text

    assert parse_order("name") == BY_NAME
    assert parse_order("-size") == Order("size", down=True)


@pytest.mark.parametrize("text", ["", "-", "colour", "--size", "Size"])
def test_what_is_no_order_is_refused(text: str) -> None:
    with pytest.raises(InvalidArgument) as refusal:
        parse_order(text)
    assert refusal.value.facts["argument"] == "sort"


@pytest.mark.parametrize(
    ("text", "name", "fits"),
    [
        ("draft", "my-Draft-2.md", True),
        ("draft", "drift.md", False),
        ("*.md", "a.md", True),
        ("*.md", "a.md.txt", False),
        ("v?.csv", "v1.csv", True),
        ("v?.csv", "v10.csv", False),
        ("100%", "100%.txt", True),
        ("100%", "100.txt", False),
        ("a_b", "a_b", True),
        ("a_b", "axb", False),
        ("back\\slash", "back\\slash", True),
        ("*_*", "axb", False),
    ],
)
def test_a_part_of_a_name_fits_anywhere_and_a_pattern_fits_all_of_it(text: str, name: str, fits: bool) -> None:
    [row] = sqlite3.connect(":memory:").execute("SELECT ? LIKE ? ESCAPE '\\'", (name, like(text)))

    assert bool(row[0]) is fits
