"""Rows of endpoints, of deliveries on their way to them, and of the attempts."""

import json
from typing import Any, NamedTuple

from workspace_server.storage.database import Row, Transaction


class DeliveryRow(NamedTuple):
    """One delivery with what is needed to send it."""

    delivery_id: int
    message_id: str
    endpoint_id: int
    firing_id: int
    lane: str
    state: str
    failures: int
    next_at: float
    at: float
    ended_at: float | None
    reason: str | None
    url: str
    trigger: str
    secret: str | None
    fired_at: float
    root: str
    data: dict[str, Any]


class AttemptRow(NamedTuple):
    """One attempt and what came of it."""

    number: int
    at: float
    status: int | None
    failure: str | None
    latency_ms: float
    answer: str


_DELIVERY = (
    "SELECT d.delivery_id, d.message_id, d.endpoint_id, d.firing_id, d.lane, d.state, d.failures, d.next_at, d.at,"
    " d.ended_at, d.reason, e.url, t.name, t.secret, f.at, f.root, f.data FROM deliveries d"
    " JOIN endpoints e USING (endpoint_id) JOIN firings f USING (firing_id) JOIN triggers t USING (trigger_id)"
)


async def endpoint(tx: Transaction, url: str) -> tuple[int, bool]:
    """Return the endpoint of *url* as (id, disabled), made when it is new."""
    row = await tx.one("SELECT endpoint_id, disabled_at FROM endpoints WHERE url = ?", url)
    if row is None:
        row = await tx.one("INSERT INTO endpoints (url) VALUES (?) RETURNING endpoint_id, disabled_at", url)
        assert row is not None
    return int(row[0]), row[1] is not None


async def set_disabled(tx: Transaction, endpoint_id: int, *, disabled: bool) -> None:
    """Stop sending to an endpoint, or begin again."""
    await tx.run(
        "UPDATE endpoints SET disabled_at = ? WHERE endpoint_id = ?", tx.now_s if disabled else None, endpoint_id
    )


async def insert(
    tx: Transaction, *, message_id: str, endpoint_id: int, firing_id: int, lane: str, dead: str | None = None
) -> int:
    """Put a delivery into the outbox and return its id.

    Args:
        dead: Why it is given up before it was tried.
    """
    row = await tx.one(
        "INSERT INTO deliveries (message_id, endpoint_id, firing_id, lane, state, failures, next_at, at, ended_at,"
        " reason) VALUES (?, ?, ?, ?, ?, 0, ?, ?, ?, ?) RETURNING delivery_id",
        message_id,
        endpoint_id,
        firing_id,
        lane,
        "pending" if dead is None else "dead",
        tx.now_s,
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
    tx: Transaction, *, before: int | None, limit: int, state: str | None = None, trigger: str | None = None
) -> list[DeliveryRow]:
    """Return deliveries, newest first."""
    where: list[str] = ["d.delivery_id < ?"]
    parameters: list[Any] = [before if before is not None else 1 << 62]
    for column, value in (("d.state", state), ("t.name", trigger)):
        if value is not None:
            where.append(f"{column} = ?")
            parameters.append(value)
    rows = await tx.all(
        f"{_DELIVERY} WHERE {' AND '.join(where)} ORDER BY d.delivery_id DESC LIMIT ?", *parameters, limit
    )
    return [_delivery(row) for row in rows]


async def due(tx: Transaction, endpoint_id: int, *, limit: int) -> list[DeliveryRow]:
    """Return what may be sent to an endpoint now: the oldest of each lane, when its time has come."""
    rows = await tx.all(
        f"{_DELIVERY} WHERE d.endpoint_id = ? AND d.state = 'pending' AND d.next_at <= ? AND NOT EXISTS (SELECT 1"
        " FROM deliveries o WHERE o.endpoint_id = d.endpoint_id AND o.lane = d.lane AND o.state = 'pending'"
        " AND o.delivery_id < d.delivery_id) ORDER BY d.delivery_id LIMIT ?",
        endpoint_id,
        tx.now_s,
        limit,
    )
    return [_delivery(row) for row in rows]


async def due_endpoints(tx: Transaction) -> list[int]:
    """Return the endpoints with a delivery whose time has come."""
    rows = await tx.all(
        "SELECT DISTINCT endpoint_id FROM deliveries WHERE state = 'pending' AND next_at <= ?", tx.now_s
    )
    return [row[0] for row in rows]


async def next_due(tx: Transaction) -> float | None:
    """Return when the next delivery that waits for its time is to be tried, in seconds since 1970."""
    row = await tx.one("SELECT min(next_at) FROM deliveries WHERE state = 'pending' AND next_at > ?", tx.now_s)
    return None if row is None or row[0] is None else float(row[0])


async def put_off(tx: Transaction, delivery_id: int, *, failures: int, next_at: float) -> None:
    """Record a failure and when to try again."""
    await tx.run(
        "UPDATE deliveries SET failures = ?, next_at = ? WHERE delivery_id = ?", failures, next_at, delivery_id
    )


async def end(tx: Transaction, delivery_id: int, state: str, *, failures: int, reason: str | None = None) -> None:
    """Record that a delivery arrived, or was given up."""
    await tx.run(
        "UPDATE deliveries SET state = ?, failures = ?, ended_at = ?, reason = ? WHERE delivery_id = ?",
        state,
        failures,
        tx.now_s,
        reason,
        delivery_id,
    )


async def end_all(tx: Transaction, endpoint_id: int, *, reason: str) -> list[DeliveryRow]:
    """Give up all that is on its way to an endpoint and return it."""
    rows = await tx.all(
        f"{_DELIVERY} WHERE d.endpoint_id = ? AND d.state = 'pending' ORDER BY d.delivery_id", endpoint_id
    )
    await tx.run(
        "UPDATE deliveries SET state = 'dead', ended_at = ?, reason = ? WHERE endpoint_id = ? AND state = 'pending'",
        tx.now_s,
        reason,
        endpoint_id,
    )
    return [_delivery(row) for row in rows]


async def begin_again(tx: Transaction, delivery_id: int) -> None:
    """Send a delivery anew, under the same id and with the whole schedule before it."""
    await tx.run(
        "UPDATE deliveries SET state = 'pending', failures = 0, next_at = ?, ended_at = NULL, reason = NULL"
        " WHERE delivery_id = ?",
        tx.now_s,
        delivery_id,
    )


async def add_attempt(
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


async def attempts(tx: Transaction, delivery_id: int) -> list[AttemptRow]:
    """Return the attempts at a delivery, oldest first."""
    rows = await tx.all(
        "SELECT number, at, status, failure, latency_ms, answer FROM attempts WHERE delivery_id = ? ORDER BY number",
        delivery_id,
    )
    return [AttemptRow._make(row) for row in rows]


async def pending(tx: Transaction) -> int:
    """Return how many deliveries are on their way."""
    row = await tx.one("SELECT count(*) FROM deliveries WHERE state = 'pending'")
    assert row is not None
    return int(row[0])


async def counts(tx: Transaction) -> dict[str, int]:
    """Return how many deliveries there are in each state."""
    rows = await tx.all("SELECT state, count(*) FROM deliveries GROUP BY state")
    return {"pending": 0, "delivered": 0, "dead": 0, **{row[0]: row[1] for row in rows}}


async def counts_of(tx: Transaction, trigger_id: int) -> tuple[int, int]:
    """Return (pending, dead) deliveries of a trigger."""
    row = await tx.one(
        "SELECT coalesce(sum(d.state = 'pending'), 0), coalesce(sum(d.state = 'dead'), 0)"
        " FROM firings f JOIN deliveries d USING (firing_id) WHERE f.trigger_id = ?",
        trigger_id,
    )
    assert row is not None
    return int(row[0]), int(row[1])


async def try_now(tx: Transaction) -> None:
    """Make what was put off to a later time than any schedule knows due: the clock was set back meanwhile."""
    await tx.run("UPDATE deliveries SET next_at = ? WHERE state = 'pending' AND at > ?", tx.now_s, tx.now_s)


def _delivery(row: Row) -> DeliveryRow:
    return DeliveryRow._make((*row[:16], json.loads(row[16])))
