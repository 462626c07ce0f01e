"""Taking back what an agent did: first what would happen to each file, then just that."""

from collections.abc import Mapping

from starlette.responses import Response

from workspace_server.errors import WorkspaceError
from workspace_server.interfaces.web.addresses import page_url
from workspace_server.interfaces.web.history.unified import read_diff
from workspace_server.interfaces.web.view import View, lead_to

ADDRESS = "/undo"
SINCE = "1h"
DIFFS = 20
"""Of how many files it is shown what changes in them."""
FILES = 200
"""How many files are listed."""
SPANS = {"10m": "10 minutes", "1h": "hour", "8h": "8 hours", "1d": "day", "7d": "week"}


async def preview(view: View) -> Response:
    """Show what taking an agent's work back would do to each file."""
    asked = {name: view.text(name) or "" for name in ("agent", "since", "until", "path")}
    return await _page(view, asked)


async def undo(view: View) -> Response:
    """Do what the preview has shown, and lead on to what the agent has done since; else show what holds by now."""
    form = await view.form()
    asked = {name: form.get(name, "") for name in ("agent", "since", "until", "path")}
    try:
        done = await view.engine.undo.undo(
            view.caller,
            agent=asked["agent"],
            since=asked["since"],
            until=asked["until"] or None,
            path=asked["path"] or None,
            message=form.get("message") or None,
            preview=form.get("preview", ""),
        )
    except WorkspaceError as refusal:
        return await _page(view, {**asked, "until": ""}, refusal)
    return lead_to(page_url(ADDRESS, agent=asked["agent"], since=done["until_seq"], done=done["commit"] or ""))


async def _page(view: View, asked: Mapping[str, str], refusal: WorkspaceError | None = None) -> Response:
    since = asked["since"] or SINCE
    shown = None
    if asked["agent"]:
        try:
            shown = await view.engine.undo.undo(
                view.caller,
                agent=asked["agent"],
                since=since,
                until=asked["until"] or None,
                path=asked["path"] or None,
                dry_run=True,
                diffs_max=DIFFS,
            )
        except WorkspaceError as other:
            refusal = refusal or other
    return view.render(
        "now/undo.html",
        title=f"Undo {asked['agent']}" if asked["agent"] else "Undo",
        active="agents",
        asked={**asked, "since": since},
        shown=shown,
        files=[one for one in shown["files"] if one["did"] != "nothing"] if shown else [],
        most=FILES,
        spans=SPANS,
        done=view.text("done"),
        rows_of=read_diff,
        refusal=refusal,
    )
