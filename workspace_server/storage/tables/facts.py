"""Rows of what the indexer has read: facts, index states, and extractions by content."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import anyio.to_thread

from indexer import packing
from indexer.gist import gist_of
from indexer.model import Change, Extraction, Indexed, Passage
from workspace_server.storage.database import Database, Transaction
from workspace_server.storage.tables import fact_pieces, fact_rows, past_facts
from workspace_server.storage.tables.fact_pieces import FACTS_PER_COMMIT
from workspace_server.storage.tables.fact_rows import Row

SUPERSEDED_KEPT = 4
"""Versions of a path before the head whose extraction is kept, so that going back costs nothing."""

UNPACKED_AT_ONCE_BYTES = 8 * 1024
"""Packed extractions up to this size are unpacked where they are asked for; others wait for it half a millisecond."""

GIST_FROM_BYTES = 4 * 1024
"""Packed extractions beyond this size have their gist beside them: of 60 KiB, a description took 70 ms without it."""

T = TypeVar("T")
Body = Callable[[Transaction], Awaitable[Sequence[tuple[Change, str]]]]
Record = Callable[[Body], Awaitable[None]]
"""Runs a body in one transaction that also records `file.indexed` for what it returns: changes with their state."""


@dataclass(frozen=True, slots=True)
class _Ready:
    """What is to be kept of a change, made ready before the writer is asked.

    Attributes:
        body: The packed extraction; with its *gist* when it is large.
        facts: Rows, and of the same facts the *words*.
        brought: How many of them were brought already.
    """

    indexed: Indexed
    body: bytes
    gist: bytes | None
    facts: Sequence[Row]
    words: Sequence[Row]
    brought: int = 0


class SqlFactStore:
    """The indexer's `FactStore` in the workspace's database.

    Args:
        record: Commits a body together with its events.
    """

    def __init__(self, db: Database, record: Record) -> None:
        self._db = db
        self._record = record

    async def progress(self) -> tuple[int, str]:
        """Return the seq up to which all is kept, and the fingerprint it was kept with."""
        row = await self._db.read(lambda tx: tx.one("SELECT seq, fingerprint FROM index_progress"))
        assert row is not None
        return int(row[0]), str(row[1])

    async def extraction(self, key: str) -> Extraction | None:
        """Return what was once extracted under *key*, if it is still known."""
        return await extraction_of(self._db, key)

    async def said(self, key: str) -> tuple[str, Sequence[Passage]] | None:
        """Return the title and the passages of what was once extracted under *key*, if it is still known."""
        return await _of_body(self._db, key, packing.said)

    async def keep(self, found: Sequence[Indexed], *, progress: tuple[int, str] | None, anew: bool = False) -> None:
        """Make *found* the facts of its paths, in commits of a bounded size; the progress goes after the last."""
        ready = await anyio.to_thread.run_sync(_ready, found)
        start = 0
        while start < len(ready):
            end, facts = start, 0
            while end < len(ready) and (end == start or facts < FACTS_PER_COMMIT):
                if not anew:  # else what is known would be gone for a while
                    ready[end] = await self._begun(ready[end])
                facts += max(1, len(ready[end].facts) - ready[end].brought)
                end += 1
            await self._record(_put_body(ready[start:end], anew))
            start = end
        if progress is not None:
            await self._db.write(
                lambda tx: tx.run("UPDATE index_progress SET seq = ?, fingerprint = ? WHERE only = 1", *progress),
                is_behind=True,
            )

    async def _begun(self, ready: _Ready) -> _Ready:
        """Do what takes long of putting a version in its place, as far as that can be done before."""
        change = ready.indexed.change
        await fact_pieces.shed(self._db, change)
        if len(ready.facts) <= FACTS_PER_COMMIT or await self._db.read(lambda tx: _known(tx, ready.indexed)):
            return ready
        return replace(ready, brought=await fact_pieces.bring(self._db, change, ready.facts, ready.words))


def _put_body(ready: Sequence[_Ready], anew: bool) -> Body:
    async def body(tx: Transaction) -> list[tuple[Change, str]]:
        kept: list[tuple[Change, str]] = []
        for each in ready:
            extraction = each.indexed.extraction
            if await _put(tx, each, anew=anew) and extraction is not None:
                kept.append((each.indexed.change, extraction.state))
        return kept

    return body


async def _put(tx: Transaction, ready: _Ready, *, anew: bool) -> bool:
    """Replace the facts of a path; False when there is nothing to announce.

    That is when the file has moved on, or is gone, or its version was read before: also when it was read by other
    extractors, or is read once more.

    Args:
        anew: Whether it replaces what is known under the same key.
    """
    indexed = ready.indexed
    change, extraction = indexed.change, indexed.extraction
    if not await fact_pieces.is_at(tx, change):
        return False
    if extraction is None:
        await _supersede(tx, change)
        return False
    assert change.version is not None, "what was extracted is of a version"
    known = await state(tx, change.path, change.version)
    if known is not None and known[2] == indexed.key and not anew:
        return False  # the log is told again after a crash; the facts are there and were announced
    brought = ready.brought if await fact_pieces.count(tx, change) == ready.brought else 0
    await _supersede(tx, change, but_own=brought > 0)
    await tx.run("DELETE FROM model_states WHERE path = ?", change.path)  # their facts are gone with the others
    await tx.run(
        "INSERT INTO extractions (key, body, gist) VALUES (?, ?, ?)"
        " ON CONFLICT (key) DO UPDATE SET body = excluded.body, gist = excluded.gist",
        indexed.key,
        ready.body,
        ready.gist,
    )
    await tx.run(
        "INSERT INTO index_states (path, version, key, state, reason, facts, dropped) VALUES (?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (path, version) DO UPDATE SET key = excluded.key, state = excluded.state,"
        " reason = excluded.reason, facts = excluded.facts, dropped = excluded.dropped",
        change.path,
        change.version,
        indexed.key,
        extraction.state,
        extraction.reason,
        len(extraction.facts),
        extraction.dropped,
    )
    await fact_pieces.insert(tx, ready.facts[brought:], ready.words[brought:])
    await _forget_superseded(tx, change)
    return known is None


async def _supersede(tx: Transaction, change: Change, *, but_own: bool = False) -> None:
    """Take the facts of a path away; those of another version than the one that was read go to the past.

    Args:
        but_own: Whether those of the version itself stay.
    """
    rows = await tx.all("SELECT DISTINCT version FROM facts WHERE path = ?", change.path)
    for (version,) in rows:
        if version != change.version:
            await past_facts.keep(tx, change.path, version)
        if version != change.version or not but_own:
            await fact_pieces.drop(tx, "FROM facts WHERE path = ? AND version = ?", change.path, version)


async def _forget_superseded(tx: Transaction, change: Change) -> None:
    """Drop the extraction of the version that is *SUPERSEDED_KEPT* behind, unless a head still has that content."""
    if (change.version or 0) <= SUPERSEDED_KEPT:
        return
    await tx.run(
        "DELETE FROM extractions WHERE key = (SELECT key FROM index_states WHERE path = ? AND version < ?"
        " ORDER BY version DESC LIMIT 1 OFFSET ?) AND NOT EXISTS (SELECT 1 FROM index_states s JOIN files h"
        " ON h.path = s.path AND h.version = s.version AND h.live = 1 WHERE s.key = extractions.key)",
        change.path,
        change.version,
        SUPERSEDED_KEPT,
    )


async def _known(tx: Transaction, indexed: Indexed) -> bool:
    """Return whether a version was read before, by whichever extractors."""
    assert indexed.change.version is not None, "what has facts is of a version"
    return await state(tx, indexed.change.path, indexed.change.version) is not None


async def state(tx: Transaction, path: str, version: int) -> tuple[str, str, str] | None:
    """Return (state, reason, extraction key) of a version; None while it has not been read."""
    row = await tx.one("SELECT state, reason, key FROM index_states WHERE path = ? AND version = ?", path, version)
    return None if row is None else (str(row[0]), str(row[1]), str(row[2]))


async def extraction_of(db: Database, key: str) -> Extraction | None:
    """Return what was extracted under *key*, if it is still known; a large one is unpacked off the event loop."""
    return await _of_body(db, key, packing.unpacked)


async def beginning_of(db: Database, key: str) -> Extraction | None:
    """Return what was extracted under *key*, if it is still known: of a large one no more than its gist."""
    return await _of_body(db, key, packing.unpacked, column="coalesce(gist, body)")


async def _of_body(db: Database, key: str, unpack: Callable[[bytes], T], *, column: str = "body") -> T | None:
    row = await db.read(lambda tx: tx.one(f"SELECT {column} FROM extractions WHERE key = ?", key))
    if row is None:
        return None
    if len(row[0]) <= UNPACKED_AT_ONCE_BYTES:
        return unpack(row[0])
    return await anyio.to_thread.run_sync(unpack, row[0])


async def document_text(tx: Transaction, path: str, version: int) -> tuple[str, tuple[int, ...]] | None:
    """Return what a document says, and the line on which each of its pages begins; None when no text was extracted."""
    row = await tx.one(
        "SELECT e.body FROM index_states s JOIN extractions e ON e.key = s.key WHERE s.path = ? AND s.version = ?",
        path,
        version,
    )
    return None if row is None else packing.document_text(row[0])


def _ready(found: Sequence[Indexed]) -> list[_Ready]:
    ready = []
    for each in found:
        if each.extraction is None:
            ready.append(_Ready(each, b"", None, (), ()))
        else:
            rows, words = fact_rows.rows_of(each.change, each.extraction)
            body = packing.packed(each.extraction)
            gist = packing.packed(gist_of(each.extraction)) if len(body) > GIST_FROM_BYTES else None
            ready.append(_Ready(each, body, gist, rows, words))
    return ready
