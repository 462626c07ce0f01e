"""Pages of other sites that the operator lets call the API and MCP: with a token, and never by a browser's cookie.

Cookies would let such a page act as whoever has logged in, which is more than it was let in for.
"""

from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from workspace_server.errors import Forbidden, InvalidArgument
from workspace_server.interfaces.arrival import arrival_of

BELOW = ("/api/v1/", "/mcp")
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
HEADERS = (
    "authorization",
    "content-type",
    "idempotency-key",
    "if-match",
    "if-none-match",
    "last-event-id",
    "mcp-method",
    "mcp-name",
    "mcp-protocol-version",
    "mcp-session-id",
    "range",
    "traceparent",
    "x-agent",
    "x-lock",
    "x-message",
    "x-request-id",
)
EXPOSED = ("etag", "location", "mcp-session-id", "retry-after", "www-authenticate", "x-request-id")
KEPT_S = 600
"""How long a browser may keep what it was told."""


def cors(origins: Collection[str]) -> list[Middleware]:
    """Return what lets pages of *origins* in; nothing when there are none.

    Raises:
        InvalidArgument: One is not an origin, spelled out.
    """
    if not origins:
        return []
    exact = frozenset(map(_origin, origins))
    return [
        Middleware(
            CORSMiddleware,
            allow_origins=sorted(exact),
            allow_methods=METHODS,
            allow_headers=HEADERS,
            expose_headers=EXPOSED,
            max_age=KEPT_S,
        ),
        Middleware(PagesOfOthers, origins=exact),
    ]


class PagesOfOthers:
    """Lets requests of known pages pass the guard without the cookies of the browser that they run in.

    Args:
        app: What answers.
        origins: Those pages' origins.
    """

    def __init__(self, app: ASGIApp, origins: Collection[str]) -> None:
        self._app = app
        self._origins = {origin.encode() for origin in origins}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, without what the guard would refuse it for; or refuse it where no page has to be."""
        if scope["type"] == "http" and any(
            name == b"origin" and value in self._origins for name, value in scope["headers"]
        ):
            if not scope["path"].startswith(BELOW):
                refusal = Forbidden("Pages of other sites may call the API and MCP only.", reason="origin")
                arrival_of(HTTPConnection(scope)).outcome = refusal.code
                await JSONResponse({"error": refusal.as_dict()}, refusal.http_status)(scope, receive, send)
                return
            scope["headers"] = [
                header
                for header in scope["headers"]
                if header[0] != b"cookie" and not (header[0] == b"origin" and header[1] in self._origins)
            ]
        await self._app(scope, receive, send)


def _origin(text: str) -> str:
    parts = urlsplit(text)
    spelled = f"{parts.scheme}://{parts.netloc}"
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in text or "*" in text or text != spelled:
        raise InvalidArgument(
            f"The setting cors_origins must hold origins, not {text!r}.",
            hint="Spell each out, such as https://tool.example or http://127.0.0.1:3000.",
            argument="cors_origins",
            reason="not an origin",
        )
    return text.lower()
