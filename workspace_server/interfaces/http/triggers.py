"""Triggers over HTTP."""

from typing import Annotated, Any, Literal

from pydantic import Field, WithJsonSchema
from starlette.responses import Response

from workspace_server.core.limits import LIMITS
from workspace_server.errors import NotFound
from workspace_server.interfaces.http import results
from workspace_server.interfaces.http.arguments import Count
from workspace_server.interfaces.http.call import Body, Call, Query
from workspace_server.interfaces.http.errors import json_response
from workspace_server.interfaces.http.locks import NamedPath
from workspace_server.interfaces.http.operations import operation

_SPAN = {"type": "integer", "minimum": 0}
_PAUSE = {"type": "object", "properties": {"quiet_ms": _SPAN, "max_wait_ms": _SPAN}, "additionalProperties": False}
Settle = Annotated[Any, WithJsonSchema({"anyOf": [{"const": "immediate"}, _PAUSE]})]
"""How long saves must pause before the trigger fires. The rule of triggers says what else it cannot be."""


class Fields(Body):
    """What a trigger may say beside its name."""

    on: list[str] | None = None
    files: list[str | NamedPath] | None = Field(default=None, min_length=1, max_length=LIMITS.trigger_files_max)
    not_files: list[str | NamedPath] | None = None
    mode: Literal["each", "all", "any", "count"] | None = None
    refire: Literal["all", "any"] | None = None
    count: Count | None = None
    distinct_agents: Count | bool | None = None
    manifest: str | NamedPath | None = None
    agents: list[str] | None = None
    not_agents: list[str] | None = None
    media_types: list[str] | None = None
    min_bytes: Count | None = None
    max_bytes: Count | None = None
    settle: Settle = None
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


class CreateTrigger(Fields):
    """A rule: when these files are saved, hand this to that queue or address."""

    name: str


class ChangeTrigger(Fields):
    """What is to change; a field that is null goes back to its default."""


class Rehearse(Body):
    """Which past events: from where on, and how many; else the newest."""

    since_seq: Count | None = None
    limit: Annotated[int, Field(ge=1, le=LIMITS.rehearsal_events_max)] = LIMITS.rehearsal_events_max


class RehearseFields(Fields, Rehearse):
    """A trigger that there is not yet, and the past events to try it on."""

    name: str = "rehearsed"


class ListTriggers(Query):
    """How many, by name, and from where on; without a limit all of them."""

    limit: Annotated[int, Field(ge=1, le=LIMITS.list_rows_max)] | None = None
    cursor: str | None = None


class Pause(Body):
    """Why, for whoever finds it paused."""

    note: str | None = None


async def list_triggers(call: Call, query: ListTriggers) -> Response:
    """List the triggers: what is in, what is missing and why, the last firing, what waits, what failed."""
    return json_response(await call.engine.triggers.list_triggers(call.caller, **query.model_dump()))


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


async def change_trigger(call: Call, body: ChangeTrigger) -> Response:
    """Change a trigger: it begins anew under its name."""
    fields = body.model_dump(exclude_unset=True)
    return json_response(await call.engine.triggers.change_trigger(call.caller, name=call.values["name"], **fields))


async def delete_trigger(call: Call) -> Response:
    """Delete a trigger; what it has fired stays."""
    return json_response(await call.engine.triggers.delete_trigger(call.caller, name=call.values["name"]))


async def pause_trigger(call: Call, body: Pause) -> Response:
    """Let a trigger fire no more; it goes on taking note of what is saved."""
    paused = await call.engine.pausing.pause_trigger(call.caller, name=call.values["name"], note=body.note)
    return json_response(paused)


async def resume_trigger(call: Call) -> Response:
    """Let a paused trigger go on: what has come in meanwhile may fire at once."""
    return json_response(await call.engine.pausing.resume_trigger(call.caller, name=call.values["name"]))


async def test_trigger(call: Call, body: Rehearse) -> Response:
    """Tell what a trigger would have fired for among past events; nothing is fired."""
    told = await call.engine.rehearsing.test_trigger(
        call.caller, name=call.values["name"], since_seq=body.since_seq, limit=body.limit
    )
    return json_response(told)


async def test_new_trigger(call: Call, body: RehearseFields) -> Response:
    """Tell what a trigger that is not there yet would have fired for among past events; it is not made."""
    fields = body.model_dump(exclude_none=True, exclude={"since_seq", "limit"})
    told = await call.engine.rehearsing.test_trigger(
        call.caller, fields=fields, since_seq=body.since_seq, limit=body.limit
    )
    return json_response(told)


async def reload_triggers(call: Call) -> Response:
    """Read the operator's file of triggers again; needs the verb admin."""
    return json_response(await call.engine.trigger_file.reload_triggers(call.caller))


OPERATIONS = (
    operation("GET", "/triggers", list_triggers, result=results.TriggerList),
    operation("POST", "/triggers", create_trigger, result=results.CreatedTrigger, answers={201: "Created."}),
    operation("GET", "/triggers/{name}", get_trigger, result=results.Trigger),
    operation("PATCH", "/triggers/{name}", change_trigger, result=results.CreatedTrigger),
    operation("DELETE", "/triggers/{name}", delete_trigger, result=results.DeletedTrigger),
    operation("POST", "/triggers/{name}:pause", pause_trigger, result=results.PausedTrigger),
    operation("POST", "/triggers/{name}:resume", resume_trigger, result=results.PausedTrigger),
    operation("POST", "/triggers/{name}:test", test_trigger, result=results.Rehearsal),
    operation("POST", "/triggers:test", test_new_trigger, result=results.Rehearsal),
    operation("POST", "/triggers:reload", reload_triggers, result=results.ReloadedTriggers),
)
