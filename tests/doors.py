"""The doors that agents come through: MCP of both eras, over HTTP and over `stdio`, into one real server."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp_types import CallToolResult, TextContent

from tests.processes import PROGRAM, Serving, clean_environment
from workspace_server import errors

CODES = {kind.code for kind in errors.ALL}
DOORS = ["http 2026-07-28", "http legacy", "stdio 2026-07-28", "stdio legacy"]
TOLD_BYTES_MAX = 12_000
"""More than the longest refusal: a bounded diff beside a bounded path."""


class Agent:
    """A connected MCP client, and the eyes of whoever checks what it is told."""

    def __init__(self, client: Client, folder: Path) -> None:
        self.client = client
        self._hidden = [str(folder), "Traceback", 'File "', ".py", "site-packages"]

    async def call(self, tool: str, /, **arguments: Any) -> dict[str, Any]:
        """Call a tool; return its answer, or its refusal under `code`."""
        result = await self.client.call_tool(tool, arguments)
        if result.is_error:
            return self.refusal(result)
        first = result.content[0]
        assert isinstance(first, TextContent)
        answer: dict[str, Any] = json.loads(first.text)
        assert "code" not in answer
        return answer

    async def refused(self, tool: str, /, **arguments: Any) -> dict[str, Any]:
        """Call a tool that must refuse; return the refusal."""
        answer = await self.call(tool, **arguments)
        assert "code" in answer, (tool, str(arguments)[:200], str(answer)[:200])
        return answer

    async def done(self, tool: str, /, **arguments: Any) -> dict[str, Any]:
        """Call a tool that must not refuse."""
        answer = await self.call(tool, **arguments)
        assert "code" not in answer, (tool, str(arguments)[:200], answer)
        return answer

    async def read(self, path: str, **more: Any) -> tuple[dict[str, Any], str]:
        """Return the header of a file, and its text."""
        result = await self.client.call_tool("read_file", {"path": path, **more})
        header, block = result.content
        assert isinstance(header, TextContent)
        assert isinstance(block, TextContent)
        return json.loads(header.text), block.text

    def refusal(self, result: CallToolResult) -> dict[str, Any]:
        """Check that a refusal is one that the contract knows, and return it."""
        assert len(result.content) == 1
        assert isinstance(result.content[0], TextContent)
        text = result.content[0].text
        told: dict[str, Any] = json.loads(text)
        assert told["code"] in CODES - {"internal", "unavailable"}, told
        assert told["hint"], told
        assert isinstance(told["retryable"], bool), told
        assert len(text.encode()) < TOLD_BYTES_MAX, text[:500]
        assert not [shown for shown in self._hidden if shown in text], told
        return told


@asynccontextmanager
async def entered(door: str, server: Serving, agent: str, **listening: Any) -> AsyncIterator[Agent]:
    """Connect *agent* through a door of a running server.

    Args:
        listening: What the client does with notifications, as `Client` takes it.
    """
    kind, era = door.split()
    target: Any = f"{server.url}/mcp?agent={agent}"
    if kind == "stdio":
        arguments = [*PROGRAM[1:], "stdio", str(server.folder), "--agent", agent]
        target = stdio_client(StdioServerParameters(command=PROGRAM[0], args=arguments, env=clean_environment()))
    async with Client(target, mode=era, **listening) as client:
        yield Agent(client, server.folder)
