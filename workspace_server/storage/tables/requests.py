"""First answers by request id, so that a repeated request changes nothing twice."""

import json
from typing import Any

from workspace_server.core.limits import LIMITS
from workspace_server.storage.database import Transaction


async def answered(tx: Transaction, agent: str, request_id: str) -> tuple[str, dict[str, Any]] | None:
    """Return what that request asked for and its first answer, if it was one of the last 24 hours."""
    row = await tx.one(
        "SELECT action, result FROM requests WHERE agent = ? AND request_id = ? AND at > ?",
        agent,
        request_id,
        tx.now_s - LIMITS.request_kept_s,
    )
    return None if row is None else (row[0], json.loads(row[1]))


async def remember(tx: Transaction, agent: str, request_id: str, action: str, result: dict[str, Any]) -> None:
    """Keep the answer beside the change that it reports."""
    await tx.run(
        "INSERT INTO requests (agent, request_id, at, action, result) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (agent, request_id)"
        " DO UPDATE SET at = excluded.at, action = excluded.action, result = excluded.result",
        agent,
        request_id,
        tx.now_s,
        action,
        json.dumps(result, ensure_ascii=False),
    )


async def forget(tx: Transaction, agent: str, request_id: str) -> None:
    """Drop an answer that holds no longer: the request does its work anew when it is repeated."""
    await tx.run("DELETE FROM requests WHERE agent = ? AND request_id = ?", agent, request_id)


async def forget_old(tx: Transaction) -> None:
    """Drop the answers whose time is over."""
    await tx.run("DELETE FROM requests WHERE at <= ?", tx.now_s - LIMITS.request_kept_s)
