"""The log, newest first."""

from starlette.responses import Response

from workspace_server.interfaces.web.now import happenings
from workspace_server.interfaces.web.view import View


async def activity(view: View) -> Response:
    """Show the log, newest first."""
    before, kind = view.number("before"), view.text("kind")
    events = await happenings.newest(view, before=before, kind=kind)
    oldest = events[-1]["seq"] if events else None
    return view.render(
        "now/activity.html",
        title="Activity",
        active="activity",
        rows=[happenings.happening(event) for event in events],
        kind=kind if kind in happenings.KINDS else None,
        kinds=tuple(happenings.KINDS),
        before=before,
        older=oldest if oldest and oldest > 1 and len(events) == happenings.PAGE else None,
    )
