"""Who wants to know when a file changes, in both eras, woken by commits.

A notice says only that something changed, and may be lost with its connection: what counts is the log, which
`list_events` reads from any seq on.
"""

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

import anyio
from anyio.abc import TaskGroup
from mcp import MCPError
from mcp.server.connection import Connection
from mcp.server.subscriptions import InMemorySubscriptionBus, ListenHandler
from mcp.shared.subscriptions import ResourcesListChanged, ResourceUpdated, ServerEvent
from mcp_types import (
    INTERNAL_ERROR,
    EmptyResult,
    NotificationParams,
    SubscribeRequestParams,
    SubscriptionsListenRequestParams,
    SubscriptionsListenResult,
    UnsubscribeRequestParams,
)

from workspace_server.core.access import Caller
from workspace_server.core.events import FILE_CHANGES, paths_of
from workspace_server.core.limits import LIMITS
from workspace_server.core.paths import canonical_file
from workspace_server.errors import WorkspaceError
from workspace_server.interfaces.guard import Guard
from workspace_server.interfaces.mcp.calls import Context, require_caller
from workspace_server.interfaces.mcp.errors import protocol_error
from workspace_server.interfaces.mcp.resources import path_of, uri_of

if TYPE_CHECKING:
    from workspace_server.services.engine import Engine

log = logging.getLogger(__name__)

WAIT_S = 3600.0
SUBSCRIPTIONS_MAX = 1_000
"""Most files that one connection may subscribe to."""
READER = Caller(agent="server")
NAMES_CHANGED = frozenset({"file.created", "file.deleted", "file.moved", "file.restored"})


class Updates:
    """Follows the log and tells whoever subscribed."""

    def __init__(self, engine: "Engine", guard: Guard) -> None:
        self._engine = engine
        self._guard = guard
        self._bus = _Bus()
        self._subscribed: dict[Connection, set[str]] = {}
        self._legacy: set[Connection] = set()
        self._listening = ListenHandler(self._bus, max_subscriptions=LIMITS.followers_max)

    async def run(self) -> None:
        """Tell of changes until cancelled."""
        async with anyio.create_task_group() as senders:
            self._bus.subscribe(lambda event: self._fan_out(senders, event))
            seq = self._engine.head_seq
            while True:
                head = await self._engine.events.wait(seq, WAIT_S)
                if not self._anybody():
                    seq = head
                    continue
                try:
                    seq = await self._tell(seq)
                except Exception:
                    log.exception("following the log failed")
                    seq = head

    async def listen(self, ctx: Context, params: SubscriptionsListenRequestParams) -> SubscriptionsListenResult:
        """Tell whoever asks, for as long as the request is open (stateless era)."""
        for uri in params.notifications.resource_subscriptions or ():
            self._check(ctx, str(uri))
        return await self._listening(ctx, params)

    def close(self) -> None:
        """End every listening request."""
        self._listening.close()

    async def subscribe(self, ctx: Context, params: SubscribeRequestParams) -> EmptyResult:
        """Tell this connection of a file's changes (handshake era)."""
        self._check(ctx, str(params.uri))
        connection = _connection(ctx)
        if connection not in self._subscribed:
            self._subscribed[connection] = set()
            connection.exit_stack.callback(self._subscribed.pop, connection, None)
        wanted = self._subscribed[connection]
        if len(wanted) >= SUBSCRIPTIONS_MAX:
            raise MCPError(INTERNAL_ERROR, f"One connection subscribes to {SUBSCRIPTIONS_MAX} files at most.")
        wanted.add(str(params.uri))
        return EmptyResult()

    async def unsubscribe(self, ctx: Context, params: UnsubscribeRequestParams) -> EmptyResult:
        """Tell no more."""
        self._subscribed.get(_connection(ctx), set()).discard(str(params.uri))
        return EmptyResult()

    async def initialized(self, ctx: Context, params: NotificationParams) -> None:  # noqa: ARG002
        """Remember a connection of the handshake era, which hears of new and vanished files unasked."""
        connection = _connection(ctx)
        if connection not in self._legacy:
            self._legacy.add(connection)
            connection.exit_stack.callback(self._legacy.discard, connection)

    def _check(self, ctx: Context, uri: str) -> None:
        """Pass when the caller may read the file at an address; when that changes is a fact of the file."""
        caller = require_caller(self._guard, ctx)
        if caller.sees_all:
            return
        try:
            caller.require("read", canonical_file(path_of(uri, self._engine.folder.name)))
        except WorkspaceError as refusal:
            raise protocol_error(refusal) from None

    def _anybody(self) -> bool:
        # One listener of the bus is our own, for the handshake era.
        return bool(self._bus.listeners > 1 or self._subscribed or self._legacy)

    async def _tell(self, seq: int) -> int:
        page = await self._engine.events.feed(READER, since_seq=seq, limit=LIMITS.events_page_max)
        changed = [event for event in page["events"] if event["type"] in FILE_CHANGES]
        paths = dict.fromkeys(path for event in changed for path in paths_of(event.get("path"), event))
        for path in paths:
            for workspace in ("", self._engine.folder.name):
                await self._bus.publish(ResourceUpdated(uri=uri_of(path, workspace)))
        if any(event["type"] in NAMES_CHANGED for event in changed):
            await self._bus.publish(ResourcesListChanged())
        return int(page["next_seq"])

    def _fan_out(self, senders: TaskGroup, event: ServerEvent) -> None:
        if isinstance(event, ResourceUpdated):
            for connection, uris in list(self._subscribed.items()):
                if event.uri in uris:
                    senders.start_soon(connection.send_resource_updated, event.uri)
        elif isinstance(event, ResourcesListChanged):
            for connection in list(self._legacy):
                senders.start_soon(connection.send_resource_list_changed)


class _Bus(InMemorySubscriptionBus):
    """The SDK's bus, which also knows whether anybody listens."""

    def __init__(self) -> None:
        super().__init__()
        self.listeners = 0

    def subscribe(self, listener: Callable[[ServerEvent], None]) -> Callable[[], None]:
        end = super().subscribe(listener)
        self.listeners += 1
        ended = False

        def unsubscribe() -> None:
            nonlocal ended
            if not ended:
                ended = True
                self.listeners -= 1
            end()

        return unsubscribe


def _connection(ctx: Context) -> Connection:
    return ctx.session._connection  # noqa: SLF001 - the SDK has no public way from a request to its connection
