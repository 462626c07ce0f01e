"""The addresses of the HTTP face: the API below its prefix, health and metrics."""

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from workspace_server.errors import WorkspaceError
from workspace_server.interfaces.guard import Guard
from workspace_server.interfaces.http.api import Api
from workspace_server.interfaces.http.errors import error_response, json_response
from workspace_server.interfaces.http.metrics import MEDIA_TYPE, Metrics
from workspace_server.interfaces.http.openapi import PREFIX
from workspace_server.interfaces.raw_path import RawPrefix
from workspace_server.services.engine import Engine


def routes(engine: Engine, guard: Guard) -> list[BaseRoute]:
    """Return the routes of the HTTP face over one engine."""
    metrics = Metrics()

    async def healthz(_: Request) -> Response:
        """The process answers."""
        return json_response({"status": "ok"})

    async def readyz(request: Request) -> Response:
        """The workspace answers: its database can be read."""
        try:
            status = await engine.status.status(guard.admit(request, door="http"))
        except WorkspaceError as refusal:
            return error_response(refusal)
        return json_response({"status": "ready", "seq": status["seq"]})

    async def expose(request: Request) -> Response:
        try:
            status = await engine.status.status(guard.admit(request, door="http"))
        except WorkspaceError as refusal:
            return error_response(refusal)
        return PlainTextResponse(metrics.text(status), headers={"content-type": MEDIA_TYPE})

    return [
        RawPrefix(PREFIX + "/", Api(engine, guard, metrics)),
        Route("/healthz", healthz),
        Route("/readyz", readyz),
        Route("/metrics", expose),
    ]
