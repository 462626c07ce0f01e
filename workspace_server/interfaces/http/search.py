"""Search and facts over HTTP."""

from typing import Literal

from starlette.responses import Response

from workspace_server.interfaces.http import results
from workspace_server.interfaces.http.arguments import Count
from workspace_server.interfaces.http.call import Call, Query
from workspace_server.interfaces.http.errors import json_response
from workspace_server.interfaces.http.operations import operation


class Search(Query):
    """What to look for, and where."""

    query: str
    mode: Literal["ranked", "exact", "regex"] = "ranked"
    path: str | None = None
    media_type: str | None = None
    modified_by: str | None = None
    modified_after: str | None = None
    context_lines: Count = 0
    limit: Count = 10
    max_tokens: Count = 20_000
    min_seq: Count | None = None


class QueryFacts(Query):
    """Which facts."""

    query: str | None = None
    subject: str | None = None
    key: str | None = None
    path: str | None = None
    kind: str | None = None
    detail: Literal["brief", "full"] = "full"
    limit: Count = 20
    max_tokens: Count = 20_000
    min_seq: Count | None = None


async def search(call: Call, query: Search) -> Response:
    """Find passages; `exact` and `regex` look through every line of every file."""
    return json_response(await call.engine.search.search(call.caller, **query.model_dump(exclude_none=True)))


async def query_facts(call: Call, query: QueryFacts) -> Response:
    """Find facts, each with the lines that say so, and what contradicts what."""
    return json_response(await call.engine.search.query_facts(call.caller, **query.model_dump(exclude_none=True)))


OPERATIONS = (
    operation("GET", "/search", search, result=results.Found),
    operation("GET", "/facts", query_facts, result=results.FoundFacts),
)
