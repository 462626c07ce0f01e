"""Which content is used, and how the bytes of what is not are taken away.

A content is used by what keeps it: a version within retention, a tail that rests on it, a draft, an open intent, the
versions that a live lock, an unfinished job or a pending delivery names.
"""

from collections.abc import Iterable
from typing import NamedTuple

from workspace_server.storage.database import Transaction

_NAMED = "JOIN files f ON f.path = {path} JOIN versions v ON v.file_id = f.file_id AND v.version = {version}"
_LISTED = _NAMED.format(path="e.value ->> 'path'", version="e.value ->> 'version'")
PINS = (
    "SELECT sha256 FROM drafts",
    "SELECT sha256 FROM intents WHERE sha256 IS NOT NULL",
    (
        "SELECT v.sha256 FROM events e JOIN files f ON f.path = e.path JOIN versions v ON v.file_id = f.file_id"
        " AND v.version BETWEEN e.version - 1 AND e.version WHERE e.version IS NOT NULL"
        " AND e.seq > (SELECT min(granted_seq) FROM locks WHERE state = 'live')"
        " AND e.seq > (SELECT min(granted_seq) FROM locks WHERE state = 'live' AND granted_seq >= v.seq)"
    ),
    f"SELECT v.sha256 FROM jobs j, json_each(j.inputs) e {_LISTED} WHERE j.state IN ('queued', 'claimed', 'blocked')",
    (
        f"SELECT v.sha256 FROM deliveries d JOIN firings g USING (firing_id), json_each(g.data, '$.inputs') e {_LISTED}"
        " WHERE d.state = 'pending'"
    ),
)
"""What else than its version keeps a content."""


class Use(NamedTuple):
    """One version, as retention looks at it.

    Attributes:
        newer: How many newer versions its path has.
        replaced_at: Since when it is not what stands at its path, in seconds since 1970; None: it stands there.
    """

    file_id: int
    version: int
    sha256: str
    newer: int
    replaced_at: float | None


class Taken(NamedTuple):
    """Content whose bytes were taken out of the database, or are to be removed as an object file."""

    sha256: str
    inline_bytes: int
    is_object: bool


async def uses(tx: Transaction, after: tuple[int, int], *, limit: int) -> list[Use]:
    """Return the versions beyond (file, version) *after* whose bytes are kept, in that order."""
    rows = await tx.all(
        "SELECT v.file_id, v.version, v.sha256, f.version - v.version, CASE WHEN f.live = 1 AND f.version = v.version"
        " THEN NULL ELSE min(coalesce(n.at, 9e99), coalesce((SELECT min(d.at) FROM deletions d"
        " WHERE d.file_id = v.file_id AND d.version = v.version), 9e99)) END"
        " FROM versions v JOIN files f USING (file_id) JOIN contents c USING (sha256)"
        " LEFT JOIN versions n ON n.file_id = v.file_id AND n.version = v.version + 1"
        " WHERE (v.file_id, v.version) > (?, ?) AND c.removed_at IS NULL ORDER BY v.file_id, v.version LIMIT ?",
        *after,
        limit,
    )
    return [Use._make(row) for row in rows]


async def pinned(tx: Transaction) -> set[str]:
    """Return the content that is kept whatever retention says."""
    return {row[0] for sql in PINS for row in await tx.all(sql)}


async def used_since(tx: Transaction, seq: int) -> set[str]:
    """Return the content that versions were made of beyond *seq*."""
    rows = await tx.all("SELECT DISTINCT data ->> 'sha256' FROM events WHERE seq > ?", seq)
    return {row[0] for row in rows if row[0] is not None}


async def unused(tx: Transaction, *, limit: int) -> list[str]:
    """Return content that no version, draft, intent or tail names."""
    rows = await tx.all(
        "SELECT sha256 FROM contents WHERE sha256 NOT IN (SELECT sha256 FROM versions)"
        " AND sha256 NOT IN (SELECT sha256 FROM drafts)"
        " AND sha256 NOT IN (SELECT sha256 FROM intents WHERE sha256 IS NOT NULL)"
        " AND sha256 NOT IN (SELECT base FROM contents WHERE base IS NOT NULL) LIMIT ?",
        limit,
    )
    return [row[0] for row in rows]


async def take(tx: Transaction, hashes: Iterable[str], why: str) -> list[Taken]:
    """Take the bytes of content away that no tail rests on, and mark it so; return what was taken."""
    taken = []
    for sha256 in hashes:
        row = await tx.one(_STANDING, sha256)
        if row is None:
            continue
        await tx.run(
            "UPDATE contents SET form = 'raw', data = NULL, base = NULL, tails = 0, removed_at = ?, removed_why = ?"
            " WHERE sha256 = ?",
            tx.now_s,
            why,
            sha256,
        )
        taken.append(Taken(sha256, *row))
    return taken


async def drop(tx: Transaction, hashes: Iterable[str]) -> list[Taken]:
    """Remove content that nothing names, row and all; return what was removed."""
    dropped = []
    for sha256 in hashes:
        row = await tx.one(f"{_STANDING} OR sha256 = ? AND removed_at IS NOT NULL", sha256, sha256)
        if row is not None:
            await tx.run("DELETE FROM contents WHERE sha256 = ?", sha256)
            dropped.append(Taken(sha256, *row))
    return dropped


_STANDING = (
    "SELECT coalesce(length(data), 0), form = 'object' FROM contents WHERE sha256 = ? AND removed_at IS NULL"
    " AND NOT EXISTS (SELECT 1 FROM contents t WHERE t.base = contents.sha256)"
)


async def named_objects(tx: Transaction, hashes: Iterable[str]) -> set[str]:
    """Return which of *hashes* name an object file."""
    return {
        sha256
        for sha256 in hashes
        if await tx.one("SELECT 1 FROM contents WHERE sha256 = ? AND form = 'object'", sha256) is not None
    }
