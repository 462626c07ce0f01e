"""Subscriptions of MCP Events over HTTP: what the operator sees of them, and how one is ended."""

from starlette.responses import Response

from workspace_server.interfaces.http import results
from workspace_server.interfaces.http.call import Call
from workspace_server.interfaces.http.errors import json_response
from workspace_server.interfaces.http.operations import operation


async def list_subscriptions(call: Call) -> Response:
    """List the subscriptions of MCP Events that have events sent to an address: one's own; with `admin` everybody's."""
    return json_response(await call.engine.subscribing.subscriptions.list_subscriptions(call.caller))


async def end_subscription(call: Call) -> Response:
    """End a subscription of MCP Events, whose receiver is told; needs `admin`."""
    result = await call.engine.subscribing.subscriptions.end_subscription(
        call.caller, subscription=call.values["subscription"]
    )
    return json_response(result)


OPERATIONS = (
    operation("GET", "/subscriptions", list_subscriptions, result=results.Subscriptions),
    operation("DELETE", "/subscriptions/{subscription}", end_subscription, result=results.EndedSubscription),
)
