"""What comes of an attempt: the delivery has arrived, waits for its next one, or is given up."""

import random
from collections.abc import Mapping
from typing import Final

from workspace_server.core import breaker
from workspace_server.core.retry import delay_s, parse_retry_after
from workspace_server.delivery.guard import origin
from workspace_server.delivery.sender import Answer
from workspace_server.services.automation.endpoints import endpoint_name
from workspace_server.services.automation.sending.kinds import Kind
from workspace_server.services.recording import Commit
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import attempts, deliveries, endpoints
from workspace_server.storage.tables.deliveries import DeliveryRow

GONE: Final = 410
TOO_LARGE: Final = 413
OURS: Final = frozenset({"refused", "unsendable"})
"""Failures that say nothing about the receiver: it was never asked."""
GIVEN_UP_AT_ONCE: Final = 500
"""Most deliveries to a disabled endpoint that one transaction gives up."""
DISABLED: Final = "the endpoint is disabled: it answered 410"


class Settling:
    """Records what came of attempts, inside somebody's commit."""

    def __init__(self, kinds: Mapping[str, Kind]) -> None:
        self._kinds = kinds

    async def settle(self, commit: Commit, delivery_id: int, answer: Answer) -> int | None:
        """Record one attempt and what follows from it; return its number, or None when it does not count any more."""
        tx = commit.tx
        row = await deliveries.by_id(tx, delivery_id)
        if row.state != "pending" and not answer.delivered:
            return None  # given up meanwhile, with all that was on its way to a disabled endpoint
        number = await attempts.add(
            tx,
            delivery_id,
            status=answer.status,
            failure=answer.failure,
            latency_ms=answer.latency_ms,
            answer=answer.excerpt or answer.detail,
        )
        await self._follow(commit, row, answer, number)
        return number

    async def give_up_disabled(self, commit: Commit, endpoint_id: int) -> bool:
        """Give up what is on its way to a disabled endpoint, so much of it that others need not wait for long.

        Returns:
            Whether there is more.
        """
        endpoint = await endpoints.by_id(commit.tx, endpoint_id)
        assert endpoint is not None
        if endpoint.disabled_at is None:
            return False  # enabled again meanwhile
        rows = await deliveries.pending_of(commit.tx, endpoint_id, limit=GIVEN_UP_AT_ONCE)
        for row in rows:
            await self._give_up(commit, row, DISABLED, failures=row.failures, attempts=row.failures)
        return len(rows) == GIVEN_UP_AT_ONCE

    async def _follow(self, commit: Commit, row: DeliveryRow, answer: Answer, number: int) -> None:
        """Do what follows from an attempt."""
        tx, kind = commit.tx, self._kinds[row.kind]
        await _count(tx, row, answer)
        if answer.delivered:
            await deliveries.end(tx, row, "delivered", failures=row.failures)
            await kind.ended(commit, row, reason=None, attempts=number)
            return
        failures = row.failures + 1
        if answer.status == GONE and kind.ends_endpoint:
            await endpoints.set_disabled(tx, row.endpoint_id, disabled=True)
            name, address = endpoint_name(row.endpoint_id), origin(row.url)
            await commit.add("endpoint.disabled", endpoint=name, address=address, delivery=row.message_id)
            await self._give_up(commit, row, DISABLED, failures=failures, attempts=number)
            return
        wait_s = None if _is_final(answer) or failures >= kind.attempts_max else _wait_s(failures, answer, tx.now_s)
        if wait_s is None:
            reason = answer.detail or f"HTTP {answer.status}"
            await self._give_up(commit, row, reason, failures=failures, attempts=number)
        else:
            await deliveries.put_off(tx, row.delivery_id, failures=failures, next_at=tx.now_s + wait_s)
            await kind.failed(commit, row, failures)

    async def _give_up(self, commit: Commit, row: DeliveryRow, reason: str, *, failures: int, attempts: int) -> None:
        await deliveries.end(commit.tx, row, "dead", failures=failures, reason=reason)
        await self._kinds[row.kind].ended(commit, row, reason=reason, attempts=attempts)


def rest_s(answer: Answer, now_s: float) -> float | None:
    """Return for how many seconds a receiver asked to be left alone."""
    return parse_retry_after(answer.retry_after, now_s=now_s)


async def _count(tx: Transaction, row: DeliveryRow, answer: Answer) -> None:
    """Let the endpoint's breaker know. What the receiver says of one body alone is no failure of the endpoint."""
    if answer.failure in OURS or answer.status in {GONE, TOO_LARGE}:
        return
    endpoint = await endpoints.by_id(tx, row.endpoint_id)
    assert endpoint is not None
    now = breaker.after(endpoint.breaker, failed=not answer.delivered, now_s=tx.now_s)
    if now != endpoint.breaker:
        await endpoints.set_breaker(tx, row.endpoint_id, now)


def _is_final(answer: Answer) -> bool:
    """Whether another attempt could have no other end."""
    return answer.status in {GONE, TOO_LARGE} or answer.failure == "unsendable"


def _wait_s(failures: int, answer: Answer, now_s: float) -> float | None:
    chance = random.random()  # noqa: S311 - spreads load, guards nothing
    return delay_s(failures, chance=chance, retry_after_s=rest_s(answer, now_s))
