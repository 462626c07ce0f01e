"""MCP over HTTP: what comes as JSON, what as a stream, and what ends a call."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
from mcp_types import CLIENT_CAPABILITIES_META_KEY, INVALID_PARAMS, PROTOCOL_VERSION_META_KEY
from starlette.applications import Starlette

from tests.interfaces.mcp.workspace import serving
from workspace_server.core.limits import LIMITS
from workspace_server.interfaces.mcp import server as server_module
from workspace_server.interfaces.mcp.streamable import SessionManager, mcp_routes

pytestmark = pytest.mark.anyio
MODERN = "2026-07-28"
META = {PROTOCOL_VERSION_META_KEY: MODERN, CLIENT_CAPABILITIES_META_KEY: {}}
BOTH = "application/json, text/event-stream"


@asynccontextmanager
async def application(folder: Path) -> AsyncIterator[Starlette]:
    async with serving(folder) as server:
        sessions = SessionManager(server)
        async with sessions.run():
            yield Starlette(routes=mcp_routes(sessions))


def call(tool: str, arguments: object, **meta: object) -> dict[str, Any]:
    params = {"name": tool, "arguments": arguments, "_meta": META | meta}
    return {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}


def headers(tool: str, **more: str) -> dict[str, str]:
    return {
        "accept": BOTH,
        "content-type": "application/json",
        "mcp-protocol-version": MODERN,
        "mcp-method": "tools/call",
        "mcp-name": tool,
    } | {name.replace("_", "-"): value for name, value in more.items()}


async def post(app: Starlette, tool: str, body: dict[str, Any], query: str = "", **more: str) -> httpx2.Response:
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://127.0.0.1:8765") as client:
        return await client.post("/mcp" + query, json=body, headers=headers(tool, **more))


async def test_a_call_is_answered_in_json_under_the_callers_name(folder: Path) -> None:
    async with application(folder) as app:
        body = call("write_file", {"path": "a.md", "content": "x"})
        answer = await post(app, "write_file", body, "?agent=alice")
        await post(app, "write_file", call("write_file", {"path": "b.md", "content": "x"}), x_agent="bob")
        listed = (await post(app, "list_files", call("list_files", {"detail": "full"}))).json()
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["result"]["structuredContent"]["version"] == 1
    rows = listed["result"]["structuredContent"]["files"]
    assert [row["modified_by"] for row in rows] == ["alice", "bob"]


async def test_a_client_that_takes_only_json_gets_json(folder: Path) -> None:
    async with application(folder) as app:
        body = call("list_files", {}, progressToken="p")
        answer = await post(app, "list_files", body, accept="application/json")
    assert answer.status_code == 200
    assert not answer.json()["result"].get("isError")


async def test_a_call_that_asks_for_progress_is_streamed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "PROGRESS_EVERY_S", 0.01)
    async with application(folder) as app:
        body = call("wait_for", {"files": ["never.md"], "timeout_seconds": 0.2}, progressToken="p")
        answer = await post(app, "wait_for", body)
    assert answer.headers["content-type"].startswith("text/event-stream")
    messages = [json.loads(line[5:]) for line in answer.text.splitlines() if line.startswith("data:")]
    assert {message.get("method") for message in messages[:-1]} == {"notifications/progress"}
    assert messages[-1]["result"]["structuredContent"]["status"] == "timeout"


@pytest.mark.parametrize("arguments", [["a.md"], "a.md", 7])
async def test_arguments_that_are_no_object_are_told_to_the_model(folder: Path, arguments: object) -> None:
    async with application(folder) as app:
        answer = (await post(app, "read_file", call("read_file", arguments))).json()["result"]
    assert answer["isError"]
    assert answer["resultType"] == "complete"
    assert json.loads(answer["content"][0]["text"])["argument"] == "arguments"


@pytest.mark.parametrize("announced", [True, False])
async def test_too_large_a_request_is_refused_as_an_error_that_clients_show(folder: Path, announced: bool) -> None:
    async with application(folder) as app:
        if announced:
            size = str(LIMITS.request_bytes_max + 1)
            answer = await post(app, "write_file", call("write_file", {}), content_length=size)
        else:
            answer = await post(app, "write_file", call("write_file", {"content": "x" * LIMITS.request_bytes_max}))
    assert answer.status_code == 413
    error = answer.json()["error"]
    assert (error["code"], error["data"]["code"]) == (INVALID_PARAMS, "too_large")
    assert error["data"]["limit"] == LIMITS.request_bytes_max
    assert "PUT" in error["message"]
    assert "/api/v1/files/" in error["message"]


async def test_a_client_that_goes_away_ends_its_call(folder: Path) -> None:
    async with application(folder) as app:
        body = json.dumps(call("wait_for", {"files": ["never.md"], "timeout_seconds": 50})).encode()
        messages: list[dict[str, Any]] = [
            {"type": "http.request", "body": body, "more_body": False},
            {"type": "http.disconnect"},
        ]
        sent: list[Any] = []

        async def receive() -> dict[str, Any]:
            return messages.pop(0)

        async def send(message: Any) -> None:
            sent.append(message)

        raw = [(name.encode(), value.encode()) for name, value in headers("wait_for", host="127.0.0.1").items()]
        scope = {"type": "http", "method": "POST", "path": "/mcp", "headers": raw, "query_string": b""}
        with anyio.fail_after(10):
            await app(scope, receive, send)
    assert not sent
