"""Taking back what an agent did, over HTTP."""

from typing import Annotated

from pydantic import Field
from starlette.responses import Response

from workspace_server.core.limits import LIMITS
from workspace_server.interfaces.http import results
from workspace_server.interfaces.http.arguments import Count
from workspace_server.interfaces.http.call import Body, Call
from workspace_server.interfaces.http.errors import json_response
from workspace_server.interfaces.http.operations import operation

Moment = Annotated[Count | str, Field(description="A seq, a span back from now such as 1h, or a time.")]


class UndoWork(Body):
    """Whose work, and which part of it."""

    agent: str
    since: Moment
    until: Moment | None = None
    path: str | None = None
    dry_run: bool = False
    fire: bool = False
    preview: str | None = None
    message: Annotated[str, Field(max_length=LIMITS.message_chars_max)] | None = None


async def undo_work(call: Call, body: UndoWork) -> Response:
    """Take back what an agent did, in one commit; what others have built on is merged, or listed for a person."""
    given = body.model_dump(exclude={"message"})
    message = body.message if body.message is not None else call.preconditions().message
    return json_response(await call.engine.undo.undo(call.caller, message=message, **given))


OPERATIONS = (operation("POST", "/undo", undo_work, result=results.UndoneWork),)
