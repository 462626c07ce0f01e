"""The use cases of whoever looks around: a directory as a sorted table, the folders in it, files by a part of the name.

They answer a page at a time, as quickly in a workspace of 100,000 files as in one of ten.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from workspace_server.core.access import Caller
from workspace_server.core.limits import LIMITS
from workspace_server.core.moments import parse_moment
from workspace_server.core.paths import canonical_directory, fold
from workspace_server.core.sorting import BY_NAME, Order, Sort, like
from workspace_server.services.arguments import bounded, plain_text, refused
from workspace_server.services.files.ground import Ground, ground_of
from workspace_server.services.folder import Folder
from workspace_server.services.history.moment import just_before
from workspace_server.services.recording import Result
from workspace_server.services.times import iso
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import directories
from workspace_server.storage.tables.directories import Key, Listed, Only, Place, Value

_KEYS: Final[dict[Sort, Key]] = {
    "name": "path",
    "size": "size_bytes",
    "modified": "modified_at",
    "agent": "modified_by",
}
_VALUES: Final[dict[Sort, Callable[[str], Value]]] = {"name": str, "size": int, "modified": float, "agent": str}
WORDS_MAX = 8
"""Most words of a search for files by their names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrowed:
    """Which of the files below a directory are wanted; None for all.

    Attributes:
        name: A part of the name, or with `*` or `?` all of it; with a `/` of the path below the directory.
        media_type: Their type; one that ends in a slash stands for all that begin so.
        agent: Who changed them last.
        since: When they changed last, or later: a span before now (`1h`, `7d`) or a time.
    """

    name: str | None = None
    media_type: str | None = None
    agent: str | None = None
    since: str | None = None


@dataclass(frozen=True, slots=True)
class _Asked:
    """One page of a table, its arguments checked.

    Attributes:
        below: The directory after which the page begins; empty for none.
        place: The file after which it begins.
    """

    directory: str
    only: Only | None
    order: Order
    below: str
    place: Place | None
    limit: int


class Browsing:
    """Show people what is where. Errors: invalid_path, invalid_argument."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder

    async def table(
        self,
        caller: Caller,
        *,
        path: str,
        narrowed: Narrowed | None = None,
        order: Order = BY_NAME,
        after: str = "",
        value: str | None = None,
        limit: int = 100,
    ) -> Result:
        """Return `{rows, next?, complete}` of a directory; one that is not there holds nothing.

        The rows are the directories in it, by their names, then the files in it in the order that is asked for:
        `{path, type: "directory", files, more?, modified_at?, modified_by?}` and
        `{path, type: "file", version, size_bytes, media_type, modified_at, modified_by, message}`. With *narrowed* they
        are the files everywhere below that fit, and no directories. `complete` is false when the directory holds more
        files than are sorted or looked through.

        Args:
            after: From `next` of the page before, as *value*: after which row the page begins.
        """
        directory = canonical_directory(path)
        caller.require_below("read", directory)
        bounded("limit", limit, 1, LIMITS.list_rows_max)
        only = None if narrowed is None else _only(narrowed, self._folder.clock.wall_s())
        below, place = (after[:-1], None) if after.endswith("/") else ("", _place(order, after, value))
        asked = _Asked(directory, only, order, below, place, limit)
        return await self._folder.db.read_long(lambda tx: _page(tx, ground_of(caller), asked))

    async def directories(
        self, caller: Caller, *, path: str, opened: str = "", after: str = "", limit: int = 100
    ) -> Result:
        """Return `{directories: [{path, has_more}], next?}`: those in a directory, and whether others lie in them.

        Args:
            opened: A path below; of each directory on the way to it `directories` and `next` are told as well.
            after: From `next` of the answer before: after which directory this one begins.
        """
        directory, way = canonical_directory(path), canonical_directory(opened)
        caller.require_below("read", directory)
        bounded("limit", limit, 1, LIMITS.list_rows_max)
        ground = ground_of(caller)
        read = self._folder.db.read if caller.sees_all else self._folder.db.read_long
        return await read(lambda tx: _branches(tx, ground, directory, f"{way}/", after=after, limit=limit))

    async def find(self, caller: Caller, *, query: str, limit: int = 20) -> Result:
        """Return `{files, complete}`: files whose paths hold every word of *query*, the likeliest first.

        Case and normal form make no difference. `complete` is false when there are more files than are looked through.
        """
        caller.require_somewhere("read")
        plain_text("query", query, LIMITS.query_chars_max)
        bounded("limit", limit, 1, LIMITS.list_rows_max)
        words = fold(query).split()[:WORDS_MAX]

        async def read(tx: Transaction) -> Result:
            among, complete = await ground_of(caller).among(tx, "", deep=True)
            found = await directories.named_like(
                tx, words, limit=limit, looked_at_max=LIMITS.browsed_files_max, among=among
            )
            return {"files": [_row(one) for one in found], "complete": complete}

        if not words:
            return {"files": [], "complete": True}
        return await self._folder.db.read_long(read)


async def _page(tx: Transaction, ground: Ground, asked: _Asked) -> Result:
    inside: list[str] = []
    if asked.only is None and asked.place is None:
        inside = await ground.children(tx, asked.directory, after=asked.below, limit=asked.limit + 1)
    rows = [await _directory(tx, ground, path) for path in inside[: asked.limit]]
    if len(inside) > asked.limit:
        return {"rows": rows, "next": {"after": f"{rows[-1]['path']}/"}, "complete": True}
    room = asked.limit - len(rows)
    is_plain = asked.only is None and asked.order.by == "name"
    among, complete = await ground.among(tx, asked.directory, deep=asked.only is not None)
    found = await _files(tx, asked, among, room + 1)
    is_all = complete or (is_plain and among is None)  # all of an order that an index has is looked at
    result: Result = {"rows": rows + [_row(one) for one in found[:room]], "complete": is_all}
    if len(found) > room:
        result["next"] = _next(asked.order, found[room - 1]) if room else {"after": f"{rows[-1]['path']}/"}
    return result


async def _branches(tx: Transaction, ground: Ground, directory: str, way: str, *, after: str, limit: int) -> Result:
    """Return the directories in one; the one on the *way* stands among them even where it comes later."""
    found = await ground.children(tx, directory, after=after, limit=limit + 1)
    result: Result = {"next": found[limit - 1]} if len(found) > limit else {}
    shown = found[:limit]
    inside = f"{directory}/" if directory else ""
    name = way.removeprefix(inside).partition("/")[0] if way.startswith(inside) else ""
    if name and inside + name not in shown and await _is_child(tx, ground, directory, inside + name):
        shown.append(inside + name)
    result["directories"] = [await _branch(tx, ground, one, way, limit) for one in shown]
    return result


async def _is_child(tx: Transaction, ground: Ground, directory: str, path: str) -> bool:
    """Return whether *path* is a directory in *directory*."""
    return await ground.children(tx, directory, after=just_before(f"{path}/"), limit=1) == [path]


async def _branch(tx: Transaction, ground: Ground, path: str, way: str, limit: int) -> Result:
    branch: Result = {"path": path, "has_more": bool(await ground.children(tx, path, limit=1))}
    if branch["has_more"] and way.startswith(f"{path}/"):
        branch |= await _branches(tx, ground, path, way, after="", limit=limit)
    return branch


async def _files(tx: Transaction, asked: _Asked, among: Sequence[int] | None, limit: int) -> list[Listed]:
    if asked.only is None and asked.order.by == "name" and among is None:
        after = None if asked.place is None else asked.place.path
        return await directories.by_name(tx, asked.directory, down=asked.order.down, after=after, limit=limit)
    return await directories.by_value(
        tx,
        asked.directory,
        asked.only,
        key=_KEYS[asked.order.by],
        down=asked.order.down,
        after=asked.place,
        limit=limit,
        looked_at_max=LIMITS.browsed_files_max,
        among=among,
    )


async def _directory(tx: Transaction, ground: Ground, path: str) -> Result:
    """Return a directory's row: who changed it last is known only where all that is in it was counted."""
    held = await ground.held(tx, path, limit=LIMITS.counted_files_max + 1)
    if held.files > LIMITS.counted_files_max:
        return {"path": path, "type": "directory", "files": LIMITS.counted_files_max, "more": True}
    changed: Result = {"modified_at": iso(held.modified_at), "modified_by": held.modified_by}
    return {"path": path, "type": "directory", "files": held.files} | changed


def _row(one: Listed) -> Result:
    return {**one._asdict(), "type": "file", "modified_at": iso(one.modified_at)}


def _next(order: Order, last: Listed) -> Result:
    """Return where the page after this one begins."""
    if order.by == "name":
        return {"after": last.path}
    return {"after": last.path, "value": str(getattr(last, _KEYS[order.by]))}


def _place(order: Order, after: str, value: str | None) -> Place | None:
    """Return the file after which a page begins, of which `_next` told.

    Raises:
        InvalidArgument: The value is none that files are sorted by.
    """
    if not after:
        return None
    plain_text("after", after, LIMITS.path_bytes_max)
    if order.by == "name":
        return Place(after, after)
    try:
        return Place(_VALUES[order.by](plain_text("value", value, LIMITS.path_bytes_max) or ""), after)
    except ValueError:
        raise refused("value", "is not of the row before", "Begin with the first page again.") from None


def _only(narrowed: Narrowed, now_s: float) -> Only:
    plain_text("name", narrowed.name, LIMITS.pattern_chars_max)
    plain_text("type", narrowed.media_type, LIMITS.pattern_chars_max)
    plain_text("agent", narrowed.agent, LIMITS.agent_chars_max)
    after_s = None
    if narrowed.since is not None:
        after_s = parse_moment(narrowed.since, argument="since", now_s=now_s).at_s
        if after_s is None:
            raise refused("since", "is a number of the log", "since=1h, 7d or 2026-11-21T09:30:00Z.")
    return Only(
        None if narrowed.name is None else like(narrowed.name),
        "/" in (narrowed.name or ""),
        narrowed.media_type,
        narrowed.agent,
        after_s,
    )
