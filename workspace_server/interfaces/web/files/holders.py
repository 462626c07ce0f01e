"""Who holds locks over the files and directories that a page shows."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

from workspace_server.core.paths import parents
from workspace_server.core.patterns import Pattern, parse_pattern
from workspace_server.errors import InvalidArgument
from workspace_server.interfaces.web.view import View

Row = dict[str, Any]


async def mark(view: View, rows: Sequence[Row]) -> None:
    """Note on each row who holds a lock over it: `locked_by` for an exclusive one, `shared_by` for shared ones."""
    mark_from(rows, (await view.engine.locks.list_locks(view.caller))["locks"])


def mark_from(rows: Sequence[Row], locks: Sequence[Row]) -> None:
    """Note on each row which of *locks* concern it."""
    covers = Covers(locks)
    for row in rows:
        concerned = covers.concerning(row)
        holder = next((lock["agent"] for lock in concerned if lock["mode"] == "exclusive"), None)
        if holder is not None:
            row["locked_by"] = holder
        shared = sorted({lock["agent"] for lock in concerned if lock["mode"] == "shared"})
        if shared:
            row["shared_by"] = shared


class Covers:
    """What locks cover, as their holders wrote it: looked up, so that many locks cost a row no more than few."""

    def __init__(self, locks: Sequence[Row]) -> None:
        self._locks = locks
        self._by_name: defaultdict[str, list[int]] = defaultdict(list)
        self._patterns: list[tuple[Pattern, int]] = []
        for number, lock in enumerate(locks):
            for name in lock["paths"]:
                self._by_name[name].append(number)
                if not name.endswith("/") and any(one in name for one in "*?[\\"):
                    with suppress(InvalidArgument):  # a path that only looks like a pattern
                        self._patterns.append((parse_pattern(name), number))
        self._names = sorted(self._by_name)

    def concerning(self, row: Row) -> list[Row]:
        """Return the locks over a file, or over a directory, what lies in it and what it lies in; the oldest first."""
        path = row["path"]
        found = {number for above in parents(path) for number in self._by_name.get(f"{above}/", ())}
        found.update(self._by_name.get("/", ()))
        if row["type"] == "directory":
            found.update(self._inside(f"{path}/"))
        else:
            found.update(self._by_name.get(path, ()))
            found.update(number for pattern, number in self._patterns if pattern.matches(path))
        return [self._locks[number] for number in sorted(found)]

    def _inside(self, prefix: str) -> Iterator[int]:
        for place in range(bisect_left(self._names, prefix), len(self._names)):
            if not self._names[place].startswith(prefix):
                break
            yield from self._by_name[self._names[place]]
