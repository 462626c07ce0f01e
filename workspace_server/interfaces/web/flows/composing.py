"""The form that makes or changes a trigger: first it shows which past events would have fired it."""

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from workspace_server.core.access import CONFIG
from workspace_server.core.limits import LIMITS
from workspace_server.errors import Forbidden, InvalidArgument, WorkspaceError
from workspace_server.interfaces.web.addresses import trigger_url
from workspace_server.interfaces.web.flows import fields
from workspace_server.interfaces.web.flows.trigger import shown
from workspace_server.interfaces.web.view import View, lead_to
from workspace_server.services.recording import Result

SHARE_MANY = 0.5
"""A trigger that fires at more of the past changes than this is told to match nearly everything."""


async def new(view: View) -> Response:
    """Show the empty form; the address may fill in fields, so that other pages can lead here."""
    given = {name: value for name in ("name", "files", "mode") if (value := view.text(name)) is not None}
    return _form(view, {"mode": "each", "kind": "queue", **given})


async def make(view: View) -> Response:
    """Preview or create what the form says; what is refused is said beside its field, and nothing typed is lost."""
    form = await view.form()
    engine, caller = view.engine, view.caller
    try:
        given = fields.read(form)
        if form.get("action") != "create":
            return _form(view, form, preview=await _preview(view, given))
        made = await engine.triggers.create_trigger(caller, **{"name": "", "files": None, **given})
    except WorkspaceError as refusal:
        return _form(view, form, refusal=refusal)
    return _made(view, made)


async def change(view: View) -> Response:
    """Show the form with what the trigger says now."""
    one = await _changeable(view)
    return _form(view, fields.spell(one), changing=one["trigger"])


async def save(view: View) -> Response:
    """Preview a change of a trigger, or make it."""
    form = await view.form()
    one = await _changeable(view)
    name = one["trigger"]
    try:
        given = {key: value for key, value in fields.read(form).items() if key != "name"}
        if form.get("action") != "create":
            return _form(view, form, changing=name, preview=await _preview(view, given))
        anew = {key: given.get(key) for key in fields.ALL if key != "name"}
        made = await view.engine.triggers.change_trigger(view.caller, name=name, **anew)
    except WorkspaceError as refusal:
        return _form(view, form, changing=name, refusal=refusal)
    return _made(view, made)


async def _changeable(view: View) -> Result:
    one = await shown(view, view.request.path_params["name"])
    if one["created_by"] == CONFIG:
        raise Forbidden(
            "This trigger stands in the operator's file of triggers.", hint="It is changed there.", reason="file"
        )
    if "url" in one and view.caller.agent != one["created_by"] and not view.may("admin"):
        raise Forbidden(  # its whole address is not shown to others, so they cannot send it back either
            "Only its maker or the owner changes a trigger that sends webhooks.",
            hint="Come in with `workspace-server open`.",
            verb="admin",
        )
    return one


async def _preview(view: View, given: Mapping[str, Any]) -> Result:
    """Return what past events would have done, with what is doubtful about that."""
    tried = {name: value for name, value in given.items() if name != "name"}
    told = await view.engine.rehearsing.test_trigger(view.caller, fields=tried)
    repeated = await view.engine.automation.flows.might_repeat(view.caller, tried)
    played = told["to_seq"] - told["from_seq"]
    doubts = []
    if not told["fired"]:
        doubts.append(f"Nothing among the last {played:,} events would have fired it. Check the names of the files.")
    elif "**" in tried.get("files", ()) or told["fired"] > max(20, played * SHARE_MANY):
        doubts.append("It fires at nearly every change. Name fewer files, unless that is what you want.")
    if repeated:
        doubts.append(
            f"Those whom it calls have changed {', '.join(repeated)} before, which starts it again: it may run in a"
            f" circle, up to {tried.get('max_depth', 8)} times."
        )
    return {**told, "doubts": doubts, "played": played}


def _made(view: View, made: Result) -> Response:
    """Lead to the trigger; or show its secret, which is told this once, and what there is to know."""
    if "secret" not in made and not made["warnings"]:
        return lead_to(trigger_url(made["trigger"]))
    return view.render("flows/made.html", title="Trigger created", active="triggers", made=made)


def _form(
    view: View,
    filled: Mapping[str, str],
    *,
    changing: str | None = None,
    refusal: WorkspaceError | None = None,
    preview: Result | None = None,
) -> Response:
    wrong = fields.named(refusal.facts.get("argument")) if isinstance(refusal, InvalidArgument) else None
    return view.render(
        "flows/compose.html",
        title=f"Change {changing}" if changing else "New trigger",
        active="triggers",
        filled=filled,
        options=fields.OPTIONS,
        unfold=wrong in {field.name for field in fields.OPTIONS} or any(f.name in filled for f in fields.OPTIONS),
        changing=changing,
        refusal=refusal,
        wrong=wrong,
        preview=preview,
        commands=sorted(view.engine.settings.commands or {}) if view.may("admin") else [],
        limits=LIMITS,
    )
