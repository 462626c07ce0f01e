"""Which content is used, and how the bytes of what is not are taken away.

A content is used by what keeps it: a version within retention, a tail that rests on it, a draft, an open intent, the
versions that an unfinished job, a pending delivery or an open approval names, and what stood when a live lock was
granted.
"""

import json
from collections.abc import Iterable
from typing import NamedTuple

from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import meta, model_answers, past_facts

_ASKED = (
    "WITH asked AS MATERIALIZED (SELECT file_id, value ->> 1 AS version, value ->> 2 AS sha256, files.path"
    " FROM json_each(?) JOIN files ON file_id = value ->> 0) SELECT asked.sha256 FROM "
)
_LISTED = "asked ON asked.path = e.value ->> 'path' AND asked.version = e.value ->> 'version'"
PINS = (
    # What stood when a live lock was granted: a holder that loses its lock is shown what changed since.
    (
        "asked JOIN versions v USING (file_id, version) JOIN locks l ON l.state = 'live'"
        " AND l.granted_seq = (SELECT min(granted_seq) FROM locks WHERE state = 'live'"
        " AND granted_seq >= v.seq) WHERE EXISTS (SELECT 1 FROM versions n WHERE n.file_id = v.file_id"
        " AND n.version = v.version + 1 AND n.seq > l.granted_seq) OR EXISTS (SELECT 1 FROM deletions d"
        " WHERE d.file_id = v.file_id AND d.version = v.version AND d.seq > l.granted_seq)"
    ),
    f"jobs j CROSS JOIN json_each(j.inputs) e CROSS JOIN {_LISTED} WHERE j.state IN ('queued', 'claimed', 'blocked')",
    (
        "deliveries d JOIN firings g USING (firing_id) CROSS JOIN json_each(g.data, '$.inputs') e"
        f" CROSS JOIN {_LISTED} WHERE d.state = 'pending'"
    ),
    # A person is to look at the very versions that an approval asks about. Its key is the firing's name, such as F12.
    (
        "attention a JOIN firings g ON g.firing_id = CAST(substr(a.key, 2) AS INTEGER)"
        f" CROSS JOIN json_each(g.data, '$.inputs') e CROSS JOIN {_LISTED} WHERE a.kind = 'approval'"
        " AND a.ended_at IS NULL"
    ),
)
"""What else than its place in the history keeps a version."""


class Use(NamedTuple):
    """One version, as retention looks at it.

    Attributes:
        tails: How many tails stand between its content and an object file.
        newer: How many newer versions its path has.
        replaced_at: Since when it is not what stands at its path, in seconds since 1970; None: it stands there.
    """

    file_id: int
    version: int
    sha256: str
    tails: int
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
        "SELECT v.file_id, v.version, v.sha256, c.tails, f.version - v.version,"
        " CASE WHEN f.live = 1 AND f.version = v.version THEN NULL"
        " ELSE min(coalesce(n.at, 9e99), coalesce((SELECT min(d.at) FROM deletions d"
        " WHERE d.file_id = v.file_id AND d.version = v.version), 9e99)) END"
        " FROM versions v JOIN files f USING (file_id) JOIN contents c USING (sha256)"
        " LEFT JOIN versions n ON n.file_id = v.file_id AND n.version = v.version + 1"
        " WHERE (v.file_id, v.version) > (?, ?) AND c.removed_at IS NULL ORDER BY v.file_id, v.version LIMIT ?",
        *after,
        limit,
    )
    return [Use._make(row) for row in rows]


async def pinned(tx: Transaction, hashes: Iterable[str], named: Iterable[Use]) -> set[str]:
    """Return those of *hashes* that are kept whatever retention says.

    Args:
        named: The versions that have them.
    """
    among = "(SELECT value FROM json_each(?))"
    asked = json.dumps(list(hashes))
    found = await tx.all(f"SELECT sha256 FROM drafts WHERE sha256 IN {among}", asked)
    found += await tx.all(f"SELECT sha256 FROM intents WHERE sha256 IN {among}", asked)
    versions = json.dumps([(use.file_id, use.version, use.sha256) for use in named])
    for sql in PINS:
        found += await tx.all(_ASKED + sql, versions)
    return {row[0] for row in found}


async def used_since(tx: Transaction, seq: int) -> tuple[set[str], int]:
    """Return the content that versions were made of beyond *seq*, and the highest seq."""
    rows = await tx.all("SELECT DISTINCT data ->> 'sha256' FROM events WHERE seq > ?", seq)
    return {row[0] for row in rows if row[0] is not None}, await meta.counter(tx, "seq")


async def unused(tx: Transaction, *, limit: int) -> list[str]:
    """Return content with bytes that no version, draft, intent or tail names."""
    rows = await tx.all(
        "SELECT sha256 FROM contents WHERE removed_at IS NULL AND sha256 NOT IN (SELECT sha256 FROM versions)"
        " AND sha256 NOT IN (SELECT sha256 FROM drafts)"
        " AND sha256 NOT IN (SELECT sha256 FROM intents WHERE sha256 IS NOT NULL)"
        " AND sha256 NOT IN (SELECT base FROM contents WHERE base IS NOT NULL) LIMIT ?",
        limit,
    )
    return [row[0] for row in rows]


async def take(tx: Transaction, hashes: Iterable[str], why: str) -> list[Taken]:
    """Take the bytes of content away that no tail rests on, and mark it so; return what was taken.

    Its row stays, also when nothing names it: to delete one, SQLite looks for its hash in all versions (43 ms beside
    300,000), and an index that spares this adds 20 to the 60 µs of a write in the database (2026-11-21).
    """
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
        await past_facts.forget_content(tx, sha256)
        await model_answers.forget_content(tx, sha256)
        taken.append(Taken(sha256, *row))
    return taken


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
