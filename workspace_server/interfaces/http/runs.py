"""Runs over HTTP: what led to what."""

from typing import Annotated

from pydantic import Field
from starlette.responses import Response

from workspace_server.core.limits import LIMITS
from workspace_server.interfaces.http import results
from workspace_server.interfaces.http.call import Call, Query
from workspace_server.interfaces.http.errors import json_response
from workspace_server.interfaces.http.operations import operation


class ListRuns(Query):
    """Which runs: all, by the firings that they began with, or all firings of one trigger."""

    trigger: str | None = None
    limit: Annotated[int, Field(ge=1, le=LIMITS.runs_page_max)] = 30
    cursor: str | None = None


async def list_runs(call: Call, query: ListRuns) -> Response:
    """List runs, newest first: what each began with, how many firings it has had, and how far it is."""
    return json_response(await call.engine.runs.list_runs(call.caller, **query.model_dump()))


async def get_run(call: Call) -> Response:
    """Return what led to a firing (`F12`) and what followed, or what followed from the change of a number."""
    return json_response(await call.engine.runs.show_run(call.caller, run=call.values["id"]))


OPERATIONS = (
    operation("GET", "/runs", list_runs, result=results.RunList),
    operation("GET", "/runs/{id}", get_run, result=results.Run),
)
