"""What changed between two tables: rows that came or went, columns that did, and the cells that say something else."""

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from workspace_server.core import alignment
from workspace_server.interfaces.web.files.render.tables import Row, Table

CONTEXT_ROWS = 2
"""Unchanged rows that are shown before and after a change."""

Kind = Literal["same", "added", "removed", "changed"]


@dataclass(frozen=True, slots=True)
class Cell:
    """What a cell says, and what it said before; None where there is, or was, no such cell."""

    old: str | None
    new: str | None

    @property
    def kind(self) -> Kind:
        """What became of it."""
        if self.old == self.new:
            return "same"
        return "added" if self.old is None else "removed" if self.new is None else "changed"


@dataclass(frozen=True, slots=True)
class CellRow:
    """One row; its line in both tables, None where it is not."""

    kind: Kind
    old: int | None
    new: int | None
    cells: Sequence[Cell]


@dataclass(frozen=True, slots=True)
class Skipped:
    """So many unchanged rows that are not shown."""

    rows: int


def compare_tables(old: Table, new: Table) -> tuple[Sequence[Cell], Sequence[CellRow | Skipped]] | None:
    """Return the columns, and the rows that changed with some around them; None when too much did."""
    columns = list(_columns(old.header.cells, new.header.cells))
    keys = [[tuple(row.cells) for row in table.rows] for table in (old, new)]
    blocks = alignment.blocks(*keys)
    if blocks is None:
        return None
    rows = [
        row
        for same, (first, last), (begins, stops) in blocks
        for row in _rows(old.rows[first:last], new.rows[begins:stops], columns, same=same)
    ]
    header = [Cell(_at(old.header, before), _at(new.header, after)) for before, after in columns]
    return header, list(_near_changes(rows))


def _columns(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[int | None, int | None]]:
    """Yield which column answers to which: those of the same name, and those that stand in each other's place."""
    for _, first, last, begins, stops in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        count = min(last - first, stops - begins)
        yield from ((first + at, begins + at) for at in range(count))
        yield from ((at, None) for at in range(first + count, last))
        yield from ((None, at) for at in range(begins + count, stops))


def _rows(
    old: Sequence[Row], new: Sequence[Row], columns: Sequence[tuple[int | None, int | None]], *, same: bool
) -> Iterator[CellRow]:
    matched = (
        [(at, at) for at in range(len(old))]
        if same
        else alignment.pairs([" ".join(row.cells) for row in old], [" ".join(row.cells) for row in new])
    )
    for place, counterpart in matched:
        before = None if place is None else old[place]
        after = None if counterpart is None else new[counterpart]
        cells = [Cell(_at(before, was), _at(after, now)) for was, now in columns]
        kind: Kind = "added" if before is None else "removed" if after is None else "changed"
        if all(cell.kind == "same" for cell in cells):
            kind = "same"
        yield CellRow(kind, _line(before), _line(after), cells)


def _line(row: Row | None) -> int | None:
    return None if row is None else row.line


def _at(row: Row | None, column: int | None) -> str | None:
    if row is None or column is None:
        return None
    return row.cells[column] if column < len(row.cells) else ""


def _near_changes(rows: Sequence[CellRow]) -> Iterator[CellRow | Skipped]:
    near = {
        place
        for at, row in enumerate(rows)
        if row.kind != "same"
        for place in range(at - CONTEXT_ROWS, at + CONTEXT_ROWS + 1)
    }
    skipped = 0
    for at, row in enumerate(rows):
        if at not in near:
            skipped += 1
            continue
        if skipped:
            yield Skipped(skipped)
            skipped = 0
        yield row
    if skipped:
        yield Skipped(skipped)
