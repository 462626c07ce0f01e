"""The part of a text that fits into an answer."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from workspace_server.core import tokens
from workspace_server.core.limits import LIMITS
from workspace_server.services.arguments import refused, too_small


class Part(NamedTuple):
    """Which part is wanted: from where on, at most so many lines and tokens; or a page of a document."""

    start_line: int
    start_column: int
    max_lines: int | None
    max_tokens: int
    page: int | None = None


@dataclass(frozen=True, slots=True)
class Cut:
    """A part of a text, and where it stands: for the header, and from and up to which character."""

    text: str
    header: dict[str, Any]
    start: int
    stop: int


def room_bytes(header: Mapping[str, Any], size_bytes: int, *, max_tokens: int) -> int:
    """Return how many bytes of text fit beside the header and what the cut adds to it."""
    most = max(size_bytes, 1)  # no number that the cut adds to the header is higher
    place = {"start_line": most, "start_column": most}
    widest = {"start_line": most, "end_line": most, "total_lines": most, "more": False, "next": place}
    room = tokens.room_bytes({**header, **widest}, max_tokens)
    if room < tokens.BYTES_PER_TOKEN:
        raise too_small(max_tokens + tokens.of_bytes(tokens.BYTES_PER_TOKEN - room))
    return room


async def cut_part(text: str, part: Part, bytes_max: int) -> Cut:
    """Return a part of *text* of at most *bytes_max* bytes, with the event loop free while that is looked for."""
    place = (part.start_line, part.start_column, part.max_lines)
    if len(text) <= LIMITS.inline_bytes_max:
        return cut_text(text, *place, bytes_max)
    return await asyncio.to_thread(cut_text, text, *place, bytes_max)


def cut_text(text: str, start_line: int, start_column: int, max_lines: int | None, bytes_max: int) -> Cut:
    """Return the part of *text* that begins at a place and has at most *bytes_max* bytes (at least four).

    Raises:
        InvalidArgument: The place is beyond the end.
    """
    lines = text.split("\n")
    total = len(lines) - 1 if lines[-1] == "" else len(lines)
    if start_line > max(total, 1):
        raise refused("start_line", f"the file has {total} lines", f"start_line=1 to {max(total, 1)}")
    begin = sum(len(line) + 1 for line in lines[: start_line - 1])
    first = lines[start_line - 1]
    if start_column > len(first) + 1:
        reason = f"line {start_line} has {len(first)} characters"
        raise refused("start_column", reason, f"start_column=1 to {len(first) + 1}")
    begin += start_column - 1
    end = len(text)
    if max_lines is not None and start_line + max_lines <= total:
        end = sum(len(line) + 1 for line in lines[: start_line - 1 + max_lines])
    part = _within(text[begin:end], bytes_max)
    stop = begin + len(part)
    end_line = start_line + part.count("\n") - (1 if part.endswith("\n") else 0)
    header: dict[str, Any] = {"start_line": start_line, "end_line": min(end_line, max(total, 1)), "total_lines": total}
    header["more"] = stop < len(text)
    if header["more"]:
        next_line = text.count("\n", 0, stop) + 1
        header["next"] = {"start_line": next_line, "start_column": stop - (text.rfind("\n", 0, stop) + 1) + 1}
    return Cut(part, header, begin, stop)


def _within(text: str, bytes_max: int) -> str:
    """Return the beginning of *text* that has at most *bytes_max* bytes, at a line's end when there is one."""
    if len(text) <= bytes_max and len(text.encode()) <= bytes_max:
        return text
    cut = text[:bytes_max].encode()[:bytes_max].decode("utf-8", "ignore")
    at = cut.rfind("\n")
    return cut[: at + 1] if at >= 0 else cut
