"""The one guard that every door passes: where a request may come from, who calls, and what that caller may do.

A web page can make a browser send requests to this machine, under a foreign name that resolves to it or straight to
its address. Both show: in `Host`, which then carries the foreign name, and in `Origin`. So both are checked on every
bind, loopback included. Once a token was made, every caller has to bear one, in `Authorization` or by a browser that
has logged in with it; until then names of agents are claims. The verb `admin` needs proof besides: a token that grants
it, the key that the owner of the folder wrote to `.workspace/owner.json`, or a cookie got for that.
"""

import hashlib
import ipaddress
import re
import secrets
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection

from workspace_server.core.access import Caller, Door, agent_name
from workspace_server.core.access_tokens import PREFIX as OWN
from workspace_server.core.access_tokens import Token
from workspace_server.core.limits import LIMITS
from workspace_server.core.scopes import ALL, LOCAL
from workspace_server.core.scopes import Scope as AccessScope
from workspace_server.errors import Forbidden, Unauthenticated, WorkspaceError
from workspace_server.interfaces.arrival import Arrival, arrival_of, refused
from workspace_server.interfaces.claims import own_id, trace_context
from workspace_server.interfaces.cookies import cookie_of
from workspace_server.interfaces.logins import Logins
from workspace_server.interfaces.shares import Shares
from workspace_server.services.issuer import Issuer
from workspace_server.services.tokens import HINT as BEAR
from workspace_server.services.tokens import Tokens

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
ADMIN_HEADER = "x-admin-key"
AGENT_HEADER = "x-agent"
REQUEST_ID_HEADER = "idempotency-key"
AGENT_META = "workspace/agent"
REQUEST_ID_META = "workspace/requestId"
CAUSE_META = "workspace/cause"
TRACE_META = "traceparent"
TRACE_HEADER = "traceparent"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
TICKETS_MAX = 16
"""Most unused tickets at once; the oldest one goes."""
_PORTS = {"http": 80, "https": 443}
_PORT_MAX = 65_535
_ADDRESS = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::([0-9]{0,5}))?")


@dataclass(frozen=True, slots=True)
class Proof:
    """What a caller has proven.

    Attributes:
        is_owner: To have access to the folder itself.
        token: To bear this token.
    """

    is_owner: bool = False
    token: Token | None = None

    @property
    def scope(self) -> AccessScope:
        """What it may do."""
        if self.is_owner:
            return ALL
        return LOCAL if self.token is None else self.token.scope


OWNERS = Proof(is_owner=True)
NO_PROOF = Proof()


class Guard:
    """Says who calls, and refuses who may not.

    Args:
        admin_key: The proof of `admin`; without one nobody has that verb.
        hosts: The names and addresses under which the server is reached besides those of loopback.
        public_url: The address before a proxy; its host and origin are allowed too.
        heard: Told the name of every caller, and its session if it has one: a sign of life keeps its jobs.
        tokens: Says what tokens prove; without it there are none.
        issuer: Says what the tokens of an authorization server prove, if there is one that counts.
        refused: Told of everybody who may not come in: under which name, what for, and what was tried.
        tls: Whether the server itself answers https.
    """

    def __init__(
        self,
        *,
        admin_key: str | None = None,
        hosts: Collection[str] = (),
        public_url: str | None = None,
        heard: Callable[[str, str | None], None] = lambda *_: None,
        tokens: Tokens | None = None,
        issuer: Issuer | None = None,
        refused: Callable[[Caller, str, str | None], None] = lambda *_: None,
        tls: bool = False,
    ) -> None:
        self._key = admin_key
        self._heard = heard
        self._tokens = tokens
        self.issuer = issuer
        self._refused = refused
        self.shares = Shares()
        secure = tls or (public_url is not None and public_url.startswith("https:"))
        self.logins = Logins(secure=secure, key=admin_key)
        public = urlsplit(public_url) if public_url else None
        named = {host.strip("[]").lower() for host in hosts} | ({public.hostname} if public else set())
        self._hosts = LOOPBACK_NAMES | {host for host in named if host and not _is_wildcard(host)}
        self._public_origin = (public.scheme, public.hostname, public.port or _PORTS[public.scheme]) if public else None
        self._passed: set[tuple[str, str | None]] = set()
        self._tickets: dict[str, None] = {}
        self._cookie = secrets.token_urlsafe(32)
        self.cookie_name = "workspace-admin-" + hashlib.sha256((admin_key or "").encode()).hexdigest()[:8]
        """Differs per owner: cookies know no ports, and several servers may run on this machine."""

    def check_address(self, headers: Headers) -> None:
        """Pass when the request was sent to a name of ours, and not by a page of somebody else.

        Raises:
            Forbidden: `Host` is not one of ours, or `Origin` is another one than ours.
        """
        hosts = headers.getlist("host")
        origins = headers.getlist("origin")
        if len(hosts) != 1 or len(origins) > 1:
            raise Forbidden(
                "The request needs one Host header, and one Origin at most.",
                hint="Send `Host` once, with the address that the server is called by.",
                reason="host",
            )
        pair = (hosts[0], origins[0] if origins else None)
        if pair in self._passed:
            return
        host, port = _host_and_port(pair[0])
        if host not in self._hosts:
            raise Forbidden(
                "This server does not go by that name.",
                hint="Call it by its address, or set public_url to the name that people use.",
                reason="host",
            )
        if pair[1] is not None and not self._is_our_origin(pair[1], port):
            raise Forbidden(
                "Pages of other sites may not call this server.",
                hint="Use a client outside of a browser, or the server's own pages.",
                reason="origin",
            )
        if len(self._passed) < LIMITS.list_rows_max:
            self._passed.add(pair)

    def admit(self, connection: HTTPConnection, *, door: Door, meta: Mapping[str, Any] | None = None) -> Caller:
        """Return who sends this request.

        Args:
            meta: The `_meta` of an MCP request; what it says counts before headers.

        Raises:
            Forbidden: It comes from where it may not.
            InvalidArgument: The name or the request id is malformed.
            Unauthenticated: An admin key was sent, and it is wrong.
        """
        headers = connection.headers
        self.check_address(headers)
        claimed = headers.get(AGENT_HEADER)
        if claimed is None and door == "mcp":
            # Elsewhere `agent` in the query is an argument, such as the filter of the event feed.
            claimed = next(
                iter(parse_qs(connection.scope.get("query_string", b"").decode("latin-1")).get("agent", [])), None
            )
        return self.identify(
            claimed,
            door=door,
            meta=meta,
            request_id=headers.get(REQUEST_ID_HEADER),
            trace=headers.get(TRACE_HEADER),
            proof=self.proof(connection),
            arrival=arrival_of(connection),
        )

    async def prepare(self, connection: HTTPConnection) -> None:
        """Have what it takes to look at the proof of a request: the keys of an issuer may have to be fetched."""
        said = connection.headers.get("authorization", "").partition(" ")[2].strip()
        if self.issuer is not None and said:
            await self.issuer.prepare(said)

    def proof(self, connection: HTTPConnection) -> Proof:
        """Return what a request proves: to be the owner's, or a token's; nothing where nothing has to be proven.

        Raises:
            Unauthenticated: It proves nothing and has to, or says something that proves nothing.
            RateLimited: Too many tokens were tried that prove nothing.
        """
        if self._is_admin(connection):
            return OWNERS
        said = connection.headers.getlist("authorization")
        if said:
            kind, _, token = said[0].partition(" ")
            if len(said) > 1 or kind.lower() != "bearer":
                raise Unauthenticated("The request needs one Authorization header, with a token.", hint=BEAR)
            return self._access_token(token.strip(), arrival_of(connection).address)
        token_id = self.logins.token_of(connection)
        if token_id is not None and self._tokens is not None:
            return Proof(token=self._tokens.check(token_id))
        return self.bearer(None)

    def _access_token(self, token: str, address: str | None) -> Proof:
        """Return what a token in a request proves: one of an issuer, or one made here."""
        if self.issuer is None or token.startswith(OWN):
            return self.bearer(token, address=address)
        found = self.issuer.bearer(token, address=address)
        if not found.scope.grants:
            raise Forbidden(
                "This access token grants nothing here.",
                hint="Ask the issuer for one of the scopes that this server knows, or its operator for a grant.",
                reason="insufficient_scope",
            )
        return Proof(token=found)

    def bearer(self, token: str | None, *, address: str | None = None) -> Proof:
        """Return what a token made here proves, or that nothing has to be proven.

        Raises:
            Unauthenticated, RateLimited: As `proof`.
        """
        if self._tokens is None or (token is None and not self._tokens.required):
            return NO_PROOF
        if token is None:
            raise Unauthenticated("This server asks every caller for a token.", hint=BEAR)
        return Proof(token=self._tokens.bearer(token, address=address))

    def identify(
        self,
        claimed: str | None,
        *,
        door: Door,
        meta: Mapping[str, Any] | None = None,
        request_id: str | None = None,
        trace: str | None = None,
        proof: Proof = NO_PROOF,
        session: str | None = None,
        arrival: Arrival | None = None,
    ) -> Caller:
        """Return the caller for what it says of itself.

        Args:
            trace: The W3C trace context of the request, from which its cause is told when it does not say that.
            proof: What the caller has proven.
            session: The process that calls, where one lives on between its calls.
            arrival: What is known of the request; it learns who sends it.

        Raises:
            InvalidArgument: A name or id is malformed.
            Forbidden: The name is not the token's.
            RateLimited: It calls too often.
        """
        said = meta or {}
        name = said.get(AGENT_META, claimed)
        agent = agent_name(name) if proof.token is None else proof.token.acts_as(name)
        if self._tokens is not None and not proof.is_owner:
            self._tokens.count_call(agent)
        self._heard(agent, session)
        known = Caller(agent=agent, scope=proof.scope) if proof.token is None else proof.token.caller(agent)
        came = arrival or Arrival()
        came.is_of(known)
        context = trace_context(said.get(TRACE_META, trace))
        return replace(
            known,
            door=door,
            request_id=own_id(said.get(REQUEST_ID_META, request_id), REQUEST_ID_META),
            cause=own_id(said.get(CAUSE_META), CAUSE_META) or context,
            trace=context,
            session=session,
            address=came.address,
            call_id=came.call_id,
        )

    def arrived(self, connection: HTTPConnection, proof: Proof) -> Caller:
        """Return who sends a request of a browser, with what it has proven."""
        return self.identify(None, door="web", proof=proof, arrival=arrival_of(connection))

    def refuse(
        self, refusal: WorkspaceError, *, connection: HTTPConnection | None = None, token: str | None = None
    ) -> None:
        """Tell of somebody who may not come in, by what names it in the audit log; never what was tried itself.

        Args:
            connection: How it came, where it did over the network.
            token: What it bore, where that stands in no header.
        """
        self._refused(*refused(refusal, connection, token))

    def holds_key(self, given: str) -> bool:
        """Whether *given* is the admin key."""
        return self._key is not None and secrets.compare_digest(given.encode(), self._key.encode())

    def new_ticket(self) -> str:
        """Return a ticket that `redeem` takes once, so that the key itself never stands in a browser's history."""
        while len(self._tickets) >= TICKETS_MAX:
            del self._tickets[next(iter(self._tickets))]
        ticket = secrets.token_urlsafe(32)
        self._tickets[ticket] = None
        return ticket

    def redeem(self, ticket: str) -> str | None:
        """Return the value of the admin cookie for a ticket that was not used yet, else None."""
        if ticket not in self._tickets:
            return None
        del self._tickets[ticket]
        return self._cookie

    @property
    def form_token(self) -> str:
        """What a form of our own pages carries; it tells nobody the cookie that it is made from."""
        return hashlib.sha256(f"form {self._cookie}".encode()).hexdigest()

    @property
    def login_form_token(self) -> str:
        """What the form carries that everybody may see."""
        return hashlib.sha256(f"login form {self._cookie}".encode()).hexdigest()

    def form_token_of(self, connection: HTTPConnection) -> str:
        """Return what the forms of this browser carry: each that has logged in has its own."""
        return self.logins.form_token(connection, self.form_token)

    def _is_admin(self, connection: HTTPConnection) -> bool:
        given = connection.headers.get(ADMIN_HEADER)
        if given is not None:
            if not self.holds_key(given):
                raise Unauthenticated(
                    "That is not the admin key of this server.", hint="Read it again from .workspace/owner.json."
                )
            return True
        held = cookie_of(connection.headers, self.cookie_name)
        if not secrets.compare_digest(held.encode(), self._cookie.encode()):
            return False
        # A browser sends cookies unasked; it also says which page asked it to, and without that nothing is changed.
        return connection.scope.get("method") in SAFE_METHODS or "origin" in connection.headers

    def _is_our_origin(self, origin: str, port: int | None) -> bool:
        scheme, _, address = origin.lower().partition("://")
        host, said = _host_and_port(address)
        if scheme not in _PORTS:
            return False
        if (scheme, host, said or _PORTS[scheme]) == self._public_origin:
            return True
        return host in self._hosts and (said or _PORTS[scheme]) == (port or _PORTS[scheme])


def _host_and_port(address: str) -> tuple[str | None, int | None]:
    """Return the name and the port in a Host or an Origin; Python's reader of addresses takes `x[::1]` for `::1`."""
    found = _ADDRESS.fullmatch(address)
    if found is None or int(found[2] or 0) > _PORT_MAX:
        return None, None
    return found[1].strip("[]").lower(), int(found[2]) if found[2] else None


def _is_wildcard(host: str) -> bool:
    """Whether *host* stands for every address of the machine, so that it is the name of none."""
    try:
        return ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return False
