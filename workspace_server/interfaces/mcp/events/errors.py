"""How refusals leave the methods of the extension: as JSON-RPC errors under the extension's own numbers."""

from typing import Any

from mcp import MCPError

from workspace_server import errors
from workspace_server.core.subscription_errors import Numbers
from workspace_server.errors import WorkspaceError
from workspace_server.interfaces.mcp.errors import failed, protocol_error
from workspace_server.interfaces.mcp.schemas import printable


def refusal(error: Exception, known: Numbers) -> MCPError:
    """Return the JSON-RPC error for what a method raised; a fault of ours is logged and tells nothing."""
    if isinstance(error, MCPError):
        return error
    if not isinstance(error, WorkspaceError):
        return protocol_error(failed(error))
    number = _number(error, known)
    if number is None:
        return protocol_error(error)
    return MCPError(number, printable(error.message), error.as_dict() | _more(error))


def unsupported(known: Numbers, feature: str, value: str, message: str) -> MCPError:
    """Return the error for what an event does not offer here."""
    return MCPError(known.unsupported, message, {"feature": feature, "value": value})


def shown(error: MCPError) -> dict[str, Any]:
    """Return an error as a notification carries it."""
    return error.error.model_dump(mode="json", exclude_none=True)


def _number(error: WorkspaceError, known: Numbers) -> int | None:
    match error:
        case errors.NotFound():
            return known.not_found
        case errors.Forbidden() | errors.Unauthenticated():
            return known.forbidden
        case errors.QuotaExceeded() | errors.RateLimited():
            return known.exhausted
        case errors.Unavailable() if "endpoint" in error.facts:
            return known.callback
    return None


def _more(error: WorkspaceError) -> dict[str, Any]:
    """Return the bound under the name that the extension has for it."""
    return {"max": error.facts["most"]} if "most" in error.facts else {}
