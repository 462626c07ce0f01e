"""The operator's webhook about what needs a person: each entry that comes, and each that goes.

What it says is put into the outbox in the commit that changes the list, so that a kill loses none of it; and that
begins an entry of its own when it is given up, about which no webhook is sent: it would go to the same receiver.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from workspace_server.config import Settings
from workspace_server.core.attention import POST_PREFIX, is_posted
from workspace_server.core.retry import ATTEMPTS_MAX
from workspace_server.core.triggers.targets import web_address
from workspace_server.delivery.guard import origin
from workspace_server.delivery.signing import Message, check_secret, signed_headers
from workspace_server.errors import InvalidArgument
from workspace_server.services.automation import attention
from workspace_server.services.automation.endpoints import endpoint_name
from workspace_server.services.automation.sending.kinds import Request, Unsendable
from workspace_server.services.folder import Folder
from workspace_server.services.recording import Commit
from workspace_server.storage.tables import deliveries, endpoints
from workspace_server.storage.tables.deliveries import DeliveryRow
from workspace_server.storage.tables.events import Event

KIND: Final = "attention"
"""The kind of delivery."""


@dataclass(frozen=True, slots=True)
class Receiver:
    """Who is told, and what signs for it."""

    url: str
    secret: str


def receiver_of(settings: Settings) -> Receiver | None:
    """Return whom the settings have told, or None.

    Raises:
        InvalidArgument: The address or the secret is none, or only one of them is there.
    """
    url, secret = settings.attention_url, settings.attention_secret
    if url is None and secret is None:
        return None
    try:
        return Receiver(web_address(url), check_secret(secret))
    except InvalidArgument as wrong:
        name = f"attention.{wrong.facts['argument']}"
        raise InvalidArgument(
            f"{name}: {wrong.facts['reason']}.",
            hint="Set attention.url in the settings file, and WORKSPACE_SERVER_ATTENTION_SECRET in the environment.",
            argument=name,
            reason=wrong.facts["reason"],
        ) from None


class AttentionPosts:
    """Entries that come and go, on their way to the receiver that the settings name.

    A receiver that wants one of them no more (410) gets the others all the same.

    Args:
        due: Called with the endpoint once something for it is committed.
    """

    attempts_max = ATTEMPTS_MAX
    ends_endpoint = False

    def __init__(self, folder: Folder, due: Callable[[int], None]) -> None:
        self._folder = folder
        self._due = due
        self._receiver = receiver_of(folder.settings)

    async def follow(self, commit: Commit, happened: Sequence[Event]) -> None:
        """Keep the list of what needs a person inside a commit, and put what the receiver is told into the outbox."""
        await attention.follow(commit, happened)
        told = [event for event in happened if is_posted(event)]
        if self._receiver is None or not told:
            return
        tx = commit.tx
        endpoint = await endpoints.of_url(tx, self._receiver.url)
        for event in told:
            await deliveries.insert(
                tx,
                message_id=f"{POST_PREFIX}{event.seq}",
                kind=KIND,
                endpoint_id=endpoint.endpoint_id,
                lane=f":attention {event.data['attention']}",
                data={"type": event.type, "seq": event.seq, "path": event.path, "data": event.data},
            )
        tx.after_commit(lambda: self._due(endpoint.endpoint_id))

    async def request(self, row: DeliveryRow) -> Request:
        """Return what the receiver is told, signed now.

        Raises:
            Unsendable: The settings name no receiver any more.
        """
        if self._receiver is None:
            raise Unsendable("the setting attention.url is gone")
        assert row.data is not None
        said: dict[str, Any] = {name: value for name, value in row.data["data"].items() if name != "cause"}
        name = said["attention"]
        message = Message(
            message_id=row.message_id,
            source=self._folder.source,
            type=row.data["type"],
            at=row.at,
            subject=row.data["path"] or name,
            seq=row.data["seq"],
            root=row.message_id,
            data={**said, "path": row.data["path"], "url": f"{self._folder.base_url}/attention/{name}"},
        )
        body = message.body()  # an entry's lists are cut, so that it is never too large
        secrets, now_s = [self._receiver.secret], self._folder.clock.wall_s()
        return Request(body=body, headers=signed_headers(message, body, secrets=secrets, now_s=now_s))

    async def failed(self, commit: Commit, row: DeliveryRow, failures: int) -> None:
        """Nothing follows from an attempt that will be made again."""

    async def ended(self, commit: Commit, row: DeliveryRow, *, reason: str | None, attempts: int) -> None:
        """Say when it was given up, or that it has arrived after all."""
        if reason is None:
            await attention.resolve(commit, "dead_letter", row.message_id, outcome="delivered")
            return
        await commit.add(
            "delivery.failed",
            delivery=row.message_id,
            endpoint=endpoint_name(row.endpoint_id),
            address=origin(row.url),
            attempts=attempts,
            reason=reason,
        )
