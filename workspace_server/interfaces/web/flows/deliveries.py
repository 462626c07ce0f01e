"""Deliveries: what was sent, with every attempt; and sending it again."""

from starlette.responses import Response

from workspace_server.core.scopes import Verb
from workspace_server.errors import InvalidArgument, WorkspaceError
from workspace_server.interfaces.web.addresses import page_url
from workspace_server.interfaces.web.view import View, lead_to
from workspace_server.services.automation.deliveries import OF_TRIGGERS, STATES
from workspace_server.services.recording import Result

PAGE = 50


async def deliveries(view: View) -> Response:
    """List deliveries, newest first; a trigger, an endpoint and a state narrow it down."""
    asked = {name: view.text(name) for name in ("trigger", "endpoint", "state")}
    found = await view.engine.deliveries.list_deliveries(view.caller, **asked, limit=PAGE, cursor=view.text("cursor"))
    return view.render(
        "flows/deliveries.html",
        title="Deliveries",
        active="triggers",
        deliveries=found["deliveries"],
        asked=asked,
        states=STATES,
        off=not view.engine.deliveries.are_sent,
        next_cursor=found.get("next_cursor"),
    )


async def delivery(view: View) -> Response:
    """Show one delivery."""
    return await _page(view)


async def redeliver(view: View) -> Response:
    """Send a delivery again, and lead back to it."""
    form = await view.form()
    name = view.request.path_params["name"]
    try:
        if form.get("action") != "redeliver":
            raise InvalidArgument("There is no such action.", hint="Use a button of the page.", argument="action")
        await view.engine.deliveries.redeliver(view.caller, delivery=name)
    except WorkspaceError as refusal:
        return await _page(view, refusal)
    return lead_to(page_url(f"/deliveries/{name}"))


async def _page(view: View, refusal: WorkspaceError | None = None) -> Response:
    name = view.request.path_params["name"]
    one = await view.engine.deliveries.get_delivery(view.caller, delivery=name)
    return view.render(
        "flows/delivery.html",
        title=f"Delivery {name}",
        active="triggers",
        one=one,
        endpoint=await view.engine.endpoints.get_endpoint(view.caller, endpoint=one["endpoint"]),
        said=await _said(view, one),
        refusal=refusal,
    )


async def _said(view: View, one: Result) -> Result | None:
    """Return what a delivery says to who may see that."""
    needed: tuple[Verb, ...] = ("read",) if one["kind"] in OF_TRIGGERS else ("admin",)
    if not all(view.may(verb) for verb in needed):
        return None
    return await view.engine.deliveries.read_body(view.caller, delivery=one["delivery"])
