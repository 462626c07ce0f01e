"""Two texts side by side: which lines both share, which lines answer to each other, and which words changed in them."""

import difflib
import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from typing import NamedTuple

from workspace_server.core.diffs import LINES_MAX, equal_ends

COMPARED_AT_ONCE = 200
"""Lines of both texts up to which they are compared in full; of more, what stands once in both is looked for first."""
ANCHORED_LINES_MAX = 250_000
"""Lines of both texts, but for those with which both begin and end, above which they are not compared: 5 s at worst."""
ANCHORED_MAX = 6
"""How often what lies between such lines is divided in the same way."""
PAIRS_MAX = 4_000
"""Changed lines that are held against each other, one side times the other; beyond it they answer in their order."""
ALIKE_MIN = 0.3
"""Lines that share fewer of their words than this are not the same line in two forms."""
WORDS_MAX = 1_200
"""Words of both lines together above which a changed line is not taken apart."""
_WORD = re.compile(r"\d[\d.,]*\d|\w+|\s+|[^\w\s]")


class Block(NamedTuple):
    """A stretch from and up to which place, from 0 on, in the old and in the new sequence, and whether it is shared."""

    same: bool
    old: tuple[int, int]
    new: tuple[int, int]


class Run(NamedTuple):
    """Where a shared stretch begins in both, and how long it is."""

    old: int
    new: int
    length: int


class Part(NamedTuple):
    """A part of a line, and whether the other side lacks it."""

    text: str
    changed: bool


def words(text: str) -> list[str]:
    """Return *text* in words, blanks and signs, one after the other; a number with its separators is one word."""
    return _WORD.findall(text)


def blocks(old: Sequence[Hashable], new: Sequence[Hashable]) -> list[Block] | None:
    """Return the shared and the changed stretches, in order, so that they cover both sequences.

    None when more than `LINES_MAX` lie between what both begin and end with and have in common once, for comparing is
    quadratic; and when all of that is more than `ANCHORED_LINES_MAX`.
    """
    runs = _runs(old, new, ANCHORED_MAX)
    if runs is None:
        return None
    found: list[Block] = []
    done = at = 0
    for first, begins, length in [*runs, (len(old), len(new), 0)]:
        if first > done or begins > at:
            found.append(Block(False, (done, first), (at, begins)))
        done, at = first + length, begins + length
        if length and found and found[-1].same:
            found[-1] = Block(True, (found[-1].old[0], done), (found[-1].new[0], at))
        elif length:
            found.append(Block(True, (first, done), (begins, at)))
    return found


def pairs(old: Sequence[str], new: Sequence[str]) -> list[tuple[int | None, int | None]]:
    """Return which changed line answers to which, in the order of both; None where a line has no counterpart."""
    if len(old) * len(new) > PAIRS_MAX:
        return [(at if at < len(old) else None, at if at < len(new) else None) for at in range(max(len(old), len(new)))]
    return list(_along(_likenesses(old, new), len(old), len(new)))


def parts(old: str, new: str) -> tuple[list[Part], list[Part]] | None:
    """Return both lines in parts that say which words changed; None when the lines are too long or too different."""
    both = words(old), words(new)
    if len(both[0]) + len(both[1]) > WORDS_MAX:
        return None
    matcher = difflib.SequenceMatcher(None, *both, autojunk=False)
    sides: tuple[list[Part], list[Part]] = ([], [])
    shared = 0
    for tag, first, last, begins, stops in matcher.get_opcodes():
        for side, text in zip(sides, ("".join(both[0][first:last]), "".join(both[1][begins:stops])), strict=True):
            if text:
                side.append(Part(text, tag != "equal"))
        shared += sum(not word.isspace() for word in both[0][first:last]) if tag == "equal" else 0
    told = sum(not word.isspace() for side in both for word in side)
    return sides if 2 * shared >= ALIKE_MIN * told else None


def _runs(old: Sequence[Hashable], new: Sequence[Hashable], depth: int) -> list[Run] | None:
    """Return the stretches that both share, in order: what stands once in both divides what is compared in full."""
    start, end = equal_ends(old, new)
    middle_old, middle_new = old[start : len(old) - end], new[start : len(new) - end]
    total = len(middle_old) + len(middle_new)
    if total > ANCHORED_LINES_MAX:
        return None
    anchors = _anchors(middle_old, middle_new) if depth and total > COMPARED_AT_ONCE else []
    if total > LINES_MAX and not anchors:
        return None
    if anchors:
        found = _between(middle_old, middle_new, anchors, depth - 1)
        if found is None:
            return None
    else:
        found = [Run(*run) for run in difflib.SequenceMatcher(None, middle_old, middle_new).get_matching_blocks()]
    shifted = [Run(start + run.old, start + run.new, run.length) for run in found if run.length]
    first = [Run(0, 0, start)] if start else []
    return [*first, *shifted, *([Run(len(old) - end, len(new) - end, end)] if end else [])]


def _between(old: Sequence[Hashable], new: Sequence[Hashable], anchors: Sequence[Run], depth: int) -> list[Run] | None:
    """Return the anchors, and what both share between them."""
    runs: list[Run] = []
    done = at = 0
    for anchor in [*anchors, Run(len(old), len(new), 0)]:
        found = _runs(old[done : anchor.old], new[at : anchor.new], depth)
        if found is None:
            return None
        runs += [Run(done + run.old, at + run.new, run.length) for run in found]
        runs.append(anchor)
        done, at = anchor.old + anchor.length, anchor.new + anchor.length
    return runs


def _anchors(old: Sequence[Hashable], new: Sequence[Hashable]) -> list[Run]:
    """Return stretches of lines that stand once in each, as many of them as have the same order in both."""
    places = _once(old)
    common = [(places[line], at) for line, at in _once(new).items() if line in places]
    ends: list[int] = []  # of the best order of each length so far: the last place, and which of the common lines it is
    last: list[int] = []
    before: list[int] = []
    for number, (place, _) in enumerate(common):
        length = bisect_left(ends, place)
        before.append(last[length - 1] if length else -1)
        ends[length : length + 1], last[length : length + 1] = [place], [number]
    anchors: list[Run] = []  # the last first
    number = last[-1] if last else -1
    while number >= 0:
        place, at = common[number]
        if anchors and anchors[-1][:2] == (place + 1, at + 1):
            anchors[-1] = Run(place, at, anchors[-1].length + 1)
        else:
            anchors.append(Run(place, at, 1))
        number = before[number]
    return anchors[::-1]


def _once(lines: Sequence[Hashable]) -> dict[Hashable, int]:
    """Return the lines that stand there once, each with its place."""
    counts = Counter(lines)
    return {line: place for place, line in enumerate(lines) if counts[line] == 1}


def _likenesses(old: Sequence[str], new: Sequence[str]) -> list[list[float]]:
    """Return, for each old line, how much of their words it shares with each new one: 0 where that is too little."""
    bags = [[Counter(word for word in words(line) if not word.isspace()) for line in side] for side in (old, new)]
    return [[_likeness(before, after) for after in bags[1]] for before in bags[0]]


def _likeness(before: Counter[str], after: Counter[str]) -> float:
    told = before.total() + after.total()
    alike = 2 * (before & after).total() / told if told else 1.0
    return alike if alike >= ALIKE_MIN else 0.0


def _along(alike: list[list[float]], rows: int, columns: int) -> Iterator[tuple[int | None, int | None]]:
    """Yield the pairs of the way through *alike* on which most is shared."""
    best = [[0.0] * (columns + 1) for _ in range(rows + 1)]
    for row in reversed(range(rows)):
        for column in reversed(range(columns)):
            together = best[row + 1][column + 1] + alike[row][column]
            best[row][column] = max(best[row + 1][column], best[row][column + 1], together)
    row = column = 0
    while row < rows or column < columns:
        is_pair = row < rows and column < columns and alike[row][column] > 0
        if is_pair and best[row][column] == best[row + 1][column + 1] + alike[row][column]:
            yield row, column
            row, column = row + 1, column + 1
        elif row < rows and (column == columns or best[row][column] == best[row + 1][column]):
            yield row, None
            row += 1
        else:
            yield None, column
            column += 1
