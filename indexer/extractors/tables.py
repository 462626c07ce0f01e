"""Tables of any origin: which row is a header, and what the cells of a row state."""

from dataclasses import dataclass
from typing import Final

from indexer import normalise
from indexer.collector import Collector

COLUMNS_MAX: Final = 256
_NOTHING: Final = frozenset({"-", "\u2013", "\u2014", "n/a"})
_KEY_VALUE_HEADERS: Final = frozenset(
    {("key", "value"), ("property", "value"), ("field", "value"), ("setting", "value"), ("metric", "value"),
     ("attribute", "value"), ("parameter", "value"), ("name", "value"), ("item", "value"), ("option", "value")}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell: what it says, and its span without blanks and without quotes around it."""

    value: str
    start: int
    end: int


def is_header(row: list[Cell]) -> bool:
    """Return whether *row* names columns: at least two, all different, none empty, none a number."""
    names = [cell.value.strip().casefold() for cell in row]
    return (
        2 <= len(names) <= COLUMNS_MAX
        and all(names)
        and len(set(names)) == len(names)
        and not any(normalise.is_number(name) for name in names)
    )


def add_row(out: Collector, header: list[str], row: list[Cell], *, number: int) -> None:
    """Add the cells of one row: its first cell is the subject, unless the table is one of keys and values."""
    first = normalise.plain(row[0].value)
    if len(row) > len(header) or not first:
        return
    if tuple(name.casefold() for name in header) in _KEY_VALUE_HEADERS:
        out.fact("cell", key=first, value=normalise.plain(row[-1].value), start=row[-1].start, end=row[-1].end,
                 pointer=f"row {number}", entity=True)  # fmt: skip
        return
    for name, cell in zip(header[1:], row[1:], strict=False):
        value = normalise.plain(cell.value)
        if value and value.casefold() not in _NOTHING:
            out.fact("cell", subject=first, key=name, value=value, start=cell.start, end=cell.end,
                     pointer=f"row {number}, column {name}", entity=not normalise.is_number(first))  # fmt: skip
