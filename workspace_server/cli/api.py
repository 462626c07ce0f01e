"""The command line's own client of the HTTP API, on the standard library: one short connection per call.

No proxy of the environment is ever asked: the server is on this machine, and its admin key is for it alone.
"""

import getpass
import http.client
import json
import os
import random
import re
import ssl
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from workspace_server import __version__, errors
from workspace_server.errors import Unavailable, WorkspaceError

PREFIX = "/api/v1"
MCP_VERSION = "2026-07-28"
TIMEOUT_S = 120.0
FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 2.0
_BY_CODE = {kind.code: kind for kind in errors.ALL}

Answer = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a server is, and the proof that we may read its folder.

    Attributes:
        url: Without a path: `http://127.0.0.1:8765`.
        key: The owner's admin key; None when only an address is known.
    """

    url: str
    key: str | None = None


class Api:
    """Calls to one server under one name.

    Args:
        locate: Says where the server is; asked again whenever it is not there any more.
        agent: The name to act under; by default the user's own.
        patience_s: For how long a call is repeated when the server is away. Changes carry an id, so that a repetition
            changes nothing twice.
        timeout_s: For how long a server may be silent before it is taken to be away.
    """

    def __init__(
        self,
        locate: Callable[[], Address],
        *,
        agent: str | None = None,
        patience_s: float = 0.0,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        self._locate = locate
        self._address: Address | None = None
        given = agent or os.environ.get("WORKSPACE_AGENT")
        self.agent = given or _user()
        self._is_named = bool(given)
        self._token = os.environ.get("WORKSPACE_TOKEN")
        self._patience_s = patience_s
        self._timeout_s = timeout_s

    @property
    def url(self) -> str:
        """The server's address."""
        self._address = self._address or self._locate()
        return self._address.url

    def get(self, path: str, /, **query: object) -> Answer:
        """Return what stands at *path*; arguments that are None are left out."""
        return self._send("GET", PREFIX + path + _query(query), None)

    def post(self, path: str, body: Mapping[str, object] | None = None) -> Answer:
        """Ask for a change, which is made once however often the request must be repeated."""
        given = {name: value for name, value in (body or {}).items() if value is not None}
        return self._send("POST", PREFIX + path, json.dumps(given).encode())

    def delete(self, path: str, /, **query: object) -> Answer:
        """End or remove what stands at *path*; arguments that are None are left out."""
        return self._send("DELETE", PREFIX + path + _query(query), None)

    def follow(self, path: str, /, **query: object) -> Iterator[Answer]:
        """Yield the objects of a stream of server-sent events until it ends; what has a name of its own is none."""
        connection, response = self._open("GET", PREFIX + path + _query(query), None, {"accept": "text/event-stream"})
        try:
            if response.status != 200:
                raise _refusal(response.status, response.read())
            named = False
            for line in response:
                if line.startswith(b"data:") and not named:
                    yield json.loads(line[5:])
                named = line.startswith(b"event:") or (named and line.strip() != b"")
        finally:
            connection.close()

    def admission(self) -> str:
        """Return an address that works once and gives the browser that opens it the admin's cookie."""
        return f"{self.url}/admission?ticket={self._send('POST', '/admission', b'')['ticket']}"

    def tools(self) -> list[Answer]:
        """Return the MCP tools that the server offers, with their schemas."""
        tools: list[Answer] = self._ask_mcp("tools/list", {})["tools"]
        return tools

    def call_tool(self, name: str, arguments: Mapping[str, object]) -> Answer:
        """Return the result of an MCP tool.

        Raises:
            WorkspaceError: The tool refused.
        """
        request_id = {"workspace/requestId": str(uuid.uuid4())}
        result = self._ask_mcp("tools/call", {"name": name, "arguments": dict(arguments)}, request_id)
        if result.get("isError"):
            raise refusal(json.loads(result["content"][0]["text"]))
        return result

    def _ask_mcp(self, method: str, params: Mapping[str, object], meta: Mapping[str, object] | None = None) -> Answer:
        # This era of MCP has no session: one request is a whole conversation, which the standard library can hold.
        envelope = {
            "io.modelcontextprotocol/protocolVersion": MCP_VERSION,
            "io.modelcontextprotocol/clientInfo": {"name": "workspace-server", "version": __version__},
            "io.modelcontextprotocol/clientCapabilities": {},
        }
        message = {
            "jsonrpc": "2.0",
            "id": 1,
            "method": method,
            "params": {**params, "_meta": {**envelope, **(meta or {})}},
        }
        headers = {"mcp-protocol-version": MCP_VERSION, "mcp-method": method, "accept": "application/json"}
        if "name" in params:
            headers["mcp-name"] = str(params["name"])
        answer = self._send("POST", "/mcp", json.dumps(message).encode(), headers)
        if "error" in answer:
            raise errors.Internal(answer["error"]["message"], hint="Is the server of the same version?")
        result: Answer = answer["result"]
        return result

    def _send(self, method: str, target: str, body: bytes | None, more: Mapping[str, str] | None = None) -> Answer:
        headers = {**({"content-type": "application/json"} if body is not None else {}), **(more or {})}
        if method != "GET":
            headers["idempotency-key"] = str(uuid.uuid4())
        deadline = time.monotonic() + self._patience_s
        pause_s = FIRST_PAUSE_S
        while True:
            try:
                return self._once(method, target, body, headers)
            except Unavailable:
                if time.monotonic() + pause_s > deadline:
                    raise
            self._address = None
            time.sleep(pause_s * random.uniform(0.5, 1.0))  # noqa: S311  # spreads workers, guards nothing
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

    def _once(self, method: str, target: str, body: bytes | None, headers: Mapping[str, str]) -> Answer:
        connection, response = self._open(method, target, body, headers)
        try:
            content = response.read()
        except (OSError, http.client.HTTPException) as error:
            raise _away(self.url, error) from None
        finally:
            connection.close()
        if response.status >= 300:
            raise _refusal(response.status, content)
        answer: Answer = json.loads(content)
        return answer

    def _open(
        self, method: str, target: str, body: bytes | None, headers: Mapping[str, str]
    ) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
        parts = urlsplit(self.url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        connection = kind(parts.hostname or "", parts.port, timeout=self._timeout_s)
        sent = {"x-agent": self.agent, **headers}
        if self._address is not None and self._address.key is not None:
            sent["x-admin-key"] = self._address.key
        elif self._token is not None:
            sent["authorization"] = f"Bearer {self._token}"
            if not self._is_named:  # the token says who acts
                del sent["x-agent"]
        try:
            connection.request(method, target, body=body, headers=sent)
            return connection, connection.getresponse()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise _away(self.url, error) from None


def _user() -> str:
    """Return the user's name as an agent's name, which has fewer characters."""
    return re.sub(r"[^A-Za-z0-9._-]", "-", getpass.getuser()) or "user"


def path_of(path: str) -> str:
    """Return a file's path as a part of an address."""
    return quote(path, safe="/")


def refusal(said: Mapping[str, Any]) -> WorkspaceError:
    """Return the refusal that an error object describes."""
    facts = dict(said)
    kind = _BY_CODE.get(facts.pop("code", ""), errors.Internal)
    return kind(facts.pop("message", "The server refused."), **facts)


def _refusal(status: int, content: bytes) -> WorkspaceError:
    try:
        return refusal(json.loads(content)["error"])
    except (ValueError, KeyError, TypeError):
        return errors.Internal(f"The server answered with status {status}.", hint="Is this a workspace-server?")


def _away(url: str, error: Exception) -> Unavailable:
    reason = str(error) or type(error).__name__
    hint = "Start one: workspace-server serve"
    if isinstance(error, ssl.SSLCertVerificationError):
        hint = "Call it by a name in its certificate; SSL_CERT_FILE names the file of an authority of your own."
    return Unavailable(f"No server answers at {url}: {reason}.", hint=hint, reason=reason)


def _query(query: Mapping[str, object]) -> str:
    given = {name: _spelled(value) for name, value in query.items() if value is not None and value is not False}
    return "?" + urlencode(given) if given else ""


def _spelled(value: object) -> str:
    return "true" if value is True else str(value)
