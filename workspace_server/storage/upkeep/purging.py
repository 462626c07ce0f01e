"""What has to go from the database when content is removed for good."""

import json
from collections.abc import Sequence
from typing import NamedTuple

import apsw

from workspace_server.storage.database import Transaction

WHY = "purged"


class Standing(NamedTuple):
    """One version of one file that has a content."""

    path: str
    version: int
    sha256: str
    is_head: bool


async def versions_of(tx: Transaction, file_id: int, version: int | None) -> list[tuple[int, str]]:
    """Return the versions of a file (None: all of them) that still have their bytes, with their content."""
    rows = await tx.all(
        "SELECT v.version, v.sha256 FROM versions v JOIN contents c USING (sha256)"
        " WHERE v.file_id = ? AND v.version = coalesce(?, v.version) AND c.removed_at IS NULL ORDER BY v.version",
        file_id,
        version,
    )
    return [(row[0], row[1]) for row in rows]


async def standing(tx: Transaction, hashes: Sequence[str]) -> list[Standing]:
    """Return every version that has one of these contents. Looks at all versions."""
    rows = await tx.all(
        "SELECT f.path, v.version, v.sha256, f.live = 1 AND f.version = v.version FROM versions v"
        " JOIN files f USING (file_id) WHERE v.sha256 IN (SELECT value FROM json_each(?)) ORDER BY f.path, v.version",
        json.dumps(hashes),
    )
    return [Standing(row[0], row[1], row[2], bool(row[3])) for row in rows]


async def drafted(tx: Transaction, path: str) -> list[str]:
    """Return content that was refused for *path* and that no version has."""
    rows = await tx.all(
        "SELECT DISTINCT sha256 FROM drafts WHERE path = ? AND sha256 NOT IN (SELECT sha256 FROM versions)", path
    )
    return [row[0] for row in rows]


async def tails_on(tx: Transaction, hashes: Sequence[str]) -> list[str]:
    """Return the contents that rest on one of these and are none of them."""
    rows = await tx.all(
        "SELECT sha256 FROM contents WHERE base IN (SELECT value FROM json_each(?1))"
        " AND sha256 NOT IN (SELECT value FROM json_each(?1))",
        json.dumps(hashes),
    )
    return [row[0] for row in rows]


async def store_whole(tx: Transaction, sha256: str) -> None:
    """Let a content that was a tail be an object file, which is in its place already."""
    await tx.run("UPDATE contents SET form = 'object', data = NULL, base = NULL, tails = 0 WHERE sha256 = ?", sha256)


async def remove(tx: Transaction, hashes: Sequence[str], gone: Sequence[Standing], path: str | None) -> None:
    """Take the bytes of contents away, and everything that was made of them.

    Args:
        gone: The versions that have these contents.
        path: The path whose drafts go too; None when only some of its versions are removed.
    """
    chosen = json.dumps(hashes)
    among = "(SELECT value FROM json_each(?))"
    await tx.run(f"DELETE FROM drafts WHERE sha256 IN {among} OR path = ?", chosen, path or "")
    await tx.run(
        "UPDATE contents SET form = 'raw', data = NULL, base = NULL, tails = 0, removed_at = ?, removed_why = ?"
        f" WHERE sha256 IN {among}",
        tx.now_s,
        WHY,
        chosen,
    )
    for one in gone:
        found = "path = ? AND version = ?"
        await tx.run(
            f"DELETE FROM facts_text WHERE rowid IN (SELECT fact_id FROM facts WHERE {found})", one.path, one.version
        )
        await tx.run(f"DELETE FROM facts WHERE {found}", one.path, one.version)
        await tx.run(
            f"DELETE FROM extractions WHERE key IN (SELECT key FROM index_states WHERE {found})", one.path, one.version
        )
        await tx.run(f"DELETE FROM index_states WHERE {found}", one.path, one.version)
        # The answer to a repeated request may hold a diff.
        await tx.run("DELETE FROM requests WHERE instr(result, ?)", json.dumps(one.path, ensure_ascii=False))


async def purged(tx: Transaction) -> set[str]:
    """Return every content that was removed for good."""
    return {row[0] for row in await tx.all("SELECT sha256 FROM contents WHERE removed_why = ?", WHY)}


def rewrite(connection: apsw.Connection) -> None:
    """Write the whole database anew, so that no free room of it holds what was removed. Blocks, and needs that room.

    Raises:
        BusyError: A reader, such as a backup, keeps the database as it was from being overwritten.
    """
    connection.execute("INSERT INTO facts_text (facts_text) VALUES ('optimize')")
    connection.execute("VACUUM")
    if connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()[0][0]:
        raise apsw.BusyError("somebody reads the database as it was")
