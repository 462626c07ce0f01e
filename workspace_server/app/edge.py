"""What a request brings along from before the server: who sent it through a proxy, and that it came by https."""

from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from workspace_server.core.peers import Peers

PREFIX = b"x-forwarded-"
STRICT = (b"strict-transport-security", b"max-age=31536000")


class EdgeMiddleware:
    """Puts into a request what a trusted proxy says of it, and leaves nothing of what others say.

    Args:
        app: What answers.
        peers: Says who is trusted.
        strict: Whether browsers are told to come by https only, for a year.
    """

    def __init__(self, app: ASGIApp, peers: Peers, *, strict: bool) -> None:
        self._app = app
        self._peers = peers
        self._strict = strict

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        self._see_through(scope)

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], STRICT]
            await send(message)

        await self._app(scope, receive, sent if self._strict and scope["scheme"] == "https" else send)

    def _see_through(self, scope: Scope) -> None:
        forwarded = [header for header in scope["headers"] if header[0].startswith(PREFIX)]
        if not forwarded or scope["client"] is None:
            return
        values: dict[str, list[str]] = {}
        for name, value in forwarded:
            values.setdefault(name[len(PREFIX) :].decode("latin-1"), []).append(value.decode("latin-1"))
        said = self._peers.said(scope["client"][0], scope["scheme"], values)
        headers: list[Any] = [header for header in scope["headers"] if not header[0].startswith(PREFIX)]
        if said.host is not None:
            headers = [header for header in headers if header[0] != b"host"]
            headers.append((b"host", said.host.encode("latin-1")))
        scope["headers"] = headers
        scope["scheme"] = said.scheme
        if said.client != scope["client"][0]:
            scope["client"] = (said.client, 0)
