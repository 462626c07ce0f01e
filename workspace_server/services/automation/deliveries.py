"""Webhooks on their way: the outbox is emptied at least once, in order per target and path, and everything is logged.

What is to be sent, and when, stands in the database alone. Memory holds only what is in flight, so that a stop or a
crash loses nothing: an attempt that was cut off left no trace, and is made again at start.
"""

import asyncio
import logging
import random
from collections import defaultdict
from collections.abc import Set as AbstractSet
from typing import Any, Final

import anyio

from workspace_server.config import Settings
from workspace_server.core.access import SERVER, Caller
from workspace_server.core.limits import LIMITS
from workspace_server.core.retry import delay_s, parse_retry_after
from workspace_server.core.triggers.fields import check_name
from workspace_server.delivery.guard import Policy, origin, parse_allow
from workspace_server.delivery.sender import Answer, Sender
from workspace_server.delivery.signing import Message, signed_headers
from workspace_server.errors import InvalidArgument, NotFound
from workspace_server.services.arguments import bounded, plain_text, refused
from workspace_server.services.automation.bells import Bell
from workspace_server.services.automation.reaction import Reaction
from workspace_server.services.automation.targets.handing import Made
from workspace_server.services.folder import Folder
from workspace_server.services.recording import Commit, Result
from workspace_server.services.times import iso
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import deliveries, triggers
from workspace_server.storage.tables.deliveries import DeliveryRow

log = logging.getLogger(__name__)

IN_FLIGHT_FAILURES: Final = 3
"""After so many failed attempts a firing no longer keeps the next one of its key waiting."""
LOOK_S_MAX: Final = 30.0
"""Longest time without a look at the outbox: the clock may have been set."""
AFTER_FAILURE_S: Final = 1.0
ID_CHARS_MAX: Final = 100
STATES: Final = ("pending", "delivered", "dead")
GONE: Final = 410
TOO_LARGE: Final = 413


class Deliveries:
    """Sends webhooks, and tells what became of them. Errors: not_found, invalid_argument, forbidden."""

    def __init__(self, folder: Folder, reaction: Reaction, policy: Policy) -> None:
        self._folder = folder
        self._reaction = reaction
        self._policy = policy
        self._bell = Bell()
        self._ready: set[int] = set()
        self._look_at = 0.0
        """When something that waits for its time is due, in seconds since 1970."""
        self._in_flight: defaultdict[int, set[int]] = defaultdict(set)

    async def run(self) -> None:
        """Send what is due until cancelled; attempts that this cuts off are made again at the next start."""
        if not self.are_sent:
            await anyio.sleep_forever()
        begun = False
        async with Sender(self._policy) as sender, asyncio.TaskGroup() as attempts:
            while True:
                try:
                    if not begun:
                        await self._folder.db.write(deliveries.try_now)
                        begun = True
                    wait_s = await self._step(sender, attempts)
                except Exception:
                    log.exception("the outbox could not be read")
                    wait_s = AFTER_FAILURE_S
                await self._bell.wait(wait_s)

    def look(self) -> None:
        """Look at the outbox now: the time has moved."""
        self._bell.ring()

    def due(self, endpoint_id: int) -> None:
        """Look at what is on its way to an endpoint."""
        self._ready.add(endpoint_id)
        self._bell.ring()

    async def list_deliveries(
        self,
        caller: Caller,
        *,
        trigger: str | None = None,
        state: str | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Result:
        """Return `{deliveries, next_cursor?}` with their attempts, newest first."""
        caller.require("trigger")
        bounded("limit", limit, 1, LIMITS.deliveries_page_max)
        if trigger is not None:
            check_name("trigger", trigger)
        if state not in {None, *STATES}:
            raise refused("state", f"must be one of {', '.join(STATES)}")
        if cursor is not None and not (cursor.isascii() and cursor.isdigit() and len(cursor) < 19):
            raise refused("cursor", "is not one that this list gave")
        before = None if cursor is None else int(cursor)

        async def read(tx: Transaction) -> Result:
            rows = await deliveries.page(tx, before=before, limit=limit + 1, state=state, trigger=trigger)
            shown: Result = {"deliveries": [await _shown(tx, row) for row in rows[:limit]]}
            return shown if len(rows) <= limit else {**shown, "next_cursor": str(rows[limit - 1].delivery_id)}

        return await self._folder.db.read_long(read)

    async def redeliver(self, caller: Caller, *, delivery: str) -> Result:
        """Send a delivery again under the same id and return `{delivery, state}`; a disabled endpoint is tried anew."""
        caller.require("trigger")
        plain_text("delivery", delivery, ID_CHARS_MAX)

        async def body(commit: Commit) -> Result:
            tx = commit.tx
            row = await deliveries.by_message(tx, delivery)
            if row is None:
                raise NotFound(
                    f"There is no delivery {delivery}.", hint="list_deliveries() shows them.", delivery=delivery
                )
            await deliveries.set_disabled(tx, row.endpoint_id, disabled=False)
            await deliveries.begin_again(tx, row.delivery_id)
            tx.after_commit(lambda: self.due(row.endpoint_id))
            return {"delivery": delivery, "state": "pending"}

        return await self._folder.recorder.change(caller, "redeliver", body)

    @property
    def are_sent(self) -> bool:
        """Whether anything is sent at all: the setting `deliveries`."""
        return self._folder.settings.deliveries

    async def pending(self) -> int:
        """Return how many deliveries are on their way."""
        return await self._folder.db.read(deliveries.pending)

    async def status(self) -> Result:
        """Return how many deliveries there are in each state, and `off: true` when none is sent, for `status`."""
        counts = await self._folder.db.read_long(deliveries.counts)
        return dict(counts) if self.are_sent else {**counts, "off": True}

    async def _step(self, sender: Sender, attempts: asyncio.TaskGroup) -> float:
        """Start what is due and return in how many seconds to look again."""
        ready, self._ready = self._ready, set()
        now_s = self._folder.clock.wall_s()
        if not ready or now_s >= self._look_at:
            ready.update(await self._folder.db.read(deliveries.due_endpoints))
        for endpoint_id in ready:
            for row in await self._startable(endpoint_id):
                self._in_flight[endpoint_id].add(row.delivery_id)
                attempts.create_task(self._attempt(sender, row))
        next_at = await self._folder.db.read(deliveries.next_due)
        self._look_at = now_s + LOOK_S_MAX if next_at is None else min(next_at, now_s + LOOK_S_MAX)
        return max(0.0, self._look_at - now_s)

    async def _startable(self, endpoint_id: int) -> list[DeliveryRow]:
        flying = self._in_flight.get(endpoint_id, set())
        room = LIMITS.deliveries_in_flight_max - len(flying)
        if room <= 0:
            return []  # the end of any of them looks again
        # What flies is still the oldest of its lane, and comes back with the rest.
        most = room + len(flying)
        rows = await self._folder.db.read(lambda tx: deliveries.due(tx, endpoint_id, limit=most))
        return [row for row in rows if row.delivery_id not in flying][:room]

    async def _attempt(self, sender: Sender, row: DeliveryRow) -> None:
        """Make one attempt and record it."""
        try:
            answer = await self._send(sender, row)

            async def body(commit: Commit) -> Result:
                for made in await self._settle(commit.tx, row.delivery_id, answer):
                    await commit.add(made.type, path=made.path, version=made.version, **made.data)
                return {}

            await self._folder.recorder.change(SERVER, "deliver", body)
        except Exception:
            log.exception("an attempt could not be recorded; it will be made again")
            await asyncio.sleep(AFTER_FAILURE_S)
        finally:
            flying = self._in_flight[row.endpoint_id]
            flying.discard(row.delivery_id)
            if not flying:
                del self._in_flight[row.endpoint_id]
            self.due(row.endpoint_id)

    async def _send(self, sender: Sender, row: DeliveryRow) -> Answer:
        inputs = [{**one, "url": self._folder.url(one["path"])} for one in row.data["inputs"]]
        message = Message(
            message_id=row.message_id,
            source=f"workspace://{self._folder.name}",
            type="trigger.fired",
            at=row.fired_at,
            subject=inputs[0]["path"] if len(inputs) == 1 else row.trigger,
            seq=row.data["seq"],
            root=row.root,
            data={**row.data, "inputs": inputs},
        )
        body = message.body()
        assert row.secret is not None
        if len(body) > LIMITS.delivery_body_bytes_max:
            return Answer(status=TOO_LARGE, detail="the body is larger than a webhook may be")
        headers = signed_headers(message, body, secret=row.secret, now_s=self._folder.clock.wall_s())
        return await sender.post(row.url, body, headers)

    async def _settle(self, tx: Transaction, delivery_id: int, answer: Answer) -> list[Made]:
        """Record what came of an attempt, and what follows from it."""
        row = await deliveries.by_id(tx, delivery_id)
        if row.state != "pending" and not answer.delivered:
            return []  # given up meanwhile, with all that was on its way to a disabled endpoint
        number = await deliveries.add_attempt(
            tx,
            delivery_id,
            status=answer.status,
            failure=answer.failure,
            latency_ms=answer.latency_ms,
            answer=answer.excerpt or answer.detail,
        )
        if answer.delivered:
            await deliveries.end(tx, delivery_id, "delivered", failures=row.failures)
            return await self._reaction.finish(tx, row.firing_id)
        failures = row.failures + 1
        if answer.status == GONE:
            return await self._disable(tx, row)
        wait_s = None if answer.status == TOO_LARGE else _wait_s(failures, answer, now_s=tx.now_s)
        if wait_s is None:
            reason = answer.detail or f"HTTP {answer.status}"
            await deliveries.end(tx, delivery_id, "dead", failures=failures, reason=reason)
            return [_failed(row, reason, number), *await self._reaction.finish(tx, row.firing_id)]
        await deliveries.put_off(tx, delivery_id, failures=failures, next_at=tx.now_s + wait_s)
        return await self._reaction.finish(tx, row.firing_id) if failures == IN_FLIGHT_FAILURES else []

    async def _disable(self, tx: Transaction, row: DeliveryRow) -> list[Made]:
        """The receiver wants no more: give up all that is on its way there."""
        reason = "the endpoint is disabled: it answered 410"
        await deliveries.set_disabled(tx, row.endpoint_id, disabled=True)
        made = [Made(type="endpoint.disabled", data={"endpoint": origin(row.url), "delivery": row.message_id})]
        given_up = await deliveries.end_all(tx, row.endpoint_id, reason=reason)
        made += [_failed(one, reason, one.failures) for one in given_up]
        for one in given_up:
            made += await self._reaction.finish(tx, one.firing_id)
        return made


def policy_of(settings: Settings, own_ports: AbstractSet[int] = frozenset()) -> Policy:
    """Return where the settings let requests go.

    Args:
        own_ports: The server's own ports; more may be added to the set later.

    Raises:
        InvalidArgument: An entry of the list is malformed.
    """
    try:
        allow = parse_allow(settings.webhooks_allow)
    except ValueError as error:
        raise InvalidArgument(
            f"webhooks.allow: {error}.",
            hint="For example hooks.example.com, or 10.1.0.0/16.",
            argument="webhooks.allow",
            reason=str(error),
        ) from None
    return Policy(allow=allow, allow_loopback=settings.webhooks_allow_loopback, own_ports=own_ports)


def _wait_s(failures: int, answer: Answer, *, now_s: float) -> float | None:
    asked = parse_retry_after(answer.retry_after, now_s=now_s)
    chance = random.random()  # noqa: S311 - spreads load, guards nothing
    return delay_s(failures, chance=chance, retry_after_s=asked)


def _failed(row: DeliveryRow, reason: str, attempts: int) -> Made:
    data: dict[str, Any] = {
        "delivery": row.message_id,
        "trigger": row.trigger,
        "firing": triggers.firing_name(row.firing_id),
        "endpoint": origin(row.url),
        "attempts": attempts,
        "reason": reason,
    }
    return Made(type="delivery.failed", data=data)


async def _shown(tx: Transaction, row: DeliveryRow) -> Result:
    attempts = await deliveries.attempts(tx, row.delivery_id)
    shown: Result = {
        "delivery": row.message_id,
        "trigger": row.trigger,
        "firing": triggers.firing_name(row.firing_id),
        "endpoint": origin(row.url),
        "state": row.state,
        "at": iso(row.at),
        "next_at": iso(row.next_at) if row.state == "pending" else None,
        "ended_at": None if row.ended_at is None else iso(row.ended_at),
        "reason": row.reason,
        "attempts": [
            {
                "number": one.number,
                "at": iso(one.at),
                "status": one.status,
                "failure": one.failure,
                "latency_ms": one.latency_ms,
                "answer": one.answer,
            }
            for one in attempts
        ],
    }
    return {name: value for name, value in shown.items() if value is not None}
