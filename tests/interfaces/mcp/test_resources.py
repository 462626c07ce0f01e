"""Files as resources, what wakes when they change, and the prompts."""

import base64
from pathlib import Path

import anyio
import pytest
from mcp import Client, MCPError
from mcp.client.subscriptions import ResourceUpdated
from mcp_types import (
    BlobResourceContents,
    PromptReference,
    ResourceTemplateReference,
    ResourceUpdatedNotification,
    ServerNotification,
    TextContent,
    TextResourceContents,
)

from tests.interfaces.mcp.workspace import ERAS, named, serving
from workspace_server.config import Settings
from workspace_server.core.access import Caller
from workspace_server.interfaces.guard import Guard
from workspace_server.interfaces.mcp.prompts import PROMPTS
from workspace_server.interfaces.mcp.server import WorkspaceMcp
from workspace_server.services.engine import Engine

pytestmark = pytest.mark.anyio
TEMPLATE = ResourceTemplateReference(type="ref/resource", uri="workspace:///{+path}")


async def write(client: Client, path: str, content: str = "x") -> None:
    result = await client.call_tool("write_file", {"path": path, "content": content, "overwrite": True})
    assert not result.is_error, result


@pytest.mark.parametrize("mode", ERAS)
async def test_all_files_are_listed_page_by_page(folder: Path, mode: str) -> None:
    async with serving(folder) as server, Client(server, mode=mode) as client:
        changes = [{"op": "write", "path": f"d{n % 7}/{n:04}-ä b.md", "content": "x"} for n in range(600)]
        await client.call_tool("commit_files", {"changes": changes})
        found: list[str] = []
        cursor, pages = None, 0
        while cursor is not None or not pages:
            page = await client.list_resources(cursor=cursor)
            found += [resource.name for resource in page.resources]
            cursor, pages = page.next_cursor, pages + 1
        read = await client.read_resource(page.resources[0].uri)
    assert pages > 1
    assert sorted(found) == sorted(str(change["path"]) for change in changes)
    assert isinstance(read.contents[0], TextResourceContents)


@pytest.mark.parametrize("mode", ERAS)
async def test_a_resource_is_read_by_its_address(folder: Path, mode: str) -> None:
    async with serving(folder) as server, Client(server, mode=mode) as client:
        await write(client, "a b#?.md", "text\r\n")
        data = {"path": "c.bin", "content": base64.b64encode(b"\0\xff").decode(), "encoding": "base64"}
        await client.call_tool("write_file", data)
        text = (await client.read_resource("workspace:///a%20b%23%3F.md")).contents[0]
        same = (await client.read_resource(f"workspace://{folder.name}/a%20b%23%3F.md")).contents[0]
        blob = (await client.read_resource("workspace:///c.bin")).contents[0]
    assert isinstance(text, TextResourceContents)
    assert isinstance(same, TextResourceContents)
    assert (text.text, same.text, text.mime_type) == ("text\r\n", "text\r\n", "text/markdown")
    assert isinstance(blob, BlobResourceContents)
    assert base64.b64decode(blob.blob) == b"\0\xff"


@pytest.mark.parametrize("mode", ERAS)
@pytest.mark.parametrize(
    ("uri", "code"),
    [
        ("workspace:///absent.md", "not_found"),
        ("workspace://elsewhere/a.md", "invalid_path"),
        ("workspace:///../a.md", "invalid_path"),
        ("workspace:///%2e%2e/a.md", "invalid_path"),
        ("workspace:///%ff", "invalid_path"),
        ("workspace:///a.md?version=1", "invalid_path"),
        ("file:///etc/passwd", "invalid_path"),
        ("workspace:///", "invalid_path"),
    ],
)
async def test_an_address_that_names_no_file_is_refused_with_our_error(
    folder: Path, mode: str, uri: str, code: str
) -> None:
    async with serving(folder) as server, Client(server, mode=mode) as client:
        with pytest.raises(MCPError) as refusal:
            await client.read_resource(uri)
    assert refusal.value.error.code == -32602
    assert refusal.value.error.data["code"] == code


async def test_what_is_read_as_a_resource_is_counted_as_served(folder: Path) -> None:
    async with Engine.open(folder, settings=Settings()) as engine, Client(WorkspaceMcp(engine, Guard())) as client:
        ana = named("ana")
        await client.call_tool("write_file", {"path": "a.md", "content": "ä" * 20}, meta=ana)
        await client.read_resource("workspace:///a.md", meta=ana)
        with pytest.raises(MCPError):
            await client.read_resource("workspace:///absent.md", meta=ana)
        told = await engine.agents.show_agent(Caller(agent="bo"), agent="ana")

    [read] = [one for one in told["tools"] if one["tool"] == "resources/read"]
    assert (read["calls"], read["tokens"]) == (2, 10)
    assert told["last_call"]["about"] == "workspace:///absent.md"


async def test_a_made_up_cursor_is_refused(folder: Path) -> None:
    async with serving(folder) as server, Client(server) as client:
        with pytest.raises(MCPError) as refusal:
            await client.list_resources(cursor="ü")
    assert refusal.value.error.data["code"] == "invalid_argument"


@pytest.mark.parametrize("mode", ERAS)
async def test_paths_are_completed(folder: Path, mode: str) -> None:
    async with serving(folder) as server, Client(server, mode=mode) as client:
        for path in ("draft.md", "drafts/one.md", "drafts/two.md", "other.md"):
            await write(client, path)

        async def completed(beginning: str) -> list[str]:
            answer = await client.complete(TEMPLATE, {"name": "path", "value": beginning})
            return answer.completion.values

        assert await completed("dra") == ["draft.md", "drafts/"]
        assert await completed("drafts/") == ["drafts/one.md", "drafts/two.md"]
        assert await completed("nowhere/x") == []
        assert await completed("../") == []
        review = PromptReference(type="ref/prompt", name="review")
        prompted = await client.complete(review, {"name": "path", "value": "ot"})
        assert prompted.completion.values == ["other.md"]


async def test_a_commit_wakes_who_listens(folder: Path) -> None:
    async with (
        serving(folder) as server,
        Client(server) as client,
        Client(server) as writer,
        client.listen(resource_subscriptions=["workspace:///plan.md"]) as heard,
    ):
        await write(writer, "other.md")
        await write(writer, "plan.md")
        with anyio.fail_after(10):
            event = await anext(heard)
    assert event == ResourceUpdated(uri="workspace:///plan.md")


@pytest.mark.filterwarnings("ignore:resources/.*subscribe is removed")
async def test_a_commit_wakes_who_subscribed_in_the_handshake_era(folder: Path) -> None:
    heard: list[str] = []
    woken = anyio.Event()

    async def hear(message: ServerNotification | Exception) -> None:
        if isinstance(message, ResourceUpdatedNotification):
            heard.append(str(message.params.uri))
            woken.set()

    async with serving(folder) as server, Client(server, mode="legacy", message_handler=hear) as client:
        await client.session.subscribe_resource("workspace:///plan.md")
        await write(client, "other.md")
        await write(client, "plan.md")
        with anyio.fail_after(10):
            await woken.wait()
        await client.session.unsubscribe_resource("workspace:///plan.md")
    assert heard == ["workspace:///plan.md"]


@pytest.mark.parametrize("mode", ERAS)
async def test_the_five_prompts_are_filled_with_what_is_given(folder: Path, mode: str) -> None:
    async with serving(folder) as server, Client(server, mode=mode) as client:
        listed = {prompt.name: prompt for prompt in (await client.list_prompts()).prompts}
        assert list(listed) == ["hand_off", "synthesize", "review", "catch_up", "recover_conflict"]
        for prompt in PROMPTS:
            given = {name: f"<{name}> {{braces}}" for name in prompt.arguments}
            content = (await client.get_prompt(prompt.name, given)).messages[0].content
            assert isinstance(content, TextContent)
            assert all(value in content.text for value in given.values())
        for name, arguments in (("review", {}), ("review", {"path": "a", "more": "b"}), ("absent", {})):
            with pytest.raises(MCPError):
                await client.get_prompt(name, arguments)
