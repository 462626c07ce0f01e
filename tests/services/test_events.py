"""The log, as agents and programs read it."""

import asyncio
from typing import Any

import anyio
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from workspace_server.config import Settings
from workspace_server.core import tokens
from workspace_server.core.access import Caller
from workspace_server.core.clock import ManualClock
from workspace_server.core.limits import LIMITS
from workspace_server.core.scopes import NOTHING
from workspace_server.errors import Forbidden, InvalidArgument, InvalidPath
from workspace_server.services.engine import Engine
from workspace_server.services.tail import Tail
from workspace_server.storage.tables.events import Event

pytestmark = pytest.mark.anyio

ANN = Caller(agent="ann")
BOB = Caller(agent="bob")
WRITES = ["file.created", "file.updated"]


async def write(engine: Engine, path: str, content: str, caller: Caller = ANN, **given: Any) -> int:
    answer = await engine.files.write_file(caller, path=path, content=content, overwrite=True, **given)
    return int(answer["seq"])


async def lines(engine: Engine, **given: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await engine.events.list_events(ANN, **given))["events"]
    return found


async def test_the_log_has_a_line_per_path_with_its_last_change(engine: Engine) -> None:
    await write(engine, "a.md", "1")
    await write(engine, "b.md", "1", message="first")
    last = await write(engine, "a.md", "2", BOB)
    first, second = await lines(engine)
    assert (first["path"], first["message"], "changes" in first) == ("b.md", "first", False)
    assert second == {
        "seq": last,
        "type": "file.updated",
        "agent": "bob",
        "path": "a.md",
        "version": 2,
        "changes": 2,
    }
    assert len(await lines(engine, squash=False)) == 3


async def test_whole_events_come_oldest_first_with_address_and_time(engine: Engine) -> None:
    await write(engine, "a b.md", "1")
    found = await engine.events.feed(ANN, types=WRITES)
    [event] = found["events"]
    assert (event["seq"], event["type"], event["agent"], event["at"]) == (
        1,
        "file.created",
        "ann",
        "2027-01-15T08:00:00.000Z",
    )
    assert event["url"] == engine.folder.url("a b.md")
    assert found["truncated"] is False


async def test_reading_goes_on_at_next_seq_and_misses_nothing(engine: Engine) -> None:
    for number in range(10):
        await write(engine, f"{number}.md", "x")
    seen: list[int] = []
    at = 0
    while True:
        page = await engine.events.feed(ANN, since_seq=at, limit=3)
        if not page["events"]:
            break
        seen += [event["seq"] for event in page["events"]]
        assert page["next_seq"] == seen[-1]
        at = page["next_seq"]
    assert seen == list(range(1, engine.head_seq + 1))


async def test_what_is_near_in_memory_is_what_the_log_holds(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workspace_server.services.tail.KEPT", 4)
    engine.events.tail = Tail(engine.events.whole)
    for number in range(6):
        await write(engine, f"{number % 2}.md", str(number), BOB if number % 3 else ANN)
    await engine.files.delete_file(BOB, path="1.md")
    await engine.indexing.reach("facts", engine.head_seq, timeout_s=30)  # what it says is in the log by then
    head = engine.head_seq
    asked: list[dict[str, Any]] = [
        {"since_seq": seq, "limit": limit, **chosen}
        for seq in range(head + 3)
        for limit in (1, 2, 100)
        for chosen in ({}, {"types": ["file.updated"]}, {"agent": "bob"}, {"types": WRITES, "agent": "ann"})
    ]
    near = [await engine.events.feed(ANN, **given) for given in asked]
    engine.events.tail = Tail(engine.events.whole)
    assert near == [await engine.events.feed(ANN, **given) for given in asked]


async def test_a_gap_lets_go_of_what_was_before(engine: Engine) -> None:
    def event(seq: int) -> Event:
        return Event(seq, 0.0, "file.created", f"{seq}.md", 1, "ann", {})

    tail = Tail(engine.events.whole)
    assert tail.after(0) is None
    tail.add([event(1), event(2)])
    tail.add([event(5)])
    assert tail.after(2) is None
    assert tail.after(4) == [event(5)]
    assert tail.after(5) == tail.after(9) == []
    assert tail.whole(event(5)) is tail.whole(event(5))


async def test_next_seq_passes_over_what_the_filter_leaves_out(engine: Engine) -> None:
    for number in range(5):
        await write(engine, f"{number}.md", "x")
    page = await engine.events.feed(ANN, path="none.md")
    assert (page["events"], page["next_seq"]) == ([], engine.head_seq)
    assert (await engine.events.feed(ANN, since_seq=10_000))["next_seq"] == 10_000


@pytest.mark.parametrize(
    ("given", "paths"),
    [
        ({"path": "d/"}, ["d/a.md", "d/b.md", "moved.md"]),
        ({"path": "d/*.md"}, ["d/a.md", "d/b.md", "moved.md"]),
        ({"path": "d/b.md"}, ["d/b.md", "moved.md"]),
        ({"path": "moved.md"}, ["moved.md"]),
        ({"agent": "bob"}, ["d/b.md"]),
        ({"types": ["file.moved"]}, ["moved.md"]),
        ({"types": WRITES, "path": "d/", "agent": "ann"}, ["d/a.md"]),
        ({"agent": "nobody"}, []),
    ],
    ids=range(8),
)
async def test_the_log_can_be_narrowed_and_a_move_concerns_both_its_paths(
    engine: Engine, given: dict[str, Any], paths: list[str]
) -> None:
    await write(engine, "d/a.md", "1")
    await write(engine, "d/b.md", "2", BOB)
    await engine.files.move_file(ANN, path="d/b.md", to="moved.md")
    await write(engine, "other.md", "3")
    types = {"types": ["file.created", "file.moved"], **given}
    found = await engine.events.feed(ANN, **types)
    wanted = [event["path"] for event in found["events"] if event["path"] != "other.md"]
    assert wanted == paths
    assert [line["path"] for line in await lines(engine, **types) if line["path"] != "other.md"] == paths


async def test_the_newest_events_are_those_that_fit_the_question(engine: Engine) -> None:
    await write(engine, "old.md", "x")
    for number in range(30):
        await write(engine, "busy.md", str(number))
    assert [line["path"] for line in await lines(engine, path="old.md", limit=5)] == ["old.md"]
    newest = await engine.events.list_events(ANN, limit=5, squash=False)
    assert [line["version"] for line in newest["events"]] == [26, 27, 28, 29, 30]
    assert newest["next_seq"] >= newest["events"][-1]["seq"]


async def test_what_the_budget_cuts_off_of_the_newest_is_the_oldest(engine: Engine) -> None:
    for number in range(50):
        await write(engine, f"{number:02}.md", "x")
    found = await engine.events.list_events(ANN, max_tokens=100)
    paths = [line["path"] for line in found["events"]]
    assert paths == [f"{number:02}.md" for number in range(50 - len(paths), 50)]
    assert 0 < len(paths) < 50


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.text(max_size=250)), max_size=25),
    st.integers(130, 400),
    st.booleans(),
)
def test_pages_within_a_budget_move_on_and_together_hold_every_event(
    tmp_path_factory: pytest.TempPathFactory, writes: list[tuple[str, str]], max_tokens: int, squash: bool
) -> None:
    async def check() -> None:
        async with Engine.open(tmp_path_factory.mktemp("w"), settings=Settings(), clock=ManualClock()) as engine:
            for number, (name, message) in enumerate(writes):
                await write(engine, name, str(number), message=message.encode("utf-8", "ignore").decode())
            at, count = 0, 0
            while at < engine.head_seq:
                page = await engine.events.list_events(
                    ANN, since_seq=at, types=WRITES, squash=squash, max_tokens=max_tokens
                )
                assert tokens.of_bytes(tokens.bytes_of(page)) <= max_tokens
                assert page["next_seq"] > at
                count += sum(line.get("changes", 1) for line in page["events"])
                at = page["next_seq"]
            assert count == len(writes)

    anyio.run(check)


async def test_a_lock_of_many_paths_is_told_of_briefly(engine: Engine) -> None:
    await engine.locks.lock_files(ANN, paths=[f"{'long' * 20}/{number}.md" for number in range(100)])
    [line] = await lines(engine)
    assert (len(line["paths"]), line["paths"][-1]) == (6, "… and 95 more")
    [whole] = (await engine.events.feed(ANN))["events"]
    assert len(whole["paths"]) == 100


@pytest.mark.parametrize(
    "given",
    [
        {"limit": 0},
        {"limit": LIMITS.events_page_max + 1},
        {"types": ["file.burnt"]},
        {"max_tokens": 1},
        {"since_seq": -1},
        {"since_seq": 10**30},
        {"agent": "\ud800"},
        {"path": "["},
    ],
    ids=range(8),
)
async def test_wrong_arguments_are_refused(engine: Engine, given: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgument):
        await engine.events.list_events(ANN, **given)


async def test_who_may_not_read_sees_no_event(engine: Engine) -> None:
    with pytest.raises(Forbidden):
        await engine.events.feed(Caller(agent="x", scope=NOTHING))
    with pytest.raises(InvalidPath):
        await engine.events.feed(ANN, path="../x")


async def test_a_wait_for_the_log_ends_with_the_next_change_or_its_time(engine: Engine) -> None:
    assert await engine.events.wait(0, 0.001) == 0
    waiting = asyncio.ensure_future(engine.events.wait(0, 30))
    await asyncio.sleep(0)
    await write(engine, "a.md", "x")
    assert await waiting >= 1
    assert await engine.events.wait(0, 30) == engine.head_seq


async def test_the_feed_replayed_from_0_is_the_present_listing(engine: Engine) -> None:
    await write(engine, "a.md", "1")
    await write(engine, "d/b.md", "1")
    await write(engine, "a.md", "2")
    await engine.files.move_file(ANN, path="d", to="e")
    await engine.files.delete_file(ANN, path="a.md")
    await engine.files.restore_file(ANN, path="a.md", version=1)
    await write(engine, "c.md", "1")
    await engine.files.delete_file(ANN, path="c.md")
    heads: dict[str, tuple[int, str]] = {}
    for event in (await engine.events.feed(ANN, limit=1_000))["events"]:
        if event["type"] == "file.deleted":
            del heads[event["path"]]
        elif event["type"] in {"file.created", "file.updated", "file.moved", "file.restored"}:
            heads[event["path"]] = (event["version"], event["sha256"])
            if "moved_from" in event:
                del heads[event["moved_from"]["path"]]
    listed = await engine.listing.list_files(ANN, recursive=True, detail="full")
    assert {path: version for path, (version, _) in heads.items()} == {
        row["path"]: row["version"] for row in listed["files"]
    }
