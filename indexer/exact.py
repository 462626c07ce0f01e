"""Exact search: every line in which something stands as it was asked for, in linear time and bounded memory.

It works on bytes, so that a file mapped from disk is never loaded as a whole: in UTF-8 a text's bytes are found only
where the text stands.
"""

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from mmap import mmap
from typing import Final

SHOWN_BYTES_MAX: Final = 300
"""Longer lines are shown around the place that was found."""
_DECODED_BYTES_MAX: Final = 64 * 1024 * 1024
_SNIFFED_BYTES: Final = 8192
_STEP_BYTES: Final = 1024 * 1024

Bytes = bytes | mmap


@dataclass(frozen=True, slots=True)
class Match:
    """One place in *data*: its span in bytes, and its lines, counted from 1."""

    data: Bytes
    start: int
    end: int
    start_line: int
    end_line: int


def find_lines(data: Bytes, needle: str) -> Iterator[Match]:
    """Yield the places of *needle*, at most one for each line; nothing for what is not text."""
    searched, sought = _comparable(data, needle)
    if not sought:
        return
    line, counted = 1, 0
    at = searched.find(sought)
    while at >= 0:
        end = at + len(sought)
        line += _newlines(searched, counted, at)
        last = line + _newlines(searched, at, end - 1)
        yield Match(searched, at, end, line, last)
        line_end = searched.find(b"\n", end - 1)
        line, counted = last, end - 1
        at = searched.find(sought, line_end + 1) if line_end >= 0 else -1


def shown(match: Match, context_lines: int = 0) -> str:
    """Return the lines of a place with *context_lines* around them; of a very long stretch only what is near."""
    data = match.data
    begin = data.rfind(b"\n", 0, match.start) + 1
    for _ in range(context_lines):
        begin = data.rfind(b"\n", 0, begin - 1) + 1 if begin else 0
    stop = match.end - 1
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
    return ("…" if near > begin else "") + text + ("…" if far < stop else "")


def _comparable(data: Bytes, needle: str) -> tuple[Bytes, bytes]:
    """Return what to search and for which bytes: UTF-8 as it is, other encodings brought to it; nothing for binary."""
    sought = needle.encode("utf-8", "replace")
    head = bytes(data[:_SNIFFED_BYTES])
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return bytes(data[:_DECODED_BYTES_MAX]).decode("utf-16", "replace").encode(), sought
    if b"\x00" in head:
        return data, b""
    if not needle.isascii() and len(data) <= _DECODED_BYTES_MAX and not _is_utf8(data):
        return bytes(data).decode("latin-1").encode(), sought
    return data, sought


def _is_utf8(data: Bytes) -> bool:
    try:
        bytes(data).decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _newlines(data: Bytes, start: int, end: int) -> int:
    return sum(data[at : min(end, at + _STEP_BYTES)].count(b"\n") for at in range(start, end, _STEP_BYTES))
