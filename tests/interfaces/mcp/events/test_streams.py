"""Push: what arrives on an open stream, in which order, and what ends it."""

import contextlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client, MCPError

from tests.interfaces.mcp.events.listening import Ear, ask, stream
from tests.interfaces.mcp.events.test_polling import forget, poll, write
from tests.interfaces.mcp.workspace import ERAS, serving
from workspace_server.core.access import Caller
from workspace_server.core.cursors import Place, cursor, seq_of
from workspace_server.core.limits import LIMITS, Limits
from workspace_server.core.scopes import NOTHING
from workspace_server.core.subscriptions import parse_wanted
from workspace_server.errors import Unavailable
from workspace_server.interfaces.mcp.events import streams
from workspace_server.services.subscribing.reading import Page, Reading

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("mode", ERAS)
async def test_a_stream_first_says_where_it_begins_and_then_sends_what_happens(folder: Path, mode: str) -> None:
    ear = Ear()
    async with (
        serving(folder) as server,
        Client(server, mode=mode, extensions=[ear]) as client,
        Client(server) as other,
    ):
        async with stream(client, name="file.created", arguments={"files": "*.md"}):
            active = await ear.next("active")
            assert active["truncated"] is False
            await write(other, "a.txt")
            await write(other, "a.md")
            event = await ear.next("event")
        polled = await poll(other, cursor=active["cursor"], arguments={"files": "*.md"})
        assert (await poll(other, cursor=event["cursor"]))["events"] == []
    assert active["_meta"] == event["_meta"]
    assert set(active["_meta"]) == {streams.SUBSCRIPTION_ID}
    assert {name: value for name, value in event.items() if name not in {"_meta", "cursor"}} == polled["events"][0]


async def test_two_streams_of_one_client_are_told_apart(folder: Path) -> None:
    ear = Ear()
    async with (
        serving(folder) as server,
        Client(server, extensions=[ear]) as client,
        Client(server) as other,
        stream(client, name="file.created"),
        stream(client, name="file.deleted"),
    ):
        ids = {(await ear.next("active"))["_meta"][streams.SUBSCRIPTION_ID] for _ in range(2)}
        await write(other, "a.md")
        event = await ear.next("event")
    assert len(ids) == 2
    assert event["_meta"][streams.SUBSCRIPTION_ID] in ids


async def test_a_stream_goes_on_from_a_cursor(folder: Path) -> None:
    ear = Ear()
    async with serving(folder) as server, Client(server, extensions=[ear]) as client:
        await write(client, "a.md")
        await write(client, "b.md")
        async with stream(client, name="file.created", cursor=cursor(0)):
            seen = [(await ear.next("event"))["data"]["path"] for _ in range(2)]
        async with stream(client, name="file.created", cursor="stale"):
            assert (await ear.next("active"))["truncated"] is True
    assert seen == ["a.md", "b.md"]


async def test_a_quiet_stream_says_where_it_stands(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "HEARTBEAT_S", 0.05)
    ear = Ear()
    async with (
        serving(folder) as server,
        Client(server, extensions=[ear]) as client,
        Client(server) as other,
        stream(client, name="file.deleted"),
    ):
        active = await ear.next("active")
        await write(other, "a.md")
        with anyio.fail_after(10):
            while (beat := await ear.next("heartbeat"))["cursor"] == active["cursor"]:
                pass
    assert (seq_of(beat["cursor"]) or 0) > (seq_of(active["cursor"]) or 0)


async def test_a_reader_that_retention_has_overtaken_is_told_of_the_gap(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ear = Ear()
    async with serving(folder) as server, Client(server, extensions=[ear]) as client, Client(server) as other:
        paused, go_on = anyio.Event(), anyio.Event()
        page = Reading.page

        async def slow(self: Reading, caller: Caller, *given: Any, **more: Any) -> Page:
            paused.set()
            await go_on.wait()
            return await page(self, caller, *given, **more)

        monkeypatch.setattr(Reading, "page", slow)
        async with stream(client, name="file.created"):
            await ear.next("active")
            await paused.wait()
            for path in ("a.md", "b.md", "c.md"):
                await write(other, path)
            await forget(server, "a.md", "b.md")
            go_on.set()
            gap = await ear.next("active")
            event = await ear.next("event")
    assert gap["truncated"] is True
    assert event["data"]["path"] == "c.md"


async def test_a_reader_that_is_slow_loses_nothing_and_holds_a_page_in_memory(folder: Path) -> None:
    frames: list[tuple[str, Any]] = []
    gate, arrived = anyio.Event(), anyio.Event()
    count = streams.EVENTS_AT_ONCE + 20

    async def send(method: str, facts: Any) -> None:
        frames.append((method.rpartition("/")[2], facts))
        if len(frames) == 2:
            await gate.wait()
        if len([frame for frame, _ in frames if frame == "event"]) == count:
            arrived.set()

    async with serving(folder) as server, Client(server) as client:
        files = [{"op": "write", "path": f"{number}.md", "content": "x"} for number in range(count)]
        begin = Place(server._engine.head_seq, truncated=False)
        wanted = parse_wanted("file.created", {})
        async with anyio.create_task_group() as reading:
            reader = Caller(agent="slow")
            reading.start_soon(lambda: server.events.streams.serve(send, lambda: reader, "file.created", wanted, begin))
            await client.call_tool("commit_files", {"changes": files})
            await anyio.wait_all_tasks_blocked()
            assert len(frames) <= 2
            gate.set()
            with anyio.fail_after(20):
                await arrived.wait()
            reading.cancel_scope.cancel()
    paths = [facts["data"]["path"] for frame, facts in frames if frame == "event"]
    assert paths == [f"{number}.md" for number in range(count)]
    assert [frame for frame, _ in frames].count("active") == 1


async def test_who_may_read_no_more_is_told_and_gets_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ear = Ear()
    async with serving(folder) as server, Client(server, extensions=[ear]) as client, Client(server) as other:
        ended = anyio.Event()

        async def listen() -> None:
            assert await ask(client, "events/stream", name="file.created") == {}
            ended.set()

        async with anyio.create_task_group() as held:
            held.start_soon(listen)
            await ear.next("active")
            monkeypatch.setattr(server._engine.tokens, "current", lambda caller: replace(caller, scope=NOTHING))
            await write(other, "secret.md")
            last = await ear.next("event", "terminated")
            await ended.wait()
    assert last["error"]["code"] == -32012


async def test_a_fault_that_passes_is_told_and_the_stream_goes_on(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "AFTER_FAILURE_S", 0.0)
    ear = Ear()
    async with serving(folder) as server, Client(server, extensions=[ear]) as client, Client(server) as other:
        page = Reading.page
        failures = [Unavailable("The disk is away.", reason="away")]

        async def unsteady(self: Reading, caller: Caller, *given: Any, **more: Any) -> Page:
            if failures:
                raise failures.pop()
            return await page(self, caller, *given, **more)

        monkeypatch.setattr(Reading, "page", unsteady)
        async with stream(client, name="file.created"):
            error = await ear.next("error")
            await write(other, "a.md")
            event = await ear.next("event")
    assert error["error"]["data"]["code"] == "unavailable"
    assert event["data"]["path"] == "a.md"


async def test_one_agent_has_a_bounded_number_of_streams(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "LIMITS", Limits(streams_per_agent_max=1))
    ear = Ear()
    async with (
        serving(folder) as server,
        Client(server, extensions=[ear]) as client,
        stream(client, name="file.created"),
    ):
        await ear.next("active")
        with pytest.raises(MCPError) as refusal:
            await ask(client, "events/stream", name="file.created")
        async with stream(client, name="file.created", _meta={"workspace/agent": "bob"}):
            await ear.next("active")
    assert refusal.value.error.code == -32013
    assert refusal.value.error.data["max"] == 1
    assert LIMITS.streams_per_agent_max > 1


async def test_the_end_of_the_server_ends_each_stream_with_its_result(folder: Path) -> None:
    ear = Ear()
    answers: list[dict[str, Any]] = []
    async with serving(folder) as server, Client(server, extensions=[ear]) as client:

        async def listen() -> None:
            answers.append(await ask(client, "events/stream", name="file.created"))

        with anyio.fail_after(10):
            async with anyio.create_task_group() as held:
                held.start_soon(listen)
                await ear.next("active")
                server.end_streams()
    assert answers == [{}]


async def test_a_client_that_goes_away_leaves_no_stream_behind(folder: Path) -> None:
    ear = Ear()
    async with serving(folder) as server:
        with contextlib.suppress(Exception):
            async with Client(server, extensions=[ear]) as client, stream(client, name="file.created"):
                await ear.next("active")
        await anyio.wait_all_tasks_blocked()
        assert not server.events.streams._open
