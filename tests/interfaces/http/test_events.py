"""The log over HTTP: by pages, by waiting, as a stream."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import httpx2
import pytest
from starlette.requests import ClientDisconnect
from starlette.types import Message

from tests.interfaces.listening import Listening
from workspace_server.cli.api import Address, Api
from workspace_server.core.limits import LIMITS
from workspace_server.interfaces.http.events import Followers, Following
from workspace_server.services.tail import Tail
from workspace_server.storage.upkeep import cutting
from workspace_server.storage.upkeep.cutting import Floor

pytestmark = pytest.mark.anyio

STREAM = {"Accept": "text/event-stream"}


async def write(client: httpx2.AsyncClient, path: str, agent: str = "ana") -> int:
    answer = await client.put(f"/files/{path}?overwrite=true", content=path.encode(), headers={"X-Agent": agent})
    seq: int = answer.json()["seq"]
    return seq


async def frames(answer: httpx2.Response) -> AsyncIterator[dict[str, Any]]:
    """Yield the events of a stream, each with the id of its frame."""
    found: dict[str, str] = {}
    async for line in answer.aiter_lines():
        name, _, value = line.partition(": ")
        if line and name:
            found[name] = value
        elif not line:
            if "data" in found:
                yield {"id": found["id"], **json.loads(found["data"])}
            found = {}


async def changed(answer: httpx2.Response, count: int) -> list[tuple[int, str, str]]:
    """Return the next file changes of a stream."""
    seen: list[tuple[int, str, str]] = []
    async with asyncio.timeout(20):
        async for event in frames(answer):
            if event["type"] in {"file.created", "file.updated"}:
                assert event["id"] == str(event["seq"])
                seen.append((event["seq"], event["path"], event["agent"]))
            if len(seen) == count:
                break
    return seen


async def test_the_whole_log_is_read_by_pages(client: httpx2.AsyncClient) -> None:
    for number in range(5):
        await write(client, f"f{number}.bin")
    seen: list[dict[str, Any]] = []
    since = 0
    while page := (await client.get(f"/events?since_seq={since}&limit=2&types=file.created")).json():
        seen += page["events"]
        since = page["next_seq"]
        if not page["events"]:
            break

    assert [event["path"] for event in seen] == [f"f{number}.bin" for number in range(5)]
    assert [event["seq"] for event in seen] == sorted(event["seq"] for event in seen)


async def test_without_a_place_to_begin_the_newest_are_shown(client: httpx2.AsyncClient) -> None:
    for number in range(5):
        last = await write(client, f"f{number}.bin")
    page = (await client.get("/events?limit=3")).json()

    assert last in [event["seq"] for event in page["events"]]


async def test_events_are_chosen_by_type_path_and_agent(client: httpx2.AsyncClient) -> None:
    await write(client, "a/one.bin", agent="ana")
    await write(client, "b/two.bin", agent="bo")

    async def paths(query: str) -> list[str]:
        page = (await client.get(f"/events?since_seq=0&{query}")).json()
        return [event["path"] for event in page["events"]]

    assert await paths("agent=bo") == ["b/two.bin"]
    assert await paths("path=a/&types=file.created,file.updated") == ["a/one.bin"]
    assert await paths("types=file.created&types=file.deleted") == ["a/one.bin", "b/two.bin"]


async def test_a_reader_that_waits_gets_the_next_change(client: httpx2.AsyncClient) -> None:
    seq = await write(client, "first.bin")
    waiting = asyncio.create_task(client.get(f"/events?since_seq={seq}&wait_seconds=20&agent=bo"))
    await write(client, "other.bin", agent="cy")
    second = await write(client, "second.bin", agent="bo")

    page = (await waiting).json()

    assert [event["seq"] for event in page["events"]] == [second]
    assert page["next_seq"] >= second


async def test_a_wait_that_ends_is_an_empty_page(client: httpx2.AsyncClient) -> None:
    await write(client, "first.bin")
    page = (await client.get("/events?wait_seconds=1&agent=nobody")).json()

    assert page["events"] == []


async def test_a_stream_brings_changes_as_they_happen(client: httpx2.AsyncClient) -> None:
    await write(client, "before.bin")
    async with client.stream("GET", "/events", headers=STREAM) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        first = await write(client, "one.bin")
        second = await write(client, "two.bin", agent="bo")

        assert await changed(answer, 2) == [(first, "one.bin", "ana"), (second, "two.bin", "bo")]


async def test_a_stream_goes_on_where_it_broke_off(client: httpx2.AsyncClient) -> None:
    seqs = [await write(client, f"f{number}.bin") for number in range(3)]
    headers = {**STREAM, "Last-Event-ID": str(seqs[0])}
    async with client.stream("GET", "/events?since_seq=0", headers=headers) as answer:
        seen = await changed(answer, 2)

    assert [seq for seq, _, _ in seen] == seqs[1:]


async def test_a_stream_moves_its_cursor_past_what_it_leaves_out(client: httpx2.AsyncClient) -> None:
    seq = await write(client, "a.bin")
    async with client.stream("GET", "/events?since_seq=0&agent=nobody", headers=STREAM) as answer:
        async for line in answer.aiter_lines():
            if line.startswith("id: "):
                break

    assert int(line.removeprefix("id: ")) >= seq


async def test_a_stream_says_once_that_the_log_was_cut_before_it(served: Listening, client: httpx2.AsyncClient) -> None:
    seqs = [await write(client, name) for name in ("a.bin", "gone.bin", "b.bin")]
    await client.delete("/files/gone.bin")
    served.engine.events.tail = Tail(served.engine.events.whole)
    await served.engine.db.write(lambda tx: cutting.set_floor(tx, Floor(seqs[1], 0.0)))
    await served.engine.db.write(lambda tx: cutting.cut(tx, 0, seqs[1]))

    async def said(since: int) -> list[str]:
        """Return the names of the stream's frames up to the last change."""
        names: list[str] = []
        async with client.stream("GET", f"/events?since_seq={since}&limit=1&path=*.bin", headers=STREAM) as answer:
            async for line in answer.aiter_lines():
                names += [line] if line.startswith("event: ") else []
                if line.startswith("data: ") and '"b.bin"' in line:
                    return names
        raise AssertionError("the stream ended")

    async with asyncio.timeout(20):
        assert await said(0) == ["event: truncated"]
        assert await said(seqs[1]) == []
    assert (await client.get("/events?since_seq=0")).json()["truncated"] is True
    followed = Api(lambda: Address(url=served.url)).follow("/events", since_seq=0, types="file.created")
    first = await asyncio.to_thread(next, followed, None)
    assert first is not None
    assert (first["type"], first["seq"]) == ("file.created", seqs[0])
    del followed


async def test_a_stream_from_nonsense_is_refused_before_it_begins(client: httpx2.AsyncClient) -> None:
    bad_id = await client.get("/events", headers={**STREAM, "Last-Event-ID": "yesterday"})
    bad_type = await client.get("/events?types=file.invented", headers=STREAM)

    assert (bad_id.status_code, bad_id.json()["error"]["argument"]) == (400, "Last-Event-ID")
    assert (bad_type.status_code, bad_type.json()["error"]["argument"]) == (400, "types")


async def test_streams_are_bounded_and_one_that_ends_makes_room(
    client: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workspace_server.interfaces.http.events.FOLLOWERS_MAX", 1)
    async with client.stream("GET", "/events", headers=STREAM) as first:
        assert first.status_code == 200
        refused = await client.get("/events", headers=STREAM)
    await write(client, "wakes-the-stream.bin")
    async with asyncio.timeout(20):
        while True:
            async with client.stream("GET", "/events", headers=STREAM) as again:
                if again.status_code == 200:
                    break

    assert (refused.status_code, refused.json()["error"]["code"]) == (503, "unavailable")
    assert LIMITS.followers_max > 1


@pytest.mark.parametrize("version", ["2.0", "2.4"])
async def test_a_reader_that_goes_before_the_first_word_leaves_its_place(version: str) -> None:
    followers = Followers()

    async def frames() -> AsyncIterator[bytes]:
        yield b"data: x\n\n"

    async def gone() -> Message:
        return {"type": "http.disconnect"}

    async def send(_: Message) -> None:
        raise OSError

    stream = Following(followers, frames())
    assert followers.open == 1
    with suppress(ClientDisconnect, OSError, ExceptionGroup):
        await stream({"type": "http", "asgi": {"spec_version": version}}, gone, send)
    assert followers.open == 0


async def test_the_head_of_a_stream_opens_none(served: Listening) -> None:
    async with httpx2.AsyncClient(base_url=served.url) as client:
        answer = await client.head("/api/v1/events", headers=STREAM)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
