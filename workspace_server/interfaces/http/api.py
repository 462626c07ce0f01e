"""The API as one application: guard, table, arguments, handler, and the one place where refusals become answers."""

from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Any

import anyio
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from workspace_server.errors import Internal, WorkspaceError
from workspace_server.interfaces import raw_path
from workspace_server.interfaces.arrival import arrival_of
from workspace_server.interfaces.challenges import challenge
from workspace_server.interfaces.claims import asking
from workspace_server.interfaces.guard import Guard
from workspace_server.interfaces.http import (
    agents,
    attention,
    checkouts,
    deliveries,
    events,
    files,
    jobs,
    links,
    locks,
    reading,
    results,
    runs,
    search,
    status,
    subscriptions,
    tokens,
    triggers,
    undo,
    upkeep,
)
from workspace_server.interfaces.http.call import Call, read_body, read_query
from workspace_server.interfaces.http.errors import (
    JsonAnswer,
    error_response,
    json_response,
    unexpected_response,
    with_notice,
)
from workspace_server.interfaces.http.openapi import PREFIX, describe
from workspace_server.interfaces.http.operations import Operation, Table, operation
from workspace_server.interfaces.methods import MethodNotAllowed
from workspace_server.services.agents.presence import about
from workspace_server.services.engine import Engine

UNKNOWN = "unknown"
"""What the metrics call a request to no operation, so that made-up addresses make no new series."""
CLIENT_GONE = 499


class Api:
    """Answers every request below the prefix."""

    def __init__(self, engine: Engine, guard: Guard) -> None:
        self._engine = engine
        self._guard = guard
        self._followers = events.Followers()
        nouns = (
            *(reading, files, checkouts, undo, locks, links, search, events, subscriptions),
            *(triggers, runs, deliveries, attention, jobs, agents, tokens, upkeep, status),
        )
        described = operation("GET", "/openapi.json", self.describe_api, result=results.Anything)
        self.table = Table([*(entry for noun in nouns for entry in noun.OPERATIONS), described])
        self._description: dict[str, Any] | None = None

    async def describe_api(self, call: Call) -> Response:  # noqa: ARG002 - every handler takes the call
        """Return this description."""
        if self._description is None:  # it takes 0.15 s to make (2026-11-30), and most servers are never asked for it
            self._description = await anyio.to_thread.run_sync(describe, self.table)
        return json_response(self._description)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; whatever goes wrong before its first byte becomes a refusal by code."""
        request = Request(scope, receive)
        arrival = arrival_of(request)
        arrival.operation = UNKNOWN
        try:
            caller = self._guard.admit(request, door="http")
            caller = asking(caller, request.method, str(request.url.path), str(request.url.query))
            entry, values = self.table.find(request.method, raw_path.below(scope, PREFIX))
        except MethodNotAllowed as refusal:
            response = error_response(refusal, headers={"allow": refusal.allowed})
        except WorkspaceError as refusal:
            arrival.outcome = refusal.code
            response = error_response(refusal)
        else:
            arrival.operation = entry.name
            call = Call(request=request, caller=caller, engine=self._engine, values=values, followers=self._followers)
            response = await self._answer(call, entry)
        await response(scope, receive, send)

    async def _answer(self, call: Call, entry: Operation) -> Response:
        """Return what an operation answers, or its refusal, with the note that waits for the caller."""
        agents = self._engine.agents
        coming = agents.presence.begin(call.caller, entry.name, about=about(call.values))
        size_bytes = 0
        try:
            async with self._place(call, entry):
                response = await self._response(call, entry)
            if call.request.method != "HEAD":  # whose answer has no body that could carry a note
                if isinstance(response, JsonAnswer):
                    notice = agents.notes.take(call.caller.agent)
                    response = response if notice is None else with_notice(response, notice)
                size_bytes = int(response.headers.get("content-length", 0))
            return response
        finally:
            agents.presence.end(coming, size_bytes)

    async def _response(self, call: Call, entry: Operation) -> Response:
        try:
            return await entry.handler(call, **await _arguments(entry, call.request))
        except WorkspaceError as refusal:
            arrival_of(call.request).outcome = refusal.code
            return error_response(refusal, headers=challenge(refusal, self._guard.issuer))
        except ClientDisconnect:
            return Response(status_code=CLIENT_GONE)
        except Exception as error:  # noqa: BLE001 - the outermost border: logged there, with its traceback
            arrival_of(call.request).outcome = Internal.code
            return unexpected_response(error, arrival_of(call.request).call_id)

    def _place(self, call: Call, entry: Operation) -> AbstractAsyncContextManager[None]:
        """Return a place among the calls of the caller's token for what only reads; bodies and news may take long."""
        waits = entry.method != "GET" or entry.handler is events.list_events
        return nullcontext() if waits else self._guard.shares.place(call.caller)


async def _arguments(entry: Operation, request: Request) -> dict[str, Any]:
    arguments: dict[str, Any] = {}
    if entry.query is not None:
        arguments["query"] = read_query(request, entry.query)
    if entry.body is not None:
        arguments["body"] = await read_body(request, entry.body)
    return arguments
