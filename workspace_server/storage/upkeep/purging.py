"""What has to go from the database when content is removed for good."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import apsw

from workspace_server.core.clock import Clock
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import fact_pieces, meta, model_answers, past_facts

WHY = "purged"
ASKED, CLEARED = "purges_asked", "purges_cleared"
"""The facts that count removals: how many there were, and up to which the disk is clear of them."""
LEASES = (
    ("locks", "deadline_s", "state = 'live'"),
    ("checkouts", "until_s", "true"),
    ("lock_waits", "kept_until_s", "true"),
    ("jobs", "deadline_s", "state = 'claimed'"),
)
"""What ends by itself unless its holder is heard: the table, its column, and which rows."""


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
    for sha256 in hashes:
        await past_facts.forget_content(tx, sha256)
        await model_answers.forget_content(tx, sha256)
    for one in gone:
        found = "path = ? AND version = ?"
        await fact_pieces.drop(tx, f"FROM facts WHERE {found}", one.path, one.version)
        await tx.run(
            f"DELETE FROM extractions WHERE key IN (SELECT key FROM index_states WHERE {found})", one.path, one.version
        )
        await tx.run(f"DELETE FROM index_states WHERE {found}", one.path, one.version)
        # The answer to a repeated request may hold a diff.
        await tx.run("DELETE FROM requests WHERE instr(result, ?)", json.dumps(one.path, ensure_ascii=False))


async def purged(tx: Transaction) -> set[str]:
    """Return every content that was removed for good."""
    return {row[0] for row in await tx.all("SELECT sha256 FROM contents WHERE removed_why = ?", WHY)}


async def ask(tx: Transaction) -> None:
    """Record that something was removed of which the disk is still to be cleared."""
    await meta.set_fact(tx, ASKED, str(int(await meta.fact(tx, ASKED) or 0) + 1))


async def asked(tx: Transaction) -> int | None:
    """Return up to which removal the disk is to be cleared, counted from 1; None: it is."""
    number = int(await meta.fact(tx, ASKED) or 0)
    return number if number > int(await meta.fact(tx, CLEARED) or 0) else None


async def cleared(tx: Transaction, number: int) -> None:
    """Record that the disk is clear of everything up to that removal; what came since stays due."""
    await meta.set_fact(tx, CLEARED, str(number))


def rewrite(connection: apsw.Connection, clock: Clock) -> None:
    """Write the whole database anew, so that no free room of it holds what was removed. Blocks, and needs that room."""
    with _holding(connection, clock):
        write_anew(connection)


def write_anew(connection: apsw.Connection) -> None:
    """Leave no trace on any page, nor of words in the index of facts."""
    for words in ("facts_text", "past_facts_text"):
        connection.execute(f"INSERT INTO {words} ({words}) VALUES ('optimize')")
    connection.execute("VACUUM")


def empty_log(connection: apsw.Connection, clock: Clock) -> bool:
    """Put all pages in their places and cut the write-ahead log to nothing; return False while somebody reads. Blocks.

    All changes stand behind it, so it never waits for a reader.
    """
    patience_ms = connection.execute("PRAGMA busy_timeout").fetchall()[0][0]
    connection.set_busy_timeout(0)
    try:
        with _holding(connection, clock):
            return not connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()[0][0]
    except apsw.BusyError:
        return False
    finally:
        connection.set_busy_timeout(int(str(patience_ms)))


@contextmanager
def _holding(connection: apsw.Connection, clock: Clock) -> Iterator[None]:
    """Give leases the time that all changes wait, renewals among them: what was live when it began stays live."""
    began_s = clock.boot_s()
    try:
        yield
    finally:
        held_s = clock.boot_s() - began_s
        for table, until, those in LEASES:
            connection.execute(
                f"UPDATE {table} SET {until} = {until} + ? WHERE {those} AND {until} > ?", (held_s, began_s)
            )
