"""Rows of the audit log: who did what, by which door, and whether the name was proven."""

from workspace_server.core.access import Caller
from workspace_server.storage.database import Transaction


async def add(tx: Transaction, caller: Caller, action: str, subject: str | None, seq: int | None) -> None:
    """Record one accepted change in the transaction that makes it."""
    await tx.run(
        "INSERT INTO audit (at, agent, verified, door, action, subject, seq) VALUES (?, ?, ?, ?, ?, ?, ?)",
        tx.now_s,
        caller.agent,
        int(caller.verified),
        caller.door,
        action,
        subject,
        seq,
    )
