"""Rows of what each agent has seen of each file last; written behind the reads themselves, many at once."""

import json
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from workspace_server.core.limits import LIMITS
from workspace_server.storage.database import Transaction

Parts = Sequence[tuple[int, int]]
"""From and up to which characters of a text."""


class ReadRow(NamedTuple):
    """What an agent has seen of one version; `cut` is JSON of the parts, None for all of it."""

    agent: str
    path: str
    version: int
    cut: str | None
    at: float

    @property
    def parts(self) -> list[tuple[int, int]] | None:
        """The parts that it has seen; None for all."""
        return None if self.cut is None else [(int(start), int(end)) for start, end in json.loads(self.cut)]


class Moved(NamedTuple):
    """Where a file stands that an agent has read before; version 0 is absent."""

    agent: str
    path: str
    version: int
    by: str


async def record(tx: Transaction, seen: Iterable[tuple[str, str, int, Parts | None, float]]) -> None:
    """Record (agent, path, version, parts, seconds since 1970) of reads, each instead of the one before."""
    for agent, path, version, parts, at in seen:
        await tx.run(
            "INSERT INTO reads (agent, path, version, cut, at) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (agent, path) DO UPDATE SET version = excluded.version, cut = excluded.cut, at = excluded.at",
            agent,
            path,
            version,
            None if parts is None else json.dumps(parts),
            at,
        )


async def forget(tx: Transaction, gone: Iterable[tuple[str, str]]) -> None:
    """Drop what is recorded under these (agent, path), and all that is too old."""
    for agent, path in gone:
        await tx.run("DELETE FROM reads WHERE agent = ? AND path = ?", agent, path)
    await tx.run("DELETE FROM reads WHERE at <= ?", tx.now_s - LIMITS.read_kept_s)


async def all_kept(tx: Transaction) -> list[ReadRow]:
    """Return everything that is not too old, the oldest first."""
    rows = await tx.all(
        "SELECT agent, path, version, cut, at FROM reads WHERE at > ? ORDER BY at", tx.now_s - LIMITS.read_kept_s
    )
    return [ReadRow._make(row) for row in rows]


async def moved(tx: Transaction) -> list[Moved]:
    """Return what of the files read has moved on since."""
    rows = await tx.all(
        "SELECT r.agent, r.path, CASE WHEN f.live THEN f.version ELSE 0 END, f.modified_by"
        " FROM reads r JOIN files f USING (path) WHERE f.version <> r.version OR NOT f.live"
    )
    return [Moved._make(row) for row in rows]
