"""Exact search: every line, as it stands, whatever the encoding."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.exact import SHOWN_BYTES_MAX, find_lines, shown


def found(data: bytes, needle: str, context_lines: int = 0) -> list[tuple[int, int, str]]:
    return [(m.start_line, m.end_line, shown(m, context_lines)) for m in find_lines(data, needle)]


def test_each_line_is_told_once_with_its_number() -> None:
    assert found(b"ab ab\nb\r\nxab\n", "ab") == [(1, 1, "ab ab"), (3, 3, "xab")]


def test_what_spans_lines_is_found_with_all_of_them() -> None:
    assert found(b"x\nab\ncd\nab", "b\nc") == [(2, 3, "ab\ncd")]


def test_context_is_shown_as_far_as_there_is_any() -> None:
    assert found(b"1\n2\nx\n4\n5\n6", "x", 2) == [(3, 3, "1\n2\nx\n4\n5")]
    assert found(b"x\n2", "x", 3) == [(1, 1, "x\n2")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "latin-1"])
def test_other_encodings_are_searched_too(encoding: str) -> None:
    assert found("a\ngr\u00fc\u00df dich\n".encode(encoding), "gr\u00fc\u00df") == [(2, 2, "gr\u00fc\u00df dich")]


def test_binary_and_lone_surrogates_give_nothing() -> None:
    assert found(b"\x00ab", "ab") == []
    assert found(b"ab", "\ud800") == []
    assert found(b"ab", "") == []


def test_a_line_of_megabytes_is_shown_around_the_place() -> None:
    ((start, end, text),) = found(b"x" * 3_000_000 + b" here " + b"y" * 3_000_000, " here ")

    assert (start, end) == (1, 1)
    assert " here " in text
    assert text.startswith("…")
    assert text.endswith("…")
    assert len(text) <= SHOWN_BYTES_MAX + 2


@given(st.text("ab\n\u00e9", max_size=40), st.text("ab\u00e9", min_size=1, max_size=3))
def test_the_lines_are_those_that_hold_it(text: str, needle: str) -> None:
    lines = [number for number, line in enumerate(text.split("\n"), 1) if needle in line]

    assert [start for start, _, _ in found(text.encode(), needle)] == lines
