"""Who fills the workspace."""

from typing import NamedTuple

from workspace_server.storage.database import Transaction


class Stored(NamedTuple):
    """What one agent has written and what is still kept of it."""

    agent: str
    versions: int
    size_bytes: int


async def by_agent(tx: Transaction, *, limit: int) -> list[Stored]:
    """Return the agents that store most, with their versions whose bytes are kept and how many bytes those are.

    Bytes that several versions share are counted with each. Reads every version: about a second for a million of them.
    """
    rows = await tx.all(
        "SELECT agent, count(*), sum(size_bytes) FROM versions"
        " WHERE sha256 NOT IN (SELECT sha256 FROM contents WHERE removed_at IS NOT NULL)"
        " GROUP BY agent ORDER BY 3 DESC, 1 LIMIT ?",
        limit,
    )
    return [Stored._make(row) for row in rows]
