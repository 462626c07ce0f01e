"""What changed between two texts, as rows of a page: line by line, with the words that changed, and the rest folded."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from workspace_server.core import alignment
from workspace_server.core.alignment import Block, Part
from workspace_server.core.diffs import lines_of

CONTEXT_LINES = 3
"""Unchanged lines that are shown before and after a change."""
FOLD_MIN = 6
"""Fewer unchanged lines are not worth folding."""
FOLDED_MAX = 300
"""More folded lines stay away from the page: it leads to them."""
ROWS_MAX = 1_000
"""Changed rows of one page."""
LINE_CHARS_MAX = 4_000
"""Of a longer line the beginning is shown."""
WORDS_BUDGET = 20_000_000
"""Characters of both sides, multiplied, of all lines that are compared word by word: some hundred milliseconds."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line: its number, and its text in parts."""

    number: int
    parts: Sequence[Part]


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the old and the one of the new text that answers to it; None where there is none."""

    old: Line | None
    new: Line | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Neighbouring rows.

    Attributes:
        change: The number of the change, from 1 on; 0 of what both share.
        folded: How many unchanged lines it stands for while it is closed; 0 when it is shown as it is.
        new_line: Its first line in the new text.
    """

    rows: Sequence[Row]
    change: int = 0
    folded: int = 0
    new_line: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """All that changed.

    Attributes:
        cut: Whether there are more changes than a page shows.
    """

    stretches: Sequence[Stretch]
    changes: int
    added: int
    removed: int
    cut: bool


class _Budget:
    """How much may still be compared word by word."""

    def __init__(self) -> None:
        self.left = WORDS_BUDGET

    def take(self, amount: int) -> bool:
        self.left -= amount
        return self.left >= 0


def compare_lines(before: str, after: str) -> Difference | None:
    """Return what changed, line by line; None when it is too much to be compared."""
    old, new = lines_of(before), lines_of(after)
    blocks = alignment.blocks(old, new)
    if blocks is None:
        return None
    stretches: list[Stretch] = []
    changes = rows = 0
    budget = _Budget()
    for place, block in enumerate(blocks):
        if block.same:
            stretches += _shared(new, block, is_first=place == 0, is_last=place == len(blocks) - 1)
        else:
            changes += 1
            found = _changed(old, new, block, budget)[: ROWS_MAX - rows]
            stretches.append(Stretch(rows=found, change=changes, new_line=block.new[0] + 1))
            rows += len(found)
        if rows >= ROWS_MAX:
            break
    changed = [block for block in blocks if not block.same]
    return Difference(
        stretches=stretches,
        changes=len(changed),
        added=sum(last - first for _, _, (first, last) in changed),
        removed=sum(last - first for _, (first, last), _ in changed),
        cut=rows >= ROWS_MAX,
    )


def _shared(new: Sequence[str], block: Block, *, is_first: bool, is_last: bool) -> Iterator[Stretch]:
    """Yield an unchanged stretch: what is near a change as it is, and the rest folded."""
    count = block.new[1] - block.new[0]
    above, below = 0 if is_first else CONTEXT_LINES, 0 if is_last else CONTEXT_LINES
    if count - above - below < FOLD_MIN:
        yield Stretch(rows=_same(new, block, 0, count), new_line=block.new[0] + 1)
        return
    if above:
        yield Stretch(rows=_same(new, block, 0, above), new_line=block.new[0] + 1)
    folded = count - above - below
    rows = _same(new, block, above, count - below) if folded <= FOLDED_MAX else ()
    yield Stretch(rows=rows, folded=folded, new_line=block.new[0] + above + 1)
    if below:
        yield Stretch(rows=_same(new, block, count - below, count), new_line=block.new[1] - below + 1)


def _same(new: Sequence[str], block: Block, first: int, last: int) -> list[Row]:
    rows = []
    for at in range(first, last):
        parts = _plain(new[block.new[0] + at].removesuffix("\n"))
        rows.append(Row(Line(block.old[0] + at + 1, parts), Line(block.new[0] + at + 1, parts)))
    return rows


def _changed(old: Sequence[str], new: Sequence[str], block: Block, budget: _Budget) -> list[Row]:
    (first, last), (begins, stops) = block.old, block.new
    rows = []
    for place, counterpart in _beside(alignment.pairs(old[first:last], new[begins:stops])):
        before = None if place is None else old[first + place]
        after = None if counterpart is None else new[begins + counterpart]
        sides = _in_parts(before, after, budget)
        rows.append(
            Row(
                None if place is None else Line(first + place + 1, sides[0]),
                None if counterpart is None else Line(begins + counterpart + 1, sides[1]),
            )
        )
    return rows


def _beside(pairs: Sequence[tuple[int | None, int | None]]) -> Iterator[tuple[int | None, int | None]]:
    """Yield pairs so that lines without a counterpart stand beside those that came in their place."""
    gone: list[int | None] = []
    come: list[int | None] = []
    for old, new in [*pairs, (None, None)]:
        if (old is None) != (new is None):
            (come if old is None else gone).append(new if old is None else old)
            continue
        yield from itertools.zip_longest(gone, come)
        gone, come = [], []
        if old is not None:
            yield old, new


def _in_parts(before: str | None, after: str | None, budget: _Budget) -> tuple[Sequence[Part], Sequence[Part]]:
    """Return the parts of both lines; a line end that only one of them has is shown, and so is one of another kind."""
    both = before is not None and after is not None
    keeps_ends = both and str(before).endswith("\n") != str(after).endswith("\n")
    old, new = (_with_ends(text or "", keep=keeps_ends) for text in (before, after))
    found = None
    if both and max(len(old), len(new)) <= LINE_CHARS_MAX and budget.take(len(old) * len(new)):
        found = alignment.parts(old, new)
    return found or (_plain(old), _plain(new))


def _with_ends(text: str, *, keep: bool) -> str:
    shown = text.replace("\r", "␍")
    return shown.replace("\n", "␊") if keep else shown.removesuffix("\n")


def _plain(text: str) -> list[Part]:
    return [Part(text if len(text) <= LINE_CHARS_MAX else text[:LINE_CHARS_MAX] + "…", False)]
