"""Rows of files, their versions and their deletions."""

import json
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from workspace_server.storage.database import Transaction

Source = dict[str, Any]
"""`{path, version}`: what a version was written from."""


class FileRow(NamedTuple):
    """A path and its head; `version` and `sha256` stand for the last version also when it is deleted."""

    file_id: int
    path: str
    live: int
    version: int
    seq: int
    sha256: str
    size_bytes: int
    media_type: str
    modified_at: float
    modified_by: str
    tree_sha256: str | None
    tree_signature: str | None


class VersionRow(NamedTuple):
    """One immutable version of a file."""

    file_id: int
    version: int
    seq: int
    op: str
    at: float
    agent: str
    message: str | None
    sha256: str
    size_bytes: int
    media_type: str
    sources: str | None
    moved_from: str | None
    commit_id: int | None


class DeletionRow(NamedTuple):
    """One delete of a file."""

    seq: int
    version: int
    at: float
    agent: str
    message: str | None
    moved_to: str | None


_FILE = (
    "file_id, path, live, version, seq, sha256, size_bytes, media_type, modified_at, modified_by, "
    "tree_sha256, tree_signature"
)
_VERSION = (
    "file_id, version, seq, op, at, agent, message, sha256, size_bytes, media_type, sources, moved_from, commit_id"
)
NUMBERS_MAX = 1 << 53
"""No version is as high as this; nor would JSON carry it everywhere."""
AFTER_SLASH = "0"
"""The character after `/`: `dir/` up to `dir0` is all that is below `dir`."""


async def by_path(tx: Transaction, path: str) -> FileRow | None:
    """Return the row of *path*, deleted or not."""
    row = await tx.one(f"SELECT {_FILE} FROM files WHERE path = ?", path)
    return None if row is None else FileRow._make(row)


async def by_paths(tx: Transaction, paths: Sequence[str]) -> list[FileRow]:
    """Return the rows that there are of *paths*, deleted or not."""
    rows = await tx.all(f"SELECT {_FILE} FROM files WHERE path IN (SELECT value FROM json_each(?))", json.dumps(paths))
    return [FileRow._make(row) for row in rows]


async def path_of(tx: Transaction, file_id: int) -> str | None:
    """Return the path of a file's row."""
    row = await tx.one("SELECT path FROM files WHERE file_id = ?", file_id)
    return None if row is None else str(row[0])


async def by_fold(tx: Transaction, fold: str) -> str | None:
    """Return the live path whose folded name is *fold*."""
    row = await tx.one("SELECT path FROM files WHERE fold = ? AND live = 1", fold)
    return None if row is None else str(row[0])


async def any_below(tx: Transaction, directory: str) -> bool:
    """Return whether a live file stands below *directory* (the root is the empty string)."""
    row = await tx.one(
        "SELECT 1 FROM files WHERE path > ? AND path < ? AND live = 1 LIMIT 1", directory + "/", directory + AFTER_SLASH
    )
    return row is not None


async def count_below(tx: Transaction, directory: str, *, most: int) -> int:
    """Return how many live files stand below *directory*, counting no further than *most*."""
    row = await tx.one(
        "SELECT count(*) FROM (SELECT 1 FROM files WHERE path > ? AND path < ? AND live = 1 LIMIT ?)",
        directory + "/",
        directory + AFTER_SLASH,
        most,
    )
    return 0 if row is None else int(row[0])


async def any_below_fold(tx: Transaction, folded: str) -> str | None:
    """Return a live path whose folded name stands below the folded directory *folded*, if there is one."""
    row = await tx.one(
        "SELECT path FROM files WHERE fold > ? AND fold < ? AND live = 1 LIMIT 1", folded + "/", folded + AFTER_SLASH
    )
    return None if row is None else str(row[0])


async def below(
    tx: Transaction, directory: str, *, after: str = "", limit: int = -1, deleted: bool = False
) -> list[FileRow]:
    """Return the files below *directory* in the order of their paths, after the path *after*.

    Args:
        limit: Most rows; negative for all.
        deleted: Return the deleted ones instead of the live ones.
    """
    first, last = (directory + "/", directory + AFTER_SLASH) if directory else ("", "\U0010ffff")
    rows = await tx.all(
        f"SELECT {_FILE} FROM files WHERE path > ? AND path < ? AND live = ? ORDER BY path LIMIT ?",
        max(first, after),
        last,
        0 if deleted else 1,
        limit,
    )
    return [FileRow._make(row) for row in rows]


async def paths(
    tx: Transaction,
    *,
    prefix: str,
    after: str,
    media_type: str | None,
    modified_by: str | None,
    modified_after_s: float | None,
    ever: bool,
    limit: int,
) -> list[str]:
    """Return paths of live files that begin so, in their order, after the path *after*.

    Args:
        media_type: Of files of this type; one that ends in a slash stands for all that begin so. None for all.
        ever: Return those of deleted files, too.
    """
    rows = await tx.all(
        "SELECT path FROM files WHERE path >= ?1 AND path > ?2 AND path < ?3 AND (?4 OR live = 1)"
        " AND (?5 IS NULL OR media_type = ?5"
        " OR (substr(?5, -1) = '/' AND substr(media_type, 1, length(?5)) = ?5))"
        " AND (?6 IS NULL OR modified_by = ?6) AND (?7 IS NULL OR modified_at > ?7) ORDER BY path LIMIT ?8",
        prefix,
        after,
        prefix + "\U0010ffff",
        ever,
        media_type,
        modified_by,
        modified_after_s,
        limit,
    )
    return [row[0] for row in rows]


async def insert(tx: Transaction, path: str, fold: str) -> int:
    """Make the row of a path that never was and return its id; `set_head` gives it content."""
    row = await tx.one(
        "INSERT INTO files (path, fold, live, version, seq, sha256, size_bytes, media_type, modified_at, modified_by)"
        " VALUES (?, ?, 0, 0, 0, '', 0, '', 0, '') RETURNING file_id",
        path,
        fold,
    )
    assert row is not None
    return int(row[0])


async def append_version(tx: Transaction, row: VersionRow) -> None:
    """Insert a version and make it the file's head."""
    await tx.run(f"INSERT INTO versions ({_VERSION}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", *row)
    await tx.run(
        "UPDATE files SET live = 1, version = ?, seq = ?, sha256 = ?, size_bytes = ?, media_type = ?,"
        " modified_at = ?, modified_by = ? WHERE file_id = ?",
        row.version,
        row.seq,
        row.sha256,
        row.size_bytes,
        row.media_type,
        row.at,
        row.agent,
        row.file_id,
    )


async def hide(tx: Transaction, file_id: int) -> None:
    """Take a file out of the listing before `delete` records why: a move makes room first, and tells of it last."""
    await tx.run("UPDATE files SET live = 0 WHERE file_id = ?", file_id)


async def delete(
    tx: Transaction, row: FileRow, *, seq: int, agent: str, message: str | None, moved_to: str | None = None
) -> None:
    """Record that the file is deleted, as *row* had it; its history stays, and so does a newer version."""
    await tx.run(
        "INSERT INTO deletions (file_id, seq, version, at, agent, message, moved_to) VALUES (?, ?, ?, ?, ?, ?, ?)",
        row.file_id,
        seq,
        row.version,
        tx.now_s,
        agent,
        message,
        moved_to,
    )
    await tx.run(
        "UPDATE files SET live = 0, seq = ?, modified_at = ?, modified_by = ? WHERE file_id = ? AND version = ?",
        seq,
        tx.now_s,
        agent,
        row.file_id,
        row.version,
    )


async def version(tx: Transaction, file_id: int, number: int) -> VersionRow | None:
    """Return one version of a file, or None when it never had that one."""
    if not 0 < number < NUMBERS_MAX:
        return None
    row = await tx.one(f"SELECT {_VERSION} FROM versions WHERE file_id = ? AND version = ?", file_id, number)
    return None if row is None else VersionRow._make(row)


async def authors(tx: Transaction, versions: Iterable[tuple[str, int]]) -> dict[tuple[str, int], str]:
    """Return who wrote each of these versions, by its path and number."""
    rows = await tx.all(
        "SELECT f.path, v.version, v.agent FROM json_each(?) AS asked"
        " JOIN files f ON f.path = asked.value ->> 0 JOIN versions v USING (file_id)"
        " WHERE v.version = asked.value ->> 1",
        json.dumps(sorted(set(versions))),
    )
    return {(path, number): agent for path, number, agent in rows}


async def oldest_kept(tx: Transaction, file_id: int) -> int | None:
    """Return the lowest version of a file whose bytes were not removed."""
    row = await tx.one(
        "SELECT min(v.version) FROM versions v JOIN contents c USING (sha256)"
        " WHERE v.file_id = ? AND c.removed_at IS NULL",
        file_id,
    )
    return None if row is None else row[0]


async def versions(tx: Transaction, file_id: int, *, before: int | None, limit: int) -> list[VersionRow]:
    """Return versions below *before*, newest first."""
    rows = await tx.all(
        f"SELECT {_VERSION} FROM versions WHERE file_id = ? AND version < ? ORDER BY version DESC LIMIT ?",
        file_id,
        NUMBERS_MAX if before is None else max(0, min(before, NUMBERS_MAX)),
        limit,
    )
    return [VersionRow._make(row) for row in rows]


async def deletions(tx: Transaction, file_id: int, *, from_version: int, to_version: int) -> list[DeletionRow]:
    """Return the deletes of versions *from_version* to *to_version*, newest first."""
    rows = await tx.all(
        "SELECT seq, version, at, agent, message, moved_to FROM deletions"
        " WHERE file_id = ? AND version BETWEEN ? AND ? ORDER BY seq DESC",
        file_id,
        from_version,
        to_version,
    )
    return [DeletionRow._make(row) for row in rows]


async def changed_by_others(tx: Transaction, file_id: int, agent: str, *, since_seq: int) -> bool:
    """Return whether anybody but *agent* has written or deleted the file since."""
    row = await tx.one(
        "SELECT 1 FROM versions WHERE file_id = ?1 AND seq > ?2 AND agent <> ?3"
        " UNION ALL SELECT 1 FROM deletions WHERE file_id = ?1 AND seq > ?2 AND agent <> ?3 LIMIT 1",
        file_id,
        since_seq,
        agent,
    )
    return row is not None


async def add_sources(tx: Transaction, file_id: int, number: int, sources: Sequence[Source]) -> None:
    """Record what a version was written from, for the way back (`used_by`)."""
    for source in sources:
        await tx.run(
            "INSERT INTO sources (used_path, used_version, file_id, version) VALUES (?, ?, ?, ?)"
            " ON CONFLICT DO NOTHING",
            source["path"],
            source["version"],
            file_id,
            number,
        )


class Use(NamedTuple):
    """A file that was written from another one: its newest version that was, and from which version of the other."""

    path: str
    version: int
    used_version: int


async def uses(tx: Transaction, path: str, *, version: int | None = None, limit: int) -> list[Use]:
    """Return what was written from this version of *path* (None: from any), what changed last first."""
    rows = await tx.all(
        # Beside max(), SQLite gives the other columns of the row that has it.
        "SELECT f.path, max(s.version), s.used_version FROM sources s JOIN files f USING (file_id)"
        " WHERE s.used_path = ?1 AND (?2 IS NULL OR s.used_version = ?2)"
        " GROUP BY f.path ORDER BY max(f.seq) DESC, f.path LIMIT ?3",
        path,
        version,
        limit,
    )
    return [Use._make(row) for row in rows]


async def set_tree(tx: Transaction, path: str, sha256: str | None, signature: str | None) -> None:
    """Record what the server knows to stand at *path* in the working tree."""
    await tx.run("UPDATE files SET tree_sha256 = ?, tree_signature = ? WHERE path = ?", sha256, signature, path)


def sources_of(row: VersionRow) -> list[Source]:
    """Return what a version was written from."""
    return json.loads(row.sources) if row.sources else []


def json_object(text: str) -> dict[str, Any]:
    """Return a stored JSON object."""
    found: dict[str, Any] = json.loads(text)
    return found
