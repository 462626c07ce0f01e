"""What files say against each other, side by side, and what a person says to that."""

from starlette.responses import Response

from workspace_server.interfaces.web.addresses import page_url
from workspace_server.interfaces.web.finding.asking import Answer
from workspace_server.interfaces.web.view import View, lead_to
from workspace_server.services.index.answers import VALUES_MAX

PAGE = 20


async def contradictions(view: View) -> Response:
    """Show all of them, the newest first, or those about one thing."""
    subject, key, cursor = view.text("subject"), view.text("key"), view.text("cursor")
    state: Answer | None = None
    if subject is not None and key is not None:
        found = await view.engine.contradictions.about(view.caller, subject=subject, key=key)
    else:
        found = state = await view.engine.contradictions.list_conflicts(view.caller, limit=PAGE, cursor=cursor)
    return view.render(
        "finding/contradictions.html",
        title="Contradictions",
        active="search",
        conflicts=found["conflicts"],
        next_cursor=found.get("next_cursor"),
        state=state,
        first=cursor is None,
    )


async def dismiss(view: View) -> Response:
    """Dismiss one as it was shown, and lead back to the list."""
    form = await view.form()
    values = [form[name] for name in (f"value{number}" for number in range(VALUES_MAX)) if name in form]
    await view.engine.contradictions.dismiss_conflict(
        view.caller, subject=form.get("subject", ""), key=form.get("key", ""), values=values
    )
    return lead_to(page_url("/contradictions"))
