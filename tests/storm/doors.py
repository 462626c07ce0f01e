"""The doors that a storm comes through, in the standard library alone, so that an agent is started in no time.

A call that gets no answer raises `NoAnswerError`; it is for the agent to ask again under the same request id.
"""

import contextlib
import http.client
import json
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.agents import Agent

ANSWER_S = 20.0
META = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientInfo": {"name": "storm", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {},
}


class NoAnswerError(Exception):
    """It may have happened, or not."""


class RefusedError(Exception):
    """The server refused, for the facts that it gives."""

    def __init__(self, facts: dict[str, Any]) -> None:
        super().__init__(facts)
        self.code = facts["code"]
        self.facts = facts


class Door(ABC):
    """What an agent of a storm does to the workspace.

    Attributes:
        appends: It has a way to append.
        repeats: A request id of the agent's own goes with a call.
    """

    appends = True
    repeats = True

    @abstractmethod
    def read(self, path: str) -> tuple[int, str]:
        """Return version and text of a file; 0 and nothing for one that is not there."""

    @abstractmethod
    def change(self, tool: str, arguments: dict[str, Any], request_id: str, *, abandon: bool = False) -> dict[str, Any]:
        """Call a tool that changes something.

        Args:
            abandon: Hang up once the request is sent.
        """

    @abstractmethod
    def close(self) -> None:
        """Leave."""


class _Wire:
    """One connection that is kept as long as it lasts."""

    def __init__(self, url: str) -> None:
        address = urlsplit(url)
        self._connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=ANSWER_S)

    def send(
        self, method: str, target: str, body: bytes | None, headers: dict[str, str], *, abandon: bool = False
    ) -> tuple[int, Any, bytes]:
        try:
            self._connection.request(method, target, body, headers)
            if abandon:
                raise NoAnswerError
            response = self._connection.getresponse()
            return response.status, response.headers, response.read()
        except (OSError, http.client.HTTPException) as error:
            raise NoAnswerError from error
        finally:
            if abandon:
                self._connection.close()

    def again(self) -> None:
        self._connection.close()


class Http(Door):
    """The HTTP API: one route for each tool."""

    appends = False

    def __init__(self, url: str, agent: str) -> None:
        self._wire = _Wire(url)
        self._agent = agent

    def read(self, path: str) -> tuple[int, str]:
        status, headers, body = self._send("GET", f"/api/v1/files/{path}", None, {})
        if status == 404:
            return 0, ""
        return int(headers["ETag"].strip('"')), body.decode()

    def change(self, tool: str, arguments: dict[str, Any], request_id: str, *, abandon: bool = False) -> dict[str, Any]:
        headers = {"Idempotency-Key": request_id}
        if tool == "write_file":
            given = dict(arguments)
            body = given.pop("content").encode()
            path = given.pop("path")
            if "expect_version" in given:
                expect = given.pop("expect_version")
                headers |= {"If-Match": f'"{expect}"'} if expect else {"If-None-Match": "*"}
            if "lock" in given:
                headers["X-Lock"] = given.pop("lock")
            query = "?overwrite=true" if given.pop("overwrite", False) else ""
            assert not given
            return self._answer("PUT", f"/api/v1/files/{path}{query}", body, headers, abandon)
        if tool == "unlock_files":
            return self._answer("DELETE", f"/api/v1/locks/{arguments['lock']}", None, headers, abandon)
        route = {"lock_files": "/locks", "commit_files": "/commits"}[tool]
        headers["Content-Type"] = "application/json"
        return self._answer("POST", f"/api/v1{route}", json.dumps(arguments).encode(), headers, abandon)

    def close(self) -> None:
        self._wire.again()

    def _answer(
        self, method: str, target: str, body: bytes | None, headers: dict[str, str], abandon: bool
    ) -> dict[str, Any]:
        _, _, answer = self._send(method, target, body, headers, abandon=abandon)
        return dict(json.loads(answer or b"{}"))

    def _send(
        self, method: str, target: str, body: bytes | None, headers: dict[str, str], *, abandon: bool = False
    ) -> tuple[int, Any, bytes]:
        named = {"X-Agent": self._agent, **headers}
        try:
            status, told, answer = self._wire.send(method, target, body, named, abandon=abandon)
        except NoAnswerError:
            self._wire.again()
            raise
        if status >= 500:
            raise NoAnswerError(answer)
        if status >= 400 and not (method == "GET" and status == 404):
            raise RefusedError(json.loads(answer)["error"])
        return status, told, answer


class Mcp(Door):
    """MCP over HTTP, as the specification writes it: one POST for each call."""

    def __init__(self, url: str, agent: str) -> None:
        self._wire = _Wire(url)
        self._agent = agent
        self._number = 0

    def read(self, path: str) -> tuple[int, str]:
        return _read(lambda: self._call("read_file", {"path": path, "max_tokens": 200_000}))

    def change(self, tool: str, arguments: dict[str, Any], request_id: str, *, abandon: bool = False) -> dict[str, Any]:
        content = self._call(tool, arguments, request_id, abandon=abandon)
        return dict(json.loads(content[0]["text"]))

    def close(self) -> None:
        self._wire.again()

    def _call(
        self, tool: str, arguments: dict[str, Any], request_id: str | None = None, *, abandon: bool = False
    ) -> list[dict[str, Any]]:
        meta = META if request_id is None else META | {"workspace/requestId": request_id}
        self._number += 1
        params = {"name": tool, "arguments": arguments, "_meta": meta}
        body = {"jsonrpc": "2.0", "id": self._number, "method": "tools/call", "params": params}
        headers = {
            "Content-Type": "application/json",
            "Accept": "application/json, text/event-stream",
            "MCP-Protocol-Version": "2026-07-28",
            "MCP-Method": "tools/call",
            "MCP-Name": tool,
        }
        try:
            target = f"/mcp?agent={self._agent}"
            status, _, answer = self._wire.send("POST", target, json.dumps(body).encode(), headers, abandon=abandon)
        except NoAnswerError:
            self._wire.again()
            raise
        if status >= 500:
            raise NoAnswerError(answer)
        return _content(json.loads(answer)["result"])


class Stdio(Door):
    """A `stdio` process, which gives the request ids and repeats by itself what its server did not answer."""

    repeats = False

    def __init__(self, folder: Path, agent: str) -> None:
        self._process = Agent(folder, "--agent", agent).__enter__()

    def read(self, path: str) -> tuple[int, str]:
        return _read(lambda: self._call("read_file", {"path": path, "max_tokens": 200_000}))

    def change(self, tool: str, arguments: dict[str, Any], request_id: str, *, abandon: bool = False) -> dict[str, Any]:
        return dict(json.loads(self._call(tool, arguments)[0]["text"]))

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._process.end()

    def _call(self, tool: str, arguments: dict[str, Any]) -> list[dict[str, Any]]:
        answer = self._process.answer(self._process.begin(tool, **arguments))
        if "result" not in answer:
            raise NoAnswerError(answer)
        return _content(answer["result"])


def _read(call: Any) -> tuple[int, str]:
    try:
        header, block = call()
    except RefusedError as refusal:
        if refusal.code != "not_found":
            raise
        return 0, ""
    return json.loads(header["text"])["version"], block["text"]


def _content(result: dict[str, Any]) -> list[dict[str, Any]]:
    if result.get("isError"):
        facts = json.loads(result["content"][0]["text"])
        if facts["code"] in {"unavailable", "internal"}:
            raise NoAnswerError(facts)
        raise RefusedError(facts)
    return list(result["content"])


def opened(door: str, url: str, folder: Path, agent: str) -> Door:
    """Return a door by its name: `http`, `mcp` or `stdio`."""
    if door == "stdio":
        return Stdio(folder, agent)
    return (Http if door == "http" else Mcp)(url, agent)
