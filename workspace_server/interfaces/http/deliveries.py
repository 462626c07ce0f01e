"""Deliveries over HTTP, the endpoints that they go to, and what signs them."""

from typing import Annotated, Literal

from pydantic import Field
from starlette.responses import Response

from workspace_server.core.limits import LIMITS
from workspace_server.interfaces.http import results
from workspace_server.interfaces.http.call import Body, Call, Query
from workspace_server.interfaces.http.errors import json_response
from workspace_server.interfaces.http.operations import operation

PageSize = Annotated[int, Field(ge=1, le=LIMITS.deliveries_page_max)]


class ListDeliveries(Query):
    """Which deliveries."""

    trigger: str | None = None
    state: str | None = None
    endpoint: str | None = None
    limit: PageSize = 50
    cursor: str | None = None


class ListEndpoints(Query):
    """Which endpoints."""

    limit: PageSize = 50
    cursor: str | None = None


class RedeliverSince(Body):
    """Which deliveries are sent again: those that came to this end since then, and before `until`."""

    since: str
    until: str | None = None
    state: Literal["dead", "delivered"] = "dead"
    trigger: str | None = None


class RotateSecret(Body):
    """The new secret; without one the server makes it."""

    secret: str | None = None


async def list_deliveries(call: Call, query: ListDeliveries) -> Response:
    """List deliveries with their attempts, newest first."""
    return json_response(await call.engine.deliveries.list_deliveries(call.caller, **query.model_dump()))


async def get_delivery(call: Call) -> Response:
    """Return one delivery with its attempts."""
    return json_response(await call.engine.deliveries.get_delivery(call.caller, delivery=call.values["id"]))


async def redeliver(call: Call) -> Response:
    """Send a delivery again, under the same id."""
    return json_response(await call.engine.deliveries.redeliver(call.caller, delivery=call.values["id"]))


async def redeliver_since(call: Call, body: RedeliverSince) -> Response:
    """Send again what was given up since then, or arrived; while there are more, call again with its `until`."""
    return json_response(await call.engine.deliveries.redeliver_since(call.caller, **body.model_dump()))


async def list_endpoints(call: Call, query: ListEndpoints) -> Response:
    """List where webhooks go: whether they may, what waits, and what was given up."""
    return json_response(await call.engine.endpoints.list_endpoints(call.caller, **query.model_dump()))


async def pause_endpoint(call: Call) -> Response:
    """Hold back what goes to an endpoint, until it is resumed; nothing is lost, and no attempt is used up."""
    return json_response(await call.engine.endpoints.pause_endpoint(call.caller, endpoint=call.values["id"]))


async def resume_endpoint(call: Call) -> Response:
    """Let go what was held back for a paused endpoint."""
    return json_response(await call.engine.endpoints.resume_endpoint(call.caller, endpoint=call.values["id"]))


async def enable_endpoint(call: Call) -> Response:
    """Send to an endpoint again that answered 410, or that is left alone because it fails."""
    return json_response(await call.engine.endpoints.enable_endpoint(call.caller, endpoint=call.values["id"]))


async def send_test(call: Call) -> Response:
    """Send a test to the trigger's URL, once, signed as its webhooks are."""
    return json_response(await call.engine.endpoints.send_test(call.caller, trigger=call.values["name"]))


async def rotate_secret(call: Call, body: RotateSecret) -> Response:
    """Change what signs the trigger's webhooks; for a day the old secret signs beside the new one."""
    found = await call.engine.endpoints.rotate_secret(call.caller, trigger=call.values["name"], secret=body.secret)
    return json_response(found)


OPERATIONS = (
    operation("GET", "/deliveries", list_deliveries, result=results.DeliveryList),
    operation("GET", "/deliveries/{id}", get_delivery, result=results.Delivery),
    operation("POST", "/deliveries/{id}:redeliver", redeliver, result=results.Redelivery),
    operation("POST", "/deliveries:redeliver", redeliver_since, result=results.Redeliveries),
    operation("GET", "/endpoints", list_endpoints, result=results.EndpointList),
    operation("POST", "/endpoints/{id}:enable", enable_endpoint, result=results.EnabledEndpoint),
    operation("POST", "/endpoints/{id}:pause", pause_endpoint, result=results.HeldEndpoint),
    operation("POST", "/endpoints/{id}:resume", resume_endpoint, result=results.HeldEndpoint),
    operation("POST", "/triggers/{name}:send_test", send_test, result=results.Redelivery),
    operation("POST", "/triggers/{name}:rotate_secret", rotate_secret, result=results.RotatedSecret),
)
