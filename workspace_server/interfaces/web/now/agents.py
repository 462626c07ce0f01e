"""Who works here, and a person's word with them: pause, resume, a note."""

from collections.abc import Awaitable, Mapping

from starlette.responses import Response

from workspace_server.core.access import ANONYMOUS, OWNER
from workspace_server.errors import InvalidArgument, WorkspaceError
from workspace_server.interfaces.web.addresses import agent_url
from workspace_server.interfaces.web.view import View, lead_to
from workspace_server.services.recording import Result

ADDRESS = "/agents"
AGENT = "/agents/{name:path}"
PAGE = 50
PEOPLE = {ANONYMOUS, OWNER}
"""As whom browsers call, this page's own among them."""


async def agents(view: View) -> Response:
    """Show who works here: what each does, has written and was served."""
    return await _list(view)


async def hold_all(view: View) -> Response:
    """Pause the workspace or let it go on, as a form asks, and lead back to the list."""
    form = await view.form()
    pauses, note = view.engine.agents.pauses, form.get("note") or None
    try:
        if form.get("action") == "pause":
            await pauses.pause_workspace(view.caller, note=note)
        else:
            await pauses.resume_workspace(view.caller, note=note)
    except WorkspaceError as refusal:
        return await _list(view, refusal)
    return lead_to(ADDRESS)


async def agent(view: View) -> Response:
    """Show all about one agent."""
    return await _page(view)


async def step_in(view: View) -> Response:
    """Do with an agent what a form asks, and lead back to it; a refusal stands above its page."""
    form = await view.form()
    name = view.request.path_params["name"]
    try:
        await _done(view, name, form)
    except WorkspaceError as refusal:
        return await _page(view, refusal, form)
    return lead_to(agent_url(name))


def _done(view: View, name: str, form: Mapping[str, str]) -> Awaitable[Result]:
    found, note = view.engine.agents, form.get("note") or None
    match form.get("action"):
        case "pause":
            return found.pauses.pause_agent(view.caller, agent=name, note=note)
        case "resume":
            return found.pauses.resume_agent(view.caller, agent=name, note=note)
        case "note":
            return found.notes.leave_note(view.caller, agent=name, text=note or "", acknowledge="acknowledge" in form)
    raise InvalidArgument("There is no such action.", hint="Use a button of the page.", argument="action")


async def _list(view: View, refusal: WorkspaceError | None = None) -> Response:
    found = await view.engine.agents.list_agents(view.caller, limit=PAGE, cursor=view.text("cursor"))
    return view.render(
        "now/agents.html",
        title="Agents",
        active="agents",
        agents=found["agents"],
        alone={one["agent"] for one in found["agents"]} <= PEOPLE and view.text("cursor") is None,
        next_cursor=found.get("next_cursor"),
        refusal=refusal,
    )


async def _page(view: View, refusal: WorkspaceError | None = None, form: Mapping[str, str] | None = None) -> Response:
    """Show one agent; with a refusal the form as it was sent, so that nothing typed is lost."""
    name = view.request.path_params["name"]
    return view.render(
        "now/agent.html",
        title=name,
        active="agents",
        one=await view.engine.agents.show_agent(view.caller, agent=name),
        refusal=refusal,
        said=form or {},
    )
