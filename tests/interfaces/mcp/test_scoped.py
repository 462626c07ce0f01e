"""Resources, completions and news of them, for who may read a part of the workspace."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
from mcp import Client
from mcp_types import ResourceListChangedNotification, ResourceUpdatedNotification

from tests.interfaces.listening import Listening, listening
from tests.interfaces.mcp.workspace import serving
from workspace_server.core.access import Caller
from workspace_server.core.cursors import cursor
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


async def test_events_are_those_of_files_that_may_be_read(part: httpx2.AsyncClient, served: Listening) -> None:
    everything = {"name": "workspace.event", "cursor": cursor(0)}
    found = (await ask(part, "events/poll", **everything))["result"]
    assert {one["data"]["path"] for one in found["events"]} == {"open/a.md"}
    assert "secret" not in str(found)
    at = (await ask(part, "events/poll", name="file.created"))["result"]["cursor"]
    await served.engine.files.write_file(OWNER, path="secret/b.md", content="x")
    await served.engine.files.move_file(OWNER, path="secret/b.md", to="open/b.md")
    moved = (await ask(part, "events/poll", name="file.moved", cursor=at))["result"]
    assert {one["data"]["path"] for one in moved["events"]} == {"open/b.md"}
    assert "secret" not in str(moved)
    for files in ("secret/a.md", "**/*.md"):
        refused = await ask(part, "events/poll", name="file.created", arguments={"files": files})
        assert refused["error"]["code"] == -32012
    listed = (await ask(part, "events/list"))["result"]["events"]
    assert {tuple(one["delivery"]) for one in listed} == {("poll", "push")}


@pytest.mark.parametrize(
    ("method", "params", "last"),
    [
        ("events/stream", {"name": "file.created"}, "notifications/events/terminated"),
        ("subscriptions/listen", {"notifications": {"resourceSubscriptions": ["workspace:///open/a.md"]}}, "result"),
        ("subscriptions/listen", {"notifications": {"resourcesListChanged": True}}, "result"),
    ],
)
async def test_what_is_open_tells_of_the_part_and_ends_with_its_token(
    part: httpx2.AsyncClient, served: Listening, method: str, params: dict[str, Any], last: str
) -> None:
    message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": {**params, "_meta": META}}
    headers = {"mcp-method": method, "accept": "application/json, text/event-stream"}
    said: list[str] = []
    async with part.stream("POST", "/mcp", json=message, headers=headers) as stream:
        with anyio.fail_after(60):
            async for line in stream.aiter_lines():
                if not line.startswith("data: {") or "events/heartbeat" in line:
                    continue
                said.append(line)
                if len(said) == 1:
                    await served.engine.files.write_file(OWNER, path="secret/new.md", content="x")
                    await served.engine.files.write_file(OWNER, path="open/new.md", content="x")
                    await served.engine.files.write_file(OWNER, path="open/a.md", content="y", overwrite=True)
                if len(said) == 2:
                    (token,) = (await served.engine.tokens.list_tokens(OWNER))["tokens"]
                    await served.engine.tokens.revoke_token(OWNER, token=token["id"])
    assert "secret" not in str(said)
    assert last in said[-2 if method == "events/stream" else -1]
    assert len(said) == (4 if method == "events/stream" else 3)


async def test_a_poll_that_waits_tells_nothing_once_its_token_has_ended(
    part: httpx2.AsyncClient, served: Listening
) -> None:
    waited: list[dict[str, Any]] = []

    async def poll() -> None:
        waited.append(await ask(part, "events/poll", name="file.created", timeoutMs=50_000))

    with anyio.fail_after(60):
        async with anyio.create_task_group() as polling:
            polling.start_soon(poll)
            await anyio.sleep(0.2)
            (token,) = (await served.engine.tokens.list_tokens(OWNER))["tokens"]
            await served.engine.tokens.revoke_token(OWNER, token=token["id"])
            await served.engine.files.write_file(OWNER, path="open/later.md", content="x")
    assert "error" in waited[0], waited
    assert "later.md" not in str(waited)


@pytest.mark.filterwarnings("ignore:resources/.*subscribe is removed")
async def test_who_subscribed_by_a_handshake_hears_nothing_more_once_it_may_not(folder: Path) -> None:
    heard: list[str] = []
    woken = anyio.Event()
    listed: list[object] = []

    async def hear(message: object) -> None:
        if isinstance(message, ResourceUpdatedNotification):
            heard.append(str(message.params.uri))
            woken.set()
        if isinstance(message, ResourceListChangedNotification):
            listed.append(message)

    async with serving(folder) as server, Client(server, mode="legacy", message_handler=hear) as client:
        engine = server._engine
        await engine.files.write_file(OWNER, path="a.md", content="x")
        await client.session.subscribe_resource("workspace:///a.md")
        await engine.files.write_file(OWNER, path="a.md", content="y", overwrite=True)
        with anyio.fail_after(60):
            await woken.wait()
        await engine.tokens.create_token(OWNER, agent="ann")  # from now on everybody needs one
        assert not any(server.updates._subscribed.values())
        before = len(listed)
        await engine.files.write_file(OWNER, path="a.md", content="z", overwrite=True)
        await engine.files.write_file(OWNER, path="b.md", content="z")
        await server.updates._tell(0)
        await anyio.wait_all_tasks_blocked()
    assert (heard, len(listed)) == (["workspace:///a.md"], before)
