"""Exact search: every line of a text in which the words asked for stand as they are, in linear time."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from indexer.document import NotText, decode

SHOWN_CHARS_MAX: Final = 300
"""Longer lines are shown around the place that was found."""


@dataclass(frozen=True, slots=True)
class Match:
    """One place: the lines on which it begins and ends, and what is shown of them with their context."""

    start_line: int
    end_line: int
    text: str


def may_contain(data: bytes, needle: str) -> bool:
    """Return whether *data* is worth decoding: a cheap test that never misses."""
    return data.startswith((b"\xff\xfe", b"\xfe\xff")) or not needle.isascii() or needle.encode() in data


def find_lines(data: bytes, needle: str, *, path: str, context_lines: int = 0) -> Iterator[Match]:
    """Yield the places of *needle*, at most one for each line; nothing for what is not text."""
    if not may_contain(data, needle):
        return
    try:
        document = decode(data, path=path)
    except NotText:
        return
    text = document.text
    at = text.find(needle)
    while at >= 0:
        end = at + len(needle)
        first, last = document.line_of(at), document.line_of(end - 1)
        yield Match(first, last, _shown(document.text, document.offset_of(first), at, end, context_lines))
        line_end = text.find("\n", end - 1)
        at = text.find(needle, line_end + 1) if line_end >= 0 else -1


def _shown(text: str, line_start: int, at: int, end: int, context_lines: int) -> str:
    """Return the lines around ``text[at:end]``, without their last line end; a very long stretch only in part."""
    stop = end - 1
    for _ in range(context_lines + 1):
        stop = text.find("\n", stop)
        if stop < 0:
            stop = len(text)
            break
        stop += 1
    for _ in range(context_lines):
        if line_start:
            line_start = text.rfind("\n", 0, line_start - 1) + 1
    shown = text[line_start:stop].rstrip("\r\n")
    if len(shown) <= SHOWN_CHARS_MAX * (2 * context_lines + 1):
        return shown
    begin = max(line_start, at - SHOWN_CHARS_MAX // 3)
    cut = text[begin : min(stop, begin + SHOWN_CHARS_MAX)].strip("\r\n")
    return ("…" if begin > line_start else "") + cut + ("…" if begin + SHOWN_CHARS_MAX < stop else "")
