"""Who sends a request, by whichever transport it came."""

import re
from dataclasses import dataclass, field
from typing import Any

from mcp.server.context import ServerRequestContext
from starlette.requests import Request

from workspace_server.core.access import Caller
from workspace_server.core.limits import LIMITS
from workspace_server.errors import WorkspaceError
from workspace_server.interfaces.arrival import LOCAL_ADDRESS, Arrival, arrival_of
from workspace_server.interfaces.guard import Guard
from workspace_server.interfaces.mcp.errors import protocol_error

Context = ServerRequestContext[Any, Any]
SUFFIX_CHARS = 8
"""Room that a name needs for the number of its process."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """The other side of a connection to the Unix socket.

    Attributes:
        agent: The name under which it acts, unless a request says another one.
        session: What tells this process from others, also under the next owner; None when it did not say.
        token: What it proves who it is by, looked at again in every call.
    """

    agent: str
    session: str | None = None
    token: str | None = field(default=None, repr=False)


def arrived(ctx: Context) -> Arrival:
    """Return what is known of a request, by whichever transport it came."""
    if isinstance(ctx.request, Request):
        return arrival_of(ctx.request)
    return Arrival(door="stdio", address=LOCAL_ADDRESS)


def caller_of(guard: Guard, ctx: Context, arrival: Arrival | None = None) -> Caller:
    """Return who sends this request.

    Args:
        arrival: What is known of it; by default what `arrived` says.

    Raises:
        WorkspaceError: The guard refuses.
    """
    meta = dict(ctx.meta or {})
    if isinstance(ctx.request, Request):
        return guard.admit(ctx.request, door="mcp", meta=meta)
    if isinstance(ctx.request, Peer):
        peer = ctx.request
        try:
            proof = guard.bearer(peer.token)
        except WorkspaceError as refusal:
            guard.refuse(refusal, token=peer.token)
            raise
        return guard.identify(
            peer.agent,
            door="stdio",
            meta=meta,
            session=peer.session,
            proof=proof,
            arrival=arrival,
        )
    return guard.identify(None, door="mcp", meta=meta)


def require_caller(guard: Guard, ctx: Context) -> Caller:
    """Return who sends this request, where a refusal has to be a JSON-RPC error."""
    try:
        return caller_of(guard, ctx)
    except WorkspaceError as refusal:
        raise protocol_error(refusal) from None


def client_of(ctx: Context) -> str | None:
    """Return what the client says that it is, as `name version`, when it has said so."""
    known = ctx.session.client_params
    if known is None:
        return None
    info = known.client_info
    return f"{info.name} {info.version}".strip()[: LIMITS.agent_chars_max]


def declared_name(client: object) -> str:
    """Return a client's own name for itself as the beginning of an agent name."""
    name = re.sub(r"[^A-Za-z0-9._]+", "-", client).strip("-").lower() if isinstance(client, str) else ""
    return name[: LIMITS.agent_chars_max - SUFFIX_CHARS] or "agent"
