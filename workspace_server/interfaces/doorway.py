"""Where every HTTP request passes the guard before anything looks at it, and what it is answered if it does not."""

import asyncio
from urllib.parse import urlencode

from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from workspace_server.errors import RateLimited, Unauthenticated, WorkspaceError
from workspace_server.interfaces.challenges import METADATA, challenge, retry_after
from workspace_server.interfaces.guard import SAFE_METHODS, Guard
from workspace_server.services.issuer import Issuer

OPEN = frozenset({"/healthz", "/login", "/admission"})
OPEN_BELOW = ("/static/", "/s/", METADATA)


class GuardMiddleware:
    """Refuses every request that came from where it may not, before anything looks at it.

    Args:
        app: What is guarded.
        guard: Decides.
        rest_s: How long whoever asks too often waits for the refusal. Most guess tokens as fast as they are answered,
            and thirty at a time took the server from who had one; waiting costs it nothing, and each has few places.
    """

    def __init__(self, app: ASGIApp, guard: Guard, *, rest_s: float = 1.0) -> None:
        self._app = app
        self._guard = guard
        self._rest_s = rest_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer it with the refusal."""
        if scope["type"] == "http":
            connection = HTTPConnection(scope)
            try:
                self._guard.check_address(connection.headers)
                if not is_open(scope["path"]):
                    await self._guard.prepare(connection)
                    self._guard.proof(connection)
            except Unauthenticated as refusal:
                self._guard.refuse(refusal, connection=connection)
                await unauthenticated(connection, refusal, self._guard.issuer)(scope, receive, send)
                return
            except WorkspaceError as refusal:
                self._guard.refuse(refusal, connection=connection)
                if isinstance(refusal, RateLimited):
                    await asyncio.sleep(self._rest_s)
                headers = {**challenge(refusal, self._guard.issuer), **retry_after(refusal)}
                await JSONResponse({"error": refusal.as_dict()}, refusal.http_status, headers)(scope, receive, send)
                return
        await self._app(scope, receive, send)


def is_open(path: str) -> bool:
    """Return whether nobody has to prove anything at an address: signs of life, what pages load, share links, doors."""
    return path in OPEN or path.startswith(OPEN_BELOW)


def unauthenticated(connection: HTTPConnection, refusal: Unauthenticated, issuer: Issuer | None) -> Response:
    """Return what asks for a proof: the login page's address for who looks at a page, the scheme for everybody else."""
    headers = connection.headers
    if connection.scope["method"] in SAFE_METHODS and "text/html" in headers.get("accept", ""):
        asked = connection.scope["raw_path"] + (b"?" + query if (query := connection.scope["query_string"]) else b"")
        to = "/login" if asked == b"/" else f"/login?{urlencode({'then': asked})}"
        return RedirectResponse(to, 303, headers={"cache-control": "no-store"})
    asked = challenge(refusal, issuer, tried="authorization" in headers)
    return JSONResponse({"error": refusal.as_dict()}, refusal.http_status, headers=asked)
