"""What a delivery to a subscription says, and what follows from its end."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from workspace_server.core.cursors import cursor
from workspace_server.core.limits import LIMITS
from workspace_server.core.retry import ATTEMPTS_MAX
from workspace_server.core.subscription_errors import category
from workspace_server.core.subscriptions import event_id, occurrence, watermark
from workspace_server.delivery.signing import encoded, signature_headers
from workspace_server.services.automation.sending.kinds import Request, Unsendable
from workspace_server.services.events import Events
from workspace_server.services.folder import Folder
from workspace_server.services.recording import Commit
from workspace_server.services.subscribing.permission import Standing, sent_to
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import attempts, events, subscriptions
from workspace_server.storage.tables.deliveries import DeliveryRow
from workspace_server.storage.tables.events import Event
from workspace_server.storage.tables.subscriptions import SubscriptionRow

SUBSCRIPTION_HEADER: Final = "X-MCP-Subscription-Id"

Place = Callable[[Transaction, SubscriptionRow], Awaitable[int]]
"""Returns up to where the log was looked at for a subscription."""


@dataclass(frozen=True, slots=True)
class _Said:
    """What the database knows of an event that is to be sent."""

    row: SubscriptionRow
    event: Event | None
    cursor: str


class Posts:
    """Events, gaps and ends on their way to subscriptions.

    A receiver that wants one event no more (410) or cannot take it (413) gets the others all the same.
    """

    attempts_max = ATTEMPTS_MAX
    ends_endpoint = False

    def __init__(self, folder: Folder, log: Events, *, standing: Standing, place: Place) -> None:
        self._folder = folder
        self._log = log
        self._standing = standing
        self._place = place

    async def request(self, row: DeliveryRow) -> Request:
        """Return what is to be sent now, signed now.

        Raises:
            Unsendable: The subscription, the permission or the event is gone, or the body is too large.
        """
        assert row.data is not None
        data: dict[str, Any] = row.data
        if "control" in data:
            control = await self._folder.db.read(lambda tx: subscriptions.by_id(tx, data["subscription"]))
            if control is None:
                raise Unsendable("the subscription is forgotten")
            return self._signed(control, row.message_id, data["control"])
        said = await self._folder.db.read(lambda tx: self._said(tx, data["subscription"], data["seq"]))
        if said is None:
            raise Unsendable("the subscription has ended")
        if said.event is None:
            raise Unsendable("the event is not kept any more")
        told = sent_to(self._standing(said.row.principal, said.row.token), said.event)
        if told is None:
            raise Unsendable(f"{said.row.principal} may not read any more")
        shown = occurrence(said.row.event, self._log.whole(told), cursor=said.cursor)
        return self._signed(said.row, event_id(said.event.seq), shown)

    async def _said(self, tx: Transaction, subscription_id: int, seq: int) -> _Said | None:
        row = await subscriptions.by_id(tx, subscription_id)
        if row is None or not row.lives(tx.now_s):
            return None
        oldest_seq, _ = await subscriptions.way(tx, subscription_id)
        safe_seq = watermark(seq, oldest_seq=oldest_seq, seen_seq=await self._place(tx, row))
        return _Said(row, await events.by_seq(tx, seq), cursor(safe_seq))

    async def failed(self, commit: Commit, row: DeliveryRow, failures: int) -> None:  # noqa: ARG002 - of every kind
        """Remember why, for the client to see when it refreshes."""
        await self._remember_failure(commit.tx, row)

    async def ended(
        self,
        commit: Commit,
        row: DeliveryRow,
        *,
        reason: str | None,
        attempts: int,  # noqa: ARG002 - of every kind
    ) -> None:
        """Let the watermark move on.

        A post that was given up makes no event: that could match the subscription, and be given up in turn.
        """
        assert row.data is not None
        if reason is None:
            subscription = await subscriptions.by_id(commit.tx, row.data["subscription"])
            if subscription is not None:
                await subscriptions.arrived(commit.tx, subscription)
        else:
            await self._remember_failure(commit.tx, row)
        if "seq" in row.data:
            await subscriptions.take_off_way(commit.tx, row.data["subscription"], row.data["seq"])

    async def _remember_failure(self, tx: Transaction, row: DeliveryRow) -> None:
        assert row.data is not None
        made = (await attempts.of_deliveries(tx, [row.delivery_id]))[row.delivery_id]
        subscription = await subscriptions.by_id(tx, row.data["subscription"])
        if subscription is not None and made and made[-1].failure != "unsendable":
            await subscriptions.failed(tx, subscription, category(made[-1].status, made[-1].failure))

    def _signed(self, row: SubscriptionRow, message_id: str, said: dict[str, Any]) -> Request:
        body = encoded(said)
        if len(body) > LIMITS.delivery_body_bytes_max:
            raise Unsendable("the body is larger than a webhook may be")
        now_s = self._folder.clock.wall_s()
        headers = signature_headers(message_id, body, secrets=row.secrets(now_s), now_s=now_s)
        return Request(body=body, headers={**headers, SUBSCRIPTION_HEADER: row.handle})
