"""Triggers over HTTP."""

from typing import Literal

from pydantic import Field
from starlette.responses import Response

from workspace_server.core.limits import LIMITS
from workspace_server.errors import NotFound
from workspace_server.interfaces.http import results
from workspace_server.interfaces.http.arguments import Count
from workspace_server.interfaces.http.call import Body, Call
from workspace_server.interfaces.http.errors import json_response
from workspace_server.interfaces.http.locks import NamedPath
from workspace_server.interfaces.http.operations import operation


class Settle(Body):
    """How long saves must pause before the trigger fires."""

    quiet_ms: Count
    max_wait_ms: Count | None = None


class CreateTrigger(Body):
    """A rule: when these files are saved, hand this to that queue or address."""

    name: str
    on: list[str] | None = None
    files: list[str | NamedPath] | None = Field(default=None, min_length=1, max_length=LIMITS.trigger_files_max)
    not_files: list[str | NamedPath] | None = None
    mode: Literal["each", "all", "any", "count"] = "each"
    refire: Literal["all", "any"] | None = None
    count: Count | None = None
    distinct_agents: Count | bool | None = None
    manifest: str | NamedPath | None = None
    agents: list[str] | None = None
    not_agents: list[str] | None = None
    media_types: list[str] | None = None
    min_bytes: Count | None = None
    max_bytes: Count | None = None
    settle: Literal["immediate"] | Settle | None = None
    hold_max_seconds: Count | None = None
    indexed: bool | None = None
    checks: list[str] | None = None
    within_seconds: Count | None = None
    on_timeout: Literal["escalate", "fire_partial", "reset", "wait"] | None = None
    schedule: str | None = None
    timezone: str | None = None
    missed: Literal["once", "skip"] | None = None
    since: Literal["now", "existing"] | None = None
    concurrency: Count | None = None
    rate_per_minute: Count | None = None
    max_depth: Count | None = None
    include_own_writes: bool | None = None
    include: list[Literal["facts", "diff", "content"]] | None = None
    profile: Literal["standard", "plain"] | None = None
    instructions: str | None = None
    agent: str | None = None
    visibility_seconds: Count | None = None
    queue: str | None = None
    url: str | None = None
    command: str | None = None
    approval: str | None = None
    secret: str | None = None


async def list_triggers(call: Call) -> Response:
    """List the triggers: what is in, what is missing and why, the last firing, what waits, what failed."""
    return json_response(await call.engine.triggers.list_triggers(call.caller))


async def get_trigger(call: Call) -> Response:
    """Return one trigger with its state."""
    found = await call.engine.triggers.list_triggers(call.caller, name=call.values["name"])
    if not found["triggers"]:
        raise NotFound("There is no such trigger.", hint="GET /api/v1/triggers lists them.", name=call.values["name"])
    return json_response(found["triggers"][0])


async def create_trigger(call: Call, body: CreateTrigger) -> Response:
    """Create a trigger; the secret of its webhook is shown this once."""
    fields = body.model_dump(exclude_none=True)
    return json_response(await call.engine.triggers.create_trigger(call.caller, **fields), 201)


async def delete_trigger(call: Call) -> Response:
    """Delete a trigger; what it has fired stays."""
    return json_response(await call.engine.triggers.delete_trigger(call.caller, name=call.values["name"]))


OPERATIONS = (
    operation("GET", "/triggers", list_triggers, result=results.TriggerList),
    operation("POST", "/triggers", create_trigger, result=results.CreatedTrigger, answers={201: "Created."}),
    operation("GET", "/triggers/{name}", get_trigger, result=results.Trigger),
    operation("DELETE", "/triggers/{name}", delete_trigger, result=results.DeletedTrigger),
)
