"""Rows of deliveries: the outbox, and what became of what was in it.

Of each lane only the first is ever tried. Which one that is stands in its row, so that a look at the outbox costs as
much as what can be sent now, however much waits behind it.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

from workspace_server.core.retry import WAIT_S_MAX
from workspace_server.storage.database import Row, Transaction

State = Literal["pending", "delivered", "dead"]


class DeliveryRow(NamedTuple):
    """One delivery and where it goes.

    Attributes:
        kind: What it tells of; that decides what it says and what follows from its end.
        trigger: Whose it is; None for what no trigger sends.
        data: What it says, when that stands nowhere else.
        lane: Those of one lane go one after the other.
    """

    delivery_id: int
    message_id: str
    kind: str
    endpoint_id: int
    trigger_id: int | None
    firing_id: int | None
    lane: str
    state: State
    failures: int
    next_at: float
    at: float
    ended_at: float | None
    reason: str | None
    data: dict[str, Any] | None
    url: str
    trigger: str | None


_DELIVERY = (
    "SELECT d.delivery_id, d.message_id, d.kind, d.endpoint_id, d.trigger_id, d.firing_id, d.lane, d.state, d.failures,"
    " d.next_at, d.at, d.ended_at, d.reason, d.data, e.url, t.name FROM deliveries d JOIN endpoints e USING"
    " (endpoint_id) LEFT JOIN triggers t USING (trigger_id)"
)


async def insert(
    tx: Transaction,
    *,
    message_id: str,
    kind: str,
    endpoint_id: int,
    lane: str,
    trigger_id: int | None = None,
    firing_id: int | None = None,
    data: Mapping[str, Any] | None = None,
    at_once: bool = False,
    dead: str | None = None,
) -> int:
    """Put a delivery into the outbox and return its id.

    Args:
        at_once: Whether it goes before all others of its endpoint.
        dead: Why it is given up before it was tried.
    """
    row = await tx.one(
        "INSERT INTO deliveries (message_id, kind, endpoint_id, trigger_id, firing_id, data, lane, first, state,"
        " failures, next_at, at, ended_at, reason) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8 = 'pending' AND NOT EXISTS"
        " (SELECT 1 FROM deliveries WHERE endpoint_id = ?3 AND lane = ?7 AND state = 'pending'), ?8, 0, ?9, ?10, ?11,"
        " ?12) RETURNING delivery_id",
        message_id,
        kind,
        endpoint_id,
        trigger_id,
        firing_id,
        None if data is None else json.dumps(data, ensure_ascii=False),
        lane,
        "pending" if dead is None else "dead",
        0.0 if at_once else tx.now_s,
        tx.now_s,
        None if dead is None else tx.now_s,
        dead,
    )
    assert row is not None
    return int(row[0])


async def by_id(tx: Transaction, delivery_id: int) -> DeliveryRow:
    """Return a delivery."""
    row = await tx.one(f"{_DELIVERY} WHERE d.delivery_id = ?", delivery_id)
    assert row is not None
    return _delivery(row)


async def by_message(tx: Transaction, message_id: str) -> DeliveryRow | None:
    """Return the delivery of that stable id."""
    row = await tx.one(f"{_DELIVERY} WHERE d.message_id = ?", message_id)
    return None if row is None else _delivery(row)


async def page(
    tx: Transaction,
    *,
    before: int | None,
    limit: int,
    state: str | None = None,
    trigger_ids: Sequence[int] | None = None,
    endpoint_id: int | None = None,
) -> list[DeliveryRow]:
    """Return deliveries, newest first: all, or those of some triggers, nearly always one."""
    where: list[str] = ["d.delivery_id < ?"]
    parameters: list[Any] = [before if before is not None else 1 << 62]
    if trigger_ids is not None:
        where.append(f"d.trigger_id IN ({', '.join('?' * len(trigger_ids))})")  # so an index has them in order
        parameters += trigger_ids
    for column, value in (("d.state", state), ("d.endpoint_id", endpoint_id)):
        if value is not None:
            where.append(f"{column} = ?")
            parameters.append(value)
    rows = await tx.all(
        f"{_DELIVERY} WHERE {' AND '.join(where)} ORDER BY d.delivery_id DESC LIMIT ?", *parameters, limit
    )
    return [_delivery(row) for row in rows]


async def ended_between(
    tx: Transaction, since_s: float, until_s: float, *, state: State, trigger_ids: Sequence[int] | None, limit: int
) -> list[DeliveryRow]:
    """Return deliveries that came to that end from one moment up to another, the first one first; tests are none."""
    chosen = "" if trigger_ids is None else " AND d.trigger_id IN (SELECT value FROM json_each(?))"
    rows = await tx.all(
        f"{_DELIVERY} WHERE d.state = ? AND d.ended_at >= ? AND d.ended_at <= ? AND d.kind <> 'test'{chosen}"
        " ORDER BY d.ended_at, d.delivery_id LIMIT ?",
        *(state, since_s, until_s),
        *(() if trigger_ids is None else (json.dumps(trigger_ids),)),
        limit,
    )
    return [_delivery(row) for row in rows]


async def due(tx: Transaction, endpoint_id: int, *, limit: int) -> list[DeliveryRow]:
    """Return what may be sent to an endpoint: the first of each lane whose time has come, the longest due first.

    Nothing, while the endpoint is paused.
    """
    rows = await tx.all(
        f"{_DELIVERY} WHERE d.endpoint_id = ? AND e.paused_at IS NULL AND d.first = 1 AND d.next_at <= ?"
        " ORDER BY d.next_at LIMIT ?",
        endpoint_id,
        tx.now_s,
        limit,
    )
    return [_delivery(row) for row in rows]


async def due_endpoints(tx: Transaction) -> list[int]:
    """Return the endpoints with a delivery whose time has come."""
    rows = await tx.all(
        "SELECT endpoint_id FROM endpoints e WHERE e.paused_at IS NULL AND EXISTS (SELECT 1 FROM deliveries d WHERE"
        " d.endpoint_id = e.endpoint_id AND d.first = 1 AND d.next_at <= ?)",
        tx.now_s,
    )
    return [row[0] for row in rows]


async def next_due(tx: Transaction) -> float | None:
    """Return when the next delivery that waits for its time is to be tried, in seconds since 1970."""
    row = await tx.one("SELECT min(next_at) FROM deliveries WHERE first = 1 AND next_at > ?", tx.now_s)
    return None if row is None or row[0] is None else float(row[0])


async def put_off(tx: Transaction, delivery_id: int, *, failures: int, next_at: float) -> None:
    """Record a failure and when to try again."""
    await tx.run(
        "UPDATE deliveries SET failures = ?, next_at = ? WHERE delivery_id = ?", failures, next_at, delivery_id
    )


async def end(tx: Transaction, row: DeliveryRow, state: State, *, failures: int, reason: str | None = None) -> None:
    """Record that a delivery arrived, or was given up; the next one of its lane is the first now."""
    await tx.run(
        "UPDATE deliveries SET state = ?, first = 0, failures = ?, ended_at = ?, reason = ? WHERE delivery_id = ?",
        state,
        failures,
        tx.now_s,
        reason,
        row.delivery_id,
    )
    await _mark_first(tx, row)


async def pending_of(tx: Transaction, endpoint_id: int, *, limit: int) -> list[DeliveryRow]:
    """Return what is on its way to an endpoint, the oldest first."""
    rows = await tx.all(
        f"{_DELIVERY} WHERE d.endpoint_id = ? AND d.state = 'pending' ORDER BY d.delivery_id LIMIT ?",
        endpoint_id,
        limit,
    )
    return [_delivery(row) for row in rows]


async def begin_again(tx: Transaction, rows: Sequence[DeliveryRow]) -> None:
    """Send deliveries anew, under the same ids and with the whole schedule before them."""
    for row in rows:
        await tx.run(
            "UPDATE deliveries SET state = 'pending', failures = 0, next_at = ?, ended_at = NULL, reason = NULL"
            " WHERE delivery_id = ?",
            tx.now_s,
            row.delivery_id,
        )
    for lane in {(row.endpoint_id, row.lane): row for row in rows}.values():
        await tx.run(
            "UPDATE deliveries SET first = 0 WHERE endpoint_id = ? AND lane = ? AND state = 'pending' AND first = 1",
            lane.endpoint_id,
            lane.lane,
        )
        await _mark_first(tx, lane)


async def pending(tx: Transaction) -> int:
    """Return how many deliveries are on their way; those that a person holds back are not."""
    row = await tx.one(
        "SELECT count(*) FROM deliveries JOIN endpoints USING (endpoint_id)"
        " WHERE state = 'pending' AND paused_at IS NULL"
    )
    assert row is not None
    return int(row[0])


async def counts(tx: Transaction) -> dict[str, int]:
    """Return how many deliveries there are in each state."""
    rows = await tx.all("SELECT state, count(*) FROM deliveries GROUP BY state")
    return {"pending": 0, "delivered": 0, "dead": 0, **{row[0]: row[1] for row in rows}}


async def counts_of(tx: Transaction, trigger_ids: Sequence[int]) -> dict[int, tuple[int, int]]:
    """Return (pending, dead) deliveries of each of these triggers that has any."""
    rows = await tx.all(
        "SELECT trigger_id, sum(state = 'pending'), sum(state = 'dead') FROM deliveries"
        " WHERE trigger_id IN (SELECT value FROM json_each(?)) AND state IN ('pending', 'dead') GROUP BY trigger_id",
        json.dumps(trigger_ids),
    )
    return {row[0]: (row[1], row[2]) for row in rows}


async def of_firings(tx: Transaction, firing_ids: Sequence[int]) -> list[DeliveryRow]:
    """Return the deliveries of firings, the oldest first."""
    rows = await tx.all(
        f"{_DELIVERY} WHERE d.firing_id IN (SELECT value FROM json_each(?)) ORDER BY d.delivery_id",
        json.dumps(firing_ids),
    )
    return [_delivery(row) for row in rows]


async def counts_by_endpoint(
    tx: Transaction, endpoint_ids: Sequence[int], trigger_ids: Sequence[int] | None = None
) -> dict[int, tuple[int, int]]:
    """Return (pending, dead) deliveries of each of these endpoints: all, or those of some triggers."""
    chosen = "" if trigger_ids is None else " AND d.trigger_id IN (SELECT value FROM json_each(?2))"
    of_it = f"(SELECT count(*) FROM deliveries d WHERE d.endpoint_id = e.value AND d.state = '{{}}'{chosen})"
    rows = await tx.all(
        f"SELECT e.value, {of_it.format('pending')}, {of_it.format('dead')} FROM json_each(?1) e",
        json.dumps(endpoint_ids),
        *(() if trigger_ids is None else (json.dumps(trigger_ids),)),
    )
    return {row[0]: (row[1], row[2]) for row in rows}


async def try_now(tx: Transaction) -> None:
    """Make what was put off to a later time than any schedule knows due: the clock was set back meanwhile."""
    await tx.run(
        "UPDATE deliveries SET next_at = ? WHERE state = 'pending' AND (at > ? OR next_at > ?)",
        tx.now_s,
        tx.now_s,
        tx.now_s + WAIT_S_MAX,
    )


async def forget_old(tx: Transaction, kept_s: float, *, limit: int) -> list[str]:
    """Drop deliveries that ended so long ago, with their attempts, and return their stable ids."""
    ended = "SELECT delivery_id, message_id FROM deliveries WHERE state IN ('delivered', 'dead') AND ended_at < ?"
    old = await tx.all(f"{ended} LIMIT ?", tx.now_s - kept_s, limit)
    for table in ("attempts", "deliveries"):
        await tx.many(f"DELETE FROM {table} WHERE delivery_id = ?", [(row[0],) for row in old])
    return [row[1] for row in old]


async def _mark_first(tx: Transaction, row: DeliveryRow) -> None:
    """Say of the oldest that is pending in a lane that it is the first."""
    await tx.run(
        "UPDATE deliveries SET first = 1 WHERE delivery_id = (SELECT min(delivery_id) FROM deliveries"
        " WHERE endpoint_id = ? AND lane = ? AND state = 'pending')",
        row.endpoint_id,
        row.lane,
    )


def _delivery(row: Row) -> DeliveryRow:
    return DeliveryRow._make((*row[:13], None if row[13] is None else json.loads(row[13]), *row[14:]))
