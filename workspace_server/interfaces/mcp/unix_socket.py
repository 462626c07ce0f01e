"""MCP over the owner's Unix socket: where the `stdio` processes of a folder come together.

A connection carries one JSON-RPC message a line. Before them go two lines of our own: the process says who it is, the
owner answers under which name it acts. The process keeps that name when it has to look for a new owner. Between them go
its signs of life, which keep its locks.
"""

import asyncio
import contextlib
import json
import logging
import re
import socket
from typing import TYPE_CHECKING, Any

import anyio
from mcp.server.runner import serve_dual_era_loop
from mcp.shared._context_streams import ContextReceiveStream, ContextSendStream, create_context_streams
from mcp.shared.message import ServerMessageMetadata, SessionMessage
from mcp_types import INVALID_REQUEST, PARSE_ERROR, ErrorData, JSONRPCError, jsonrpc_message_adapter
from pydantic import ValidationError

from workspace_server.core.access import agent_name
from workspace_server.core.limits import LIMITS
from workspace_server.errors import InvalidArgument, RateLimited, Unauthenticated, WorkspaceError
from workspace_server.interfaces.mcp.calls import Peer, declared_name
from workspace_server.interfaces.mcp.errors import compact
from workspace_server.interfaces.mcp.server import WorkspaceMcp
from workspace_server.services import naming

if TYPE_CHECKING:
    from workspace_server.services.engine import Engine

log = logging.getLogger(__name__)

ALIVE = b'{"jsonrpc":"2.0","method":"notifications/workspace/alive"}\n'
"""What a process says every few seconds while it may hold locks: they are kept for it. It never reaches MCP."""
SESSION = re.compile(r"[0-9a-f]{16}")
"""What a process calls itself: drawn at random when it starts."""
PREFACE_S = 10.0
"""How long a process may take to say who it is."""

Incoming = SessionMessage | Exception


class SocketDoor:
    """Serves every process that connects."""

    def __init__(self, engine: "Engine", server: WorkspaceMcp) -> None:
        self._engine = engine
        self._server = server
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def connected(self) -> int:
        """How many processes are connected."""
        return len(self._tasks)

    async def serve(self, listener: socket.socket) -> None:
        """Serve what connects to a bound socket until cancelled; then end all connections."""
        served = await asyncio.start_unix_server(self._accept, sock=listener, limit=LIMITS.request_bytes_max)
        try:
            await asyncio.Event().wait()
        finally:
            served.close()
            for task in self._tasks:
                task.cancel()
            with anyio.CancelScope(shield=True):
                await asyncio.gather(*self._tasks, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._connected(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = _Line(reader, writer)
        try:
            peer = await self._welcome(line)
            if peer is not None:
                await self._serve_peer(line, peer)
        except TimeoutError:
            pass
        except Exception:
            log.exception("a connection to the socket failed")
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _welcome(self, line: "_Line") -> Peer | None:
        """Return who has connected, after telling it its name; None when it was refused."""
        async with asyncio.timeout(PREFACE_S):
            try:
                peer = await self._named(await line.receive())
            except WorkspaceError as refusal:
                await line.send(compact({"error": refusal.as_dict()}))
                return None
        await line.send(compact({"agent": peer.agent}))
        return peer

    async def _named(self, preface: bytes) -> Peer:
        try:
            said = json.loads(preface)
            given, client, session, token = (said.get(name) for name in ("agent", "client", "session", "token"))
        except (ValueError, AttributeError, RecursionError):
            raise InvalidArgument(
                "The first line is an object with `agent` or `client`.", hint="Use `workspace-server stdio`."
            ) from None
        token = token if isinstance(token, str) else None
        try:
            bears = self._server.guard.bearer(token).token
        except WorkspaceError as refusal:
            self._server.guard.refuse(refusal, token=token)
            raise
        if bears is None:
            name = agent_name(given) if given else await self._next_name(client)
        elif given or not bears.is_crew:
            name = bears.acts_as(given)
        else:
            name = bears.acts_as(await self._next_name(client))
        is_session = isinstance(session, str) and SESSION.fullmatch(session)
        return Peer(agent=name, session=session if is_session else None, token=token)

    async def _next_name(self, client: object) -> str:
        return await naming.next_name(self._engine.folder, declared_name(client))

    async def _serve_peer(self, line: "_Line", peer: Peer) -> None:
        incoming, to_server = create_context_streams[Incoming](0)
        from_server, outgoing = create_context_streams[SessionMessage](0)
        async with incoming, to_server, from_server, outgoing, anyio.create_task_group() as both:
            both.start_soon(self._send_all, line, outgoing)
            both.start_soon(self._receive_all, line, incoming, peer)
            await serve_dual_era_loop(self._server, to_server, from_server, lifespan_state={})
            both.cancel_scope.cancel()

    async def _receive_all(self, line: "_Line", incoming: ContextSendStream[Incoming], peer: Peer) -> None:
        metadata = ServerMessageMetadata(request_context=peer)
        async with incoming:
            while raw := await line.receive():
                if raw == ALIVE:
                    await self._keep(peer)
                    continue
                try:
                    message = jsonrpc_message_adapter.validate_json(raw, by_name=False)
                except ValidationError:
                    await line.send(_unreadable(raw).model_dump_json(by_alias=True, exclude_unset=True))
                    continue
                try:
                    await incoming.send(SessionMessage(message, metadata))
                except (anyio.BrokenResourceError, anyio.ClosedResourceError):
                    return

    async def _keep(self, peer: Peer) -> None:
        """Keep the locks of a process that gives a sign of life, while it proves who it is."""
        with contextlib.suppress(Unauthenticated, RateLimited):
            self._server.guard.bearer(peer.token)
            if peer.session is not None:
                await self._engine.locks.keep_session(peer.session)

    async def _send_all(self, line: "_Line", outgoing: ContextReceiveStream[SessionMessage]) -> None:
        async for sent in outgoing:
            await line.send(sent.message.model_dump_json(by_alias=True, exclude_unset=True))


class _Line:
    """A connection as lines of bytes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def receive(self) -> bytes:
        """Return the next line; nothing at the end, after half a line or one beyond the limit."""
        try:
            return await self._reader.readuntil(b"\n")
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            return b""

    async def send(self, text: str) -> None:
        """Send a line, as fast as the other side takes it; one that has gone takes none, and its end is read."""
        self._writer.write(text.encode() + b"\n")
        with contextlib.suppress(ConnectionError):
            await self._writer.drain()


def _unreadable(raw: bytes) -> JSONRPCError:
    """Return the error for a line that is no message, with its id when it has one."""
    try:
        decoded: Any = json.loads(raw)
    except (ValueError, RecursionError):
        return JSONRPCError(jsonrpc="2.0", id=None, error=ErrorData(code=PARSE_ERROR, message="Parse error"))
    given = decoded.get("id") if isinstance(decoded, dict) else None
    number = given if isinstance(given, str | int) and not isinstance(given, bool) else None
    return JSONRPCError(
        jsonrpc="2.0", id=number, error=ErrorData(code=INVALID_REQUEST, message="That line is no JSON-RPC message")
    )
