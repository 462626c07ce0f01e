"""Rows of schedules: when each trigger that has one fires next. Paused and deleted triggers have no row."""

import json
from collections.abc import Sequence

from workspace_server.storage.database import Transaction


async def set_next(tx: Transaction, trigger_id: int, next_at: float) -> None:
    """Let a trigger fire next at *next_at*, in seconds since 1970."""
    await tx.run(
        "INSERT INTO schedules (trigger_id, next_at) VALUES (?, ?)"
        " ON CONFLICT (trigger_id) DO UPDATE SET next_at = excluded.next_at",
        trigger_id,
        next_at,
    )


async def remove(tx: Transaction, trigger_id: int) -> None:
    """Let a trigger fire no more by the clock."""
    await tx.run("DELETE FROM schedules WHERE trigger_id = ?", trigger_id)


async def next_of(tx: Transaction, trigger_ids: Sequence[int]) -> dict[int, float]:
    """Return when each of these triggers fires next by the clock, of those that do."""
    rows = await tx.all(
        "SELECT trigger_id, next_at FROM schedules WHERE trigger_id IN (SELECT value FROM json_each(?))",
        json.dumps(trigger_ids),
    )
    return {row[0]: float(row[1]) for row in rows}


async def earliest(tx: Transaction) -> float | None:
    """Return when the next of all triggers fires by the clock, in seconds since 1970."""
    row = await tx.one("SELECT min(next_at) FROM schedules")
    return None if row is None or row[0] is None else float(row[0])


async def due(tx: Transaction, *, limit: int) -> list[tuple[int, float]]:
    """Return (trigger, moment) of those whose moment has come, the earliest first."""
    rows = await tx.all(
        "SELECT trigger_id, next_at FROM schedules WHERE next_at <= ? ORDER BY next_at, trigger_id LIMIT ?",
        tx.now_s,
        limit,
    )
    return [(row[0], float(row[1])) for row in rows]
