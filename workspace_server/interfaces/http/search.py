"""Search and facts over HTTP."""

from typing import Literal

from pydantic import Field
from starlette.responses import Response

from workspace_server.interfaces.http import results
from workspace_server.interfaces.http.arguments import Count
from workspace_server.interfaces.http.call import Body, Call, Query
from workspace_server.interfaces.http.errors import json_response
from workspace_server.interfaces.http.operations import operation
from workspace_server.services.index.answers import VALUES_MAX


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
    as_of_seq: Count | None = None
    limit: Count = 20
    max_tokens: Count = 20_000
    min_seq: Count | None = None


class Conflicts(Query):
    """Which page of them."""

    limit: Count = 20
    cursor: str | None = None


class Dismissal(Body):
    """Which contradiction, as an answer lists it; without `values` whatever the files say."""

    subject: str
    key: str
    values: list[str] | None = Field(default=None, max_length=VALUES_MAX)


async def search(call: Call, query: Search) -> Response:
    """Find passages; `exact` and `regex` look through every line of every file."""
    return json_response(await call.engine.search.search(call.caller, **query.model_dump(exclude_none=True)))


async def query_facts(call: Call, query: QueryFacts) -> Response:
    """Find facts, each with the lines that say so, and what contradicts what."""
    return json_response(await call.engine.search.query_facts(call.caller, **query.model_dump(exclude_none=True)))


async def list_conflicts(call: Call, query: Conflicts) -> Response:
    """List what files say against each other, the newest first; `next_cursor` while there is more to look at."""
    return json_response(await call.engine.contradictions.list_conflicts(call.caller, **query.model_dump()))


async def dismiss_conflict(call: Call, body: Dismissal) -> Response:
    """Say that files may contradict each other in this: it is not told again until one says something else."""
    return json_response(await call.engine.contradictions.dismiss_conflict(call.caller, **body.model_dump()))


OPERATIONS = (
    operation("GET", "/search", search, result=results.Found),
    operation("GET", "/facts", query_facts, result=results.FoundFacts),
    operation("GET", "/facts:conflicts", list_conflicts, result=results.ListedConflicts),
    operation("POST", "/facts:dismiss", dismiss_conflict, result=results.DismissedConflicts),
)
