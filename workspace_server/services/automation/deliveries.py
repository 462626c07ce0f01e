"""Webhooks on their way: what was sent, what waits, what was given up, and how to send it again."""

from collections.abc import Callable, Sequence
from typing import Final

from workspace_server.core.access import SERVER, Caller, local
from workspace_server.core.limits import LIMITS
from workspace_server.core.moments import parse_moment
from workspace_server.core.triggers.fields import check_name
from workspace_server.core.triggers.reach import has_all
from workspace_server.delivery.guard import Policy, origin
from workspace_server.errors import NotFound
from workspace_server.services.arguments import bounded, page_cursor, plain_text, refused
from workspace_server.services.automation import attention
from workspace_server.services.automation.endpoints import (
    enable,
    endpoint_name,
    endpoint_number,
)
from workspace_server.services.automation.reaction import Reaction
from workspace_server.services.automation.sending.dispatch import Dispatch
from workspace_server.services.automation.sending.kinds import Kind, Unsendable
from workspace_server.services.automation.sending.webhooks import FiringWebhook, WebhookTest
from workspace_server.services.automation.sight import named, page, present, seen_among
from workspace_server.services.folder import Folder
from workspace_server.services.recording import Commit, Result
from workspace_server.services.times import iso
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import attempts, deliveries, triggers
from workspace_server.storage.tables.attempts import AttemptRow
from workspace_server.storage.tables.deliveries import DeliveryRow, State

ID_CHARS_MAX: Final = 100
MOMENT_CHARS_MAX: Final = 40
OF_TRIGGERS: Final = ("firing", "test")
"""The kinds of deliveries that triggers send."""
STATES: Final = ("pending", "delivered", "dead")
FORGOTTEN_AT_ONCE: Final = 1_000


class Deliveries:
    """Sends webhooks, and tells what became of them. Errors: not_found, invalid_argument, forbidden.

    Attributes:
        standing: Returns an agent with what it may do by now: looked at whenever something is sent.
    """

    def __init__(self, folder: Folder, reaction: Reaction, policy: Policy) -> None:
        self._folder = folder
        self.standing: Callable[[str], Caller] = local

        def standing(agent: str) -> Caller:
            return self.standing(agent)

        firing = FiringWebhook(folder, reaction, standing)
        self._kinds: dict[str, Kind] = {"firing": firing, "test": WebhookTest(folder)}
        self._dispatch = Dispatch(folder, policy, self._kinds)

    def take(self, name: str, kind: Kind) -> None:
        """Send deliveries of one more kind; call before `run`."""
        self._kinds[name] = kind

    async def run(self) -> None:
        """Send what is due until cancelled; attempts that this cuts off are made again at the next start."""
        await self._dispatch.run()

    def look(self) -> None:
        """Look at the outbox now: the time has moved."""
        self._dispatch.look()

    def due(self, endpoint_id: int) -> None:
        """Look at one endpoint now: call after a commit that put something into the outbox for it."""
        self._dispatch.due(endpoint_id)

    async def list_deliveries(
        self,
        caller: Caller,
        *,
        trigger: str | None = None,
        state: str | None = None,
        endpoint: str | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Result:
        """Return `{deliveries, next_cursor?}` with their attempts, newest first; a page may be short."""
        caller.require_somewhere("trigger")
        bounded("limit", limit, 1, LIMITS.deliveries_page_max)
        if trigger is not None:
            check_name("trigger", trigger)
        _check_state(state)
        before = page_cursor(cursor)
        endpoint_id = None if endpoint is None else endpoint_number(endpoint)

        async def read(tx: Transaction) -> Result:
            chosen = None
            if trigger is not None:
                chosen = sorted(await seen_among(tx, caller, await triggers.ever_named(tx, trigger)))

            async def some(before: int | None, most: int) -> list[DeliveryRow]:
                return await deliveries.page(
                    tx, before=before, limit=most, state=state, trigger_ids=chosen, endpoint_id=endpoint_id
                )

            rows, following = await page(
                tx, caller, some, before=before, limit=limit, place=lambda row: (row.delivery_id, row.trigger_id)
            )
            shown: Result = {"deliveries": await _shown(tx, rows)}
            return shown if following is None else {**shown, "next_cursor": str(following)}

        return await self._folder.db.read_long(read)

    async def get_delivery(self, caller: Caller, *, delivery: str) -> Result:
        """Return one delivery with its attempts, as the list shows it."""
        caller.require_somewhere("trigger")
        plain_text("delivery", delivery, ID_CHARS_MAX)

        async def read(tx: Transaction) -> Result:
            return (await _shown(tx, [await _found(tx, caller, delivery)]))[0]

        return await self._folder.db.read(read)

    async def read_body(self, caller: Caller, *, delivery: str) -> Result:
        """Return `{delivery, body?, problem?}`: what a delivery says, as it would be sent now; not its signature."""
        caller.require_somewhere("trigger")
        caller.require_somewhere("read")
        plain_text("delivery", delivery, ID_CHARS_MAX)
        row = await self._folder.db.read(lambda tx: _found(tx, caller, delivery))
        if row.kind not in OF_TRIGGERS:
            caller.require("admin")  # what goes to somebody's subscription is between the two
        try:
            request = await self._kinds[row.kind].request(row)
        except Unsendable as unsendable:
            return {"delivery": delivery, "problem": str(unsendable)}
        return {"delivery": delivery, "body": request.body.decode()}

    async def redeliver(self, caller: Caller, *, delivery: str) -> Result:
        """Send a delivery again under the same id and return `{delivery, state}`; a disabled endpoint is tried anew."""
        caller.require_somewhere("trigger")
        plain_text("delivery", delivery, ID_CHARS_MAX)

        async def body(commit: Commit) -> Result:
            commit.about = delivery
            await self._send_again(commit, [await _found(commit.tx, caller, delivery)])
            return {"delivery": delivery, "state": "pending"}

        return await self._folder.recorder.change(caller, "redeliver", body)

    async def redeliver_since(
        self,
        caller: Caller,
        *,
        since: str | float,
        until: str | float | None = None,
        state: str = "dead",
        trigger: str | None = None,
    ) -> Result:
        """Send again what came to its end since then, and return `{redelivered, more, until}`.

        Args:
            since: A span before now (`2h`) or a time.
            until: Only what came to its end before this; by default, before now.
            state: `dead` for what was given up; `delivered` for a receiver that has lost what it had taken.
            trigger: Only what this one sent.

        Returns:
            How many are on their way again, and whether there are more: then call again with the same `until`, so that
            what has arrived or failed anew meanwhile is not sent once more.
        """
        caller.require_somewhere("trigger")
        if state not in {"dead", "delivered"}:
            raise refused("state", "must be dead or delivered")
        chosen: State = "dead" if state == "dead" else "delivered"
        since_s = self._moment_s("since", since)
        until_s = self._folder.clock.wall_s() if until is None else self._moment_s("until", until)
        if trigger is not None:
            check_name("trigger", trigger)

        async def body(commit: Commit) -> Result:
            most, commit.about = LIMITS.redeliveries_max, trigger or "*"
            trigger_ids = await _chosen(commit.tx, caller, trigger)
            rows = await deliveries.ended_between(
                commit.tx, since_s, until_s, state=chosen, trigger_ids=trigger_ids, limit=most + 1
            )
            await self._send_again(commit, rows[:most])
            return {"redelivered": len(rows[:most]), "more": len(rows) > most, "until": iso(until_s)}

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

    async def forget_old(self) -> None:
        """Drop what ended long ago, a part at a time, so that nobody waits for it; a dead letter needs nobody then."""

        async def body(commit: Commit) -> Result:
            old = await deliveries.forget_old(commit.tx, LIMITS.delivery_kept_s, limit=FORGOTTEN_AT_ONCE)
            for message_id in old:
                await attention.resolve(commit, "dead_letter", message_id, outcome="forgotten")
            return {"forgotten": len(old)}

        while (await self._folder.recorder.change(SERVER, "forget", body))["forgotten"] == FORGOTTEN_AT_ONCE:
            pass

    def _moment_s(self, argument: str, given: str | float) -> float:
        """Return a span before now, or a time, in seconds since 1970."""
        text = plain_text(argument, str(given), MOMENT_CHARS_MAX)
        assert text is not None
        moment = parse_moment(text, argument=argument, now_s=self._folder.clock.wall_s())
        if moment.at_s is None:
            raise refused(argument, "must be a span or a time", "For example 2h, or 2026-11-21T09:30:00Z.")
        return moment.at_s

    async def _send_again(self, commit: Commit, rows: Sequence[DeliveryRow]) -> None:
        """Put deliveries back into the outbox; whoever asks for that means their endpoints, too."""
        for endpoint_id in {row.endpoint_id for row in rows}:
            await enable(commit, endpoint_id)
        await deliveries.begin_again(commit.tx, rows)

        def look() -> None:
            for endpoint_id in {row.endpoint_id for row in rows}:
                self.due(endpoint_id)

        commit.tx.after_commit(look)


def _check_state(state: str | None) -> None:
    if state not in {None, *STATES}:
        raise refused("state", f"must be one of {', '.join(STATES)}")


async def _found(tx: Transaction, caller: Caller, delivery: str) -> DeliveryRow:
    row = await deliveries.by_message(tx, delivery)
    if row is None or not (has_all(caller) or await seen_among(tx, caller, [row.trigger_id])):
        raise NotFound(
            f"There is no delivery {delivery}.", hint="GET /api/v1/deliveries lists them.", delivery=delivery
        )
    return row


async def _chosen(tx: Transaction, caller: Caller, trigger: str | None) -> Sequence[int] | None:
    """Return whose deliveries are meant: the trigger's of that name, or all that the caller sees; None for any."""
    if trigger is not None:
        return [(await named(tx, caller, trigger)).trigger_id]
    return None if has_all(caller) else [row.trigger_id for row in await present(tx, caller)]


async def _shown(tx: Transaction, rows: Sequence[DeliveryRow]) -> list[Result]:
    made = await attempts.of_deliveries(tx, [row.delivery_id for row in rows])
    return [shown_delivery(row, made[row.delivery_id]) for row in rows]


def shown_delivery(row: DeliveryRow, made: Sequence[AttemptRow]) -> Result:
    """Return a delivery as lists show it."""
    shown: Result = {
        "delivery": row.message_id,
        "kind": row.kind,
        "trigger": row.trigger,
        "firing": None if row.firing_id is None else triggers.firing_name(row.firing_id),
        "endpoint": endpoint_name(row.endpoint_id),
        "address": origin(row.url),
        "state": row.state,
        "at": iso(row.at),
        "next_at": iso(max(row.next_at, row.at)) if row.state == "pending" else None,
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
            for one in made
        ],
    }
    return {name: value for name, value in shown.items() if value is not None}
