"""Push: one long request per subscription, on whose answer the events arrive as they are committed.

Nothing is queued for a reader: each stream reads the log where its reader stands, a page at a time, and waits while the
reader does. So a slow one costs a page of memory and loses nothing, until retention has overtaken it; that it is told.
"""

import contextlib
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import anyio
from mcp_types import Notification

from workspace_server.core.access import Caller
from workspace_server.core.cursors import Place, cursor
from workspace_server.core.limits import LIMITS
from workspace_server.core.subscription_errors import Numbers
from workspace_server.core.subscriptions import Wanted, occurrence
from workspace_server.errors import Forbidden, QuotaExceeded, Unavailable
from workspace_server.interfaces.mcp.calls import Context
from workspace_server.interfaces.mcp.events import errors
from workspace_server.services.subscribing.reading import Reading

HEARTBEAT_S: Final = 10.0
"""A quiet stream says so often where it stands."""
AFTER_FAILURE_S: Final = 1.0
EVENTS_AT_ONCE: Final = 100
SUBSCRIPTION_ID: Final = "io.modelcontextprotocol/subscriptionId"

Send = Callable[[str, Mapping[str, Any]], Awaitable[None]]
Standing = Callable[[], Caller]
"""Returns who listens, with what that caller may do by now."""


class Streams:
    """All open streams."""

    def __init__(self, reading: Reading, numbers: Numbers) -> None:
        self._reading = reading
        self._numbers = numbers
        self._open: dict[anyio.CancelScope, str] = {}

    async def serve(self, send: Send, standing: Standing, name: str, wanted: Wanted, place: Place) -> None:
        """Send what happens until the server ends, or the caller may read no more.

        Raises:
            QuotaExceeded: Too many streams are open.
        """
        with self._counted(standing().agent) as scope, scope:
            stream = _Stream(
                reading=self._reading,
                numbers=self._numbers,
                send=send,
                standing=standing,
                name=name,
                wanted=wanted,
                seen_seq=place.after_seq,
            )
            await stream.run(truncated=place.truncated)

    def close(self) -> None:
        """End all streams, each with its result."""
        for scope in list(self._open):
            scope.cancel()

    @contextlib.contextmanager
    def _counted(self, agent: str) -> Iterator[anyio.CancelScope]:
        of_agent = Counter(self._open.values())[agent]
        for limit, there, most in (
            ("streams", len(self._open), LIMITS.followers_max),
            ("streams of one agent", of_agent, LIMITS.streams_per_agent_max),
        ):
            if there >= most:
                raise QuotaExceeded(
                    "Too many streams are open.", hint="Close one, or poll.", limit=limit, actual=there, most=most
                )
        scope = anyio.CancelScope()
        self._open[scope] = agent
        try:
            yield scope
        finally:
            del self._open[scope]


@dataclass(slots=True, kw_only=True)
class _Stream:
    """One stream: where its reader stands, and when it last heard something."""

    reading: Reading
    numbers: Numbers
    send: Send
    standing: Standing
    name: str
    wanted: Wanted
    seen_seq: int
    said_s: float = 0.0

    async def run(self, *, truncated: bool) -> None:
        """Send frames until cancelled, or until the reader may read no more."""
        await self._say("active", {"cursor": cursor(self.seen_seq), "truncated": truncated})
        while True:
            try:
                await self._step()
            except Forbidden as refusal:
                error = errors.shown(errors.refusal(refusal, self.numbers))
                await self._say("terminated", {"error": error})
                return
            except Unavailable as refusal:
                await self._say("error", {"error": errors.shown(errors.refusal(refusal, self.numbers))})
                await anyio.sleep(AFTER_FAILURE_S)

    async def _step(self) -> None:
        """Send a page of what is there, or wait for more."""
        caller = self.standing()
        page = await self.reading.page(caller, self.wanted, self.seen_seq, most=EVENTS_AT_ONCE)
        if page.skipped_to is not None:
            await self._say("active", {"cursor": cursor(page.skipped_to), "truncated": True})
        for event in page.found:
            facts = occurrence(self.name, self.reading.whole(caller, event), cursor=cursor(event.seq))
            await self._say("event", facts)
        self.seen_seq = page.seen_seq
        left_s = self.said_s + HEARTBEAT_S - anyio.current_time()
        if left_s <= 0:
            await self._say("heartbeat", {"cursor": cursor(self.seen_seq)})
        elif not page.more:
            await self.reading.log.wait(self.seen_seq, left_s)

    async def _say(self, frame: str, facts: Mapping[str, Any]) -> None:
        await self.send(f"notifications/events/{frame}", facts)
        self.said_s = anyio.current_time()


def sender(ctx: Context) -> Send:
    """Return what sends a frame on the answer of a request, marked as belonging to it."""
    meta = {SUBSCRIPTION_ID: ctx.request_id}

    async def send(method: str, facts: Mapping[str, Any]) -> None:
        frame = Notification[dict[str, Any], str](method=method, params={**facts, "_meta": meta})
        # The SDK's type names the protocol's own notifications alone; it sends any.
        await ctx.session.send_notification(frame, related_request_id=ctx.request_id)  # type: ignore[arg-type]

    return send
