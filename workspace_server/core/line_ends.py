"""The ends of lines: a browser knows one kind of them only, and a file keeps its own."""

import difflib
import re
from collections.abc import Sequence

from workspace_server.core.diffs import LINES_MAX, equal_ends

_END = re.compile(r"\r\n|\r|\n")
PLAIN = "\n"


def plain(text: str) -> str:
    r"""Return *text* with `\n` as its only end of a line, which is what an editor in a browser makes of it."""
    return _END.sub(PLAIN, text)


def kinds(text: str) -> frozenset[str]:
    r"""Return which ends of lines stand in *text*: any of `\n`, `\r\n` and `\r`."""
    return frozenset(_END.findall(text))


def kept(before: str, typed: str) -> str:
    """Return *typed* with the line ends of *before*, from which it was made.

    A line that stayed keeps its own end, and a new one gets the commonest. Whether the last line ends is up to who
    typed. Texts that differ in more lines than can be compared in time get the commonest end where they differ.
    """
    ends = _END.findall(before)
    usual = max(sorted(set(ends)), key=ends.count, default=PLAIN)
    if len(set(ends)) <= 1:
        return plain(typed).replace(PLAIN, usual)
    old, new = _END.split(before), plain(typed).split(PLAIN)
    chosen = [usual] * (len(new) - 1)
    for at_old, at_new, lines in _same(old, new):
        for offset in range(min(lines, len(ends) - at_old, len(chosen) - at_new)):
            chosen[at_new + offset] = ends[at_old + offset]
    return "".join(line + end for line, end in zip(new, [*chosen, ""], strict=True))


def _same(old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int, int]]:
    """Return the stretches of lines that stayed, each as its place in *old*, its place in *new*, and its length."""
    first, last = equal_ends(old, new)
    middle_old, middle_new = old[first : len(old) - last], new[first : len(new) - last]
    stretches = [(0, 0, first), (len(old) - last, len(new) - last, last)]
    if len(middle_old) + len(middle_new) <= LINES_MAX:
        blocks = difflib.SequenceMatcher(None, middle_old, middle_new, autojunk=False).get_matching_blocks()
        stretches += [(first + block.a, first + block.b, block.size) for block in blocks]
    return stretches
