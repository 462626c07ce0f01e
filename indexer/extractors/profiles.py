"""Profiles of tables: for each column its type and how its values are spread, as facts of kind ``profile``.

The answer to "how many", "what is the largest" or "which values are there" stands in no single cell. A profile is
counted from all rows that were read, says so when there are more, and cites the head of its column.
"""

import math
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from indexer import normalise
from indexer.collector import Collector
from indexer.limits import DISTINCT_VALUES_MAX
from indexer.vocabulary import IDENTIFYING

ROWS_MIN: Final = 3
"""A shorter table is its own profile."""

_NUMBER: Final = re.compile(r"[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d{1,3})?")
_DAY: Final = re.compile(r"\d{4}-[01]\d-[0-3]\d(?:[T ].{0,30})?")
_SHOWN_VALUES: Final = 5
_SHOWN_CHARS: Final = 24
_COUNTED_CHARS: Final = 80


@dataclass(slots=True)
class Column:
    """One column while its cells are counted; *start* and *end* are where its head, or its first value, stands."""

    name: str
    start: int
    end: int
    filled: int = 0
    numbers: int = 0
    days: int = 0
    total: float = 0.0
    low: float = math.inf
    high: float = -math.inf
    first_day: str = ""
    last_day: str = ""
    units: set[str | None] = field(default_factory=set)
    seen: Counter[str] = field(default_factory=Counter)

    def count(self, value: str) -> None:
        """Count one cell; an empty one is none."""
        if not value:
            return
        self.filled += 1
        known = value[:_COUNTED_CHARS]
        if known in self.seen or len(self.seen) < DISTINCT_VALUES_MAX:
            self.seen[known] += 1
        if _NUMBER.fullmatch(known):
            self._count_number(float(known), None)
        elif _DAY.fullmatch(known):
            self.days += 1
            self.first_day = min(self.first_day or known, known)
            self.last_day = max(self.last_day, known)
        elif known[0].isdigit() or known[0] in "$€£¥+-":
            normal, unit = normalise.value(known)
            if _NUMBER.fullmatch(normal):
                self._count_number(float(normal), unit)

    def _count_number(self, number: float, unit: str | None) -> None:
        if math.isfinite(number):
            self.numbers += 1
            self.total += number
            self.low, self.high = min(self.low, number), max(self.high, number)
            self.units.add(unit)

    @property
    def spread(self) -> str:
        """What the column holds, in one line; empty when it holds next to nothing, or words that never recur."""
        if self.filled < ROWS_MIN:
            return ""
        if self.numbers == self.filled and len(self.units) == 1:
            return f"{self._numbers()}, {self._distinct()}"
        if self.days == self.filled:
            return f"dates {self.first_day} to {self.last_day}, {self._distinct()}"
        frequent = self._most_frequent()
        return f"text, {self._distinct()}: {frequent}" if frequent else ""

    def _numbers(self) -> str:
        unit = next(iter(self.units))
        parts = [("min", self.low), ("max", self.high)]
        if not IDENTIFYING.intersection(normalise.fold(self.name).split()):
            parts = [parts[0], ("mean", self.total / self.numbers), parts[1], ("sum", self.total)]
        shown = ", ".join(f"{name} {_shown(number)}" for name, number in parts)
        return f"numbers{f' in {unit}' if unit else ''}, {shown}"

    def _distinct(self) -> str:
        more = "at least " if len(self.seen) == DISTINCT_VALUES_MAX else ""
        return f"{more}{len(self.seen)} distinct of {self.filled}"

    def _most_frequent(self) -> str:
        """Name the values that occur most, where some occur again; ties go by the value."""
        frequent = sorted(self.seen.items(), key=lambda item: (-item[1], item[0]))[:_SHOWN_VALUES]
        if frequent[0][1] == 1 or len(self.seen) == DISTINCT_VALUES_MAX:
            return ""
        return ", ".join(f"{value[:_SHOWN_CHARS]} ({times})" for value, times in frequent)


def _shown(number: float) -> str:
    """Write a number as people do: up to six digits that count, whole numbers whole."""
    if number == int(number) and abs(number) < 1e15:
        return str(int(number))
    return f"{number:.6g}"


def add_profile(
    out: Collector, columns: list[Column], *, rows: int, subject: str, start: int, end: int, is_all: bool = True
) -> None:
    """Add how many rows a table has, and the spread of each of its columns.

    Args:
        subject: What the table is called.
        start: Where the words stand that show its columns.
        is_all: Whether the table has no more rows than were counted; else each fact says so.
    """
    if rows < ROWS_MIN:
        return
    names = ", ".join(column.name for column in columns)
    many, within = (f"{rows}", "") if is_all else (f"more than {rows}", f"in the first {rows} rows: ")
    out.fact("profile", subject=subject, key="rows", value=f"{many} rows; columns: {names}", start=start, end=end,
             entity=False)  # fmt: skip
    for column in columns:
        if column.spread:
            out.fact("profile", subject=subject, key=column.name, value=f"{within}{column.spread}", start=column.start,
                     end=column.end, entity=False)  # fmt: skip
