"""How a refusal says what would be proof (RFC 6750), and where it stands who makes such proof (RFC 9728)."""

from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from workspace_server.core.issued import as_oauth
from workspace_server.core.patterns import escape
from workspace_server.errors import Forbidden, RateLimited, Unauthenticated, WorkspaceError
from workspace_server.services.issuer import Issuer

METADATA = "/.well-known/oauth-protected-resource"


def retry_after(refusal: WorkspaceError) -> dict[str, str]:
    """Return the header that says when to come again, where a refusal says it; none for another one."""
    wait_s = refusal.facts.get("retry_after_seconds")
    if not isinstance(refusal, RateLimited) or not isinstance(wait_s, int | float):
        return {}
    return {"retry-after": str(max(1, round(wait_s)))}


def challenge(refusal: WorkspaceError, issuer: Issuer | None, *, tried: bool = True) -> dict[str, str]:
    """Return the header that a refusal for want of proof or scope carries; none for another one.

    Args:
        tried: Whether a token was sent at all.
    """
    said = {"realm": "workspace"}
    if isinstance(refusal, Unauthenticated):
        said |= {"error": "invalid_token"} if tried else {}
        scope = " ".join(issuer.scopes) if issuer is not None else None
    elif isinstance(refusal, Forbidden) and (
        "verb" in refusal.facts or refusal.facts.get("reason") == "insufficient_scope"
    ):
        said |= {"error": "insufficient_scope"}
        scope = _wanted(refusal, issuer)
    else:
        return {}
    if scope is not None:
        said["scope"] = scope
    if issuer is not None:
        said["resource_metadata"] = issuer.metadata_url
    return {"www-authenticate": "Bearer " + ", ".join(f'{name}="{value}"' for name, value in said.items())}


def metadata_routes(issuer: Issuer | None) -> list[BaseRoute]:
    """Return the routes of what is told of an issuer, at both addresses where clients look; none without an issuer."""
    if issuer is None:
        return []

    async def tell(_: Request) -> Response:
        """Say who makes access tokens for this server, and for which address."""
        told = {
            "resource": issuer.resource,
            "authorization_servers": [issuer.name],
            "scopes_supported": list(issuer.scopes),
            "bearer_methods_supported": ["header"],
            "resource_name": "workspace-server",
        }
        return JSONResponse(told, headers={"cache-control": "no-store"})

    below = dict.fromkeys(["", "/mcp", urlsplit(issuer.resource).path])
    return [Route(METADATA + path, tell, methods=["GET"]) for path in below]


def _wanted(refusal: Forbidden, issuer: Issuer | None) -> str | None:
    """Return the scope that would have been enough, where one of OAuth can say it."""
    verb, path = refusal.facts.get("verb"), refusal.facts.get("path")
    if verb is None:
        return " ".join(issuer.scopes) if issuer is not None else None
    return as_oauth(f"{verb}:{'**' if path is None else escape(str(path))}")
