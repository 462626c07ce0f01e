"""Leaves of structured data (JSON, YAML, TOML, front matter) as facts of kind ``field``."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from indexer.collector import Collector
from indexer.extractors.profiles import ROWS_MIN, Column, add_profile
from indexer.extractors.tables import COLUMNS_MAX
from indexer.limits import FACTS_PER_FILE_MAX, TABLES_PROFILED_MAX

Pointer = tuple[str | int, ...]
NAMING_KEYS: Final = ("name", "id", "service", "title")
_LABEL_CHARS_MAX: Final = 60


@dataclass(frozen=True, slots=True)
class Leaf:
    """One scalar with its place: *pointer* in the data, the span of its key and value in the text."""

    pointer: Pointer
    value: str
    start: int
    end: int


def add_leaves(out: Collector, leaves: Iterable[Leaf], *, default_subject: str | None = None) -> None:
    """Add a field for each leaf, with the object's own name as subject where it has one.

    The subject is the name, id, service or title of the nearest object around the leaf that has one, followed by the
    keys below it; else the keys above the leaf; else *default_subject*, else the document's name. A name that objects
    in several places have is told with the keys above it. The name of a row is a field of the rows; what else tells a
    row from the others is told as the subject of its other leaves only.
    """
    known = list(leaves)
    names = _names(known)
    tables = _tables(known)
    labels = _labels(known, tables)
    below = Counter(leaf.pointer[:end] for leaf in known for end in range(len(leaf.pointer)))
    shared = _shared(names)
    _add_profiles(out, tables, known, default_subject or out.document.name)
    for leaf in known:
        if below[leaf.pointer[:-1]] > 1 and _only_labels(leaf, names, labels):
            continue
        key, parent = _key_and_parent(leaf.pointer)
        is_name = names.get(parent) == leaf.value and key in NAMING_KEYS
        is_of_row = is_name and any(isinstance(part, int) for part in parent[-1:])
        place = parent[:-1] if is_of_row else parent
        subject, named = _subject(place, names, labels, shared, unnamed=parent if is_name else None)
        out.fact(
            "field",
            subject=subject or default_subject or out.document.name,
            key=key or "value",
            value=leaf.value,
            start=leaf.start,
            end=leaf.end,
            pointer=json_pointer(leaf.pointer),
            entity=not is_of_row and (named or not subject),
        )


@dataclass(slots=True)
class _Table:
    """An array of objects while its leaves are counted: *row* is the last index, the first row stands at *start*."""

    start: int
    end: int
    row: int
    rows: int = 1
    columns: dict[str, Column] = field(default_factory=dict)

    def count(self, leaf: Leaf, row: int, key: str) -> None:
        if row != self.row:
            self.row, self.rows = row, self.rows + 1
        elif self.rows == 1:
            self.end = leaf.end
        if key not in self.columns and len(self.columns) < COLUMNS_MAX:
            self.columns[key] = Column(key, leaf.start, leaf.end)
        if key in self.columns:
            self.columns[key].count(" ".join(leaf.value.split()))


def _tables(leaves: list[Leaf]) -> dict[Pointer, _Table]:
    """Return the arrays of objects by their place."""
    tables: dict[Pointer, _Table] = {}
    for leaf in leaves:
        *above, row, key = leaf.pointer if len(leaf.pointer) >= 2 else (None, None)
        place = tuple(above)
        if isinstance(row, int) and isinstance(key, str) and (place in tables or len(tables) < TABLES_PROFILED_MAX):
            tables.setdefault(place, _Table(leaf.start, leaf.end, row)).count(leaf, row, key)
    return tables


def _labels(leaves: list[Leaf], tables: dict[Pointer, _Table]) -> dict[Pointer, str]:
    """Return what tells the rows of each table apart: the value of its first column in which none occurs twice."""
    keys = {
        place: next((key for key, column in table.columns.items() if len(column.seen) == table.rows), "")
        for place, table in tables.items()
        if table.rows >= ROWS_MIN
    }
    return {
        leaf.pointer[:-1]: f"{leaf.pointer[-1]} {leaf.value}"
        for leaf in leaves
        if leaf.pointer and leaf.pointer[-1] == keys.get(leaf.pointer[:-2]) and len(leaf.value) <= _LABEL_CHARS_MAX
    }


def _add_profiles(out: Collector, tables: dict[Pointer, _Table], leaves: list[Leaf], name: str) -> None:
    """Add a profile of each array of objects; the documents of a YAML file are none."""
    is_array = all(isinstance(leaf.pointer[0], int) for leaf in leaves if leaf.pointer)
    for place, table in tables.items():
        if (place or is_array) and out.room > FACTS_PER_FILE_MAX // 2:
            subject = " > ".join(_spelled(part) for part in place) or name
            add_profile(
                out, list(table.columns.values()), rows=table.rows, subject=subject, start=table.start, end=table.end
            )


def json_pointer(pointer: Pointer) -> str:
    """Return *pointer* as RFC 6901 writes it."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in pointer)


def _names(leaves: list[Leaf]) -> dict[Pointer, str]:
    ranked: dict[Pointer, tuple[int, str]] = {}
    for leaf in leaves:
        if leaf.pointer and leaf.pointer[-1] in NAMING_KEYS and leaf.value:
            found = (NAMING_KEYS.index(str(leaf.pointer[-1])), leaf.value)
            ranked[leaf.pointer[:-1]] = min(found, ranked.get(leaf.pointer[:-1], found))
    return {pointer: name for pointer, (_, name) in ranked.items()}


def _shared(names: dict[Pointer, str]) -> frozenset[str]:
    """Return the names that objects below different keys have: in an API, each route has a parameter ``limit``."""
    places: dict[str, set[str]] = defaultdict(set)
    for pointer, name in names.items():
        places[name].add(_above(pointer))
    return frozenset(name for name, above in places.items() if len(above) > 1)


def _above(pointer: Pointer) -> str:
    return " > ".join(part for part in pointer[:-1] if isinstance(part, str))


def _only_labels(leaf: Leaf, names: dict[Pointer, str], labels: dict[Pointer, str]) -> bool:
    """Return whether a leaf says of its row nothing but what the row's other leaves have as their subject."""
    row, key = leaf.pointer[:-1], str(leaf.pointer[-1]) if leaf.pointer else ""
    return row not in names and labels.get(row) == f"{key} {leaf.value}"


def _key_and_parent(pointer: Pointer) -> tuple[str, Pointer]:
    """Return the nearest key by name and the object that has it; items of a list go by their list's key."""
    end = len(pointer)
    while end and isinstance(pointer[end - 1], int):
        end -= 1
    return (str(pointer[end - 1]), pointer[: end - 1]) if end else ("", ())


def _subject(
    parent: Pointer,
    names: dict[Pointer, str],
    labels: dict[Pointer, str],
    shared: frozenset[str],
    *,
    unnamed: Pointer | None,
) -> tuple[str, bool]:
    """Return the nearest name above a leaf with the keys below it, and whether that is a name of one thing.

    Args:
        unnamed: The object whose name does not count, because the leaf is that name.
    """
    below: list[str] = []
    for end in range(len(parent), -1, -1):
        above = parent[:end]
        if above in names and above != unnamed:
            name, place = names[above], _above(above) if names[above] in shared else ""
            return " > ".join([*([place] if place else []), name, *reversed(below)]), not place
        below += [labels.get(above) or _spelled(part) for part in above[-1:]]
    return " > ".join(reversed(below)), False


def _spelled(part: str | int) -> str:
    return part if isinstance(part, str) else f"item {part + 1}"
