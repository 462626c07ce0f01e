"""The event log over HTTP: pages, waiting for the next change, and a stream of server-sent events."""

import re
from collections.abc import AsyncIterator
from typing import Annotated, Any

from pydantic import Field
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from workspace_server.core.limits import LIMITS
from workspace_server.errors import InvalidArgument, Unauthenticated, Unavailable
from workspace_server.interfaces.http import results
from workspace_server.interfaces.http.arguments import Commas, Count
from workspace_server.interfaces.http.call import Call, Query
from workspace_server.interfaces.http.errors import encode, json_response
from workspace_server.interfaces.http.operations import operation

HEARTBEAT_S = 15.0
"""A silent stream says so this often: whatever stands between keeps it open, and a gone reader is noticed."""
RECONNECT_MS = 1_000
FOLLOWERS_MAX = LIMITS.followers_max
FRAMES_MAX = 1_000
"""How many encoded events are kept for who follows next."""
_STREAM = "text/event-stream"
_SEQ = re.compile(r"\d{1,15}")


class ListEvents(Query):
    """Which events, after which seq; without one, among the newest `limit` changes, or a stream from now on."""

    since_seq: Count | None = None
    types: Commas | None = None
    path: str | None = None
    agent: str | None = None
    limit: Annotated[int, Field(ge=1, le=LIMITS.events_page_max)] = 100
    wait_seconds: Annotated[int, Field(ge=0, le=LIMITS.wait_s_max)] = 0


class Followers:
    """How many streams are open, one more than the bound is refused; and the frames that they all are sent."""

    def __init__(self) -> None:
        self.open = 0
        self._frames: dict[int, bytes] = {}

    def enter(self) -> None:
        """Count a stream in.

        Raises:
            Unavailable: There are as many as may be.
        """
        if self.open >= FOLLOWERS_MAX:
            raise Unavailable(
                "Too many streams are open.",
                hint="Poll with wait_seconds instead, or close one.",
                retryable=True,
                reason="followers_max",
            )
        self.open += 1

    def leave(self) -> None:
        """Count a stream out."""
        self.open -= 1

    def frame(self, event: dict[str, Any]) -> bytes:
        """Return an event as it goes over the wire; it is encoded once for all that follow at the same time."""
        seq = event["seq"]
        found = self._frames.get(seq)
        if found is None:
            if len(self._frames) >= FRAMES_MAX:
                self._frames.clear()
            found = self._frames[seq] = encoded(event)
        return found


class Following(StreamingResponse):
    """A stream that is counted from now on until it has ended, also when its reader goes before the first word.

    Raises:
        Unavailable: There are as many as may be.
    """

    def __init__(self, followers: Followers, frames: AsyncIterator[bytes], **described: Any) -> None:
        super().__init__(frames, **described)
        self._followers = followers
        followers.enter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._followers.leave()


def encoded(event: dict[str, Any]) -> bytes:
    """Return an event as it goes over the wire."""
    return b"id: %d\ndata: %s\n\n" % (event["seq"], encode(event))


async def list_events(call: Call, query: ListEvents) -> Response:
    """Return committed changes in their order: a page, the next ones once they come, or a stream of them."""
    if _STREAM in call.request.headers.get("accept", "") and call.request.method != "HEAD":
        return await _stream(call, query)
    since = query.since_seq
    if since is None:
        head = call.engine.events.head_seq
        since = head if query.wait_seconds else max(0, head - query.limit)
    page = await _page(call, query, since)
    if not page["events"] and query.wait_seconds:
        page = await _next_page(call, query, page)
    return json_response(page)


async def _next_page(call: Call, query: ListEvents, page: dict[str, Any]) -> dict[str, Any]:
    """Wait for a page with something on it; other people's events pass by while the time runs."""
    clock = call.engine.clock
    deadline_s = clock.boot_s() + query.wait_seconds
    while not page["events"] and (left_s := deadline_s - clock.boot_s()) > 0:
        await call.engine.events.wait(page["next_seq"], left_s)
        page = await _page(call, query, page["next_seq"])
    return page


async def _stream(call: Call, query: ListEvents) -> Response:
    resumed = call.request.headers.get("last-event-id")
    if resumed is not None and _SEQ.fullmatch(resumed) is None:
        raise InvalidArgument(
            "Last-Event-ID must be a seq.", hint="Leave it out.", argument="Last-Event-ID", reason="not a number"
        )
    since = int(resumed) if resumed is not None else query.since_seq
    since = call.engine.events.head_seq if since is None else since
    first = await _page(call, query, since)  # what is wrong with the filters is refused before the stream begins
    headers = {"cache-control": "no-store", "x-accel-buffering": "no", "x-content-type-options": "nosniff"}
    return Following(call.followers, _frames(call, query, first), headers=headers, media_type=_STREAM)


async def _frames(call: Call, query: ListEvents, page: dict[str, Any]) -> AsyncIterator[bytes]:
    # What is left out for one reader must not be for others: only whole events are encoded once for all.
    frame = call.followers.frame if call.caller.sees_all else encoded
    try:
        said = f"retry: {RECONNECT_MS}\n\n".encode()
        told = False
        while True:
            if page["truncated"] and not told:
                # An event of its own name: whoever listens for changes alone is not given what is none.
                said += b"event: truncated\ndata: {}\n\n"
                told = True
            said += b"".join(map(frame, page["events"]))
            seq = page["next_seq"]
            is_behind = seq < call.engine.events.head_seq
            if not is_behind:
                # An id without data moves the reader's cursor past events that its filters leave out.
                said += b": up to date\nid: %d\n\n" % seq
            yield said
            said = b""
            if not is_behind:
                await call.engine.events.wait(seq, HEARTBEAT_S)
            page = await _page(call, query, seq)
    except Unauthenticated:  # the token has ended, and so does the stream
        return


async def _page(call: Call, query: ListEvents, since: int) -> dict[str, Any]:
    call.engine.tokens.check_open(call.caller)
    return await call.engine.events.feed(
        call.caller, since_seq=since, types=query.types, path=query.path, agent=query.agent, limit=query.limit
    )


OPERATIONS = (operation("GET", "/events", list_events, result=results.EventPage),)
