"""Rows of the event log."""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from workspace_server.storage.database import Transaction


class Event(NamedTuple):
    """One committed change.

    `data` holds what the contract's event data names beyond path, version, agent and seq.
    """

    seq: int
    at: float
    type: str
    path: str | None
    version: int | None
    agent: str
    data: dict[str, Any]


async def append(tx: Transaction, event: Event) -> None:
    """Insert one event; its seq was drawn in the same transaction."""
    await tx.run(
        "INSERT INTO events (seq, at, type, path, version, agent, data) VALUES (?, ?, ?, ?, ?, ?, ?)",
        event.seq,
        event.at,
        event.type,
        event.path,
        event.version,
        event.agent,
        json.dumps(event.data, ensure_ascii=False, separators=(",", ":")),
    )


async def after(
    tx: Transaction,
    seq: int,
    *,
    limit: int,
    types: Sequence[str] | None = None,
    agent: str | None = None,
    path_range: tuple[str, str] | None = None,
) -> list[Event]:
    """Return events beyond *seq*, oldest first.

    Args:
        path_range: Only paths p with first <= p < last.
    """
    where = ["seq > ?"]
    parameters: list[Any] = [seq]
    if types:
        where.append(f"type IN ({', '.join('?' * len(types))})")
        parameters += types
    if agent is not None:
        where.append("agent = ?")
        parameters.append(agent)
    if path_range is not None:
        where.append("path >= ? AND path < ?")
        parameters += path_range
    sql = (
        f"SELECT seq, at, type, path, version, agent, data FROM events WHERE {' AND '.join(where)} ORDER BY seq LIMIT ?"
    )
    rows = await tx.all(sql, *parameters, limit)
    return [Event._make((*row[:6], json.loads(row[6]))) for row in rows]


async def newest(tx: Transaction, limit: int, types: Sequence[str]) -> int:
    """Return the seq after which the newest *limit* events of those types stand."""
    row = await tx.one(
        f"SELECT seq FROM events WHERE type IN ({', '.join('?' * len(types))}) ORDER BY seq DESC LIMIT 1 OFFSET ?",
        *types,
        limit,
    )
    return 0 if row is None else int(row[0])
