"""Facts of versions that were heads once, kept apart, so that whoever asks about now does not pass by them.

Of each path the last versions are kept, and of a version with very many facts none: the past is for looking back at
what somebody relied on, and must cost whoever saves a large table again and again no more than its facts do anyhow.
"""

from typing import Final

from workspace_server.core.limits import LIMITS
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import fact_rows

_ALL_THERE: Final = "s.facts = (SELECT count(*) FROM facts e WHERE e.path = s.path AND e.version = s.version)"
_SUPERSEDED: Final = (
    "SELECT v.seq, v.sha256, min(coalesce((SELECT w.seq FROM versions w WHERE w.file_id = v.file_id"
    " AND w.version = v.version + 1), 9e15), coalesce((SELECT min(d.seq) FROM deletions d"
    " WHERE d.file_id = v.file_id AND d.version = v.version), 9e15))"
    " FROM files f JOIN versions v ON v.file_id = f.file_id JOIN contents c ON c.sha256 = v.sha256"
    " JOIN index_states s ON s.path = f.path AND s.version = v.version"
    " WHERE f.path = ? AND v.version = ? AND c.removed_at IS NULL AND s.facts <= ?"
)
"""A version that is the head no longer, when its facts may be kept: not those of content that was removed meanwhile."""


async def keep(tx: Transaction, path: str, version: int) -> None:
    """Copy the facts of a version that is its file's head no longer to the past, before they are taken away."""
    found = await tx.one(_SUPERSEDED, path, version, LIMITS.past_facts_max)
    if found is None:
        return
    seq, sha256, superseded_seq = found
    await tx.run(
        "INSERT INTO past_versions (path, version, seq, superseded_seq, sha256) VALUES (?, ?, ?, ?, ?)",
        path,
        version,
        seq,
        int(superseded_seq),
        sha256,
    )
    rows = await tx.all(
        f"INSERT INTO past_facts ({fact_rows.COLUMNS}) SELECT {fact_rows.COLUMNS} FROM facts"
        " WHERE path = ? AND version = ? ORDER BY fact_id RETURNING fact_id, kind, subject, key, value, quote",
        path,
        version,
    )
    place = fact_rows.words_of_path(path)
    await tx.many(
        "INSERT INTO past_facts_text (rowid, subject, key, value, quote, place) VALUES (?, ?, ?, ?, ?, ?)",
        [(number, *fact_rows.words_of_fact(*said, place=place)) for number, *said in rows],
    )
    old = await tx.all(
        "SELECT version FROM past_versions WHERE path = ? ORDER BY version DESC LIMIT -1 OFFSET ?",
        path,
        LIMITS.past_fact_versions_max,
    )
    for (number,) in old:
        await forget(tx, path, number)


async def forget(tx: Transaction, path: str, version: int) -> None:
    """Drop what is kept of one past version."""
    found = "FROM past_facts WHERE path = ? AND version = ?"
    await tx.run(f"DELETE FROM past_facts_text WHERE rowid IN (SELECT fact_id {found})", path, version)
    await tx.run(f"DELETE {found}", path, version)
    await tx.run("DELETE FROM past_versions WHERE path = ? AND version = ?", path, version)


async def forget_content(tx: Transaction, sha256: str) -> None:
    """Drop the past facts of every version that has this content."""
    for path, version in await tx.all("SELECT path, version FROM past_versions WHERE sha256 = ?", sha256):
        await forget(tx, path, version)


async def unknown_at(tx: Transaction, seq: int, path_range: tuple[str, str], *, limit: int) -> list[str]:
    """Return files that had a version at *seq* of which no facts are known any more.

    Looks at all files in the range; more closely at those that have changed since, but for new ones.
    """
    # For a range of all, the order of the paths cost more than everything else (25,000 files: 11 ms, 2026-11-30).
    within = " AND f.path >= ?2 AND f.path < ?3" if path_range[0] else ""
    rows = await tx.all(
        "SELECT f.path FROM files f CROSS JOIN versions v ON v.file_id = f.file_id AND v.version ="
        " (SELECT max(w.version) FROM versions w WHERE w.file_id = f.file_id AND w.seq <= ?1)"
        f" WHERE f.seq > ?1 AND (f.version > 1 OR f.live = 0){within}"
        " AND NOT EXISTS (SELECT 1 FROM deletions d WHERE d.file_id = v.file_id AND d.version = v.version"
        " AND d.seq <= ?1)"
        " AND NOT EXISTS (SELECT 1 FROM past_versions p WHERE p.path = f.path AND p.version = v.version)"
        " AND NOT EXISTS (SELECT 1 FROM index_states s WHERE s.path = f.path AND s.version = v.version"
        f" AND {_ALL_THERE}) LIMIT ?4",
        seq,
        *path_range,
        limit,
    )
    return [str(row[0]) for row in rows]
