"""First answers by request id, so that a repeated request changes nothing twice."""

import json
from typing import Any

from workspace_server.core.limits import LIMITS
from workspace_server.storage.database import Transaction


async def answered(tx: Transaction, agent: str, request_id: str) -> dict[str, Any] | None:
    """Return the first answer to that request, if it was one of the last 24 hours."""
    row = await tx.one(
        "SELECT result FROM requests WHERE agent = ? AND request_id = ? AND at > ?",
        agent,
        request_id,
        tx.now_s - LIMITS.request_kept_s,
    )
    return None if row is None else json.loads(row[0])


async def remember(tx: Transaction, agent: str, request_id: str, result: dict[str, Any]) -> None:
    """Keep the answer beside the change that it reports."""
    await tx.run(
        "INSERT INTO requests (agent, request_id, at, result) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (agent, request_id) DO UPDATE SET at = excluded.at, result = excluded.result",
        agent,
        request_id,
        tx.now_s,
        json.dumps(result, ensure_ascii=False),
    )


async def forget_old(tx: Transaction) -> None:
    """Drop the answers whose time is over."""
    await tx.run("DELETE FROM requests WHERE at <= ?", tx.now_s - LIMITS.request_kept_s)
