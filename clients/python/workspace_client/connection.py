"""One MCP connection, opened and closed by a task of its own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import anyio
import httpx2
from mcp import Client, MCPError, StdioServerParameters
from mcp.client import Transport
from mcp.client.streamable_http import streamable_http_client
from mcp_types import CONNECTION_CLOSED, Implementation

from workspace_client.errors import WorkspaceError

TIMEOUT = httpx2.Timeout(30.0, read=300.0)
"""In seconds, as the SDK has it: a call may wait long for its answer."""
AT_THE_DOOR = (401, 403, 429)
"""Statuses with which a request is refused before anything reads it as MCP."""


class Connection:
    """Keeps one `mcp.Client` open until told to close, or until it breaks.

    The SDK wants a client to be closed by the task that opened it, while any task of an agent may be the one that finds
    the connection broken. So a connection lives in a task of its own (`run`), and others only look at it.
    """

    def __init__(self, server: str | StdioServerParameters, agent: str | None, token: str | None) -> None:
        self._server = server
        self._agent = agent
        self._token = token
        self._settled = anyio.Event()
        self._closing = anyio.Event()
        self._client: Client | None = None
        self.failure: Exception | None = None
        """Why it could not be opened, or broke."""
        self.refusal: WorkspaceError | None = None
        """What the server last said at its door, of which MCP passes nothing on."""

    async def run(self) -> None:
        """Hold the connection open; returns, and never raises, once it has ended."""
        info = Implementation(name=self._agent or "workspace-client", version="1")
        try:
            async with self._target() as target, Client(target, client_info=info, cache=None) as client:
                self._client = client
                self._settled.set()
                await self._closing.wait()
        except Exception as error:  # noqa: BLE001  # the task's outermost frame; callers are told by `client`
            self.failure = error
        finally:
            self._client = None
            self._settled.set()

    async def client(self) -> Client:
        """Return the open client.

        Raises:
            ConnectionError: It could not be opened, or has broken.
            MCPError: Something answered, but not as a server of ours does.
        """
        await self._settled.wait()
        if self._client is not None:
            return self._client
        reason = _root(self.failure)
        if isinstance(reason, MCPError) and reason.code != CONNECTION_CLOSED:
            raise MCPError(reason.code, f"{self._server} answered: {reason.message}", reason.data) from self.failure
        raise ConnectionError(f"no connection to {self._server}: {reason}") from self.failure

    @asynccontextmanager
    async def _target(self) -> AsyncIterator[StdioServerParameters | Transport]:
        """Have the server's address or command, with the token where it is sent."""
        if isinstance(self._server, StdioServerParameters):
            token = {} if self._token is None else {"WORKSPACE_TOKEN": self._token}
            yield self._server.model_copy(update={"env": {**(self._server.env or {}), **token}})
            return
        headers = {} if self._token is None else {"authorization": f"Bearer {self._token}"}
        hooks = {"response": [self._look_at]}
        async with httpx2.AsyncClient(headers=headers, timeout=TIMEOUT, event_hooks=hooks) as http:
            yield streamable_http_client(self._server, http_client=http)

    async def _look_at(self, response: httpx2.Response) -> None:
        if response.status_code in AT_THE_DOOR:
            await response.aread()
            with suppress(ValueError, KeyError, TypeError):  # a proxy answers in words of its own
                self.refusal = WorkspaceError(**response.json()["error"])

    def close(self) -> None:
        """Let `run` close the connection and return."""
        self._closing.set()


def _root(error: BaseException | None) -> BaseException | str:
    """Return the first single error within nested groups."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error or "it was closed"
