"""Jobs, and what else is in progress: queues, joins that fill, deliveries under way; and a page for each job."""

from collections.abc import Mapping
from typing import Any, get_args

from starlette.responses import Response

from workspace_server.core.jobs import OPEN, REVIVABLE, State
from workspace_server.errors import Forbidden, InvalidArgument, WorkspaceError
from workspace_server.interfaces.web.addresses import page_url
from workspace_server.interfaces.web.view import View, lead_to
from workspace_server.services.recording import Result

ADDRESS = "/jobs"
JOB = "/jobs/{job}"
PAGE = 50
UNDER_WAY = 20
LOG_LINES = 400
"""How many lines of a log stand on a page, the last ones first."""
STATES = get_args(State)


async def jobs(view: View) -> Response:
    """Show the queues, the jobs as far as they are chosen, and the firings that are in progress."""
    engine, caller = view.engine, view.caller
    chosen = {name: view.text(name) for name in ("state", "queue", "agent", "trigger")}
    found = await engine.queues.list_jobs(caller, limit=PAGE, cursor=view.text("cursor"), **chosen)
    coming = await view.part(engine.automation.progress.show_progress(caller, limit=UNDER_WAY), filling=(), held=())
    sent = await view.part(engine.deliveries.list_deliveries(caller, state="pending", limit=UNDER_WAY), deliveries=())
    return view.render(
        "now/jobs.html",
        title="Jobs",
        active="jobs",
        jobs=found["jobs"],
        next_cursor=found.get("next_cursor"),
        chosen=chosen,
        url=lambda **changed: page_url(ADDRESS, **{**chosen, **changed}),
        states=STATES,
        queues=(await engine.queues.list_queues(caller))["queues"],
        filling=coming["filling"],
        held=coming["held"],
        deliveries=sent["deliveries"],
    )


async def job(view: View) -> Response:
    """Show all about one job, and the end of what its program has printed."""
    return await _page(view)


async def decide(view: View) -> Response:
    """Do with a job what a form asks, and lead back to it; a refusal stands above it."""
    form = await view.form()
    try:
        await _decided(view, form)
    except WorkspaceError as refusal:
        return await _page(view, refusal)
    return lead_to(page_url(f"{ADDRESS}/{_named(view)}"))


async def _decided(view: View, form: Mapping[str, str]) -> Result:
    engine, caller, name = view.engine, view.caller, _named(view)
    note = form.get("note") or None
    match form.get("action"):
        case "retry":
            return await engine.queues.revive_job(caller, job=name)
        case "cancel":
            return await engine.jobs.cancel_job(caller, job=name, note=note)
        case "reply":
            entry = (await engine.queues.show_job(caller, job=name)).get("attention", "")
            return await engine.decisions.reply(caller, attention=entry, reply=note or "")
    raise InvalidArgument("There is no such action.", hint="Use a button of the page.", argument="action")


async def _page(view: View, refusal: WorkspaceError | None = None) -> Response:
    shown = await view.engine.queues.show_job(view.caller, job=_named(view))
    attempt = view.number("attempt") or (shown["logs"][-1] if shown["logs"] else None)
    return view.render(
        "now/job.html",
        title=shown["job"],
        active="jobs",
        refusal=refusal,
        job=shown,
        log=None if attempt is None else await _log(view, attempt),
        attempt=attempt,
        can_cancel=shown["state"] in OPEN and view.may("admin"),
        can_retry=shown["state"] in REVIVABLE,
    )


async def _log(view: View, attempt: int) -> dict[str, Any]:
    """Return what stands on the page of a log: `{lines, first, more?, …}`, or why it is not to be seen."""
    try:
        found = await view.engine.queues.read_log(view.caller, job=_named(view), attempt=attempt)
    except Forbidden as refusal:
        return {"refusal": refusal}
    lines = found["log"].splitlines()
    end = min(view.number("before") or len(lines), len(lines))
    first = max(0, end - LOG_LINES)
    return {**found, "text": "\n".join(lines[first:end]), "first": first, "end": end, "lines": len(lines)}


def _named(view: View) -> str:
    name: str = view.request.path_params["job"]
    return name
