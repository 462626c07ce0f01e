"""Tokens over HTTP. All of it needs the verb admin."""

from typing import Annotated

from pydantic import Field
from starlette.responses import Response

from workspace_server.core.limits import LIMITS
from workspace_server.interfaces.http import results
from workspace_server.interfaces.http.call import Body, Call
from workspace_server.interfaces.http.errors import json_response
from workspace_server.interfaces.http.operations import operation


class CreateToken(Body):
    """Whose it is to be, and what it grants: verbs and a pattern, as in `read,search:docs/**`."""

    agent: str
    crew: bool = False
    allow: list[str] = Field(default=[], max_length=LIMITS.grants_max)
    expires_in_seconds: Annotated[int, Field(ge=LIMITS.token_s_min, le=LIMITS.token_s_max)] | None = None
    note: str | None = Field(default=None, max_length=LIMITS.note_chars_max)


async def list_tokens(call: Call) -> Response:
    """List tokens, newest first: whose they are, what they grant, until when, and when they were last used."""
    return json_response(await call.engine.tokens.list_tokens(call.caller))


async def create_token(call: Call, body: CreateToken) -> Response:
    """Make a token, with which its bearer acts as an agent, or as one of a crew; `token` is shown this once."""
    return json_response(await call.engine.tokens.create_token(call.caller, **body.model_dump()), 201)


async def revoke_token(call: Call) -> Response:
    """Let a token prove nothing from now on."""
    return json_response(await call.engine.tokens.revoke_token(call.caller, token=call.values["token"]))


OPERATIONS = (
    operation("GET", "/tokens", list_tokens, result=results.TokenList),
    operation("POST", "/tokens", create_token, result=results.CreatedToken, answers={201: "A new token."}),
    operation("DELETE", "/tokens/{token}", revoke_token, result=results.RevokedToken),
)
