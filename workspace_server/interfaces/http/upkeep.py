"""Upkeep over HTTP: clear up, remove for good, and say how far that is. Needs the verb admin."""

from starlette.responses import Response

from workspace_server.interfaces.http import results
from workspace_server.interfaces.http.arguments import Count
from workspace_server.interfaces.http.call import Body, Call
from workspace_server.interfaces.http.errors import json_response
from workspace_server.interfaces.http.operations import operation


async def start_gc(call: Call) -> Response:
    """Begin to clear what is beyond retention and what nothing names; `GET /upkeep` says how far it is."""
    return json_response(await call.engine.upkeep.start_gc(call.caller), 202)


async def start_reindex(call: Call) -> Response:
    """Begin to make facts and search index anew, which answer meanwhile; `GET /upkeep` says how far it is."""
    return json_response(await call.engine.upkeep.start_reindex(call.caller), 202)


class Purge(Body):
    """Which version; without one the file with all its versions."""

    version: Count | None = None


async def purge_file(call: Call, body: Purge) -> Response:
    """Remove content for good, with every copy and trace of it; `GET /upkeep` says when the disk is clear of it."""
    return json_response(await call.engine.upkeep.purge(call.caller, path=call.path, version=body.version))


async def get_upkeep(call: Call) -> Response:
    """Say which upkeep is being done, how far it is, and what the last one did."""
    return json_response(await call.engine.upkeep.status(call.caller))


OPERATIONS = (
    operation("POST", "/files/{path}:purge", purge_file, result=results.Purged),
    operation("POST", "/gc", start_gc, result=results.UpkeepState, answers={202: "It has begun."}),
    operation("POST", "/reindex", start_reindex, result=results.UpkeepState, answers={202: "It has begun."}),
    operation("GET", "/upkeep", get_upkeep, result=results.UpkeepState),
)
