"""Check-out and check-in over HTTP, for agents whose own tools edit the folder."""

from typing import Annotated

from pydantic import Field
from starlette.responses import Response

from workspace_server.core.limits import LIMITS
from workspace_server.interfaces.http import results
from workspace_server.interfaces.http.arguments import Lifetime
from workspace_server.interfaces.http.call import Body, Call
from workspace_server.interfaces.http.errors import json_response
from workspace_server.interfaces.http.operations import operation

Session = Annotated[str, Field(max_length=LIMITS.request_id_chars_max)]


class CheckOut(Body):
    """Which of several that work under one name, why, and for how long."""

    session: Session | None = None
    purpose: str | None = Field(default=None, max_length=LIMITS.purpose_chars_max)
    ttl_seconds: Lifetime = 120


class CheckIn(Body):
    """Which of several that work under one name."""

    session: Session | None = None


async def check_out(call: Call, body: CheckOut) -> Response:
    """Lock a file that a tool of the caller's own is about to edit in the folder; the edit is the caller's then."""
    result = await call.engine.checkouts.check_out(
        call.caller, path=call.path, session=body.session, purpose=body.purpose, ttl_seconds=body.ttl_seconds
    )
    return json_response(result, 201)


async def check_in(call: Call, body: CheckIn) -> Response:
    """Take in at once what the tool has left in the folder, and end the check-out."""
    return json_response(await call.engine.checkouts.check_in(call.caller, path=call.path, session=body.session))


OPERATIONS = (
    operation(
        "POST",
        "/files/{path}:checkout",
        check_out,
        result=results.GrantedLock,
        answers={201: "Checked out: locked for the caller's own work in the folder."},
    ),
    operation("POST", "/files/{path}:checkin", check_in, result=results.CheckedIn),
)
