"""The methods of the extension over one engine, and the capability that announces them."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final

from mcp import MCPError
from mcp.server.context import CallNext, HandlerResult
from mcp.server.lowlevel.server import Server
from mcp_types import INVALID_PARAMS
from starlette.requests import Request

from workspace_server.core.access import ANONYMOUS, Caller
from workspace_server.core.cursors import cursor
from workspace_server.core.limits import LIMITS
from workspace_server.core.subscriptions import NAMES, Wanted, occurrence, parse_wanted, require_wanted
from workspace_server.errors import NotFound
from workspace_server.interfaces.guard import Guard
from workspace_server.interfaces.mcp.calls import Context, caller_of
from workspace_server.interfaces.mcp.events import EXTENSION, catalogue, errors, params
from workspace_server.interfaces.mcp.events.params import Params, PollEvents
from workspace_server.interfaces.mcp.events.streams import Streams, sender
from workspace_server.services.subscribing.asked import Asked

if TYPE_CHECKING:
    from workspace_server.services.engine import Engine

ANNOUNCING: Final = frozenset({"initialize", "server/discover"})
NEXT_POLL_MS: Final = 5_000
"""How long a client that polls should rest when there is nothing more."""

Answer = dict[str, Any]
Method = Callable[[Context, Params], Awaitable[Answer]]


class EventMethods:
    """What `events/…` does."""

    def __init__(self, engine: "Engine", guard: Guard) -> None:
        self._guard = guard
        self._subscribing = engine.subscribing
        self._longest_wait_s = min(LIMITS.wait_s_max, engine.settings.wait_max_seconds)
        self._numbers = engine.subscribing.numbers
        self.streams = Streams(engine.subscribing.reading, self._numbers)
        self._clock = engine.clock
        self._tokens = engine.tokens

    def add_to(self, server: Server[Any]) -> None:
        """Let *server* answer the methods, and say that it does."""
        methods: dict[str, Method] = {
            "events/list": self.list_events,
            "events/poll": self.poll,
            "events/stream": self.stream,
            "events/subscribe": self.subscribe,
            "events/unsubscribe": self.unsubscribe,
        }
        for name, method in methods.items():
            server.add_request_handler(name, Params, self._guarded(method))
        server.middleware.append(announce)

    async def list_events(self, ctx: Context, given: Params) -> Answer:
        """Return the events and their schemas, all on one page."""
        asked = params.read(params.ListEvents, given, method="events/list")
        if asked.cursor is not None:
            raise MCPError(INVALID_PARAMS, "unknown cursor: the list has one page")
        caller = caller_of(self._guard, ctx)
        return {"events": catalogue.listed(webhook=caller.agent != ANONYMOUS and caller.may("trigger"))}

    async def poll(self, ctx: Context, given: Params) -> Answer:
        """Return what has happened since a cursor, once there is something or the time is over."""
        asked = params.read(PollEvents, given, method="events/poll")
        caller, wanted = self._wanted(ctx, asked.name, asked.arguments)
        reading = self._subscribing.reading
        place = await reading.begin(caller, asked.cursor, max_age_s=asked.max_age_s)
        seen_seq, truncated = place.after_seq, place.truncated
        most = min(asked.max_events, LIMITS.events_page_max)
        deadline_s = self._clock.boot_s() + min(asked.timeout_ms / 1_000, self._longest_wait_s)
        while True:
            self._tokens.check_open(caller)
            page = await reading.page(caller, wanted, seen_seq, most=most)
            truncated |= page.skipped_to is not None
            seen_seq = page.seen_seq
            left_s = deadline_s - self._clock.boot_s()
            if page.found or page.more or truncated or left_s <= 0:
                break
            await reading.log.wait(seen_seq, left_s)
        return {
            "events": [occurrence(asked.name, reading.whole(caller, event)) for event in page.found],
            "cursor": cursor(seen_seq),
            "truncated": truncated,
            "hasMore": page.more,
            "nextPollMs": 0 if page.more else NEXT_POLL_MS,
        }

    async def stream(self, ctx: Context, given: Params) -> Answer:
        """Send what happens as notifications until the client goes away."""
        asked = params.read(params.Follow, given, method="events/stream")
        caller, wanted = self._wanted(ctx, asked.name, asked.arguments)
        if isinstance(ctx.request, Request) and "text/event-stream" not in ctx.request.headers.get("accept", ""):
            message = "A stream needs a client that accepts text/event-stream; events/poll does not."
            raise errors.unsupported(self._numbers, "deliveryMode", "push", message)
        place = await self._subscribing.reading.begin(caller, asked.cursor, max_age_s=asked.max_age_s)
        await self.streams.serve(sender(ctx), lambda: self._tokens.current(caller), asked.name, wanted, place)
        return {}

    async def subscribe(self, ctx: Context, given: Params) -> Answer:
        """Send what happens to an address of the client's, from now on or from a cursor on."""
        asked = params.read(params.SubscribeEvents, given, method="events/subscribe")
        caller, _ = self._wanted(ctx, asked.name, asked.arguments)
        if asked.delivery.mode != "webhook":
            message = "events/subscribe is for webhooks; events/poll and events/stream need no subscription."
            raise errors.unsupported(self._numbers, "deliveryMode", asked.delivery.mode[:64], message)
        return await self._subscribing.subscriptions.subscribe(
            caller,
            Asked(
                name=asked.name,
                arguments=asked.arguments,
                url=asked.delivery.url,
                secret=asked.delivery.secret,
                cursor=asked.cursor,
                max_age_s=asked.max_age_s,
                ttl_s=None if asked.ttl_ms is None else asked.ttl_ms / 1_000,
                for_ever=params.said(given).get("ttlMs", 0) is None,
            ),
        )

    async def unsubscribe(self, ctx: Context, given: Params) -> Answer:
        """Send nothing to that address any more."""
        asked = params.read(params.UnsubscribeEvents, given, method="events/unsubscribe")
        caller = caller_of(self._guard, ctx)
        return await self._subscribing.subscriptions.unsubscribe(
            caller, name=asked.name, arguments=asked.arguments, url=asked.delivery.url
        )

    def _wanted(self, ctx: Context, name: str, arguments: dict[str, Any]) -> tuple[Caller, Wanted]:
        """Return who asks, and for what.

        Raises:
            NotFound: There is no such event.
            InvalidArgument, InvalidPath: Its arguments are others.
            Forbidden: The caller may not read all that they name.
        """
        caller = caller_of(self._guard, ctx)
        if name not in NAMES:
            raise NotFound("There is no such event.", hint="events/list shows them.", kind="event")
        wanted = parse_wanted(name, arguments)
        require_wanted(caller, wanted, "read")
        return caller, wanted

    def _guarded(self, method: Method) -> Method:
        """Return a method whose refusals leave as errors of the extension."""

        async def answer(ctx: Context, given: Params) -> Answer:
            try:
                return await method(ctx, given)
            except Exception as error:  # noqa: BLE001 - the outermost border: what is no refusal is logged there
                raise errors.refusal(error, self._numbers) from None

        return answer


async def announce(ctx: Context, call_next: CallNext) -> HandlerResult:
    """Add the extension to what the server says of itself: where the standard wants it, and where clients look today.

    The SDK knows no such capability, and drops extensions from the handshake (mcp 2.3.0).
    """
    result = await call_next(ctx)
    if ctx.method in ANNOUNCING and isinstance(result, dict):
        capabilities = result["capabilities"]
        result["capabilities"] = capabilities | {
            "events": {},
            "extensions": capabilities.get("extensions", {}) | {EXTENSION: {}},
        }
    return result
