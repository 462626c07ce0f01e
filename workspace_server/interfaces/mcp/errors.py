"""How a refusal leaves over MCP: one text block that is one JSON object, and `isError`, so that the model sees it."""

import json
import logging
import secrets
from collections.abc import Mapping
from typing import Any

from mcp import MCPError
from mcp_types import INTERNAL_ERROR, INVALID_PARAMS, CallToolResult, TextContent

from workspace_server.errors import Internal, WorkspaceError
from workspace_server.interfaces.mcp.schemas import printable

log = logging.getLogger(__name__)


def compact(content: Mapping[str, Any]) -> str:
    """Return *content* as JSON in few bytes."""
    return printable(json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":")))


def refused(refusal: WorkspaceError, notice: Mapping[str, Any] | None = None) -> CallToolResult:
    """Return a refusal as the result of a tool, with what a person has left for the caller."""
    said = refusal.as_dict() | ({} if notice is None else {"notice": notice})
    return CallToolResult(content=[TextContent(type="text", text=compact(said))], is_error=True)


def failed(error: Exception) -> Internal:
    """Log a fault of ours under a new id, and return a refusal that tells the id and nothing else."""
    request_id = secrets.token_hex(8)
    log.error("request %s failed", request_id, exc_info=error)
    return Internal(
        "The server failed; the change, if there was one, was made whole or not at all.",
        hint="Look at the state (list_events), then try again. The operator finds the request id in the log.",
        request_id=request_id,
    )


def protocol_error(refusal: WorkspaceError) -> MCPError:
    """Return a refusal as JSON-RPC error, for methods whose results have no place for one."""
    code = INTERNAL_ERROR if refusal.http_status >= 500 else INVALID_PARAMS
    return MCPError(code, printable(refusal.message), refusal.as_dict())
