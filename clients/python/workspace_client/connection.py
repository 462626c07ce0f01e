"""One MCP connection, opened and closed by a task of its own."""

import anyio
from mcp import Client, MCPError, StdioServerParameters
from mcp_types import CONNECTION_CLOSED, Implementation


class Connection:
    """Keeps one `mcp.Client` open until told to close, or until it breaks.

    The SDK wants a client to be closed by the task that opened it, while any task of an agent may be the one that finds
    the connection broken. So a connection lives in a task of its own (`run`), and others only look at it.
    """

    def __init__(self, server: str | StdioServerParameters, agent: str | None) -> None:
        self._server = server
        self._agent = agent
        self._settled = anyio.Event()
        self._closing = anyio.Event()
        self._client: Client | None = None
        self.failure: Exception | None = None
        """Why it could not be opened, or broke."""

    async def run(self) -> None:
        """Hold the connection open; returns, and never raises, once it has ended."""
        info = Implementation(name=self._agent or "workspace-client", version="1")
        try:
            async with Client(self._server, client_info=info, cache=None) as client:
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
            raise MCPError(reason.code, f"{self._server} answered: {reason.message}") from self.failure
        raise ConnectionError(f"no connection to {self._server}: {reason}") from self.failure

    def close(self) -> None:
        """Let `run` close the connection and return."""
        self._closing.set()


def _root(error: BaseException | None) -> BaseException | str:
    """Return the first single error within nested groups."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error or "it was closed"
