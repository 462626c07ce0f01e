"""One trigger: what it waits for, what became of its firings, and what a person may do with it."""

from collections.abc import Mapping

from starlette.responses import Response

from workspace_server.core.access import CONFIG
from workspace_server.errors import InvalidArgument, NotFound, WorkspaceError
from workspace_server.interfaces.web.addresses import page_url, trigger_url
from workspace_server.interfaces.web.flows.drawing import state_of
from workspace_server.interfaces.web.view import View, lead_to
from workspace_server.services.recording import Result

KEYS = 20
RECENT = 10


async def trigger(view: View) -> Response:
    """Show a trigger."""
    return await _page(view)


async def act(view: View) -> Response:
    """Do what a form asks of a trigger; a refusal, and what a rehearsal tells, stand on its page."""
    form = await view.form()
    name = view.request.path_params["name"]
    try:
        if form.get("action") == "rehearse":
            return await _page(view, rehearsal=await view.engine.rehearsing.test_trigger(view.caller, name=name))
        return lead_to(await _done(view, name, form))
    except WorkspaceError as refusal:
        return await _page(view, refusal=refusal)


async def _done(view: View, name: str, form: Mapping[str, str]) -> str:
    """Do it, and return the address of the page that shows what came of it."""
    engine, caller = view.engine, view.caller
    match form.get("action"):
        case "pause":
            await engine.pausing.pause_trigger(caller, name=name, note=form.get("note"))
        case "resume":
            await engine.pausing.resume_trigger(caller, name=name)
        case "send":
            sent = await engine.endpoints.send_test(caller, trigger=name)
            return page_url(f"/deliveries/{sent['delivery']}")
        case "delete":
            await engine.triggers.delete_trigger(caller, name=name)
            return "/triggers"
        case _:
            raise InvalidArgument("There is no such action.", hint="Use a button of the page.", argument="action")
    return trigger_url(name)


async def shown(view: View, name: str) -> Result:
    """Return a trigger as the list shows it.

    Raises:
        NotFound: There is none of that name.
    """
    found = (await view.engine.triggers.list_triggers(view.caller, name=name))["triggers"]
    if not found:
        raise NotFound("There is no such trigger.", hint="The list of triggers has those that are.", trigger=name[:64])
    one: Result = found[0]
    return one


def may_change(view: View, one: Mapping[str, object]) -> bool:
    """Whether the page offers to change and delete a trigger: the operator's file has the last word on its own."""
    return view.may("trigger") and one["created_by"] != CONFIG


async def _page(view: View, *, refusal: WorkspaceError | None = None, rehearsal: Result | None = None) -> Response:
    engine, caller = view.engine, view.caller
    name = view.request.path_params["name"]
    one = await shown(view, name)
    skip = view.number("skip") or 0
    keys = await engine.triggers.list_keys(caller, name=name, skip=skip, limit=KEYS) if one["mode"] != "each" else None
    runs = await engine.runs.list_runs(caller, trigger=name, limit=RECENT)
    sent = await engine.deliveries.list_deliveries(caller, trigger=name, limit=RECENT) if "url" in one else None
    return view.render(
        "flows/trigger.html",
        title=name,
        active="triggers",
        trigger=one,
        state=state_of(one),
        keys=keys["keys"] if keys is not None else one.get("keys", []),
        skip=skip,
        next_skip=skip + KEYS if keys is not None and keys["more"] else None,
        runs=runs["runs"],
        deliveries=None if sent is None else sent["deliveries"],
        refusal=refusal,
        rehearsal=rehearsal,
        deleting=view.text("delete") is not None,
        changeable=may_change(view, one),
    )
