"""Bounded unified diffs of two texts."""

import difflib

from workspace_server.core.limits import LIMITS

LINES_MAX = 20_000
"""Texts with more lines than this are not compared line by line: the comparison is quadratic at worst."""
CUT = "… the rest of the diff is left out\n"


def unified(
    before: str, after: str, *, before_name: str, after_name: str, chars_max: int = LIMITS.diff_chars_max
) -> str:
    """Return the unified diff from *before* to *after*, cut at *chars_max* characters with a line that says so.

    The result is empty for equal texts.
    """
    if before == after:
        return ""
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    old, new, skipped = _without_equal_ends(old, new)
    if len(old) + len(new) > LINES_MAX:
        return f"--- {before_name}\n+++ {after_name}\n… {len(old)} lines became {len(new)} from line {skipped + 1} on\n"
    lines: list[str] = []
    size = 0
    for line in difflib.unified_diff(old, new, before_name, after_name):
        ended = line if line.endswith("\n") else line + "\n\\ No newline at end of file\n"
        if ended.startswith("@@") and skipped:
            ended = _shifted(ended, skipped)
        size += len(ended)
        if size > chars_max:
            lines.append(CUT)
            break
        lines.append(ended)
    return "".join(lines)


CONTEXT_LINES = 3


def _without_equal_ends(old: list[str], new: list[str]) -> tuple[list[str], list[str], int]:
    """Drop what both share at their ends, but for the context of a diff."""
    start = 0
    shorter = min(len(old), len(new))
    while start < shorter and old[start] == new[start]:
        start += 1
    end = 0
    while end < shorter - start and old[-1 - end] == new[-1 - end]:
        end += 1
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
