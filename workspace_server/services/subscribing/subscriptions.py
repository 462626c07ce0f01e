"""Webhook subscriptions of MCP Events: made, refreshed and ended by their clients, and by the operator."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from workspace_server.core.access import Caller
from workspace_server.core.cursors import cursor as cursor_of
from workspace_server.core.limits import LIMITS
from workspace_server.core.subscription_errors import Numbers
from workspace_server.core.subscriptions import granted_s, handle, parse_wanted, require_wanted
from workspace_server.delivery.guard import Policy, origin
from workspace_server.delivery.signing import check_secret
from workspace_server.errors import NotFound
from workspace_server.services.arguments import plain_text
from workspace_server.services.folder import Folder
from workspace_server.services.recording import Commit, Result
from workspace_server.services.subscribing import outbox, reading
from workspace_server.services.subscribing.asked import Asked, address, check_arguments, check_caller, check_room
from workspace_server.services.subscribing.permission import SENT, may_want
from workspace_server.services.subscribing.posts import Place
from workspace_server.services.subscribing.verifying import Verifying
from workspace_server.services.times import iso
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import endpoints, subscriptions
from workspace_server.storage.tables.subscriptions import SubscriptionRow

HANDLE_CHARS_MAX: Final = 64


class Subscriptions:
    """The subscriptions of all clients. Errors: invalid_argument, forbidden, not_found, quota_exceeded, unavailable.

    Args:
        place: Up to where the log was looked at for a subscription.
        changed: Called after a commit that made, refreshed or ended one.
        due: Called with an endpoint after a commit that put something into the outbox for it.
    """

    def __init__(
        self,
        folder: Folder,
        policy: Policy,
        *,
        numbers: Numbers,
        place: Place,
        changed: Callable[[], None],
        due: Callable[[int], None],
    ) -> None:
        self._folder = folder
        self._policy = policy
        self._numbers = numbers
        self._place = place
        self._changed = changed
        self._due = due
        self._verifying = Verifying(folder, policy)

    async def subscribe(self, caller: Caller, asked: Asked) -> Result:
        """Make a subscription or let it live on; return `{id, refreshBefore, cursor, truncated, deliveryStatus?}`.

        Idempotent per caller, address, event and arguments. A new address is asked first whether it wants this.
        """
        check_caller(caller)
        check_arguments(asked.arguments)
        require_wanted(caller, parse_wanted(asked.name, asked.arguments), *SENT)
        url = address(self._policy, asked.url)
        check_secret(asked.secret)
        name = handle(caller.agent, url, asked.name, asked.arguments)
        verified = await self._verify(caller, url, name, asked.secret)

        async def body(commit: Commit) -> Result:
            tx = commit.tx
            if verified:
                await subscriptions.set_verified(tx, caller.agent, url)
            row = await subscriptions.by_handle(tx, name)
            tx.after_commit(self._changed)
            if row is not None and row.lives(tx.now_s):
                return await self._refresh(tx, caller, row, asked)
            return await self._begin(tx, caller, url, name, asked)

        return await self._folder.recorder.change(caller, "subscribe", body)

    async def unsubscribe(self, caller: Caller, *, name: str, arguments: Mapping[str, Any], url: str) -> Result:
        """End a subscription and return `{}`; also one that has ended within the last day.

        Raises:
            NotFound: There was none.
        """
        check_caller(caller)
        check_arguments(arguments)
        plain_text("delivery.url", url, LIMITS.url_chars_max)
        named = handle(caller.agent, url, name, arguments)

        async def body(commit: Commit) -> Result:
            row = await subscriptions.by_handle(commit.tx, named)
            if row is None:
                raise _unknown()
            if row.ended_at is None:
                await outbox.end(commit.tx, row)
                commit.tx.after_commit(self._changed)
            return {}

        return await self._folder.recorder.change(caller, "unsubscribe", body)

    async def list_subscriptions(self, caller: Caller) -> Result:
        """Return `{subscriptions}`: the caller's own of what it may read, or all for the operator."""
        caller.require_somewhere("read")
        is_operator = caller.scope.is_whole("admin")

        async def read(tx: Transaction) -> Result:
            rows = await subscriptions.present(tx, None if is_operator else caller.agent)
            seen = [row for row in rows if is_operator or may_want(caller, row, "read")]
            return {"subscriptions": [await _shown(tx, row) for row in seen]}

        return await self._folder.db.read_long(read)

    async def end_subscription(self, caller: Caller, *, subscription: str) -> Result:
        """End anybody's subscription, tell its receiver, and return `{subscription, state}`; needs `admin`."""
        caller.require("admin")
        plain_text("subscription", subscription, HANDLE_CHARS_MAX)

        async def body(commit: Commit) -> Result:
            row = await subscriptions.by_handle(commit.tx, subscription)
            if row is None or row.ended_at is not None:
                raise _unknown()
            error = {"code": self._numbers.forbidden, "message": "The operator has ended the subscription."}
            await outbox.terminate(commit.tx, row, error)
            commit.tx.after_commit(self._changed)
            commit.tx.after_commit(lambda: self._due(row.endpoint_id))
            return {"subscription": subscription, "state": "ended"}

        return await self._folder.recorder.change(caller, "end_subscription", body)

    async def _verify(self, caller: Caller, url: str, name: str, secret: str) -> bool:
        """Return whether the receiver was asked, and has agreed; it need not be when it has before, or is listed."""
        if self._verifying.is_waived(url):
            return False

        async def known(tx: Transaction) -> bool:
            row = await subscriptions.by_handle(tx, name)
            if row is not None and row.lives(tx.now_s):
                return True
            verified_at = await subscriptions.verified_at(tx, caller.agent, url)
            if verified_at is None:
                total, of_caller = await subscriptions.counts(tx, caller.agent)
                check_room(total, of_caller)  # nobody is asked for what would be refused afterwards
                return False
            return tx.now_s - verified_at < LIMITS.verification_kept_s

        if await self._folder.db.read(known):
            return False
        await self._verifying.ask(url, handle=name, secret=secret)
        return True

    async def _begin(self, tx: Transaction, caller: Caller, url: str, name: str, asked: Asked) -> Result:
        check_room(*await subscriptions.counts(tx, caller.agent))
        endpoint = await endpoints.of_url(tx, url)
        if endpoint.disabled_at is not None:  # by a webhook's 410; this receiver wants to be sent to again
            await endpoints.set_disabled(tx, endpoint.endpoint_id, disabled=False)
        place = await reading.begin(
            tx, asked.cursor, max_age_s=asked.max_age_s, replay_max=LIMITS.subscription_replay_max
        )
        refresh_before = _refresh_before(tx, asked)
        await subscriptions.begin(
            tx,
            handle=name,
            principal=caller.agent,
            token=caller.token,
            endpoint_id=endpoint.endpoint_id,
            event=asked.name,
            arguments=asked.arguments,
            secret=asked.secret,
            refresh_before=refresh_before,
            seen=place.after_seq,
        )
        return _granted(name, refresh_before, place.after_seq, truncated=place.truncated)

    async def _refresh(self, tx: Transaction, caller: Caller, row: SubscriptionRow, asked: Asked) -> Result:
        """Let a subscription live on. Where it stands is known here, so the client's cursor changes nothing."""
        refresh_before = _refresh_before(tx, asked)
        await subscriptions.refresh(
            tx,
            row,
            token=caller.token,
            secret=asked.secret,
            overlap_s=LIMITS.secret_overlap_s,
            refresh_before=refresh_before,
        )
        oldest_seq, _ = await subscriptions.way(tx, row.subscription_id)
        safe_seq = await self._place(tx, row) if oldest_seq is None else oldest_seq - 1
        status = await _status(tx, row)
        tx.after_commit(lambda: self._due(row.endpoint_id))
        return {**_granted(row.handle, refresh_before, safe_seq, truncated=False), "deliveryStatus": status}


def _refresh_before(tx: Transaction, asked: Asked) -> float | None:
    ttl_s = granted_s(asked.ttl_s, for_ever=asked.for_ever)
    return None if ttl_s is None else tx.now_s + ttl_s


def _granted(name: str, refresh_before: float | None, seq: int, *, truncated: bool) -> Result:
    return {
        "id": name,
        "refreshBefore": None if refresh_before is None else iso(refresh_before),
        "cursor": cursor_of(seq),
        "truncated": truncated,
    }


async def _status(tx: Transaction, row: SubscriptionRow) -> Result:
    """Return how a subscription's deliveries do."""
    endpoint = await endpoints.by_id(tx, row.endpoint_id)
    assert endpoint is not None
    status: Result = {
        "active": endpoint.disabled_at is None and endpoint.breaker.is_closed,
        "lastDeliveryAt": None if row.delivered_at is None else iso(row.delivered_at),
        "lastError": row.last_error,
    }
    return status if row.failed_since is None else {**status, "failedSince": iso(row.failed_since)}


async def _shown(tx: Transaction, row: SubscriptionRow) -> Result:
    _, count = await subscriptions.way(tx, row.subscription_id)
    status = await _status(tx, row)
    shown: Result = {
        "subscription": row.handle,
        "agent": row.principal,
        "event": row.event,
        "arguments": row.arguments,
        "address": origin(row.url),
        "since": iso(row.created_at),
        "refresh_before": None if row.refresh_before is None else iso(row.refresh_before),
        "pending": count,
        "active": status["active"],
        "delivered_at": status["lastDeliveryAt"],
        "last_error": status["lastError"],
    }
    return {name: value for name, value in shown.items() if value is not None}


def _unknown() -> NotFound:
    return NotFound("There is no such subscription.", hint="events/subscribe makes one.", kind="subscription")
