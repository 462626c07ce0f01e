"""Where webhooks go: which receivers there are, how each of them does, and how to try one."""

import re
import secrets
from collections.abc import Callable, Sequence
from typing import Final

from workspace_server.core.access import Caller
from workspace_server.core.breaker import Breaker, let_one_through
from workspace_server.core.limits import LIMITS
from workspace_server.core.triggers.fields import check_name
from workspace_server.core.triggers.reach import has_all
from workspace_server.delivery.guard import origin
from workspace_server.delivery.signing import check_secret, new_secret
from workspace_server.errors import Forbidden, NotFound
from workspace_server.services.arguments import bounded, page_cursor, refused
from workspace_server.services.automation import attention
from workspace_server.services.automation.sight import named, present, sees
from workspace_server.services.folder import Folder
from workspace_server.services.recording import Commit, Result
from workspace_server.services.times import iso
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import deliveries, endpoints, meta, signing_secrets, subscriptions, triggers
from workspace_server.storage.tables.endpoints import EndpointRow
from workspace_server.storage.tables.triggers import TriggerRow

_NAME: Final = re.compile(r"E([1-9]\d{0,17})")


class Endpoints:
    """Shows receivers, enables and tries them, and changes what signs for them. Errors: not_found, forbidden.

    Args:
        due: Called with an endpoint after a commit that put something into the outbox for it.
    """

    def __init__(self, folder: Folder, due: Callable[[int], None]) -> None:
        self._folder = folder
        self._due = due

    async def list_endpoints(self, caller: Caller, *, limit: int = 50, cursor: str | None = None) -> Result:
        """Return `{endpoints, next_cursor?}`, newest first: where they are, their state, what waits and what failed.

        Who does not see all triggers is shown those that a trigger sends to which it sees, with the counts of such.
        """
        caller.require_somewhere("trigger")
        bounded("limit", limit, 1, LIMITS.deliveries_page_max)
        before = page_cursor(cursor)

        async def read(tx: Transaction) -> Result:
            rows = await endpoints.page(tx, before=before, limit=limit + 1, urls=await _urls(tx, caller))
            shown: Result = {"endpoints": await shown_endpoints(tx, caller, rows[:limit])}
            return shown if len(rows) <= limit else {**shown, "next_cursor": str(rows[limit - 1].endpoint_id)}

        return await self._folder.db.read_long(read)

    async def get_endpoint(self, caller: Caller, *, endpoint: str) -> Result:
        """Return one endpoint, as the list shows it."""
        caller.require_somewhere("trigger")
        number = endpoint_number(endpoint)

        async def read(tx: Transaction) -> Result:
            return (await shown_endpoints(tx, caller, [await _known(tx, caller, number)]))[0]

        return await self._folder.db.read(read)

    async def pause_endpoint(self, caller: Caller, *, endpoint: str) -> Result:
        """Hold back what goes to an endpoint and return `{endpoint, state}`: nothing is lost, no attempt is used up."""
        return await self._hold(caller, endpoint, paused=True)

    async def resume_endpoint(self, caller: Caller, *, endpoint: str) -> Result:
        """Let go what was held back for a paused endpoint and return `{endpoint, state}`."""
        return await self._hold(caller, endpoint, paused=False)

    async def enable_endpoint(self, caller: Caller, *, endpoint: str) -> Result:
        """Send to an endpoint again, at once: one that answered 410, or that is left alone because it fails.

        What was given up meanwhile stays so until it is redelivered.
        """
        caller.require_somewhere("trigger")
        number = endpoint_number(endpoint)

        async def body(commit: Commit) -> Result:
            tx = commit.tx
            commit.about = endpoint
            row = await _own(tx, caller, number)
            await enable(commit, number)
            if not row.breaker.is_closed:
                await endpoints.set_breaker(tx, number, Breaker())
            tx.after_commit(lambda: self._due(number))
            return {"endpoint": endpoint, "state": "active"}

        return await self._folder.recorder.change(caller, "enable_endpoint", body)

    async def send_test(self, caller: Caller, *, trigger: str) -> Result:
        """Send a test to the trigger's URL, once, signed as its webhooks are; return `{delivery, state}`.

        It does not wait behind what is on its way there, nor for an endpoint that is left alone.
        """
        caller.require_somewhere("trigger")
        check_name("trigger", trigger)

        async def body(commit: Commit) -> Result:
            tx, commit.about = commit.tx, trigger
            row = await _webhook(tx, caller, trigger)
            if row.state != "active":
                raise Forbidden(
                    f"{trigger} is not active, so nothing is sent to its URL.",
                    hint="A person approves it first.",
                    verb="admin",
                )
            endpoint = await endpoints.of_url(tx, row.definition["url"])
            if endpoint.disabled_at is not None:
                name = endpoint_name(endpoint.endpoint_id)
                raise refused(
                    "trigger", "its endpoint is disabled", f"POST /api/v1/endpoints/{name}:enable, then again."
                )
            if endpoint.paused_at is not None:
                name = endpoint_name(endpoint.endpoint_id)
                raise refused("trigger", "its endpoint is paused", f"POST /api/v1/endpoints/{name}:resume, then again.")
            await endpoints.set_breaker(tx, endpoint.endpoint_id, let_one_through(endpoint.breaker, now_s=tx.now_s))
            message_id = f"msg_{secrets.token_hex(12)}"
            seq = await meta.counter(tx, "seq")
            profile = row.definition.get("profile") or "standard"
            await deliveries.insert(
                tx,
                message_id=message_id,
                kind="test",
                endpoint_id=endpoint.endpoint_id,
                trigger_id=row.trigger_id,
                lane=f":test {message_id}",
                data={"trigger": trigger, "test": True, "seq": seq, "profile": profile},
                at_once=True,
            )
            tx.after_commit(lambda: self._due(endpoint.endpoint_id))
            return {"delivery": message_id, "state": "pending"}

        return await self._folder.recorder.change(caller, "send_test", body)

    async def rotate_secret(self, caller: Caller, *, trigger: str, secret: str | None = None) -> Result:
        """Give a trigger's webhooks another secret and return `{trigger, secret?, old_until}`.

        Both sign until then, so that a receiver can be changed over at any moment; a third one would end the first.

        Args:
            secret: The new one; by default the server makes it, and shows it this once.
        """
        caller.require_somewhere("trigger")
        check_name("trigger", trigger)
        new = new_secret() if secret is None else check_secret(secret)

        async def body(commit: Commit) -> Result:
            tx, commit.about = commit.tx, trigger
            row = await _webhook(tx, caller, trigger)
            if caller.agent != row.created_by:
                caller.require("admin")  # who knows the secret can speak in this server's name
            old_until = tx.now_s + LIMITS.secret_overlap_s
            await signing_secrets.replace(tx, row.trigger_id, new, old_until=old_until)
            result: Result = {"trigger": trigger, "old_until": iso(old_until)}
            return {**result, "secret": new} if secret is None else result

        return await self._folder.recorder.change(caller, "rotate_secret", body, once=("secret",))

    async def _hold(self, caller: Caller, endpoint: str, *, paused: bool) -> Result:
        caller.require_somewhere("trigger")
        number = endpoint_number(endpoint)

        async def body(commit: Commit) -> Result:
            commit.about = endpoint
            await _own(commit.tx, caller, number)
            await endpoints.set_paused(commit.tx, number, paused=paused)
            commit.tx.after_commit(lambda: self._due(number))
            row = await _known(commit.tx, caller, number)
            return {"endpoint": endpoint, "state": _state(row, commit.tx.now_s)["state"]}

        return await self._folder.recorder.change(caller, "pause_endpoint" if paused else "resume_endpoint", body)


async def enable(commit: Commit, endpoint_id: int) -> None:
    """Let an endpoint be sent to that wanted no more; nobody need look at it any longer."""
    await endpoints.set_disabled(commit.tx, endpoint_id, disabled=False)
    name = endpoint_name(endpoint_id)
    await attention.resolve(commit, "endpoint_disabled", name, outcome="enabled", by=commit.caller.agent)


def endpoint_name(endpoint_id: int) -> str:
    """Return the name under which callers know an endpoint."""
    return f"E{endpoint_id}"


def endpoint_number(name: str) -> int:
    """Return the endpoint of that name.

    Raises:
        InvalidArgument: No endpoint is called so.
    """
    found = _NAME.fullmatch(name)
    if found is None:
        raise refused("endpoint", "is none that the list names", "For example E3, from GET /api/v1/endpoints.")
    return int(found[1])


async def _known(tx: Transaction, caller: Caller, number: int) -> EndpointRow:
    """Return an endpoint that a trigger sends to which the caller sees."""
    row = await endpoints.by_id(tx, number)
    if row is None or not (
        has_all(caller) or any(sees(caller, one) for one in await triggers.sending_to(tx, [row.url]))
    ):
        raise NotFound(f"There is no endpoint {endpoint_name(number)}.", hint="GET /api/v1/endpoints lists them.")
    return row


async def _own(tx: Transaction, caller: Caller, number: int) -> EndpointRow:
    """Return an endpoint that nobody sends to but triggers which the caller sees: what it does there is its own.

    Raises:
        NotFound: It sees none that sends there.
        Forbidden: Others send there as well.
    """
    row = await _known(tx, caller, number)
    others = [one for one in await triggers.sending_to(tx, [row.url]) if not sees(caller, one)]
    if not has_all(caller) and (others or await subscriptions.any_at(tx, number)):
        raise Forbidden(
            f"Others send to {endpoint_name(number)} as well.",
            hint="Pause or change your trigger instead, or ask the operator.",
            verb="trigger",
        )
    return row


async def _urls(tx: Transaction, caller: Caller) -> Sequence[str] | None:
    """Return where the triggers send that the caller sees; None for anywhere."""
    if has_all(caller):
        return None
    return sorted({row.definition["url"] for row in await present(tx, caller) if "url" in row.definition})


async def shown_endpoints(tx: Transaction, caller: Caller, rows: Sequence[EndpointRow]) -> list[Result]:
    """Return endpoints as lists show them, with the counts of what the caller sees."""
    mine = None
    if not has_all(caller):
        sending = await triggers.sending_to(tx, [row.url for row in rows])
        mine = [row.trigger_id for row in sending if sees(caller, row)]
    counts = await deliveries.counts_by_endpoint(tx, [row.endpoint_id for row in rows], mine)
    return [
        {
            "endpoint": endpoint_name(row.endpoint_id),
            "address": origin(row.url),
            **_state(row, tx.now_s),
            **dict(zip(("pending", "dead"), counts[row.endpoint_id], strict=True)),
        }
        for row in rows
    ]


def _state(row: EndpointRow, now_s: float) -> Result:
    """Return how an endpoint is, and since or until when: what a person has to undo goes before what ends by itself."""
    if row.disabled_at is not None:
        return {"state": "disabled", "since": iso(row.disabled_at)}
    if row.paused_at is not None:
        return {"state": "paused", "since": iso(row.paused_at)}
    if row.breaker.is_closed:
        return {"state": "active"}
    held_until = row.breaker.held_until_s(now_s)
    return {"state": "failing", "held_until": iso(held_until if held_until is not None else now_s)}


async def _webhook(tx: Transaction, caller: Caller, name: str) -> TriggerRow:
    row = await named(tx, caller, name)
    if row.definition.get("url") is None:
        raise refused("trigger", f"{name} sends no webhooks", "Name one with a url.")
    return row
