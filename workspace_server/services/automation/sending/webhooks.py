"""The webhooks of triggers: one per firing, and one now and then that only tries the way."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from workspace_server.core.access import Caller
from workspace_server.core.limits import LIMITS
from workspace_server.core.retry import ATTEMPTS_MAX
from workspace_server.delivery.guard import origin
from workspace_server.delivery.signing import Message, signed_headers
from workspace_server.services.automation import attention
from workspace_server.services.automation.endpoints import endpoint_name
from workspace_server.services.automation.reaction import Reaction
from workspace_server.services.automation.sending.included import add_parts
from workspace_server.services.automation.sending.kinds import Request, Unsendable
from workspace_server.services.folder import Folder
from workspace_server.services.recording import Commit
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import signing_secrets, triggers
from workspace_server.storage.tables.deliveries import DeliveryRow
from workspace_server.storage.tables.triggers import FiringRow, TriggerRow

IN_FLIGHT_FAILURES: Final = 3
"""After so many failed attempts a firing no longer keeps the next one of its key waiting."""
DROPPED_BYTES: Final = 100
"""Room for the names of what was left out of a body."""


@dataclass(frozen=True, slots=True)
class _Said:
    """What the database knows of a firing that is to be sent."""

    firing: FiringRow
    trigger: TriggerRow
    secrets: Sequence[str]


class FiringWebhook:
    """A firing on its way to its trigger's URL.

    A trigger outlives what its maker may do, as it outlives its maker: but what its files hold is told only for as long
    as the maker may read them.

    Args:
        standing: Returns an agent with what it may do by now.
    """

    attempts_max = ATTEMPTS_MAX
    ends_endpoint = True

    def __init__(self, folder: Folder, reaction: Reaction, standing: Callable[[str], Caller]) -> None:
        self._folder = folder
        self._reaction = reaction
        self._standing = standing

    async def request(self, row: DeliveryRow) -> Request:
        """Return the firing's body, signed now.

        Raises:
            Unsendable: The body is larger than a webhook may be, even without what was to be included.
        """
        said = await self._folder.db.read(lambda tx: _said(tx, row))
        firing, asked = said.firing, said.trigger.definition.get("include") or ()
        inputs = [{**one, "url": self._folder.url(one["path"])} for one in firing.data["inputs"]]
        message = Message(
            message_id=row.message_id,
            source=self._folder.source,
            type="trigger.fired",
            at=firing.at,
            subject=inputs[0]["path"] if len(inputs) == 1 else str(row.trigger),
            seq=firing.data["seq"],
            root=firing.root,
            data={**firing.data, "inputs": inputs},
            profile=said.trigger.definition.get("profile") or "standard",
        )
        body = message.body()
        if len(body) > LIMITS.delivery_body_bytes_max:
            raise Unsendable("the body is larger than a webhook may be")
        if asked:
            room = LIMITS.delivery_body_bytes_max - len(body) - DROPPED_BYTES
            data = dict(message.data)
            if self._may_tell(said.trigger, inputs):
                data = await add_parts(self._folder, data, asked, room_bytes=room)
            else:
                data |= {"dropped": list(asked)}
            message = message.saying(data)
            body = message.body()
        return _signed(self._folder, message, body, said.secrets)

    def _may_tell(self, trigger: TriggerRow, inputs: Sequence[Mapping[str, Any]]) -> bool:
        """Whether the maker of a trigger may read its inputs by now; the operator may for good."""
        maker = self._standing(trigger.created_by)
        return trigger.by_operator or all(maker.sees(one["path"]) for one in inputs)

    async def failed(self, commit: Commit, row: DeliveryRow, failures: int) -> None:
        """Let the next firing of the key go once the receiver has failed often enough."""
        if failures == IN_FLIGHT_FAILURES:
            await self._finish(commit, row)

    async def ended(self, commit: Commit, row: DeliveryRow, *, reason: str | None, attempts: int) -> None:
        """Say when it was given up, or that it has arrived after all, and let the next firing of the key go."""
        if reason is None:
            await attention.resolve(commit, "dead_letter", row.message_id, outcome="delivered")
        else:
            assert row.firing_id is not None
            await commit.add(
                "delivery.failed",
                delivery=row.message_id,
                trigger=row.trigger,
                firing=triggers.firing_name(row.firing_id),
                endpoint=endpoint_name(row.endpoint_id),
                address=origin(row.url),
                attempts=attempts,
                reason=reason,
            )
        await self._finish(commit, row, arrived=reason is None)

    async def _finish(self, commit: Commit, row: DeliveryRow, *, arrived: bool = False) -> None:
        assert row.firing_id is not None
        follow = self._reaction.delivered if arrived else self._reaction.finish
        for one in await follow(commit.tx, row.firing_id):
            await commit.add(one.type, path=one.path, version=one.version, **one.data)


class WebhookTest:
    """A webhook that says nothing but that it is a test. It is tried once."""

    attempts_max = 1
    ends_endpoint = False

    def __init__(self, folder: Folder) -> None:
        self._folder = folder

    async def request(self, row: DeliveryRow) -> Request:
        """Return the test's body, signed as the trigger's webhooks are."""
        assert row.trigger_id is not None
        assert row.data is not None
        trigger_id = row.trigger_id
        secrets = await self._folder.db.read(lambda tx: signing_secrets.of_trigger(tx, trigger_id))
        message = Message(
            message_id=row.message_id,
            source=self._folder.source,
            type="trigger.test",
            at=row.at,
            subject=str(row.trigger),
            seq=row.data["seq"],
            root=row.message_id,
            data=row.data,
            profile=row.data["profile"],
        )
        return _signed(self._folder, message, message.body(), secrets)

    async def failed(self, commit: Commit, row: DeliveryRow, failures: int) -> None:  # noqa: ARG002 - of every kind
        """It is never made again."""
        raise AssertionError("a test is tried once")

    async def ended(self, commit: Commit, row: DeliveryRow, *, reason: str | None, attempts: int) -> None:
        """Nothing follows from it: who asked looks at the delivery."""


async def _said(tx: Transaction, row: DeliveryRow) -> _Said:
    assert row.firing_id is not None
    assert row.trigger_id is not None
    firing = await triggers.firing(tx, row.firing_id)
    assert firing is not None
    trigger = await triggers.by_id(tx, row.trigger_id)
    return _Said(firing, trigger, await signing_secrets.of_trigger(tx, row.trigger_id))


def _signed(folder: Folder, message: Message, body: bytes, secrets: Sequence[str]) -> Request:
    headers = signed_headers(message, body, secrets=secrets, now_s=folder.clock.wall_s())
    return Request(body=body, headers=headers)
