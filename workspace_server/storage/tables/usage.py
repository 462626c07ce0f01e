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

    Of an append only its tail is stored. Bytes that several versions share are counted with each. Reads every version:
    about a second for a million of them.
    """
    rows = await tx.all(
        "SELECT v.agent, count(*), sum(CASE c.form WHEN 'tail' THEN length(c.data) ELSE v.size_bytes END)"
        " FROM versions v JOIN contents c ON c.sha256 = v.sha256 WHERE c.removed_at IS NULL"
        " GROUP BY v.agent ORDER BY 3 DESC, 1 LIMIT ?",
        limit,
    )
    return [Stored._make(row) for row in rows]
