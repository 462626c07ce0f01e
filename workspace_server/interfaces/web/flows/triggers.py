"""Triggers together: as a graph, and as a list that says the same."""

from starlette.responses import Response

from workspace_server.interfaces.web.flows.drawing import draw, state_of
from workspace_server.interfaces.web.view import View

PAGE = 25


async def triggers(view: View) -> Response:
    """Show how triggers hang together, and how each of them stands."""
    found = await view.engine.automation.flows.show_flows(view.caller, limit=PAGE, cursor=view.text("cursor"))
    return view.render(
        "flows/triggers.html",
        title="Triggers",
        active="triggers",
        triggers=found["triggers"],
        led_to=found["led_to"],
        drawing=draw(found["triggers"], found["led_to"]),
        state_of=state_of,
        next_cursor=found.get("next_cursor"),
    )
