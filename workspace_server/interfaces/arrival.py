"""Where a request came from, and by what the log calls it: the id that its sender gave it, or one of ours."""

import re
import secrets

from starlette.requests import HTTPConnection

from workspace_server.core.access import ANONYMOUS, Caller
from workspace_server.core.access_tokens import public_id
from workspace_server.errors import WorkspaceError

HEADER = "x-request-id"
CALL_ID = "workspace.call_id"
"""Where the scope of a request carries by what the log calls it."""
LOCAL_ADDRESS = "local"
_SANE = re.compile(r"[A-Za-z0-9._:/+=-]{1,64}")


def new_call_id() -> str:
    """Return an id that no other request has."""
    return secrets.token_hex(8)


def call_id(given: str | None) -> str:
    """Return the id that was given, where it can stand in a line of a log; else a new one."""
    return given if given is not None and _SANE.fullmatch(given) else new_call_id()


def address_of(connection: HTTPConnection) -> str:
    """Return where a request came from; a transport without addresses is a socket of this machine."""
    return LOCAL_ADDRESS if connection.client is None else connection.client.host


def refused(
    refusal: WorkspaceError, connection: HTTPConnection | None, token: str | None
) -> tuple[Caller, str, str | None]:
    """Return who may not come in, why, and the public id of the token that was borne, as the audit log has it.

    Args:
        connection: How it came, where it did over the network.
        token: What it bore, where that stands in no header.
    """
    caller = Caller(agent=ANONYMOUS, door="stdio", address=LOCAL_ADDRESS)
    if connection is not None:
        call = connection.scope.get(CALL_ID)
        caller = Caller(agent=ANONYMOUS, door="http", address=address_of(connection), call_id=call)
        if token is None:
            token = connection.headers.get("authorization", "").partition(" ")[2].strip()
    return caller, f"refused: {refusal.facts.get('reason', refusal.code)}", public_id(token or "")
