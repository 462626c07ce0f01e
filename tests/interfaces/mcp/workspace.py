"""A workspace with its MCP server, for tests of this face."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import anyio
from mcp_types import CallToolResult, RequestParamsMeta, TextContent

from workspace_server.config import Settings
from workspace_server.interfaces.guard import Guard
from workspace_server.interfaces.mcp.server import WorkspaceMcp
from workspace_server.services.engine import Engine

ERAS = ("auto", "legacy")
"""The stateless era, and the one with a handshake."""


@asynccontextmanager
async def serving(folder: Path, **settings: Any) -> AsyncIterator[WorkspaceMcp]:
    """Open *folder* and serve it in memory."""
    async with Engine.open(folder, settings=Settings(**settings)) as engine, anyio.create_task_group() as background:
        server = WorkspaceMcp(engine, Guard())
        background.start_soon(server.updates.run)
        yield server
        background.cancel_scope.cancel()


def named(agent: str, **more: str) -> RequestParamsMeta:
    """The `_meta` of an agent's call."""
    said = {"workspace/agent": agent} | {f"workspace/{name}": value for name, value in more.items()}
    return cast("RequestParamsMeta", said)


def text_of(result: CallToolResult, block: int = 0) -> str:
    content = result.content[block]
    assert isinstance(content, TextContent)
    return content.text


def error_of(result: CallToolResult) -> dict[str, Any]:
    """The error that a call was refused with: one block, one object, and nothing beside it."""
    assert result.is_error
    assert len(result.content) == 1
    assert result.structured_content is None
    error = json.loads(text_of(result))
    assert {"code", "message", "hint", "retryable"} <= set(error)
    return error
