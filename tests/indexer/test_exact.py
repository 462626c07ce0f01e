"""Exact search: every line, as it stands or as a pattern says, whatever the encoding."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer import exact
from indexer.exact import SHOWN_BYTES_MAX, Needle, Sought, find_lines, shown
from indexer.regex import Pattern


def lines_of(data: exact.Bytes, sought: Sought, context_lines: int = 0) -> list[tuple[int, int, str]]:
    return [(first, last, text) for text, first, last in (shown(m, context_lines) for m in find_lines(data, sought))]


def found(data: exact.Bytes, needle: str, context_lines: int = 0) -> list[tuple[int, int, str]]:
    return lines_of(data, Needle(needle), context_lines)


def test_each_line_is_told_once_with_its_number() -> None:
    assert found(b"ab ab\nb\r\nxab\n", "ab") == [(1, 1, "ab ab"), (3, 3, "xab")]


def test_what_spans_lines_is_found_with_all_of_them() -> None:
    assert found(b"x\nab\ncd\nab", "b\nc") == [(2, 3, "ab\ncd")]


def test_context_is_shown_as_far_as_there_is_any() -> None:
    assert found(b"1\n2\nx\n4\n5\n6", "x", 2) == [(1, 5, "1\n2\nx\n4\n5")]
    assert found(b"x\n2", "x", 3) == [(1, 2, "x\n2")]
    assert found(b"1\n2\n\nx\n", "x", 1) == [(3, 4, "\nx")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "latin-1"])
def test_other_encodings_are_searched_too(encoding: str) -> None:
    data = "a\ngr\u00fc\u00df dich\n".encode(encoding)

    assert found(data, "gr\u00fc\u00df") == [(2, 2, "gr\u00fc\u00df dich")]
    assert lines_of(data, Pattern("gr..\\sd")) == [(2, 2, "gr\u00fc\u00df dich")]


def test_binary_and_lone_surrogates_give_nothing() -> None:
    assert found(b"\x00ab", "ab") == []
    assert lines_of(b"\x00ab", Pattern("ab")) == []
    assert found(b"a?b", "\ud800") == []
    assert found(b"ab", "") == []


@pytest.mark.parametrize("sought", [Needle(" here "), Pattern("\\shere\\s")])
def test_a_line_of_megabytes_is_shown_around_the_place(sought: Sought) -> None:
    ((start, end, text),) = lines_of(b"x" * 3_000_000 + b" here " + b"y" * 3_000_000, sought)

    assert (start, end) == (1, 1)
    assert " here " in text
    assert text.startswith("…")
    assert text.endswith("…")
    assert len(text) <= SHOWN_BYTES_MAX + 2


@given(st.text("ab\n\u00e9", max_size=40), st.text("ab\u00e9", min_size=1, max_size=3))
def test_the_lines_are_those_that_hold_it(text: str, needle: str) -> None:
    lines = [number for number, line in enumerate(text.split("\n"), 1) if needle in line]

    assert [start for start, _, _ in found(text.encode(), needle)] == lines


PATTERNS = st.sampled_from(
    ["a", "a*", "^", "$", "^$", "^a", "b$", "a.b", "[^a]b", "\\s", "(?s)a.*b", "(a|b)\u00e9?$", "\\b"]
)


@given(st.text("ab \n\u00e9", max_size=40), PATTERNS)
def test_the_lines_are_those_in_which_the_pattern_matches(text: str, pattern: str) -> None:
    every = text.split("\n")[: None if text and not text.endswith("\n") else -1]
    ascii_words = "(?a)" if "\\b" in pattern or "\\s" in pattern else ""
    lines = [number for number, line in enumerate(every, 1) if re.search(ascii_words + pattern, line)]

    assert [(m.start_line, m.end_line) for m in find_lines(text.encode(), Pattern(pattern))] == [(n, n) for n in lines]


def test_places_around_the_borders_of_windows_and_pieces_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("indexer.exact._WINDOW_BYTES_MIN", 4)
    monkeypatch.setattr("indexer.exact._STEP_BYTES", 8)
    monkeypatch.setattr("indexer.regex.REGEX_PIECE_BYTES", 4)
    for before in range(40):
        data = b"x" * before + b"\nneedle\n" + b"y" * 9

        assert found(data, "needle") == [(2, 2, "needle")]
        assert lines_of(data, Pattern("^ne+dle$")) == [(2, 2, "needle")]
        assert lines_of(data, Pattern("nowhere")) == []


def test_a_file_mapped_from_disk_is_searched_like_its_bytes(tmp_path: Path) -> None:
    import mmap

    path = tmp_path / "a.txt"
    path.write_bytes(b"\xef\xbb\xbfone\r\ntwo two\r\n" * 3_000)
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        assert len(found(mapped, "two")) == 3_000
        assert len(lines_of(mapped, Pattern("two$"))) == 3_000


def test_the_mark_at_the_start_and_either_line_end_are_no_part_of_a_line() -> None:
    assert lines_of(b"\xef\xbb\xbfone\r\ntwo\r\n", Pattern("^(one|two)$")) == [(1, 1, "one"), (2, 2, "two")]


def test_a_text_too_long_to_be_converted_is_searched_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("indexer.exact.CONVERTED_BYTES_MAX", 4)
    monkeypatch.setattr("indexer.regex.CONVERTED_BYTES_MAX", 4)

    assert lines_of(b"one\r\ntwo\r\n", Pattern("two")) == [(2, 2, "two")]
    assert lines_of(b"one\r\ntwo\r\n", Pattern("two$")) == []


@pytest.mark.parametrize("sought", [Needle("x"), Pattern("[x]")])
def test_a_search_ends_when_its_time_is_over(sought: Sought) -> None:
    class Over(Exception):
        pass

    told = []

    def tick() -> None:
        told.append(1)
        if len(told) > 9:
            raise Over

    places = find_lines(b"x\n" * 1_000, sought, tick=tick)

    with pytest.raises(Over):
        list(places)
