"""Exact search: every line in which what was asked for stands, in linear time and bounded memory.

It works on bytes, so that a file mapped from disk is never loaded as a whole: in UTF-8 a text's bytes are found only
where the text stands. What is looked for is a `Needle`, letter by letter, or a `Pattern` (``indexer/regex.py``).
"""

import codecs
from collections.abc import Callable, Iterator
from mmap import mmap
from typing import Final, NamedTuple, Protocol

from indexer.limits import CONVERTED_BYTES_MAX

SHOWN_BYTES_MAX: Final = 300
"""Longer lines are shown around the place that was found."""
_SNIFFED_BYTES: Final = 8192
_WINDOW_BYTES_MIN: Final = 4096
_STEP_BYTES: Final = 1024 * 1024

Bytes = bytes | mmap
Tick = Callable[[], None]
"""Called as the search goes on; what it raises ends the search."""


class Sought(Protocol):
    """What is looked for in the bytes of a text."""

    @property
    def is_ascii(self) -> bool:
        """Whether nothing but ASCII can be part of what it finds, so that no 8-bit encoding needs to be told."""
        ...

    def prepared(self, data: Bytes) -> Bytes:
        """Return *data*, which is UTF-8, as it is to be searched: with the same lines."""
        ...

    def find(self, data: Bytes, at: int, tick: Tick) -> tuple[int, int] | None:
        """Return the span of the first place from *at* on, which is 0 or the start of a line."""
        ...


class Match(NamedTuple):
    """One place in *data*: its span in bytes, and its lines, counted from 1."""

    data: Bytes
    start: int
    end: int
    start_line: int
    end_line: int

    @property
    def last(self) -> int:
        """Where its last byte stands; where it stands itself when it is empty."""
        return max(self.start, self.end - 1)


class Needle:
    """A text that is looked for as it stands."""

    def __init__(self, text: str) -> None:
        self.is_ascii = text.isascii()
        self._sought = text.encode("utf-8", "surrogatepass")  # half a pair stands in no text

    def prepared(self, data: Bytes) -> Bytes:
        """Return *data* as it is."""
        return data

    def find(self, data: Bytes, at: int, tick: Tick) -> tuple[int, int] | None:
        """Return the span of the first place from *at* on; the windows grow, so that near places cost little."""
        length = len(self._sought)
        window_bytes = _WINDOW_BYTES_MIN
        while length and at + length <= len(data):
            tick()
            found = data[at : at + window_bytes + length - 1].find(self._sought)
            if found >= 0:
                return at + found, at + found + length
            at += window_bytes
            window_bytes = min(2 * window_bytes, _STEP_BYTES)
        return None


def find_lines(data: Bytes, sought: Sought, *, tick: Tick = lambda: None) -> Iterator[Match]:
    """Yield the places of *sought*, at most one for each line; nothing for what is not text."""
    searched = _comparable(data, sought)
    if searched is None:
        return
    line, counted = 1, 0
    place = sought.find(searched, 0, tick)
    while place is not None:
        start, end = place
        line += _newlines(searched, counted, start)
        counted = max(start, end - 1)
        last_line = line + _newlines(searched, start, counted)
        yield Match(searched, start, end, line, last_line)
        line = last_line
        line_end = searched.find(b"\n", counted)
        place = sought.find(searched, line_end + 1, tick) if line_end >= 0 else None


class Shown(NamedTuple):
    """What is shown of a place, and the lines on which that stands, counted from 1."""

    text: str
    start_line: int
    end_line: int


def shown(match: Match, context_lines: int = 0) -> Shown:
    """Return the lines of a place with *context_lines* around them; of a very long stretch only what is near."""
    data = match.data
    begin = data.rfind(b"\n", 0, match.start) + 1
    for _ in range(context_lines):
        begin = data.rfind(b"\n", 0, begin - 1) + 1 if begin else 0
    stop = match.last
    for _ in range(context_lines + 1):
        found = data.find(b"\n", stop)
        if found < 0:
            stop = len(data)
            break
        stop = found + 1
    room = SHOWN_BYTES_MAX * (2 * context_lines + 1)
    near = max(begin, match.start - room // 3)
    far = min(stop, near + room)
    if stop - begin <= room:
        near, far = begin, stop
    text = bytes(data[near:far]).decode("utf-8", "replace").strip("\ufffd").rstrip("\r\n")
    first = match.start_line - _newlines(data, near, match.start)
    last = max(match.end_line, first + text.count("\n"))
    return Shown(("…" if near > begin else "") + text + ("…" if far < stop else ""), first, last)


def _comparable(data: Bytes, sought: Sought) -> Bytes | None:
    """Return what to search: UTF-8 as it is, other encodings brought to it; None for binary."""
    head = bytes(data[:_SNIFFED_BYTES])
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return sought.prepared(bytes(data[:CONVERTED_BYTES_MAX]).decode("utf-16", "replace").encode())
    if b"\x00" in head:
        return None
    if not sought.is_ascii and len(data) <= CONVERTED_BYTES_MAX and not _is_utf8(data):
        return sought.prepared(bytes(data).decode("latin-1").encode())
    return sought.prepared(data)


def _is_utf8(data: Bytes) -> bool:
    whole = bytes(data)
    try:
        return whole.isascii() or bool(whole.decode("utf-8"))
    except UnicodeDecodeError:
        return False


def _newlines(data: Bytes, start: int, end: int) -> int:
    if end - start <= _STEP_BYTES:
        return data[start:end].count(b"\n")
    return sum(data[at : min(end, at + _STEP_BYTES)].count(b"\n") for at in range(start, end, _STEP_BYTES))
