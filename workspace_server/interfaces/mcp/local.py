"""The MCP face on the folder's Unix socket: what `stdio` processes speak to.

One line is one JSON-RPC message. The first line of a connection is a preface that says who connects; its answer names
the agent under which the connection's calls are recorded. Whoever can open the socket can read the folder anyway.
"""

import asyncio
import json
import logging
import os
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mcp_types as types
from mcp.server import Server
from mcp.server.runner import serve_dual_era_loop
from mcp.shared._context_streams import create_context_streams
from mcp.shared.message import ServerMessageMetadata, SessionMessage
from pydantic import ValidationError

from workspace_server.core.limits import LIMITS
from workspace_server.errors import WorkspaceError

log = logging.getLogger(__name__)

SOCKET_NAME = "owner.sock"
BUFFERED_MESSAGES = 16
PREFACE_S = 10.0
"""How long a connection may take to say who it is."""
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9._-]+")

NameAgent = Callable[[str], Awaitable[str]]
"""From the name that a client gives itself to one that no other process has."""


@dataclass(frozen=True, slots=True)
class Peer:
    """Who is on the other side of a connection; stands where HTTP has its request."""

    agent: str


class LocalFace:
    """Serves one MCP server on a Unix socket.

    Args:
        server: The MCP server that HTTP serves as well.
        check_name: Returns a name that was given, or refuses it.
        name_agent: Makes a name for a client that was given none.
    """

    def __init__(
        self,
        server: Server[Any],
        *,
        lifespan_state: Any,
        check_name: Callable[[object], str],
        name_agent: NameAgent,
    ) -> None:
        self._server = server
        self._lifespan_state = lifespan_state
        self._check_name = check_name
        self._name_agent = name_agent
        self._connections: set[asyncio.Task[None]] = set()

    @property
    def connected(self) -> int:
        """How many connections are open."""
        return len(self._connections)

    @asynccontextmanager
    async def listening(self, state: Path) -> AsyncIterator[None]:
        """Accept connections on a socket in the directory *state* until the block ends."""
        directory = os.open(state, os.O_RDONLY | os.O_DIRECTORY)
        # Socket paths end at 107 bytes; through the descriptor of its directory the path is short.
        path = f"/proc/self/fd/{directory}/{SOCKET_NAME}"
        (state / SOCKET_NAME).unlink(missing_ok=True)  # what a killed owner left
        listener = await asyncio.start_unix_server(self._accept, path, limit=LIMITS.request_bytes_max)
        (state / SOCKET_NAME).chmod(0o600)
        try:
            yield
        finally:
            (state / SOCKET_NAME).unlink(missing_ok=True)
            listener.close()
            for connection in self._connections:
                connection.cancel()
            await asyncio.gather(*self._connections, return_exceptions=True)
            os.close(directory)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            peer = await self._greeted(reader, writer)
            if peer is not None:
                await self._serve(peer, reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError) as error:
            log.debug("a stdio connection ended: %s", error)
        finally:
            self._connections.discard(task)
            writer.close()

    async def _greeted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Peer | None:
        """Return who connects, once that is settled and told."""
        async with asyncio.timeout(PREFACE_S):
            line = await reader.readuntil(b"\n")
        try:
            preface = json.loads(line)
            given = preface.get("agent")
            agent = self._check_name(given) if given else await self._name_agent(_base_name(preface.get("client")))
        except (ValueError, AttributeError):
            writer.write(b'{"error":"the first line is a JSON object"}\n')
            return None
        except WorkspaceError as refusal:
            writer.write(json.dumps({"error": refusal.message}).encode() + b"\n")
            return None
        writer.write(json.dumps({"agent": agent}).encode() + b"\n")
        return Peer(agent)

    async def _serve(self, peer: Peer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        to_server, from_client = create_context_streams[SessionMessage | Exception](BUFFERED_MESSAGES)
        to_client, from_server = create_context_streams[SessionMessage](BUFFERED_MESSAGES)

        async def read() -> None:
            async with to_server:
                while True:
                    try:
                        line = await reader.readuntil(b"\n")
                    except (asyncio.IncompleteReadError, ConnectionError):
                        return
                    await to_server.send(_message(line, peer))

        async def write() -> None:
            async with from_server:
                async for item in from_server:
                    writer.write(item.message.model_dump_json(by_alias=True, exclude_unset=True).encode() + b"\n")
                    await writer.drain()

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(read())
            tasks.create_task(write())
            tasks.create_task(
                serve_dual_era_loop(self._server, from_client, to_client, lifespan_state=self._lifespan_state)
            )


def _message(line: bytes, peer: Peer) -> SessionMessage | Exception:
    try:
        message = types.jsonrpc_message_adapter.validate_json(line, by_name=False)
    except ValidationError as error:
        return error
    return SessionMessage(message, ServerMessageMetadata(request_context=peer))


def _base_name(client: object) -> str:
    """Return a client's own name in the form of an agent name."""
    name = _NOT_IN_NAMES.sub("-", client if isinstance(client, str) else "").strip("-.")
    return name[: LIMITS.agent_chars_max - 8] or "agent"
