"""The list of events, and what polls find."""

from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client, MCPError

from tests.interfaces.mcp.events.listening import ask
from tests.interfaces.mcp.workspace import ERAS, named, serving
from workspace_server.core.cursors import cursor
from workspace_server.core.subscriptions import ANYTHING, NAMES
from workspace_server.interfaces.mcp.events import EXTENSION
from workspace_server.interfaces.mcp.server import WorkspaceMcp
from workspace_server.storage.database import Transaction

pytestmark = pytest.mark.anyio


async def write(client: Client, path: str, content: str = "x", agent: str = "alice") -> None:
    answer = await client.call_tool(
        "write_file", {"path": path, "content": content, "overwrite": True}, meta=named(agent)
    )
    assert not answer.is_error


async def poll(client: Client, name: str = "file.created", **params: Any) -> dict[str, Any]:
    return await ask(client, "events/poll", name=name, **params)


async def forget(server: WorkspaceMcp, *paths: str) -> None:
    """Do what retention does with old events."""
    engine = server._engine

    async def delete(tx: Transaction) -> None:
        await tx.many("DELETE FROM events WHERE path = ?", [(path,) for path in paths])

    await engine.db.write(delete)
    engine.events.tail._kept.clear()


def paths(page: dict[str, Any]) -> list[str]:
    return [event["data"]["path"] for event in page["events"]]


@pytest.mark.parametrize("mode", ERAS)
async def test_the_capability_stands_where_the_standard_wants_it_and_where_clients_look(
    folder: Path, mode: str
) -> None:
    said: dict[str, Any] = {}
    async with serving(folder) as server:

        async def overhear(ctx: Any, call_next: Any) -> Any:
            answer = await call_next(ctx)
            if ctx.method in {"initialize", "server/discover"}:
                said.update(answer["capabilities"])
            return answer

        server.middleware.insert(0, overhear)
        async with Client(server, mode=mode):
            pass
    assert said["events"] == {}
    assert said["extensions"] == {EXTENSION: {}}
    assert said["resources"]["subscribe"] or mode == "auto"


@pytest.mark.parametrize("mode", ERAS)
async def test_the_list_shows_every_event_with_its_schemas(folder: Path, mode: str) -> None:
    async with serving(folder) as server, Client(server, mode=mode) as client:
        listed = await ask(client, "events/list", _meta=named("alice"))
        anonymous = await ask(client, "events/list")
    assert [event["name"] for event in listed["events"]] == list(NAMES)
    assert {tuple(event["delivery"]) for event in listed["events"]} == {("poll", "push", "webhook")}
    assert {tuple(event["delivery"]) for event in anonymous["events"]} == {("poll", "push")}
    assert "nextCursor" not in listed
    for event in listed["events"]:
        assert event["description"]
        assert event["inputSchema"]["additionalProperties"] is False
        assert {"seq", "type", "at", "agent"} <= set(event["payloadSchema"]["required"])


@pytest.mark.parametrize("mode", ERAS)
async def test_a_poll_finds_what_has_happened_since_its_cursor(folder: Path, mode: str) -> None:
    async with serving(folder) as server, Client(server, mode=mode) as client:
        await write(client, "before.md")
        first = await poll(client)
        assert (first["events"], first["truncated"], first["hasMore"]) == ([], False, False)
        assert first["nextPollMs"] > 0
        await write(client, "research/a.md")
        await write(client, "research/a.md", "y")
        await write(client, "b.md", agent="bob")
        page = await poll(client, cursor=first["cursor"])
        assert paths(page) == ["research/a.md", "b.md"]
        assert paths(await poll(client, cursor=first["cursor"], arguments={"files": "research/**"})) == [
            "research/a.md"
        ]
        assert paths(await poll(client, cursor=first["cursor"], arguments={"agent": "bob"})) == ["b.md"]
        everything = await poll(client, ANYTHING, cursor=first["cursor"], arguments={"types": ["file.updated"]})
        assert paths(everything) == ["research/a.md"]
        again = await poll(client, cursor=page["cursor"])
    assert again["events"] == []
    event = page["events"][0]
    assert set(event) == {"eventId", "name", "timestamp", "data"}
    assert event["name"] == event["data"]["type"] == "file.created"
    assert event["timestamp"] == event["data"]["at"]
    assert event["eventId"] == f"evt_{event['data']['seq']}"


async def test_an_event_has_the_same_id_under_every_name(folder: Path) -> None:
    async with serving(folder) as server, Client(server) as client:
        await write(client, "a.md")
        narrow = await poll(client, cursor=cursor(0))
        wide = await poll(client, ANYTHING, cursor=cursor(0), arguments={"types": ["file.created"]})
    assert [event["eventId"] for event in narrow["events"]] == [event["eventId"] for event in wide["events"]]
    assert [event["data"] for event in narrow["events"]] == [event["data"] for event in wide["events"]]


async def test_more_than_fits_comes_page_by_page(folder: Path) -> None:
    async with serving(folder) as server, Client(server) as client:
        at = (await poll(client))["cursor"]
        for number in range(5):
            await write(client, f"{number}.md")
        found: list[str] = []
        more = True
        while more:
            page = await poll(client, cursor=at, maxEvents=2)
            assert len(page["events"]) <= 2
            found += paths(page)
            at, more = page["cursor"], page["hasMore"]
    assert found == [f"{number}.md" for number in range(5)]


async def test_the_cursor_moves_on_while_nothing_happens_that_is_wanted(folder: Path) -> None:
    async with serving(folder) as server, Client(server) as client:
        first = await poll(client, "file.deleted")
        await write(client, "a.md")
        quiet = await poll(client, "file.deleted", cursor=first["cursor"])
    assert quiet["events"] == []
    assert quiet["cursor"] != first["cursor"]


async def test_a_stale_cursor_is_put_at_the_head_and_is_no_error(folder: Path) -> None:
    async with serving(folder) as server, Client(server) as client:
        await write(client, "a.md")
        for number, stale in enumerate(("", "made up", cursor(10**15), cursor(7)[:-3])):
            page = await poll(client, cursor=stale)
            assert (page["events"], page["truncated"]) == ([], True)
            await write(client, f"{number}.md")
            after = await poll(client, cursor=page["cursor"])
            assert (paths(after), after["truncated"]) == ([f"{number}.md"], False)


async def test_what_retention_has_removed_is_told_of(folder: Path) -> None:
    async with serving(folder) as server, Client(server) as client:
        for number in range(4):
            await write(client, f"{number}.md")
        await forget(server, "0.md", "1.md")
        page = await poll(client, cursor=cursor(0))
    assert (paths(page), page["truncated"]) == (["2.md", "3.md"], True)


async def test_what_is_older_than_wanted_is_passed_over(folder: Path) -> None:
    async with serving(folder) as server, Client(server) as client:
        await write(client, "old.md")
        engine = server._engine
        await engine.db.write(lambda tx: tx.run("UPDATE events SET at = at - 60"))
        young = await poll(client, cursor=cursor(0), maxAgeMs=30_000)
        await write(client, "new.md")
        both = await poll(client, cursor=cursor(0), maxAgeMs=90_000)
        one = await poll(client, cursor=cursor(0), maxAgeMs=30_000)
    assert (young["events"], young["truncated"]) == ([], True)
    assert (paths(both), both["truncated"]) == (["old.md", "new.md"], False)
    assert (paths(one), one["truncated"]) == (["new.md"], True)


async def test_a_poll_waits_for_the_first_event(folder: Path) -> None:
    async with serving(folder) as server, Client(server) as client, Client(server) as writer:
        at = (await poll(client))["cursor"]
        found: list[dict[str, Any]] = []

        async def wait() -> None:
            found.append(await poll(client, cursor=at, timeoutMs=30_000, arguments={"files": "b.md"}))

        with anyio.fail_after(10):
            async with anyio.create_task_group() as both:
                both.start_soon(wait)
                await write(writer, "a.md")
                await write(writer, "b.md")
    assert paths(found[0]) == ["b.md"]


WRONG: tuple[tuple[str, dict[str, Any], int], ...] = (
    ("events/poll", {"name": "file.opened"}, -32011),
    ("events/poll", {"name": "file.created", "arguments": {"files": 7}}, -32602),
    ("events/poll", {"name": "file.created", "arguments": {"types": ["file.created"]}}, -32602),
    ("events/poll", {"name": "file.created", "arguments": {"files": "../a"}}, -32602),
    ("events/poll", {"name": "file.created", "maxEvents": 0}, -32602),
    ("events/poll", {"name": "file.created", "maxAgeMs": -1}, -32602),
    ("events/poll", {"name": "file.created", "cursor": 7}, -32602),
    ("events/poll", {}, -32602),
    ("events/stream", {"name": "file.opened"}, -32011),
    ("events/list", {"cursor": "2"}, -32602),
)


@pytest.mark.parametrize("mode", ERAS)
async def test_what_cannot_be_is_refused_by_the_extensions_numbers(folder: Path, mode: str) -> None:
    async with serving(folder) as server, Client(server, mode=mode) as client:
        for method, params, code in WRONG:
            with pytest.raises(MCPError) as refusal:
                await ask(client, method, **params)
            assert refusal.value.error.code == code, (method, params)


async def test_a_setting_switches_to_the_numbers_that_were_set_aside(folder: Path) -> None:
    async with serving(folder, mcp_provisional_error_codes=True) as server, Client(server) as client:
        with pytest.raises(MCPError) as refusal:
            await poll(client, "file.opened")
    assert refusal.value.error.code == -32023
    assert refusal.value.error.data["kind"] == "event"


async def test_members_that_later_clients_may_send_are_passed_over(folder: Path) -> None:
    async with serving(folder) as server, Client(server) as client:
        assert (await poll(client, later=True))["events"] == []
