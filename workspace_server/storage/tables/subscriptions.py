"""Rows of subscriptions, of what is on its way to them, and of the receivers that have proven to want them."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from workspace_server.storage.database import Row, Transaction
from workspace_server.storage.tables import meta

_EDITION: Final = "subscriptions"
_SEEN: Final = "subscriptions_seen"


class SubscriptionRow(NamedTuple):
    """One subscription.

    Attributes:
        handle: Its name, made of the principal, the address, the event and the arguments.
        seen_seq: Up to where the log was looked at for it; None: as far as for all that are not behind.
        token: The public id of the token that it was last refreshed by; None when it was by none.
        refresh_before: When it ends unless it is refreshed, in seconds since 1970; None: never.
    """

    subscription_id: int
    handle: str
    principal: str
    endpoint_id: int
    url: str
    event: str
    arguments: dict[str, Any]
    secret: str
    old_secret: str | None
    old_secret_until: float | None
    created_at: float
    refresh_before: float | None
    seen_seq: int | None
    ended_at: float | None
    delivered_at: float | None
    failed_since: float | None
    last_error: str | None
    token: str | None

    def lives(self, now_s: float) -> bool:
        """Whether anything is still sent to it."""
        return self.ended_at is None and (self.refresh_before is None or now_s < self.refresh_before)

    def secrets(self, now_s: float) -> list[str]:
        """Return what signs now: one secret, or two while it is being changed."""
        old = self.old_secret if self.old_secret_until is not None and now_s < self.old_secret_until else None
        return [self.secret] if old is None else [self.secret, old]


_SUBSCRIPTION = (
    "SELECT s.subscription_id, s.handle, s.principal, s.endpoint_id, e.url, s.event, s.arguments, s.secret,"
    " s.old_secret, s.old_secret_until, s.created_at, s.refresh_before, s.seen_seq, s.ended_at, s.delivered_at,"
    " s.failed_since, s.last_error, s.token FROM subscriptions s JOIN endpoints e USING (endpoint_id)"
)


async def edition(tx: Transaction) -> str:
    """Return what names the present set of subscriptions; another set, or another place of one, has another name."""
    return await meta.fact(tx, _EDITION) or "0"


async def _next_edition(tx: Transaction) -> None:
    await meta.set_fact(tx, _EDITION, str(int(await edition(tx)) + 1))


async def seen_seq(tx: Transaction) -> int | None:
    """Return up to where the log was looked at for all that are not behind; None while there was never any."""
    kept = await meta.fact(tx, _SEEN)
    return None if kept is None else int(kept)


async def set_seen_seq(tx: Transaction, seq: int) -> None:
    """Say up to where the log was looked at."""
    await meta.set_fact(tx, _SEEN, str(seq))


async def by_handle(tx: Transaction, handle: str) -> SubscriptionRow | None:
    """Return the subscription of that name, also one that has ended lately."""
    row = await tx.one(f"{_SUBSCRIPTION} WHERE s.handle = ?", handle)
    return None if row is None else _subscription(row)


async def by_id(tx: Transaction, subscription_id: int) -> SubscriptionRow | None:
    """Return a subscription, also one that has ended lately."""
    row = await tx.one(f"{_SUBSCRIPTION} WHERE s.subscription_id = ?", subscription_id)
    return None if row is None else _subscription(row)


async def present(tx: Transaction, principal: str | None = None) -> list[SubscriptionRow]:
    """Return those that have not ended, the oldest first: all, or those of one principal."""
    mine = "" if principal is None else " AND s.principal = ?"
    parameters = () if principal is None else (principal,)
    rows = await tx.all(f"{_SUBSCRIPTION} WHERE s.ended_at IS NULL{mine} ORDER BY s.subscription_id", *parameters)
    return [_subscription(row) for row in rows]


async def counts(tx: Transaction, principal: str) -> tuple[int, int]:
    """Return how many there are, and how many of one principal."""
    row = await tx.one(
        "SELECT count(*), coalesce(sum(principal = ?), 0) FROM subscriptions WHERE ended_at IS NULL", principal
    )
    assert row is not None
    return int(row[0]), int(row[1])


async def any_at(tx: Transaction, endpoint_id: int) -> bool:
    """Return whether a subscription sends to an endpoint that has not ended."""
    found = "SELECT 1 FROM subscriptions WHERE endpoint_id = ? AND ended_at IS NULL LIMIT 1"
    return await tx.one(found, endpoint_id) is not None


async def begin(
    tx: Transaction,
    *,
    handle: str,
    principal: str,
    token: str | None,
    endpoint_id: int,
    event: str,
    arguments: Mapping[str, Any],
    secret: str,
    refresh_before: float | None,
    seen: int,
) -> int:
    """Make a subscription, or begin one anew that has ended, and return its id."""
    row = await tx.one(
        "INSERT INTO subscriptions (handle, principal, endpoint_id, event, arguments, secret, created_at,"
        " refresh_before, seen_seq, token) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"
        " ON CONFLICT (handle) DO UPDATE SET endpoint_id = ?3, secret = ?6, old_secret = NULL,"
        " old_secret_until = NULL, created_at = ?7,"
        " refresh_before = ?8, seen_seq = ?9, ended_at = NULL, delivered_at = NULL, failed_since = NULL,"
        " last_error = NULL, token = ?10 RETURNING subscription_id",
        handle,
        principal,
        endpoint_id,
        event,
        json.dumps(arguments, ensure_ascii=False),
        secret,
        tx.now_s,
        refresh_before,
        seen,
        token,
    )
    assert row is not None
    await _next_edition(tx)
    return int(row[0])


async def refresh(
    tx: Transaction,
    row: SubscriptionRow,
    *,
    token: str | None,
    secret: str,
    overlap_s: float,
    refresh_before: float | None,
) -> None:
    """Let a subscription live on, by that token; another secret signs beside the old one for *overlap_s* seconds."""
    changed = secret != row.secret
    await tx.run(
        "UPDATE subscriptions SET refresh_before = ?, secret = ?, old_secret = ?, old_secret_until = ?,"
        " token = ? WHERE subscription_id = ?",
        refresh_before,
        secret,
        row.secret if changed else row.old_secret,
        tx.now_s + overlap_s if changed else row.old_secret_until,
        token,
        row.subscription_id,
    )
    await _next_edition(tx)


async def set_place(tx: Transaction, subscription_id: int, seen: int | None) -> None:
    """Say up to where the log was looked at for one; None: as far as for all others."""
    await tx.run("UPDATE subscriptions SET seen_seq = ? WHERE subscription_id = ?", seen, subscription_id)
    await _next_edition(tx)


async def end(tx: Transaction, subscription_id: int) -> None:
    """Send nothing to it any more."""
    await tx.run("UPDATE subscriptions SET ended_at = ? WHERE subscription_id = ?", tx.now_s, subscription_id)
    await _next_edition(tx)


async def arrived(tx: Transaction, row: SubscriptionRow) -> None:
    """Say that its receiver has taken something."""
    await tx.run(
        "UPDATE subscriptions SET delivered_at = ?, failed_since = NULL, last_error = NULL WHERE subscription_id = ?",
        tx.now_s,
        row.subscription_id,
    )
    if row.failed_since is not None:
        await _next_edition(tx)


async def failed(tx: Transaction, row: SubscriptionRow, error: str) -> None:
    """Say that its receiver has not taken something."""
    await tx.run(
        "UPDATE subscriptions SET failed_since = coalesce(failed_since, ?), last_error = ? WHERE subscription_id = ?",
        tx.now_s,
        error,
        row.subscription_id,
    )
    if row.failed_since is None:
        await _next_edition(tx)


async def forget_old(tx: Transaction, kept_s: float) -> None:
    """Drop what ended so long ago, and receivers whose proof is as old."""
    await tx.run("DELETE FROM subscriptions WHERE ended_at < ?", tx.now_s - kept_s)
    await tx.run("DELETE FROM verified_receivers WHERE verified_at < ?", tx.now_s - kept_s)


async def put_on_way(tx: Transaction, subscription_id: int, seq: int, delivery_id: int) -> None:
    """Say which delivery carries an event to a subscription."""
    await tx.run("INSERT INTO subscription_deliveries VALUES (?, ?, ?)", subscription_id, seq, delivery_id)


async def take_off_way(tx: Transaction, subscription_id: int, seq: int) -> None:
    """Say that an event has arrived, or was given up."""
    await tx.run("DELETE FROM subscription_deliveries WHERE subscription_id = ? AND seq = ?", subscription_id, seq)


async def on_way(tx: Transaction, subscription_id: int) -> list[tuple[int, int]]:
    """Return what is on its way to a subscription as (seq, delivery), oldest first."""
    rows: Sequence[Row] = await tx.all(
        "SELECT seq, delivery_id FROM subscription_deliveries WHERE subscription_id = ? ORDER BY seq", subscription_id
    )
    return [(row[0], row[1]) for row in rows]


async def way(tx: Transaction, subscription_id: int) -> tuple[int | None, int]:
    """Return the oldest seq that is on its way to a subscription, and how many are."""
    row = await tx.one(
        "SELECT min(seq), count(*) FROM subscription_deliveries WHERE subscription_id = ?", subscription_id
    )
    assert row is not None
    return row[0], int(row[1])


async def verified_at(tx: Transaction, principal: str, url: str) -> float | None:
    """Return when a receiver last proved that it wants a principal's subscriptions."""
    row = await tx.one("SELECT verified_at FROM verified_receivers WHERE principal = ? AND url = ?", principal, url)
    return None if row is None else float(row[0])


async def set_verified(tx: Transaction, principal: str, url: str) -> None:
    """Say that a receiver has proven it now."""
    await tx.run(
        "INSERT INTO verified_receivers VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET verified_at = ?3",
        principal,
        url,
        tx.now_s,
    )


def _subscription(row: Row) -> SubscriptionRow:
    return SubscriptionRow._make((*row[:6], json.loads(row[6]), *row[7:]))
