"""MCP over HTTP: both eras on one URL, an answer as JSON unless something is streamed.

JSON answers cost half of what event streams cost, but drop progress and never notice that the client went away. So each
request of the stateless era gets what it needs. The handshake era keeps streams: there a notification of a JSON-only
request would be sent in place of its result (mcp 2.3.0).
"""

import asyncio

import anyio
from mcp.server._streamable_http_modern import handle_modern_request
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp_types import INVALID_PARAMS
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS
from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Route
from starlette.types import Message, Receive, Scope, Send

from workspace_server.core.limits import LIMITS
from workspace_server.errors import TooLarge
from workspace_server.interfaces.mcp.server import WorkspaceMcp

PROTOCOL_HEADER = b"mcp-protocol-version"
STREAMED = (b'"progressToken"', b'"events/stream"')
"""What stands in a request whose answer is streamed. In another one it costs a slower answer, and nothing else."""
WATCH_AFTER_S = 0.05
"""Shorter calls are not watched: they end before it would help, and a watcher costs a tenth of a call."""


def mcp_routes(sessions: "SessionManager") -> list[BaseRoute]:
    """Return the one route of MCP over HTTP."""
    return [Route("/mcp", _Endpoint(sessions))]


class SessionManager(StreamableHTTPSessionManager):
    """The SDK's session manager, which decides per request between JSON and a stream."""

    def __init__(self, server: WorkspaceMcp) -> None:
        # Host and Origin are checked by the one guard of all doors, so not again here.
        super().__init__(server, max_request_body_size=LIMITS.request_bytes_max)
        self.put_url = server.put_url

    async def _handle_request(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        version = headers.get(PROTOCOL_HEADER)
        if version is None or version.decode("latin-1") in HANDSHAKE_PROTOCOL_VERSIONS or scope["method"] != "POST":
            await super()._handle_request(scope, receive, send)
            return
        first = await receive()  # the SDK's limit has collected the body: it is here as a whole
        replay = _Replay(first, receive)
        body = first.get("body", b"")
        as_json = b"text/event-stream" not in headers.get(b"accept", b"") or not any(mark in body for mark in STREAMED)
        if not as_json:
            await self._modern(scope, replay, send, as_json=False)
            return
        with anyio.CancelScope() as call, _Watch(replay, call):
            await self._modern(scope, replay, send, as_json=True)

    async def _modern(self, scope: Scope, receive: Receive, send: Send, *, as_json: bool) -> None:
        await handle_modern_request(
            self.app, self.security_settings, as_json, self._lifespan_state, scope, receive, send
        )


class _Endpoint:
    """The application behind the route; the SDK's refusal of too large a request leaves in words of ours."""

    def __init__(self, sessions: SessionManager) -> None:
        self._sessions = sessions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refused = False

        async def answer(message: Message) -> None:
            nonlocal refused
            if message["type"] == "http.response.start" and message["status"] == TooLarge.http_status:
                refused = True
                await self._too_large(Headers(scope=scope).get("content-length"))(scope, receive, send)
            elif not refused:
                await send(message)

        await self._sessions.handle_request(scope, receive, answer)

    def _too_large(self, announced: str | None) -> JSONResponse:
        refusal = TooLarge(
            f"A request takes up to {LIMITS.request_bytes_max} bytes.",
            hint=f"Send large files with PUT {self._sessions.put_url} and your name as X-Agent.",
            limit=LIMITS.request_bytes_max,
            actual=int(announced) if announced is not None and announced.isdecimal() else None,
        )
        # Clients take a JSON-RPC error of any status for the answer, and most of them show its message alone.
        error = {"code": INVALID_PARAMS, "message": f"{refusal.message} {refusal.hint}", "data": refusal.as_dict()}
        return JSONResponse({"jsonrpc": "2.0", "id": None, "error": error}, refusal.http_status)


class _Replay:
    """Gives the body out again, then what follows it."""

    def __init__(self, first: Message, receive: Receive) -> None:
        self._first: Message | None = first
        self._receive = receive

    async def __call__(self) -> Message:
        first, self._first = self._first, None
        return first if first is not None else await self._receive()


class _Watch:
    """Cancels a call whose client goes away."""

    def __init__(self, receive: Receive, call: anyio.CancelScope) -> None:
        self._receive = receive
        self._call = call
        self._task: asyncio.Task[None] | None = None

    def __enter__(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(WATCH_AFTER_S, self._begin)

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        if self._task is not None:
            self._task.cancel()

    def _begin(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._watch())

    async def _watch(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._call.cancel()
