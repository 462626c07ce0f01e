"""Bounded unified diffs of two texts."""

import difflib
import re
from collections.abc import Hashable, Sequence
from typing import NamedTuple

from workspace_server.core.limits import LIMITS

LINES_MAX = 10_000
"""Texts with more lines than this where they differ are not compared: that is quadratic, a second at worst here."""
CUT = "… the rest of the diff is left out\n"
CONTEXT_LINES = 3
_HUNK = re.compile(r"^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@", re.MULTILINE)


class Change(NamedTuple):
    """A place that a diff shows: from and up to which line, from 0 on, in the old text and in the new one."""

    old: tuple[int, int]
    new: tuple[int, int]


def unified(
    before: str, after: str, *, before_name: str, after_name: str, chars_max: int = LIMITS.diff_chars_max
) -> str:
    """Return the unified diff from *before* to *after*, at most *chars_max* characters with a line that says it is cut.

    The result is empty for equal texts.
    """
    if before == after:
        return ""
    old, new, skipped = _without_equal_ends(lines_of(before), lines_of(after))
    if len(old) + len(new) > LINES_MAX:
        return f"--- {before_name}\n+++ {after_name}\n… {len(old)} lines became {len(new)} from line {skipped + 1} on\n"
    lines: list[str] = []
    size = 0
    for line in difflib.unified_diff(old, new, before_name, after_name):
        ended = line if line.endswith("\n") else line + "\n\\ No newline at end of file\n"
        if ended.startswith("@@") and skipped:
            ended = _shifted(ended, skipped)
        size += len(ended)
        lines.append(ended)
        if size > chars_max:
            return _cut(lines, chars_max)
    return "".join(lines)


def is_whole(diff: str) -> bool:
    """Whether a diff from `unified` says all that differs: nothing was cut, and it was not too much to compare."""
    return not any(line.startswith("…") for line in diff.split("\n"))


def changes(diff: str) -> list[Change]:
    """Return the places that a diff from `unified` shows, in order, with the lines around each change."""
    return [Change(_lines(*found[:2]), _lines(*found[2:])) for found in _HUNK.findall(diff)]


def _lines(first: str, count: str) -> tuple[int, int]:
    lines = int(count or 1)
    start = int(first) - (1 if lines else 0)  # of no lines, the one before is named
    return start, start + lines


def lines_of(text: str) -> list[str]:
    r"""Return the lines of *text* with their ends; only `\n` ends one, as everywhere in answers and citations."""
    *whole, rest = text.split("\n")
    return [line + "\n" for line in whole] + ([rest] if rest else [])


def _cut(lines: list[str], chars_max: int) -> str:
    size = sum(map(len, lines))
    while lines and size + len(CUT) > chars_max:
        size -= len(lines.pop())
    return "".join(lines) + CUT


def equal_ends(old: Sequence[Hashable], new: Sequence[Hashable]) -> tuple[int, int]:
    """Return how many entries both begin with, and how many others both end with."""
    start, shorter = 0, min(len(old), len(new))
    while start < shorter and old[start] == new[start]:
        start += 1
    end = 0
    while end < shorter - start and old[-1 - end] == new[-1 - end]:
        end += 1
    return start, end


def _without_equal_ends(old: list[str], new: list[str]) -> tuple[list[str], list[str], int]:
    """Drop what both share at their ends, but for the context of a diff."""
    start, end = equal_ends(old, new)
    skipped = max(0, start - CONTEXT_LINES)
    kept_end = max(0, end - CONTEXT_LINES)
    return old[skipped : len(old) - kept_end], new[skipped : len(new) - kept_end], skipped


def _shifted(header: str, lines: int) -> str:
    """Add the skipped lines to the numbers of a hunk header."""

    def moved(part: str) -> str:
        number, comma, count = part[1:].partition(",")
        return f"{part[0]}{int(number) + lines}{comma}{count}"

    _, old, new, rest = header.split(" ", 3)
    return f"@@ {moved(old)} {moved(new)} {rest}"
