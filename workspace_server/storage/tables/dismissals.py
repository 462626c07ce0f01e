"""Contradictions that a person has dismissed, by their mark (`indexer.conflicts.Conflict.mark`)."""

import json
from collections.abc import Iterable

from workspace_server.storage.database import Transaction


async def add(tx: Transaction, mark: str, agent: str) -> None:
    """Dismiss a contradiction; again changes nothing."""
    await tx.run(
        "INSERT INTO dismissed_conflicts (mark, at, agent) VALUES (?, ?, ?) ON CONFLICT (mark) DO NOTHING",
        mark,
        tx.now_s,
        agent,
    )


async def among(tx: Transaction, marks: Iterable[str]) -> set[str]:
    """Return which of *marks* are dismissed."""
    rows = await tx.all(
        "SELECT mark FROM dismissed_conflicts WHERE mark IN (SELECT value FROM json_each(?))", json.dumps(list(marks))
    )
    return {str(row[0]) for row in rows}
