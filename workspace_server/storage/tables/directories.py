"""What lies in a directory, by the index `files_in_directory`: no question reads more than its answer, or its bound."""

import json
from collections.abc import Sequence
from typing import Literal, NamedTuple

from workspace_server.storage.database import Transaction
from workspace_server.storage.tables.files import AFTER_SLASH

Key = Literal["path", "size_bytes", "modified_at", "modified_by"]
"""What files are sorted by; after it, by their path."""
Value = str | int | float

PAST_ALL = "/\U0010ffff"
"""What follows all that lies in a directory: no path holds that character."""
_IN = "rtrim(path, replace(path, '/', ''))"
"""The directory of a path with its slash, spelled as the index spells it."""
_FROM = "FROM files INDEXED BY files_in_directory WHERE live = 1"


class Only(NamedTuple):
    r"""Which files are asked for; None for all.

    Attributes:
        like: What their name is like, as SQL has it: `%` and `_`, and `\` before either as it stands.
        whole: Whether *like* is about the path below the directory instead of the name.
        media_type: Their type; one that ends in a slash stands for all that begin so.
        after_s: When they changed last, in seconds since 1970, is later.
    """

    like: str | None = None
    whole: bool = False
    media_type: str | None = None
    agent: str | None = None
    after_s: float | None = None


class Place(NamedTuple):
    """Where a page of sorted files ended: the value that the last of them was sorted by, and its path."""

    value: Value
    path: str


class Listed(NamedTuple):
    """A live file as a table shows it, with why it was changed last."""

    path: str
    version: int
    size_bytes: int
    media_type: str
    modified_at: float
    modified_by: str
    message: str | None


class Held(NamedTuple):
    """How many live files lie below a directory, up to a bound, and which change of those was the last."""

    files: int
    modified_at: float
    modified_by: str


async def children(tx: Transaction, directory: str, *, after: str = "", limit: int) -> list[str]:
    """Return the directories directly in *directory* in the order of their paths, after that of the path *after*.

    Takes one look into the index for each, however much lies in them.
    """
    inside, end = _range(directory)
    found: list[str] = []
    place = after + PAST_ALL if after else inside
    while len(found) < limit:
        row = await tx.one(f"SELECT {_IN} {_FROM} AND {_IN} > ? AND {_IN} < ? ORDER BY 1 LIMIT 1", place, end)
        if row is None:
            break
        found.append(inside + row[0][len(inside) :].partition("/")[0])
        place = found[-1] + PAST_ALL
    return found


async def held(tx: Transaction, directory: str, *, limit: int) -> Held:
    """Return what lies below *directory*; once there are *limit* files, no more are counted."""
    row = await tx.one(
        "SELECT count(*), max(modified_at), modified_by FROM"
        f" (SELECT modified_at, modified_by {_FROM} AND {_IN} >= ? AND {_IN} < ? LIMIT ?)",
        directory + "/",
        directory + AFTER_SLASH,
        limit,
    )
    assert row is not None
    return Held._make(row)


async def by_name(tx: Transaction, directory: str, *, down: bool, after: str | None, limit: int) -> list[Listed]:
    """Return the files directly in *directory* in the order of their names, after the path *after*."""
    beyond, order = ("<", "DESC") if down else (">", "ASC")
    rows = await tx.all(
        f"SELECT file_id {_FROM} AND {_IN} = ?1 AND (?2 IS NULL OR path {beyond} ?2) ORDER BY path {order} LIMIT ?3",
        _range(directory)[0],
        after,
        limit,
    )
    return await _listed(tx, [row[0] for row in rows])


async def by_value(
    tx: Transaction,
    directory: str,
    only: Only | None,
    *,
    key: Key,
    down: bool,
    after: Place | None,
    limit: int,
    looked_at_max: int,
    among: Sequence[int] | None = None,
) -> list[Listed]:
    """Return files of *directory* sorted by *key*, after *after*: those directly in it, or with *only* all below.

    Args:
        among: The only files, by their ids, all of them there; None for all.
        looked_at_max: Most files that are looked at, in the order of the index; what lies beyond is left out.
    """
    inside, end = _range(directory)
    place = f"{_IN} = ?1 AND {_IN} < ?2" if only is None else f"{_IN} >= ?1 AND {_IN} < ?2"
    source = (
        f"{_FROM} AND {place}" if among is None else "FROM files WHERE file_id IN (SELECT value FROM json_each(?12))"
    )
    beyond, order = ("<", "DESC") if down else (">", "ASC")
    wanted = only or Only()
    rows = await tx.all(
        f"SELECT file_id FROM (SELECT file_id, {_IN} AS place, path, size_bytes, modified_at, modified_by, media_type"
        f" {source} LIMIT ?3)"
        " WHERE (?4 IS NULL OR substr(path, 1 + CASE WHEN ?5 THEN length(?1) ELSE length(place) END)"
        " LIKE ?4 ESCAPE '\\')"
        " AND (?6 IS NULL OR media_type = ?6"
        " OR (substr(?6, -1) = '/' AND substr(media_type, 1, length(?6)) = ?6))"
        " AND (?7 IS NULL OR modified_by = ?7) AND (?8 IS NULL OR modified_at > ?8)"
        f" AND (?9 IS NULL OR ({key}, path) {beyond} (?9, ?10)) ORDER BY {key} {order}, path {order} LIMIT ?11",
        inside,
        end,
        looked_at_max,
        *wanted,
        *(after or (None, None)),
        limit,
        *(() if among is None else (json.dumps(among),)),
    )
    return await _listed(tx, [row[0] for row in rows])


async def has_more(tx: Transaction, directory: str, *, deep: bool, than: int) -> bool:
    """Return whether more than so many files lie directly in *directory*, or (*deep*) below it."""
    inside, end = _range(directory)
    place = f"{_IN} >= ? AND {_IN} < ?" if deep else f"{_IN} = ? AND {_IN} < ?"
    return await tx.one(f"SELECT 1 {_FROM} AND {place} LIMIT 1 OFFSET ?", inside, end, than) is not None


async def named_like(
    tx: Transaction, words: Sequence[str], *, limit: int, looked_at_max: int, among: Sequence[int] | None = None
) -> list[Listed]:
    """Return live files whose paths hold each of *words*: those first whose names hold the last one, then short ones.

    Args:
        words: At least one, folded as `core.paths.fold` does.
        looked_at_max: Most files that are looked at, in the order of their folded paths.
        among: The only files, by their ids; None for all.
    """
    source = "files INDEXED BY files_live_fold WHERE live = 1"
    if among is not None:
        source = "files WHERE file_id IN (SELECT value FROM json_each(?))"
    rows = await tx.all(
        f"SELECT file_id FROM (SELECT file_id, fold FROM {source} LIMIT ?)"
        f" WHERE {' AND '.join('instr(fold, ?)' for _ in words)}"
        " ORDER BY instr(substr(fold, 1 + length(rtrim(fold, replace(fold, '/', '')))), ?) = 0, length(fold), fold"
        " LIMIT ?",
        *(() if among is None else (json.dumps(among),)),
        looked_at_max,
        *words,
        words[-1],
        limit,
    )
    return await _listed(tx, [row[0] for row in rows])


def _range(directory: str) -> tuple[str, str]:
    """Return what the directories of all files below *directory* begin with, and what comes after them."""
    return (directory + "/", directory + AFTER_SLASH) if directory else ("", "\U0010ffff")


async def _listed(tx: Transaction, file_ids: Sequence[int]) -> list[Listed]:
    """Return the rows of these files, in this order."""
    rows = await tx.all(
        "SELECT f.file_id, f.path, f.version, f.size_bytes, f.media_type, f.modified_at, f.modified_by, v.message"
        " FROM files f JOIN versions v USING (file_id, version) WHERE f.file_id IN (SELECT value FROM json_each(?))",
        json.dumps(file_ids),
    )
    found = {row[0]: Listed._make(row[1:]) for row in rows}
    return [found[file_id] for file_id in file_ids]
