"""Streams that have no end of their own, ended when the server ends.

To whatever writes such a stream it looks as if its client had gone away, which it knows how to take. Without this a
server would wait for each open web view until its time to drain is over.
"""

import asyncio

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Ending:
    """Says to the streams of one server that it ends."""

    def __init__(self) -> None:
        self._said = asyncio.Event()

    def say(self) -> None:
        """End all streams, and those that would yet begin."""
        self._said.set()

    async def receive(self, receive: Receive) -> Message:
        """Return the client's next message, or that it is gone once the server ends."""
        heard = asyncio.ensure_future(receive())
        said = asyncio.ensure_future(self._said.wait())
        try:
            await asyncio.wait({heard, said}, return_when=asyncio.FIRST_COMPLETED)
            return heard.result() if heard.done() else {"type": "http.disconnect"}
        finally:
            heard.cancel()
            said.cancel()


class EndingMiddleware:
    """Watches over streams of server-sent events.

    Args:
        app: What writes them.
        ending: Says when to end.
    """

    def __init__(self, app: ASGIApp, ending: Ending) -> None:
        self._app = app
        self._ending = ending

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; a stream that was cut by our end is closed in order."""
        if not _is_stream(scope):
            await self._app(scope, receive, send)
            return
        open_ended = False

        async def sent(message: Message) -> None:
            nonlocal open_ended
            open_ended = message["type"] == "http.response.start" or bool(message.get("more_body"))
            await send(message)

        await self._app(scope, lambda: self._ending.receive(receive), sent)
        if open_ended:
            await send({"type": "http.response.body", "body": b"", "more_body": False})


def _is_stream(scope: Scope) -> bool:
    if scope["type"] != "http" or scope["method"] != "GET":
        return False
    return "text/event-stream" in Headers(scope=scope).get("accept", "")
