"""One request from its arrival to its answer: where it came from, what the log calls it, and what became of it."""

import logging
import re
import secrets
import time
from contextvars import ContextVar
from dataclasses import dataclass, field

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from workspace_server.core.access import ANONYMOUS, Caller, Door
from workspace_server.core.access_tokens import public_id
from workspace_server.errors import WorkspaceError
from workspace_server.interfaces.metrics import Metrics

log = logging.getLogger(__name__)

HEADER = "x-request-id"
LOCAL_ADDRESS = "local"
_ARRIVAL = "workspace.arrival"
_SANE = re.compile(r"[A-Za-z0-9._:/+=-]{1,64}")
_REFUSED, _GONE, _FAILED = 400, 499, 500


@dataclass(slots=True, kw_only=True)
class Arrival:
    """What is known of a request by now; the doors add to it.

    Attributes:
        operation: What was asked for, by a name of ours: never a path, nor anything that a caller made up.
        outcome: `ok`, or the code of the refusal.
        agent: Under which name, once that is known.
        token: The public id of the token that proved it.
    """

    call_id: str = field(default_factory=lambda: secrets.token_hex(8))
    door: Door = "http"
    operation: str | None = None
    outcome: str | None = None
    agent: str | None = None
    token: str | None = None
    address: str | None = None
    began_s: float = field(default_factory=time.perf_counter)

    def is_of(self, caller: Caller) -> None:
        """Take note of who sends it."""
        self.agent, self.token = caller.agent, caller.token

    @property
    def seconds(self) -> float:
        """How long ago it came."""
        return time.perf_counter() - self.began_s

    def say(self, status: int) -> None:
        """Log what became of it: what went well in detail only, as that is nearly all."""
        level = logging.DEBUG if self.outcome == "ok" else logging.INFO if status < _FAILED else logging.ERROR
        if not log.isEnabledFor(level):
            return
        facts = {
            "request_id": self.call_id,
            "door": self.door,
            "operation": self.operation,
            "outcome": self.outcome,
            "status": status,
            "duration_ms": round(self.seconds * 1000, 2),
            "agent": self.agent,
            "token": self.token,
            "address": self.address,
        }
        log.log(level, "request", extra={"facts": facts})


current: ContextVar[Arrival | None] = ContextVar("current", default=None)
"""The request that is being answered."""


class ArrivalMiddleware:
    """Gives each request its id, which its answer carries too, and counts and logs what became of it.

    Args:
        app: What answers.
        metrics: What counts.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and its answer back."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get(HEADER)
        arrival = Arrival(door=_door(scope["path"]))
        if given is not None and _SANE.fullmatch(given):
            arrival.call_id = given
        scope[_ARRIVAL] = arrival
        status = _GONE  # unless it is answered, for the client went away first

        async def sent(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[HEADER] = arrival.call_id
                if arrival.door != "mcp":  # whose streams carry the answer to a call, which is yet to come
                    self._count(arrival, scope, status)
            await send(message)

        token = current.set(arrival)
        try:
            await self._app(scope, receive, sent)
        except Exception:
            status = _FAILED if status == _GONE else status
            raise
        finally:
            current.reset(token)
            arrival.address = address_of(HTTPConnection(scope))  # which a trusted proxy has said by now
            if arrival.door == "mcp" or arrival.outcome is None:
                self._count(arrival, scope, status)
            arrival.say(status)

    def _count(self, arrival: Arrival, scope: Scope, status: int) -> None:
        if arrival.operation is None:
            arrival.operation = getattr(scope.get("endpoint"), "__name__", "unknown")
        if arrival.outcome is None:
            arrival.outcome = "ok" if status < _REFUSED else str(status)
        self._metrics.observe(arrival.door, arrival.operation, arrival.outcome, arrival.seconds)


def arrival_of(connection: HTTPConnection) -> Arrival:
    """Return what is known of a request."""
    found = connection.scope.get(_ARRIVAL)
    arrival = found if isinstance(found, Arrival) else Arrival()
    arrival.address = address_of(connection)  # which is known once a trusted proxy was heard
    return arrival


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
        arrival = arrival_of(connection)
        arrival.outcome = refusal.code
        caller = Caller(agent=ANONYMOUS, door=arrival.door, address=arrival.address, call_id=arrival.call_id)
        if token is None:
            token = connection.headers.get("authorization", "").partition(" ")[2].strip()
    return caller, f"refused: {refusal.facts.get('reason', refusal.code)}", public_id(token or "")


def _door(path: str) -> Door:
    if path == "/mcp" or path.startswith("/mcp/"):
        return "mcp"
    return "http" if path.startswith(("/api/", "/healthz", "/readyz", "/metrics")) else "web"
