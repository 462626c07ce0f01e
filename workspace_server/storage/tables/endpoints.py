"""Rows of endpoints: where deliveries go, and whether they may."""

import json
from collections.abc import Sequence
from typing import NamedTuple

from workspace_server.core.breaker import Breaker
from workspace_server.storage.database import Row, Transaction


class EndpointRow(NamedTuple):
    """One endpoint.

    Attributes:
        disabled_at: Since when it wants no more (410); None while it does.
        paused_at: Since when a person holds back what goes there; None while nobody does.
    """

    endpoint_id: int
    url: str
    disabled_at: float | None
    breaker: Breaker
    paused_at: float | None


_COLUMNS = "endpoint_id, url, disabled_at, breaker, paused_at"
_ENDPOINT = f"SELECT {_COLUMNS} FROM endpoints"


async def of_url(tx: Transaction, url: str) -> EndpointRow:
    """Return the endpoint of *url*, made when it is new."""
    row = await tx.one(f"{_ENDPOINT} WHERE url = ?", url)
    if row is None:
        row = await tx.one(f"INSERT INTO endpoints (url) VALUES (?) RETURNING {_COLUMNS}", url)
        assert row is not None
    return _endpoint(row)


async def by_id(tx: Transaction, endpoint_id: int) -> EndpointRow | None:
    """Return an endpoint."""
    row = await tx.one(f"{_ENDPOINT} WHERE endpoint_id = ?", endpoint_id)
    return None if row is None else _endpoint(row)


async def of_urls(tx: Transaction, urls: Sequence[str]) -> list[EndpointRow]:
    """Return the endpoints that there are of those addresses."""
    rows = await tx.all(f"{_ENDPOINT} WHERE url IN (SELECT value FROM json_each(?))", json.dumps(urls))
    return [_endpoint(row) for row in rows]


async def page(
    tx: Transaction, *, before: int | None, limit: int, urls: Sequence[str] | None = None
) -> list[EndpointRow]:
    """Return endpoints, newest first: all, or those of some addresses."""
    chosen = "" if urls is None else " AND url IN (SELECT value FROM json_each(?3))"
    rows = await tx.all(
        f"{_ENDPOINT} WHERE endpoint_id < ?1{chosen} ORDER BY endpoint_id DESC LIMIT ?2",
        before if before is not None else 1 << 62,
        limit,
        *(() if urls is None else (json.dumps(urls),)),
    )
    return [_endpoint(row) for row in rows]


async def by_state(tx: Transaction) -> dict[str, int]:
    """Return how many endpoints are sent to, held back, left alone because they fail, and want no more."""
    row = await tx.one(
        "SELECT coalesce(sum(disabled_at IS NOT NULL), 0),"
        " coalesce(sum(disabled_at IS NULL AND paused_at IS NOT NULL), 0),"
        " coalesce(sum(disabled_at IS NULL AND paused_at IS NULL AND breaker ->> 'open_until_s' IS NOT NULL), 0),"
        " count(*) FROM endpoints"
    )
    assert row is not None, "a count is always one row"
    disabled, paused, failing, every = (int(number) for number in row)
    return {"active": every - disabled - paused - failing, "paused": paused, "failing": failing, "disabled": disabled}


async def set_disabled(tx: Transaction, endpoint_id: int, *, disabled: bool) -> None:
    """Stop sending to an endpoint, or begin again."""
    await tx.run(
        "UPDATE endpoints SET disabled_at = ? WHERE endpoint_id = ?", tx.now_s if disabled else None, endpoint_id
    )


async def set_paused(tx: Transaction, endpoint_id: int, *, paused: bool) -> None:
    """Hold back what goes to an endpoint, or let it go."""
    await tx.run("UPDATE endpoints SET paused_at = ? WHERE endpoint_id = ?", tx.now_s if paused else None, endpoint_id)


async def set_breaker(tx: Transaction, endpoint_id: int, breaker: Breaker) -> None:
    """Record how an endpoint's breaker stands."""
    await tx.run("UPDATE endpoints SET breaker = ? WHERE endpoint_id = ?", json.dumps(breaker.as_json()), endpoint_id)


def _endpoint(row: Row) -> EndpointRow:
    return EndpointRow(row[0], row[1], row[2], Breaker.from_json(json.loads(row[3])), row[4])
