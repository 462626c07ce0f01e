"""Receivers of webhooks and how each of them does, and subscriptions of MCP Events."""

from starlette.responses import Response

from workspace_server.errors import InvalidArgument, WorkspaceError
from workspace_server.interfaces.web.addresses import page_url
from workspace_server.interfaces.web.view import View, lead_to

PAGE = 50


async def receivers(view: View) -> Response:
    """List where webhooks go, and who subscribes to the log."""
    return await _page(view)


async def hold(view: View) -> Response:
    """Pause, resume or enable a receiver, or end a subscription; a refusal stands above the list."""
    form = await view.form()
    endpoints, caller, name = view.engine.endpoints, view.caller, form.get("name", "")
    try:
        match form.get("action"):
            case "pause":
                await endpoints.pause_endpoint(caller, endpoint=name)
            case "resume":
                await endpoints.resume_endpoint(caller, endpoint=name)
            case "enable":
                await endpoints.enable_endpoint(caller, endpoint=name)
            case "end":
                await view.engine.subscribing.subscriptions.end_subscription(caller, subscription=name)
            case _:
                raise InvalidArgument("There is no such action.", hint="Use a button of the page.", argument="action")
    except WorkspaceError as refusal:
        return await _page(view, refusal)
    return lead_to(page_url("/receivers", cursor=view.text("cursor")))


async def _page(view: View, refusal: WorkspaceError | None = None) -> Response:
    found = await view.engine.endpoints.list_endpoints(view.caller, limit=PAGE, cursor=view.text("cursor"))
    listed = await view.engine.subscribing.subscriptions.list_subscriptions(view.caller)
    return view.render(
        "flows/receivers.html",
        title="Receivers",
        active="triggers",
        endpoints=found["endpoints"],
        next_cursor=found.get("next_cursor"),
        subscriptions=listed["subscriptions"][:PAGE],
        subscriptions_more=max(0, len(listed["subscriptions"]) - PAGE),
        refusal=refusal,
    )
