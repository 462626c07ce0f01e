"""Whoever calls too often is told so at every door, and when to come again."""

from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.interfaces.listening import listening
from workspace_server.core.access import Caller
from workspace_server.core.rates import Rates
from workspace_server.core.scopes import ALL
from workspace_server.errors import RateLimited

pytestmark = pytest.mark.anyio

MCP: dict[str, Any] = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "tools/call",
    "params": {
        "name": "list_files",
        "arguments": {},
        "_meta": {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientInfo": {"name": "x", "version": "1"},
            "io.modelcontextprotocol/clientCapabilities": {},
        },
    },
}
HEADERS = {"mcp-protocol-version": "2026-07-28", "mcp-method": "tools/call", "mcp-name": "list_files"}


async def test_every_door_says_when_to_come_again(folder: Path) -> None:
    async with listening(folder, rates_total_per_second=1) as served:
        made = await served.engine.tokens.create_token(Caller(agent="boss", scope=ALL), agent="ann")
        bearing = {"authorization": f"Bearer {made['token']}", "accept": "application/json, text/event-stream"}
        served.engine.tokens._rates = Rates(each=0, total=1e-6, now_s=0.0)
        async with httpx2.AsyncClient(base_url=served.url, headers=bearing) as client:
            api = await client.get("/api/v1/files")
            page = await client.get("/")
            call = await client.post("/mcp", json=MCP, headers=HEADERS)
    assert (api.status_code, api.json()["error"]["code"]) == (429, "rate_limited")
    assert page.status_code == 429
    for answer in (api, page):
        assert int(answer.headers["retry-after"]) >= 1
    assert call.json()["result"]["isError"]
    assert '"rate_limited"' in call.json()["result"]["content"][0]["text"]


async def test_who_guesses_at_the_login_page_is_told_when_to_come_again(folder: Path) -> None:
    async with listening(folder) as served, httpx2.AsyncClient(base_url=served.url) as browser:
        await served.engine.tokens.create_token(Caller(agent="boss", scope=ALL), agent="ann")
        form = {"token": served.guard.login_form_token, "bearer": "wst_wrong"}
        origin = {"origin": served.url}
        assert (await browser.post("/login", data=form, headers=origin)).status_code == 401
        served.engine.tokens._misses = Rates(each=1e-6, total=0, now_s=0.0)
        limited = await browser.post("/login", data=form, headers=origin)
        assert (limited.status_code, limited.headers["retry-after"]) == (429, "1")
        assert [*served.engine.tokens._misses._paces] == ["127.0.0.1"]  # and nobody elsewhere has to wait for it


async def test_a_page_that_refuses_for_a_while_says_how_long(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def busy(*_: object, **__: object) -> None:
        raise RateLimited("Too much at once.", retry_after_seconds=7)

    async with listening(folder) as served, httpx2.AsyncClient(base_url=served.url) as browser:
        monkeypatch.setattr(served.engine.agents, "list_agents", busy)
        limited = await browser.get("/agents")
        assert (limited.status_code, limited.headers["retry-after"]) == (429, "7")
        assert "Too much at once." in limited.text


@pytest.mark.parametrize(
    "wrong", [{"mcp-method": "tools/list"}, {"mcp-name": "read_file"}, {"mcp-protocol-version": "2025-11-25x"}]
)
async def test_headers_that_say_something_else_than_the_body_are_refused(folder: Path, wrong: dict[str, str]) -> None:
    async with listening(folder) as served, httpx2.AsyncClient(base_url=served.url) as client:
        accept = {"accept": "application/json, text/event-stream"}
        assert (await client.post("/mcp", json=MCP, headers=HEADERS | accept)).status_code == 200
        assert (await client.post("/mcp", json=MCP, headers=HEADERS | accept | wrong)).status_code == 400
