"""What needs a person: the list, and forms that decide, which work without a script."""

from collections.abc import Awaitable, Mapping

from starlette.responses import Response

from workspace_server.errors import InvalidArgument, WorkspaceError
from workspace_server.interfaces.web.view import View, lead_to
from workspace_server.services.recording import Result

ADDRESS = "/attention"
SHOWN = 200
OVER = 20
ACTIONS_SAID = {"approve": "Approve", "deny": "Deny", "reply": "Answer", "retry": "Try again", "dismiss": "Dismiss"}


async def attention(view: View) -> Response:
    """Show what needs a person, and what was decided lately."""
    return await _page(view)


async def decide(view: View) -> Response:
    """Do what a form asks, and lead back to the list; a refusal stands above it."""
    form = await view.form()
    try:
        await _decided(view, form)
    except WorkspaceError as refusal:
        return await _page(view, refusal)
    return lead_to(ADDRESS)


def _decided(view: View, form: Mapping[str, str]) -> Awaitable[Result]:
    decisions, caller = view.engine.decisions, view.caller
    entry, note = form.get("attention", ""), form.get("note") or None
    match form.get("action"):
        case "approve":
            return decisions.approve(caller, attention=entry, note=note, stale=view.text("stale") is not None)
        case "deny":
            return decisions.deny(caller, attention=entry, note=note)
        case "reply":
            return decisions.reply(caller, attention=entry, reply=note or "")
        case "retry":
            return decisions.retry(caller, attention=entry)
        case "dismiss":
            return decisions.dismiss(caller, attention=entry, note=note)
    raise InvalidArgument("There is no such decision.", hint="Use a button of the page.", argument="action")


async def _page(view: View, refusal: WorkspaceError | None = None) -> Response:
    found = await view.engine.decisions.list_attention(view.caller, limit=SHOWN)
    over = await view.engine.decisions.list_attention(view.caller, ended=True, limit=OVER)
    return view.render(
        "needs/attention.html",
        title="Attention",
        active="attention",
        code=200 if refusal is None else refusal.http_status,
        entries=found["attention"],
        total=sum(found["open"].values()),
        over=over["attention"],
        said=ACTIONS_SAID,
        refusal=refusal,
    )
