"""What needs a person over HTTP: the list, and the decisions. To decide needs the verb admin."""

from typing import Annotated

from pydantic import Field
from starlette.responses import Response

from workspace_server.core.limits import LIMITS
from workspace_server.interfaces.http import results
from workspace_server.interfaces.http.call import Body, Call, Query
from workspace_server.interfaces.http.errors import json_response
from workspace_server.interfaces.http.operations import operation


class ListAttention(Query):
    """Which entries."""

    kind: str | None = None
    trigger: str | None = None
    ended: bool = False
    limit: Annotated[int, Field(ge=1, le=LIMITS.list_rows_max)] = 100
    cursor: str | None = None


class Approve(Body):
    """What is said with it; `stale` approves what was asked about even though an input has moved on."""

    note: str | None = None
    stale: bool = False


class Note(Body):
    """What is said with it."""

    note: str | None = None


class Reply(Body):
    """What the agent asked for."""

    reply: str


async def list_attention(call: Call, query: ListAttention) -> Response:
    """List what needs a person, newest first, and how much is open of each kind; or what is over with `ended`."""
    return json_response(await call.engine.decisions.list_attention(call.caller, **query.model_dump()))


async def show_entry(call: Call) -> Response:
    """Return one entry, open or over."""
    return json_response(await call.engine.decisions.show_entry(call.caller, attention=call.values["id"]))


async def approve(call: Call, body: Approve) -> Response:
    """Let a flow go on, or a trigger fire that waits for it."""
    answer = await call.engine.decisions.approve(call.caller, attention=call.values["id"], **body.model_dump())
    return json_response(answer)


async def deny(call: Call, body: Note) -> Response:
    """Say no to a flow, or to a trigger, which is deleted then."""
    answer = await call.engine.decisions.deny(call.caller, attention=call.values["id"], note=body.note)
    return json_response(answer)


async def reply(call: Call, body: Reply) -> Response:
    """Answer a blocked job: it goes back to its queue with that."""
    answer = await call.engine.decisions.reply(call.caller, attention=call.values["id"], reply=body.reply)
    return json_response(answer)


async def dismiss(call: Call, body: Note) -> Response:
    """Take an entry off the list, whatever became of its cause."""
    answer = await call.engine.decisions.dismiss(call.caller, attention=call.values["id"], note=body.note)
    return json_response(answer)


async def retry(call: Call) -> Response:
    """Try again what was given up."""
    return json_response(await call.engine.decisions.retry(call.caller, attention=call.values["id"]))


OPERATIONS = (
    operation("GET", "/attention", list_attention, result=results.AttentionList),
    operation("GET", "/attention/{id}", show_entry, result=results.Attention),
    operation("POST", "/attention/{id}:approve", approve, result=results.Decided),
    operation("POST", "/attention/{id}:deny", deny, result=results.Decided),
    operation("POST", "/attention/{id}:dismiss", dismiss, result=results.Decided),
    operation("POST", "/attention/{id}:reply", reply, result=results.Decided),
    operation("POST", "/attention/{id}:retry", retry, result=results.Decided),
)
