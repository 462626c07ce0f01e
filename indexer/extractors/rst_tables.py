"""The tables of reStructuredText: simple ones, grids, and list tables, as rows of cells with their places.

A cell that goes on over several lines is left empty: its text does not stand in one place.
"""

import itertools
import re
from collections.abc import Iterator, Sequence
from typing import Final

from indexer import normalise
from indexer.collector import Collector
from indexer.document import Line
from indexer.extractors.tables import COLUMNS_MAX, Cell, add_row

SIMPLE_BORDER: Final = re.compile(r"\s*=+(?: +=+)+\s*")
GRID_BORDER: Final = re.compile(r"\s*\+(?:[-=]+\+)+\s*")
_LIST_CELL: Final = re.compile(r"(?P<row>\s+\*\s+-|\s+-)(?:\s+|$)")
_HEADER_ROWS: Final = re.compile(r"\s+:header-rows:\s*1\s*")

_LINES_PER_ROW: Final = 64
"""Lines that one row takes at most; what follows is not looked at."""

Row = list[Cell]


def _cell(line: Line, start: int, end: int) -> Cell:
    raw = line.text[start:end]
    begin = line.start + start + len(raw) - len(raw.lstrip())
    value = raw.strip()
    return Cell(value, begin, begin + len(value))


def _joined(pieces: Sequence[Row]) -> Row:
    """Return one row out of the lines that it takes: a cell that has text on several of them is left empty."""
    row = []
    for column in zip(*pieces, strict=True):
        filled = [cell for cell in column if cell.value]
        row.append(filled[0] if len(filled) == 1 else Cell("", 0, 0))
    return row


def simple_rows(out: Collector, lines: Sequence[Line]) -> Iterator[Row | None]:
    """Yield the rows of a simple table, and None for the border below its head; the first line is a border."""
    spans = [match.span() for match in re.finditer("=+", lines[0].text)][:COLUMNS_MAX]
    spans[-1] = (spans[-1][0], 10**6)
    held: list[Row] = []
    for line in lines[1:]:
        out.tick()
        if SIMPLE_BORDER.fullmatch(line.text):
            if held:
                yield _joined(held)
            held = []
            yield None
            continue
        row = [_cell(line, *span) for span in spans]
        if row[0].value and held:
            yield _joined(held)
            held = []
        if len(held) < _LINES_PER_ROW:
            held.append(row)


def grid_rows(out: Collector, lines: Sequence[Line]) -> Iterator[Row | None]:
    """Yield the rows of a grid, and None for the border below its head; a row with merged cells is left out."""
    columns = [at for at, letter in enumerate(lines[0].text) if letter == "+"][: COLUMNS_MAX + 1]
    held: list[Row] = []
    fits = True
    for line in lines[1:]:
        out.tick()
        if GRID_BORDER.fullmatch(line.text):
            if held and fits:
                yield _joined(held)
            held, fits = [], True
            if "=" in line.text:
                yield None
        elif len(held) < _LINES_PER_ROW:
            text = line.text.ljust(columns[-1] + 1)
            fits = fits and all(text[at] == "|" for at in columns)
            held.append([_cell(line, a + 1, b) for a, b in itertools.pairwise(columns)])


def list_rows(out: Collector, lines: Sequence[Line]) -> Iterator[Row | None]:
    """Yield the rows of a list table, and None below its head."""
    has_head = any(_HEADER_ROWS.fullmatch(line.text) for line in lines)
    row: Row = []
    for line in lines:
        out.tick()
        match = _LIST_CELL.match(line.text)
        if match and "*" in match["row"]:
            if row:
                yield row
                if has_head:
                    yield None
                has_head = False
            row = []
        if match and (row or "*" in match["row"]):
            row.append(_cell(line, match.end(), len(line.text)))
        elif row and line.text.strip():
            row[-1] = Cell("", 0, 0)
    if row:
        yield row


def read_table(out: Collector, rows: Iterator[Row | None]) -> None:
    """Add the cells below the head of a table; one without a head states nothing."""
    header: list[str] = []
    first: Row = []
    number = 0
    for row in rows:
        if row is None and not header and first:
            header = [normalise.plain(cell.value) for cell in first]
            if len(header) < 2 or not all(header[1:]):
                return
        elif row is not None and header:
            number += 1
            add_row(out, header, row, number=number)
        elif row is not None:
            first = row
