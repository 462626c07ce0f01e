"""Who wants to know when a file changes, in both eras, woken by commits.

A notice says only that something changed, and may be lost with its connection: what counts is the log, which
`list_events` reads from any seq on.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
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
        self._subscribed: dict[Connection, dict[str, Caller]] = {}
        self._legacy: dict[Connection, Caller] = {}
        self._listening: dict[ListenHandler, tuple[Caller, list[str]]] = {}
        engine.watching_permissions.append(self._end_what_may_not_go_on)

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
        wanted = [str(uri) for uri in params.notifications.resource_subscriptions or ()]
        caller = require_caller(self._guard, ctx)
        for uri in wanted:
            self._check(caller, uri)
        if len(self._listening) >= LIMITS.followers_max:
            raise MCPError(INTERNAL_ERROR, "Subscription limit reached")
        handler = ListenHandler(_Told(self._bus, lambda event: self._may_know(caller, event)), max_subscriptions=1)
        self._listening[handler] = caller, wanted
        try:
            return await handler(ctx, params)
        finally:
            self._listening.pop(handler, None)

    def close(self) -> None:
        """End every listening request."""
        for handler in list(self._listening):
            handler.close()

    async def subscribe(self, ctx: Context, params: SubscribeRequestParams) -> EmptyResult:
        """Tell this connection of a file's changes (handshake era)."""
        caller = require_caller(self._guard, ctx)
        self._check(caller, str(params.uri))
        connection = _connection(ctx)
        if connection not in self._subscribed:
            self._subscribed[connection] = {}
            connection.exit_stack.callback(self._subscribed.pop, connection, None)
        wanted = self._subscribed[connection]
        if len(wanted) >= SUBSCRIPTIONS_MAX:
            raise MCPError(INTERNAL_ERROR, f"One connection subscribes to {SUBSCRIPTIONS_MAX} files at most.")
        wanted[str(params.uri)] = caller
        return EmptyResult()

    async def unsubscribe(self, ctx: Context, params: UnsubscribeRequestParams) -> EmptyResult:
        """Tell no more."""
        self._subscribed.get(_connection(ctx), {}).pop(str(params.uri), None)
        return EmptyResult()

    async def initialized(self, ctx: Context, params: NotificationParams) -> None:  # noqa: ARG002
        """Remember a connection of the handshake era, which hears of new and vanished files unasked."""
        connection = _connection(ctx)
        if connection not in self._legacy:
            self._legacy[connection] = require_caller(self._guard, ctx)
            connection.exit_stack.callback(self._legacy.pop, connection, None)

    def _check(self, caller: Caller, uri: str) -> None:
        """Pass when the caller may read the file at an address; when that changes is a fact of the file."""
        try:
            self._require(caller, uri)
        except WorkspaceError as refusal:
            raise protocol_error(refusal) from None

    def _require(self, caller: Caller, uri: str) -> None:
        if not caller.sees_all:
            caller.require("read", canonical_file(path_of(uri, self._engine.folder.name)))

    def _may_read(self, caller: Caller, uri: str) -> bool:
        """Whether somebody may by now read what it has asked for news of."""
        try:
            self._require(self._engine.tokens.current(caller), uri)
        except WorkspaceError:
            return False
        return True

    def _may_know(self, caller: Caller, event: ServerEvent) -> bool:
        """Whether somebody may by now be told of a change: of the list, when a name that it may read came or went."""
        if isinstance(event, ResourceUpdated):
            return self._may_read(caller, event.uri)
        paths = event.paths if isinstance(event, _NamesChanged) else ()
        return any(map(self._engine.tokens.current(caller).sees, paths))

    def _end_what_may_not_go_on(self) -> None:
        """End what was opened by a token that has ended; those who listened get the result of their request."""
        current = self._engine.tokens.current
        for handler, (caller, wanted) in list(self._listening.items()):
            if not (current(caller).may("read") and all(self._may_read(caller, uri) for uri in wanted)):
                handler.close()
        for uris in self._subscribed.values():
            for uri in [uri for uri, caller in uris.items() if not self._may_read(caller, uri)]:
                del uris[uri]

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
        names = [event for event in changed if event["type"] in NAMES_CHANGED]
        if names:
            found = {path for event in names for path in paths_of(event.get("path"), event)}
            await self._bus.publish(_NamesChanged(frozenset(found)))
        return int(page["next_seq"])

    def _fan_out(self, senders: TaskGroup, event: ServerEvent) -> None:
        if isinstance(event, ResourceUpdated):
            for connection, uris in list(self._subscribed.items()):
                if event.uri in uris and self._may_read(uris[event.uri], event.uri):
                    senders.start_soon(connection.send_resource_updated, event.uri)
        elif isinstance(event, ResourcesListChanged):
            for connection, caller in list(self._legacy.items()):
                if not self._may_know(caller, event):
                    continue
                senders.start_soon(connection.send_resource_list_changed)


@dataclass(frozen=True)
class _NamesChanged(ResourcesListChanged):
    """The list has changed by these paths, which the notice does not name."""

    paths: frozenset[str]


class _Told:
    """The bus for one listener, who is told what it may know."""

    def __init__(self, bus: "_Bus", may_know: Callable[[ServerEvent], bool]) -> None:
        self._bus = bus
        self._may_know = may_know

    async def publish(self, event: ServerEvent) -> None:
        """Tell everybody."""
        await self._bus.publish(event)

    def subscribe(self, listener: Callable[[ServerEvent], None]) -> Callable[[], None]:
        """Tell a listener from now on, and return what ends that."""
        return self._bus.subscribe(lambda event: listener(event) if self._may_know(event) else None)


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
