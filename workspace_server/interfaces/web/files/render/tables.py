"""CSV and TSV as rows of a table."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass

ROWS_MAX = 500
COLUMNS_MAX = 60
CELL_CHARS_MAX = 600


@dataclass(frozen=True, slots=True)
class Row:
    """One row, and the line on which it begins."""

    line: int
    cells: Sequence[str]


@dataclass(frozen=True, slots=True)
class Table:
    """The first rows of a table.

    Attributes:
        numeric: For each column, whether all its cells are numbers.
        wider: Whether rows have more columns than are shown.
    """

    header: Row
    rows: Sequence[Row]
    numeric: Sequence[bool]
    wider: bool
    more_from: int | None


def header_of(line: str, delimiter: str) -> Sequence[str] | None:
    """Return the names of the columns in the first line of a table; None when it holds none."""
    table = read_table(line, delimiter)
    return None if table is None else table.header.cells


def read_table(
    text: str, delimiter: str, first_line: int = 1, header: Sequence[str] | None = None, *, is_cut: bool = False
) -> Table | None:
    """Return up to `ROWS_MAX` rows of *text*, or None when it is no table.

    Args:
        first_line: Where *text* begins in its file.
        header: The names of the columns, when *text* does not begin with them.
        is_cut: The file goes on behind *text*, so that its last row may not be whole.
    """
    try:
        rows, more_from, wider = _rows(text, delimiter, first_line)
    except csv.Error:
        return None
    if is_cut and more_from is None and len(rows) > 2:
        more_from = rows.pop().line
    if header is not None:
        rows.insert(0, Row(1, list(header)))
    if not rows:
        return None
    width = max(len(row.cells) for row in rows)
    numeric = [_is_numeric(rows[1:], column) for column in range(width)]
    return Table(rows[0], rows[1:], numeric, wider, more_from)


def _rows(text: str, delimiter: str, first_line: int) -> tuple[list[Row], int | None, bool]:
    """Return the rows, the line on which those begin that are left out, and whether some are wider than is shown."""
    # Not str.splitlines: it knows ends of lines that no other part of the server counts.
    reader = csv.reader([f"{line}\n" for line in text.split("\n")], delimiter=delimiter)
    rows: list[Row] = []
    line, wider = first_line, False
    for cells in reader:
        if len(rows) > ROWS_MAX:
            return rows, line, wider
        wider = wider or len(cells) > COLUMNS_MAX
        if cells:
            rows.append(Row(line, [_cut(cell) for cell in cells[:COLUMNS_MAX]]))
        line = first_line + reader.line_num
    return rows, None, wider


def _cut(cell: str) -> str:
    return cell if len(cell) <= CELL_CHARS_MAX else cell[:CELL_CHARS_MAX] + "…"


def _is_numeric(rows: Sequence[Row], column: int) -> bool:
    cells = [row.cells[column].strip() for row in rows if column < len(row.cells)]
    return any(cells) and all(not cell or _is_number(cell) for cell in cells)


def _is_number(cell: str) -> bool:
    try:
        float(cell.replace(",", "").rstrip("%").lstrip("$€£"))
    except ValueError:
        return False
    return True
