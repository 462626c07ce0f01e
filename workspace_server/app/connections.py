"""How one connection may behave: uvicorn's protocol, with a bound on all that a client can be slow or large with.

What is refused here no route sees. `httptools` itself puts no bound on a header, and collects as long as one comes.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from workspace_server.app.heads import check_head, malformed
from workspace_server.core.limits import LIMITS, Limits
from workspace_server.core.peers import Peers, one_caller
from workspace_server.core.places import Places
from workspace_server.errors import InvalidArgument, TooLarge, Unavailable, WorkspaceError
from workspace_server.interfaces.http.errors import encode

BAD_REQUEST, TIMED_OUT, LONG_LINE, LARGE_HEAD, FULL = 400, 408, 414, 431, 503


class StoppedError(Exception):
    """The request goes no further: raised out of the parser, which lets it end in `send_400_response`."""


class BoundedProtocol(HttpToolsProtocol):
    """One connection.

    Args:
        places: Says whether there is a place for it.
        peers: Says whose connections are taken.
        limits: The bounds in force.
    """

    def __init__(
        self,
        *args: Any,
        places: "Places[BoundedProtocol]",
        peers: Peers,
        limits: Limits = LIMITS,
        **rest: Any,
    ) -> None:
        super().__init__(*args, **rest)
        self._places = places
        self._peers = peers
        self._limits = limits
        self._refused: tuple[int, WorkspaceError] | None = None
        self._slow: asyncio.TimerHandle | None = None
        """Ends a connection whose request does not arrive."""
        self._unread: asyncio.TimerHandle | None = None
        """Ends a connection whose answers nobody takes."""
        self._in_head = True
        self._is_asking = False
        self._pending_bytes = 0
        """What came since the parser last had something whole."""
        self._head_bytes = 0
        self._body_bytes = 0
        self._buffered_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin, or refuse to while there are too many others."""
        super().connection_made(transport)
        address = self.client[0] if self.client else ""
        if not self._peers.may_connect(address):
            transport.abort()  # before it says anything that could be read on the way
            return
        counts = not self._peers.is_proxy(address)
        has_place, gone = self._places.enter(self, one_caller(address), counts=counts)
        if gone is not None:
            gone.transport.close()
        if has_place:
            self._slow = self.loop.call_later(self._limits.head_s, self._head_is_late)
        else:
            self._refuse(FULL, Unavailable("There are too many connections.", hint="Try again soon.", reason="full"))

    def connection_lost(self, exc: Exception | None) -> None:
        """Give all back."""
        self._places.leave(self)
        for timer in (self._slow, self._unread):
            if timer is not None:
                timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on, unless the client was refused already, or says ever more and nothing whole."""
        if self.transport.is_closing():
            return
        self._pending_bytes += len(data)
        if self._slow is None and self._in_head:
            self._slow = self.loop.call_later(self._limits.head_s, self._head_is_late)
        super().data_received(data)
        if self._pending_bytes > self._limits.head_bytes_max and not self.transport.is_closing():
            self._refuse(LARGE_HEAD, _too_large("The headers are too large.", self._limits.head_bytes_max))

    def on_message_begin(self) -> None:
        """Count anew."""
        self._is_asking = True
        self._head_bytes = 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """Take a part of the target."""
        super().on_url(url)
        if len(self.url) > self._limits.target_bytes_max:
            raise self._stopped(LONG_LINE, _too_large("The address is too long.", self._limits.target_bytes_max))

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take one header. Those after a body would be added to what the application has been told already."""
        self._pending_bytes = 0
        if not self._in_head:
            raise self._stopped(BAD_REQUEST, malformed("Headers after the body are not taken.", "trailers"))
        self._head_bytes += len(name) + len(value)
        if self._head_bytes > self._limits.head_bytes_max:
            raise self._stopped(LARGE_HEAD, _too_large("The headers are too large.", self._limits.head_bytes_max))
        if len(self.headers) >= self._limits.headers_max:
            raise self._stopped(LARGE_HEAD, _too_large("There are too many headers.", self._limits.headers_max))
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Hand the request over, and watch over its body."""
        self._pending_bytes = 0
        self._in_head = False
        upgrades = self.parser.should_upgrade()
        try:
            check_head(self.url, self.headers, upgrades=upgrades)
        except InvalidArgument as refusal:
            raise self._stopped(BAD_REQUEST, refusal) from None
        if len(self.pipeline) >= self._limits.pipelined_max:
            raise self._stopped(
                BAD_REQUEST, _too_large("Too many requests wait on one connection.", self._limits.pipelined_max)
            )
        super().on_headers_complete()
        if upgrades:
            self.cycle.keep_alive = False  # the parser reads nothing more on this connection
        self._places.work(self)
        self._body_bytes = 0
        self._wait(self._limits.slow_window_s, self._body_is_slow)

    def on_body(self, body: bytes) -> None:
        """Take a part of the body."""
        self._pending_bytes = 0
        self._body_bytes += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Watch no more: the request is here."""
        self._pending_bytes = 0
        self._in_head = True
        self._is_asking = False
        self._wait(None, self._head_is_late)
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Go on with the next request, and see that this answer is taken."""
        super().on_response_complete()
        if not self.pipeline:
            self._places.rest(self)
        if self.transport.get_write_buffer_size():
            self._watch_reader()
        elif self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def pause_writing(self) -> None:
        """Stop: the client takes less than it is sent."""
        super().pause_writing()
        self._watch_reader()

    def resume_writing(self) -> None:
        """Go on: it has taken nearly all."""
        super().resume_writing()
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def _unsupported_upgrade_warning(self) -> None:
        """Log nothing: what asks for another protocol is answered in this one."""

    def send_400_response(self, msg: str) -> None:
        """Answer what the parser or one of the bounds has refused."""
        self._refuse(*(self._refused or (BAD_REQUEST, malformed(msg, "not HTTP"))))

    def _stopped(self, status: int, refusal: WorkspaceError) -> StoppedError:
        self._refused = (status, refusal)
        return StoppedError()

    def _refuse(self, status: int, refusal: WorkspaceError) -> None:
        """Answer with *refusal* unless an answer has begun, and end the connection."""
        under_way = self.cycle is not None and not self.cycle.response_complete
        begun = bool(self.pipeline) or (under_way and self.cycle.response_started)
        if under_way:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        if not begun:
            body = encode({"error": refusal.as_dict()})
            head = b"content-type: application/json\r\ncache-control: no-store\r\nconnection: close\r\n"
            if status == FULL:
                head += b"retry-after: 1\r\n"
            self.transport.write(STATUS_LINE[status] + head + b"content-length: %d\r\n\r\n" % len(body) + body)
        self.transport.close()
        self._watch_reader()

    def _wait(self, seconds: float | None, then: Callable[[], None]) -> None:
        if self._slow is not None:
            self._slow.cancel()
        self._slow = None if seconds is None else self.loop.call_later(seconds, then)

    def _head_is_late(self) -> None:
        """End a connection that waits too long; one that has asked nothing yet would take a refusal for an answer."""
        if not self._is_asking:
            self.transport.close()
            return
        self._refuse(
            TIMED_OUT, Unavailable("The request did not arrive in time.", hint="Send it as a whole.", reason="slow")
        )

    def _body_is_slow(self) -> None:
        """End a body that came too slowly, unless it is the server that lets it wait."""
        enough = self._limits.bytes_per_s_min * self._limits.slow_window_s
        if self._body_bytes < enough and not self.flow.read_paused:
            self._refuse(
                TIMED_OUT, Unavailable("The body comes too slowly.", hint="Send less, or faster.", reason="slow")
            )
            return
        self._body_bytes = 0
        self._slow = self.loop.call_later(self._limits.slow_window_s, self._body_is_slow)

    def _watch_reader(self) -> None:
        if self._unread is None:
            self._buffered_bytes = self.transport.get_write_buffer_size()
            self._unread = self.loop.call_later(self._limits.slow_window_s, self._answer_is_slow)

    def _answer_is_slow(self) -> None:
        """End a connection that took next to nothing of what waits for it; `close` would wait for it for ever."""
        self._unread = None
        left = self.transport.get_write_buffer_size()
        if left and self._buffered_bytes - left < self._limits.bytes_per_s_min * self._limits.slow_window_s:
            self.transport.abort()
        elif left:
            self._watch_reader()


def _too_large(message: str, limit: int) -> TooLarge:
    return TooLarge(message, hint="Send less at once.", limit=limit)
