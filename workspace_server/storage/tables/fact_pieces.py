"""Many facts of one version, brought and taken away piece by piece: behind each commit everybody waits.

What was brought before the last piece is no more than a beginning: its version has no state yet, and the log counts as
read only up to before it. Who is interrupted begins anew.
"""

from collections.abc import Sequence
from typing import Final

from indexer.model import Change
from workspace_server.core.limits import LIMITS
from workspace_server.storage.database import Database, Transaction
from workspace_server.storage.tables import fact_rows
from workspace_server.storage.tables.fact_rows import Row

FACTS_PER_COMMIT: Final = 150
"""Facts after which a commit is closed: others who come meanwhile wait until it is over (10 µs each, 2026-11-30)."""
_TOO_MANY: Final = (
    "FROM facts f WHERE f.path = ?1 AND f.version IS NOT ?2 AND coalesce((SELECT s.facts FROM index_states s"
    " WHERE s.path = f.path AND s.version = f.version), ?3 + 1) > ?3"
)
"""Facts of other versions of a path that are too many for the past."""


async def is_at(tx: Transaction, change: Change) -> bool:
    """Return whether a path still is as the change left it."""
    head = await tx.one("SELECT version FROM files WHERE path = ? AND live = 1", change.path)
    return (head[0] if head else None) == change.version


async def insert(tx: Transaction, rows: Sequence[Row], words: Sequence[Row]) -> None:
    """Add facts and their words, all at once: statement by statement took three times as long."""
    last = await tx.one("SELECT coalesce(max(fact_id), 0) FROM facts")
    assert last is not None
    await tx.many(fact_rows.INSERT_FACTS, fact_rows.numbered(rows, last[0] + 1))
    await tx.many(fact_rows.INSERT_WORDS, fact_rows.numbered(words, last[0] + 1))


async def count(tx: Transaction, change: Change) -> int:
    """Return how many facts of a version there are."""
    row = await tx.one("SELECT count(*) FROM facts WHERE path = ? AND version = ?", change.path, change.version)
    return int(row[0]) if row else 0


async def drop(tx: Transaction, found: str, *parameters: object) -> None:
    """Take away facts and their words.

    Args:
        found: ``FROM facts WHERE`` and what tells which.
    """
    await tx.run(f"DELETE FROM facts_text WHERE rowid IN (SELECT fact_id {found})", *parameters)
    await tx.run(f"DELETE FROM facts WHERE fact_id IN (SELECT fact_id {found})", *parameters)


async def bring(db: Database, change: Change, rows: Sequence[Row], words: Sequence[Row]) -> int:
    """Insert all facts of a version but the last piece, and return how many; fewer when the file has moved on."""
    brought = 0
    while len(rows) - brought > FACTS_PER_COMMIT:
        piece = slice(brought, brought + FACTS_PER_COMMIT)

        async def body(tx: Transaction, piece: slice = piece) -> bool:
            if not await is_at(tx, change):
                return False
            if not piece.start:  # what one who was interrupted has left
                await drop(tx, "FROM facts WHERE path = ? AND version = ?", change.path, change.version)
            await insert(tx, rows[piece], words[piece])
            return True

        if not await db.write(body, is_behind=True):
            break
        brought += FACTS_PER_COMMIT
    return brought


async def shed(db: Database, change: Change) -> None:
    """Take away the facts of earlier versions of a path that are too many for the past, while it is as it is."""
    about = change.path, change.version, LIMITS.past_facts_max

    async def body(tx: Transaction) -> bool:
        if not await is_at(tx, change):
            return False
        await drop(tx, f"{_TOO_MANY} LIMIT ?4", *about, FACTS_PER_COMMIT)
        return await tx.one(f"SELECT 1 {_TOO_MANY} LIMIT 1", *about) is not None

    is_left = await db.read(lambda tx: tx.one(f"SELECT 1 {_TOO_MANY} LIMIT 1", *about)) is not None
    while is_left:
        is_left = await db.write(body, is_behind=True)
