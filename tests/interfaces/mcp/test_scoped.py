"""Resources, completions and news of them, for who may read a part of the workspace."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.interfaces.listening import Listening, listening
from workspace_server.core.access import Caller
from workspace_server.core.scopes import ALL

pytestmark = pytest.mark.anyio
OWNER = Caller(agent="boss", scope=ALL)
META = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientInfo": {"name": "part", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {},
}


@pytest.fixture
async def served(folder: Path) -> AsyncIterator[Listening]:
    async with listening(folder) as found:
        yield found


@pytest.fixture
async def part(served: Listening) -> AsyncIterator[httpx2.AsyncClient]:
    """A client that may read what lies in `open/`."""
    for path in ("open/a.md", "secret/a.md", "secret.md"):
        await served.engine.files.write_file(OWNER, path=path, content="x")
    made = await served.engine.tokens.create_token(OWNER, agent="ann", allow=["read:open/**"])
    headers = {"authorization": f"Bearer {made['token']}", "mcp-protocol-version": "2026-07-28"}
    async with httpx2.AsyncClient(base_url=served.url, headers=headers) as client:
        yield client


async def ask(client: httpx2.AsyncClient, method: str, **params: Any) -> dict[str, Any]:
    message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": {**params, "_meta": META}}
    headers = {"mcp-method": method, "accept": "application/json, text/event-stream"}
    if "uri" in params:
        headers["mcp-name"] = params["uri"]
    answer: dict[str, Any] = (await client.post("/mcp", json=message, headers=headers)).json()
    return answer


async def test_resources_are_those_that_may_be_read(part: httpx2.AsyncClient) -> None:
    listed = await ask(part, "resources/list")
    assert [one["name"] for one in listed["result"]["resources"]] == ["open/a.md"]
    assert (await ask(part, "resources/read", uri="workspace:///open/a.md"))["result"]["contents"]
    refused = [
        (await ask(part, "resources/read", uri=f"workspace:///{path}"))["error"]["data"]["code"]
        for path in ("secret.md", "nothing.md")
    ]
    assert refused == ["forbidden", "forbidden"]


async def test_completions_are_paths_that_may_be_read(part: httpx2.AsyncClient) -> None:
    template = {"type": "ref/resource", "uri": "workspace:///{+path}"}
    for beginning, expected in (("", ["open/"]), ("s", []), ("secret/", []), ("open/", ["open/a.md"])):
        answer = await ask(part, "completion/complete", ref=template, argument={"name": "path", "value": beginning})
        assert answer["result"]["completion"]["values"] == expected


async def test_nobody_is_told_when_a_file_changes_that_it_may_not_read(part: httpx2.AsyncClient) -> None:
    wanted = {"resourceSubscriptions": ["workspace:///open/a.md", "workspace:///secret.md"]}
    refused = await ask(part, "subscriptions/listen", notifications=wanted)
    assert refused["error"]["data"]["code"] == "forbidden"
