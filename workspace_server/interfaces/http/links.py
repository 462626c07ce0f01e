"""Share links over HTTP. To make or revoke one needs the verb admin."""

from typing import Annotated

from pydantic import Field
from starlette.responses import Response

from workspace_server.core.limits import LIMITS
from workspace_server.interfaces.http import results
from workspace_server.interfaces.http.arguments import Count
from workspace_server.interfaces.http.call import Body, Call, Query
from workspace_server.interfaces.http.errors import json_response
from workspace_server.interfaces.http.operations import operation


class ListLinks(Query):
    """Which links."""

    path: str | None = None
    limit: Annotated[int, Field(ge=1, le=LIMITS.list_rows_max)] = 100
    cursor: str | None = None


class CreateLink(Body):
    """What to share: the newest version of a file, or the one named; a directory as it is, or as of a seq."""

    path: str
    version: Count | None = None
    as_of_seq: Count | None = None
    expires_in_seconds: Annotated[int, Field(ge=LIMITS.link_s_min, le=LIMITS.link_s_max)] = LIMITS.link_s
    note: str | None = Field(default=None, max_length=LIMITS.note_chars_max)


async def list_links(call: Call, query: ListLinks) -> Response:
    """List share links, newest first: where they lead, until when, and how often they were opened."""
    return json_response(await call.engine.links.list_links(call.caller, **query.model_dump()))


async def create_link(call: Call, body: CreateLink) -> Response:
    """Make an address under which whoever has it reads a file or a directory; `url` is shown this once."""
    return json_response(await call.engine.links.create_link(call.caller, **body.model_dump()), 201)


async def revoke_link(call: Call) -> Response:
    """Let a share link lead nowhere from now on."""
    return json_response(await call.engine.links.revoke_link(call.caller, link=call.values["link"]))


OPERATIONS = (
    operation("GET", "/links", list_links, result=results.LinkList),
    operation("POST", "/links", create_link, result=results.CreatedLink, answers={201: "A new link."}),
    operation("DELETE", "/links/{link}", revoke_link, result=results.RevokedLink),
)
