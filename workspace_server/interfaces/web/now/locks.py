"""Who holds what, why and for how long, and who waits for it."""

from starlette.responses import Response

from workspace_server.interfaces.web.view import View


async def locks(view: View) -> Response:
    """Show who holds what, why and for how long, and who waits for it."""
    found = await view.engine.locks.list_locks(view.caller)
    return view.render("now/locks.html", title="Locks", active="locks", locks=found["locks"], waiting=found["waiting"])
