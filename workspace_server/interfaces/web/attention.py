"""What needs a person: the list, and forms that decide, which work without a script.

A form is taken from who holds the admin's cookie alone, from our own origin, and with a token that only our own pages
know: a page of somebody else can make a browser send a request, but cannot read one of ours.
"""

import secrets
from collections.abc import Awaitable, Mapping

from starlette.responses import RedirectResponse, Response

from workspace_server.errors import Forbidden, InvalidArgument, WorkspaceError
from workspace_server.interfaces.web.view import View
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
    if not secrets.compare_digest(form.get("token", ""), view.form_token):
        raise Forbidden(
            "This form was not made by this server, or by an earlier run of it.",
            hint="Open the page again, and send the form from there.",
            reason="form",
        )
    try:
        await _decided(view, form)
    except WorkspaceError as refusal:
        return await _page(view, refusal)
    return RedirectResponse(ADDRESS, 303, headers={"cache-control": "no-store"})


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
    page = view.render(
        "attention.html",
        title="Attention",
        active="attention",
        code=200 if refusal is None else refusal.http_status,
        entries=found["attention"],
        total=sum(found["open"].values()),
        over=over["attention"],
        said=ACTIONS_SAID,
        decides="admin" in view.caller.verbs,
        token=view.form_token,
        refusal=refusal,
    )
    # Under `no-referrer` a browser calls the origin of a form `null`, and the guard would not know it for ours.
    page.headers["referrer-policy"] = "same-origin"
    return page
