"""Rows of attempts: each one at a delivery that came to its end."""

import json
from collections.abc import Sequence
from typing import NamedTuple

from workspace_server.storage.database import Transaction


class AttemptRow(NamedTuple):
    """One attempt and what came of it."""

    number: int
    at: float
    status: int | None
    failure: str | None
    latency_ms: float
    answer: str


async def add(
    tx: Transaction, delivery_id: int, *, status: int | None, failure: str | None, latency_ms: float, answer: str
) -> int:
    """Log an attempt and return its number."""
    row = await tx.one(
        "INSERT INTO attempts (delivery_id, number, at, status, failure, latency_ms, answer) VALUES (?, (SELECT"
        " coalesce(max(number), 0) + 1 FROM attempts WHERE delivery_id = ?), ?, ?, ?, ?, ?) RETURNING number",
        delivery_id,
        delivery_id,
        tx.now_s,
        status,
        failure,
        latency_ms,
        answer,
    )
    assert row is not None
    return int(row[0])


async def of_deliveries(tx: Transaction, delivery_ids: Sequence[int]) -> dict[int, list[AttemptRow]]:
    """Return the attempts at each delivery, oldest first."""
    found: dict[int, list[AttemptRow]] = {delivery_id: [] for delivery_id in delivery_ids}
    rows = await tx.all(
        "SELECT delivery_id, number, at, status, failure, latency_ms, answer FROM attempts"
        " WHERE delivery_id IN (SELECT value FROM json_each(?)) ORDER BY delivery_id, number",
        json.dumps(delivery_ids),
    )
    for row in rows:
        found[row[0]].append(AttemptRow._make(row[1:]))
    return found
