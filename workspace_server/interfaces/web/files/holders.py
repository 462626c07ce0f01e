"""Who holds locks over the files and directories that a page shows."""

from collections.abc import Sequence
from typing import Any

from workspace_server.core.patterns import parse_pattern
from workspace_server.errors import InvalidArgument
from workspace_server.interfaces.web.view import View

Row = dict[str, Any]


async def mark(view: View, rows: Sequence[Row]) -> None:
    """Note on each row who holds a lock over it: `locked_by` for an exclusive one, `shared_by` for shared ones."""
    locks = (await view.engine.locks.list_locks(view.caller))["locks"]
    mark_from(rows, locks)


def mark_from(rows: Sequence[Row], locks: Sequence[Row]) -> None:
    """Note on each row which of *locks* concern it; the listing itself tells of exclusive locks over files only."""
    for row in rows:
        concerned = [lock for lock in locks if any(_concerns(name, row) for name in lock["paths"])]
        holder = next((lock["agent"] for lock in concerned if lock["mode"] == "exclusive"), None)
        if row["type"] == "directory" and holder is not None:
            row["locked_by"] = holder
        shared = sorted({lock["agent"] for lock in concerned if lock["mode"] == "shared"})
        if shared:
            row["shared_by"] = shared


def _concerns(name: str, row: Row) -> bool:
    """Whether what a lock covers, as its holder wrote it, is this file, or lies in this directory or around it."""
    path = row["path"]
    if name == "/":
        return True
    if row["type"] == "directory":
        return name.startswith(f"{path}/") or (name.endswith("/") and bool(path.startswith(name)))
    if name.endswith("/"):
        return bool(path.startswith(name))
    if name == path:
        return True
    try:
        matches: bool = parse_pattern(name).matches(path)
    except InvalidArgument:
        return False
    return matches
