"""A unified diff as rows with the line numbers of both sides."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

_HUNK = re.compile(r"@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@")
Kind = Literal["hunk", "same", "added", "removed", "note"]


@dataclass(frozen=True, slots=True)
class DiffRow:
    """One row: what it is, its line in the old and in the new version, its text."""

    kind: Kind
    old: int | None
    new: int | None
    text: str


def read_diff(diff: str) -> Sequence[DiffRow]:
    """Return the rows of a unified diff of one file, without its header."""
    rows: list[DiffRow] = []
    old = new = 0
    for line in diff.split("\n"):
        hunk = _HUNK.match(line)
        if hunk is not None:
            old, new = int(hunk[1]), int(hunk[2])
            rows.append(DiffRow("hunk", None, None, line))
        elif line.startswith("…"):
            rows.append(DiffRow("note", None, None, line))
        elif not rows:
            continue  # the two lines that name the versions
        elif line.startswith("+"):
            rows.append(DiffRow("added", None, new, line[1:]))
            new += 1
        elif line.startswith("-"):
            rows.append(DiffRow("removed", old, None, line[1:]))
            old += 1
        elif line.startswith(" "):
            rows.append(DiffRow("same", old, new, line[1:]))
            old, new = old + 1, new + 1
        elif line:
            rows.append(DiffRow("note", None, None, line))
    return rows
