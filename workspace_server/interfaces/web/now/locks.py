"""Who holds what, why and for how long, who waits for it, and a person's way to break a lock."""

from starlette.responses import Response

from workspace_server.errors import WorkspaceError
from workspace_server.interfaces.web.view import View, lead_to

ADDRESS = "/locks"
PAGE = 50


async def locks(view: View) -> Response:
    """Show who holds what, why and for how long, and who waits for it in which order."""
    return await _page(view)


async def break_lock(view: View) -> Response:
    """Break the lock that a form names, and lead back to the list; a refusal stands above it."""
    form = await view.form()
    try:
        await view.engine.locks.end_lock(view.caller, form.get("lock", ""), note=form.get("note") or None)
    except WorkspaceError as refusal:
        return await _page(view, refusal)
    return lead_to(ADDRESS)


async def _page(view: View, refusal: WorkspaceError | None = None) -> Response:
    after = view.number("after") or 0
    found = await view.engine.locks.page_of_locks(view.caller, limit=PAGE, after=after)
    return view.render(
        "now/locks.html",
        title="Locks",
        active="locks",
        found=found,
        after=after,
        refusal=refusal,
    )
