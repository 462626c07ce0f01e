"""Triggers: what is in, what is missing, and what became of their firings."""

from starlette.responses import Response

from workspace_server.interfaces.web.view import View

DELIVERIES = 30


async def triggers(view: View) -> Response:
    """Show each trigger with what is in and what is missing, and what became of its firings."""
    found = await view.engine.triggers.list_triggers(view.caller)
    sent = await view.engine.deliveries.list_deliveries(view.caller, limit=DELIVERIES)
    return view.render(
        "flows/triggers.html",
        title="Triggers",
        active="triggers",
        triggers=found["triggers"],
        deliveries=sent["deliveries"],
    )
