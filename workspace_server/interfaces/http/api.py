"""The API as one application: guard, table, arguments, handler, and the one place where refusals become answers."""

import time
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from workspace_server.errors import WorkspaceError
from workspace_server.interfaces import raw_path
from workspace_server.interfaces.guard import Guard, asking
from workspace_server.interfaces.http import (
    attention,
    checkouts,
    deliveries,
    events,
    files,
    jobs,
    locks,
    reading,
    results,
    runs,
    search,
    status,
    subscriptions,
    triggers,
    undo,
    upkeep,
)
from workspace_server.interfaces.http.call import Call, read_body, read_query
from workspace_server.interfaces.http.errors import error_response, json_response, unexpected_response
from workspace_server.interfaces.http.metrics import Metrics
from workspace_server.interfaces.http.openapi import PREFIX, describe
from workspace_server.interfaces.http.operations import Operation, Table, operation
from workspace_server.interfaces.methods import MethodNotAllowed
from workspace_server.services.engine import Engine

UNKNOWN = "unknown"
"""What the metrics call a request to no operation, so that made-up addresses make no new series."""
CLIENT_GONE = 499


class Api:
    """Answers every request below the prefix."""

    def __init__(self, engine: Engine, guard: Guard, metrics: Metrics) -> None:
        self._engine = engine
        self._guard = guard
        self._metrics = metrics
        self._followers = events.Followers()
        nouns = (
            *(reading, files, checkouts, undo, locks, search, events, subscriptions),
            *(triggers, runs, deliveries, attention, jobs, upkeep, status),
        )
        described = operation("GET", "/openapi.json", self.describe_api, result=results.Anything)
        self.table = Table([*(entry for noun in nouns for entry in noun.OPERATIONS), described])
        self._description = describe(self.table)

    async def describe_api(self, call: Call) -> Response:  # noqa: ARG002 - every handler takes the call
        """Return this description."""
        return json_response(self._description)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; whatever goes wrong before its first byte becomes a refusal by code."""
        started_s = time.perf_counter()
        request = Request(scope, receive)
        name = UNKNOWN
        try:
            caller = self._guard.admit(request, door="http")
            caller = asking(caller, request.method, str(request.url.path), str(request.url.query))
            entry, values = self.table.find(request.method, raw_path.below(scope, PREFIX))
            name = entry.name
            call = Call(request=request, caller=caller, engine=self._engine, values=values, followers=self._followers)
            response = await entry.handler(call, **await _arguments(entry, request))
        except MethodNotAllowed as refusal:
            response = error_response(refusal, headers={"allow": refusal.allowed})
        except WorkspaceError as refusal:
            response = error_response(refusal)
        except ClientDisconnect:
            response = Response(status_code=CLIENT_GONE)
        except Exception as error:  # noqa: BLE001 - the outermost border: logged there, with its traceback
            response = unexpected_response(error)
        self._metrics.observe(name, response.status_code, time.perf_counter() - started_s)
        await response(scope, receive, send)


async def _arguments(entry: Operation, request: Request) -> dict[str, Any]:
    arguments: dict[str, Any] = {}
    if entry.query is not None:
        arguments["query"] = read_query(request, entry.query)
    if entry.body is not None:
        arguments["body"] = await read_body(request, entry.body)
    return arguments
