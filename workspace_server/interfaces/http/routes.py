"""The addresses of the HTTP face: the API below its prefix, health and metrics."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import anyio
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from workspace_server.errors import Unavailable, WorkspaceError
from workspace_server.interfaces.guard import Guard
from workspace_server.interfaces.http.api import Api
from workspace_server.interfaces.http.errors import error_response, json_response
from workspace_server.interfaces.http.openapi import PREFIX
from workspace_server.interfaces.metrics import MEDIA_TYPE, Metrics
from workspace_server.interfaces.raw_path import RawPrefix
from workspace_server.services.engine import Engine
from workspace_server.services.tree.vanishing import AWAY

logger = logging.getLogger(__name__)


def routes(engine: Engine, guard: Guard, metrics: Metrics) -> list[BaseRoute]:
    """Return the routes of the HTTP face over one engine."""

    async def healthz(_: Request) -> Response:
        """The process answers."""
        return json_response({"status": "ok"})

    def of_status(
        answer: Callable[[Mapping[str, Any]], Awaitable[Response]],
    ) -> Callable[[Request], Awaitable[Response]]:
        """Return what answers from the engine's status, or says that the workspace does not answer.

        How all of it is can be told of no part: it takes reading the whole workspace.
        """

        async def respond(request: Request) -> Response:
            try:
                caller = guard.admit(request, door="http")
                caller.require("read")
                return await answer(await engine.status.status(caller))
            except WorkspaceError as refusal:
                return error_response(refusal)
            except Exception:  # the outermost border; whoever asks wants to know that, not why
                logger.exception("the workspace does not answer")
                return error_response(Unavailable("The workspace does not answer.", retryable=True, reason="internal"))

        return respond

    async def ready(status: Mapping[str, Any]) -> Response:
        if status["folder"].get("deletions_stopped") == AWAY:
            return error_response(Unavailable(f"Not ready: {AWAY}.", retryable=True, reason="folder"))
        return json_response({"status": "ready", "seq": status["seq"], "sandbox": status["index"]["sandbox"]})

    async def exposed(status: Mapping[str, Any]) -> Response:
        text = await anyio.to_thread.run_sync(metrics.text, status)  # it reads how the process is from its files
        return PlainTextResponse(text, headers={"content-type": MEDIA_TYPE})

    return [
        RawPrefix(PREFIX + "/", Api(engine, guard)),
        Route("/healthz", healthz),
        Route("/readyz", of_status(ready)),
        Route("/metrics", of_status(exposed)),
    ]
