"""What stands in the workspace, in all and by each agent, as the database's triggers count it with every change."""

from workspace_server.core.quotas import Usage
from workspace_server.storage.database import Transaction


async def of_workspace(tx: Transaction) -> Usage:
    """Return what there is in all."""
    row = await tx.one("SELECT files, bytes FROM totals")
    assert row is not None
    return Usage._make(row)


async def of_account(tx: Transaction, account: str) -> Usage:
    """Return what an agent, or a crew, was the last to write."""
    row = await tx.one("SELECT files, bytes FROM agent_totals WHERE agent = ?", account)
    return Usage(0, 0) if row is None else Usage._make(row)


async def largest(tx: Transaction, *, limit: int) -> list[tuple[str, Usage]]:
    """Return those who hold most, with what they hold."""
    rows = await tx.all("SELECT agent, files, bytes FROM agent_totals ORDER BY bytes DESC, agent LIMIT ?", limit)
    return [(agent, Usage(files, size_bytes)) for agent, files, size_bytes in rows]
