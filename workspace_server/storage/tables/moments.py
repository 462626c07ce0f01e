"""The past as it stood: which files there were at a seq, and who changed what in a stretch of the log."""

from typing import NamedTuple

from workspace_server.storage.database import Transaction
from workspace_server.storage.tables.files import AFTER_SLASH, FileRow

_AT = (
    "SELECT f.file_id, f.path, d.seq IS NULL, v.version, coalesce(d.seq, v.seq), v.sha256, v.size_bytes, v.media_type,"
    " coalesce(d.at, v.at), coalesce(d.agent, v.agent), NULL, NULL FROM files f"
    " JOIN versions v ON v.file_id = f.file_id AND v.version ="
    " (SELECT w.version FROM versions w WHERE w.file_id = f.file_id AND w.seq <= ?1 ORDER BY w.version DESC LIMIT 1)"
    " LEFT JOIN deletions d ON d.file_id = f.file_id AND d.version = v.version AND d.seq <= ?1"
)
"""Rows as those of `files`, as they were at seq ?1. A delete counts while the version that it deleted is the newest."""


class Change(NamedTuple):
    """One version of a file, or (`sha256` is None) one delete."""

    seq: int
    agent: str
    version: int
    sha256: str | None
    moved_to: str | None
    moved_from: str | None


async def by_path(tx: Transaction, path: str, *, seq: int) -> FileRow | None:
    """Return what stood at *path* at *seq*, deleted or not; None when nothing ever had."""
    row = await tx.one(f"{_AT} WHERE f.path = ?2", seq, path)
    return None if row is None else FileRow._make(row)


async def below(
    tx: Transaction, directory: str, *, seq: int, after: str = "", limit: int = -1, deleted: bool = False
) -> list[FileRow]:
    """Return the files that were below *directory* at *seq*; the rest as `files.below`."""
    first, last = (directory + "/", directory + AFTER_SLASH) if directory else ("", "\U0010ffff")
    rows = await tx.all(
        f"{_AT} WHERE f.path > ?2 AND f.path < ?3 AND (d.seq IS NULL) = ?4 ORDER BY f.path LIMIT ?5",
        seq,
        max(first, after),
        last,
        0 if deleted else 1,
        limit,
    )
    return [FileRow._make(row) for row in rows]


async def seq_at(tx: Transaction, at_s: float, *, inclusive: bool) -> int:
    """Return the last seq before a time (*inclusive*: or at it), in seconds since 1970; 0 before the first.

    Found from the newest event back: the clock may have been set in between.
    """
    compared = "<=" if inclusive else "<"
    row = await tx.one(f"SELECT seq FROM events WHERE at {compared} ? ORDER BY seq DESC LIMIT 1", at_s)
    return 0 if row is None else int(row[0])


class UndoRow(NamedTuple):
    """One undo: its changes go from seq `first` to `last`; it took back those of an agent beyond `since` to `until`."""

    first: int
    last: int
    agent: str
    since: int
    until: int


async def undos(tx: Transaction, *, since: int) -> list[UndoRow]:
    """Return the undos that were made beyond seq *since*, oldest first."""
    rows = await tx.all(
        "SELECT json_extract(data, '$.undid.first_seq'), seq, json_extract(data, '$.undid.agent'),"
        " json_extract(data, '$.undid.since_seq'), json_extract(data, '$.undid.until_seq') FROM events"
        " WHERE seq > ? AND type = 'files.committed' AND json_type(data, '$.undid') = 'object' ORDER BY seq",
        since,
    )
    return [UndoRow._make(row) for row in rows]


async def touched_by(tx: Transaction, agent: str, *, since: int, until: int) -> list[str]:
    """Return the paths that *agent* has changed beyond seq *since* up to *until*, in their order."""
    rows = await tx.all(
        "SELECT path FROM events WHERE seq > ?1 AND seq <= ?2 AND agent = ?3"
        " AND type IN ('file.created', 'file.updated', 'file.deleted', 'file.moved', 'file.restored')"
        " UNION SELECT json_extract(data, '$.moved_from.path') FROM events"
        " WHERE seq > ?1 AND seq <= ?2 AND agent = ?3 AND type = 'file.moved' ORDER BY 1",
        since,
        until,
        agent,
    )
    return [str(row[0]) for row in rows]


async def changes_of(tx: Transaction, file_id: int, *, since: int) -> list[Change]:
    """Return all changes of a file beyond seq *since*, oldest first."""
    rows = await tx.all(
        "SELECT seq, agent, version, sha256, NULL, json_extract(moved_from, '$.path') FROM versions"
        " WHERE file_id = ?1 AND seq > ?2"
        " UNION ALL SELECT seq, agent, version, NULL, moved_to, NULL FROM deletions d WHERE file_id = ?1 AND seq > ?2"
        # A move that makes room tells of the delete last, when something else has arrived there already.
        " AND NOT EXISTS (SELECT 1 FROM versions v WHERE v.file_id = d.file_id AND v.version = d.version + 1"
        " AND v.seq < d.seq) ORDER BY 1",
        file_id,
        since,
    )
    return [Change._make(row) for row in rows]
