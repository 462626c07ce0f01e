"""Requests to no address of ours: a page for people, the contract's error for programs."""

from collections.abc import Awaitable, Callable, Mapping

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from workspace_server.errors import NotFound
from workspace_server.interfaces.guard import Guard
from workspace_server.interfaces.methods import MethodNotAllowed
from workspace_server.interfaces.web.site import Site
from workspace_server.interfaces.web.view import HEADERS, View
from workspace_server.services.engine import Engine

ADDRESS_SHOWN_MAX = 200

Handler = Callable[[Request, Exception], Awaitable[Response]]


class UnknownAddress(NotFound):
    """No face answers at this address."""

    def __init__(self, address: str) -> None:
        super().__init__(
            f"There is nothing at {address[:ADDRESS_SHOWN_MAX]}.",
            hint="Files are below /files/ for people and below /api/v1/files/ for programs;"
            " /api/v1/openapi.json describes the HTTP API, and MCP is at /mcp.",
            address=address[:ADDRESS_SHOWN_MAX],
        )


def refusals(engine: Engine, guard: Guard) -> Mapping[int, Handler]:
    """Return what answers where no route does, by status, as Starlette takes it."""
    site = Site(engine, guard)

    async def answer(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        allowed = (error.headers or {}).get("Allow", "")
        unknown = error.status_code == UnknownAddress.http_status
        refusal = UnknownAddress(request.url.path) if unknown else MethodNotAllowed(request.method, allowed)

        async def refuse(_: View) -> Response:
            raise refusal

        if "text/html" in request.headers.get("accept", ""):
            response = await site.answer(request, refuse)
        else:
            response = JSONResponse({"error": refusal.as_dict()}, refusal.http_status, headers=HEADERS)
        if allowed:
            response.headers["allow"] = allowed
        return response

    return {UnknownAddress.http_status: answer, MethodNotAllowed.http_status: answer}
