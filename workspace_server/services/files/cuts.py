"""The part of a text that fits into an answer."""

from dataclasses import dataclass
from typing import Any

from workspace_server.services.arguments import refused


@dataclass(frozen=True, slots=True)
class Cut:
    """A part of a text, and where it stands: for the header, and from and up to which character."""

    text: str
    header: dict[str, Any]
    start: int
    stop: int


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
