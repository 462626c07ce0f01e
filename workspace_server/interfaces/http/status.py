"""How the workspace is, over HTTP."""

from starlette.responses import Response

from workspace_server.interfaces.http import results
from workspace_server.interfaces.http.call import Call
from workspace_server.interfaces.http.errors import json_response
from workspace_server.interfaces.http.operations import operation


async def get_status(call: Call) -> Response:
    """Say what the workspace holds, how far the index is, what is due, and what needs a look."""
    return json_response(await call.engine.status.status(call.caller))


OPERATIONS = (operation("GET", "/status", get_status, result=results.Anything),)
