"""Agents over HTTP: who works here, and a person's word with them."""

from pydantic import Field
from starlette.responses import Response

from workspace_server.core.limits import LIMITS
from workspace_server.interfaces.http import results
from workspace_server.interfaces.http.arguments import Count
from workspace_server.interfaces.http.call import Body, Call, Query
from workspace_server.interfaces.http.errors import json_response
from workspace_server.interfaces.http.operations import operation


class ListAgents(Query):
    """Which page of them."""

    limit: Count = 50
    cursor: str | None = None


class HoldUp(Body):
    """Why, for those who are held up, and for the log."""

    note: str | None = Field(default=None, max_length=LIMITS.note_chars_max)


class LeaveNote(Body):
    """What the agent is told; with `acknowledge`, it changes nothing until it has said that it read it."""

    text: str = Field(max_length=LIMITS.note_chars_max)
    acknowledge: bool = False


async def list_agents(call: Call, query: ListAgents) -> Response:
    """List who works here: what each does, holds, has written and was served; those first that were seen last."""
    return json_response(await call.engine.agents.list_agents(call.caller, **query.model_dump()))


async def show_agent(call: Call) -> Response:
    """Return all about one agent, also what each tool served it, its notes, and what it has written last."""
    return json_response(await call.engine.agents.show_agent(call.caller, agent=call.values["agent"]))


async def pause_agent(call: Call, body: HoldUp) -> Response:
    """Refuse what an agent changes, until it is resumed; reading goes on."""
    pauses = call.engine.agents.pauses
    return json_response(await pauses.pause_agent(call.caller, agent=call.values["agent"], note=body.note))


async def resume_agent(call: Call, body: HoldUp) -> Response:
    """Let a paused agent go on."""
    pauses = call.engine.agents.pauses
    return json_response(await pauses.resume_agent(call.caller, agent=call.values["agent"], note=body.note))


async def leave_note(call: Call, body: LeaveNote) -> Response:
    """Tell an agent something: it rides once as `notice` in its next result."""
    notes = call.engine.agents.notes
    return json_response(await notes.leave_note(call.caller, agent=call.values["agent"], **body.model_dump()), 201)


async def pause_workspace(call: Call, body: HoldUp) -> Response:
    """Refuse what anybody but an admin changes, and send and start nothing, until it is resumed."""
    return json_response(await call.engine.agents.pauses.pause_workspace(call.caller, note=body.note))


async def resume_workspace(call: Call, body: HoldUp) -> Response:
    """Let everything go on."""
    return json_response(await call.engine.agents.pauses.resume_workspace(call.caller, note=body.note))


OPERATIONS = (
    operation("GET", "/agents", list_agents, result=results.AgentList),
    operation("GET", "/agents/{agent}", show_agent, result=results.WholeAgent),
    operation("POST", "/agents/{agent}:pause", pause_agent, result=results.PausedAgent),
    operation("POST", "/agents/{agent}:resume", resume_agent, result=results.PausedAgent),
    operation("POST", "/agents/{agent}:note", leave_note, result=results.LeftNote, answers={201: "Left."}),
    operation("POST", "/workspace:pause", pause_workspace, result=results.PausedWorkspace),
    operation("POST", "/workspace:resume", resume_workspace, result=results.PausedWorkspace),
)
