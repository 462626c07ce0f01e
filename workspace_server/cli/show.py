"""How answers look in a terminal."""

import json
import re
import sys
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069]")


def as_json(answer: Any) -> None:
    """Print an answer for programs."""
    print(json.dumps(answer, ensure_ascii=False, indent=2 if sys.stdout.isatty() else None))


def plain(text: object) -> str:
    """Return text from files and agents without what could steer a terminal."""
    return _CONTROLS.sub("\N{REPLACEMENT CHARACTER}", str(text))


def table(rows: Iterable[Sequence[object]], *, head: Sequence[str] = (), empty: str = "nothing") -> None:
    """Print rows in columns; the last column is as wide as it likes."""
    cells = [[" ".join(plain(cell).split()) if cell is not None else "-" for cell in row] for row in rows]
    if not cells:
        print(empty)
        return
    lines = [list(head), *cells] if head else cells
    widths = [max(_width(line[column]) for line in lines) for column in range(len(lines[0]) - 1)]
    for line in lines:
        padded = [cell + " " * (width - _width(cell)) for cell, width in zip(line, widths, strict=False)]
        print("  ".join([*padded, line[-1]]).rstrip())


def when(value: object) -> str:
    """Return a time, given as ISO 8601 or as seconds since 1970, in the reader's own time zone."""
    if value is None:
        return "-"
    moment = (
        datetime.fromtimestamp(value, UTC) if isinstance(value, int | float) else datetime.fromisoformat(str(value))
    )
    return moment.astimezone().strftime("%Y-%m-%d %H:%M:%S")


def size(size_bytes: int) -> str:
    """Return a size for people."""
    value = float(size_bytes)
    for unit in ("B", "KiB", "MiB"):
        if value < 1024:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1024
    return f"{value:.1f} GiB"


def pairs(answer: Mapping[str, object]) -> None:
    """Print names and values in two columns; what is nested gets a name with dots, what is empty none."""
    table(list(_flat(answer, "")))


def _flat(answer: Mapping[str, object], prefix: str) -> Iterator[tuple[str, object]]:
    for name, value in answer.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        elif isinstance(value, list):
            if value:
                yield prefix + name, ", ".join(_short(part) for part in value)
        else:
            yield prefix + name, value


def _short(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)
