"""The log is cut, and what is left of it still adds up to what there is."""

import asyncio
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from workspace_server.config import Settings
from workspace_server.core.access import Caller
from workspace_server.core.clock import ManualClock
from workspace_server.core.retention import DAY_S
from workspace_server.core.scopes import ALL
from workspace_server.errors import InvalidArgument, WorkspaceError
from workspace_server.services.engine import Engine
from workspace_server.services.tail import Tail
from workspace_server.services.upkeep import log_retention
from workspace_server.services.upkeep.log_retention import LogRetention
from workspace_server.storage.upkeep.fork import fork
from workspace_server.storage.upkeep.integrity import find_damage

pytestmark = pytest.mark.anyio

ANN, BOB = Caller(agent="ann"), Caller(agent="bob")
PAT = Caller(agent="pat", scope=ALL)
SETTINGS = Settings(retention_events_days=1)
CONTENT = {"file.created", "file.updated", "file.moved", "file.restored"}


async def cut(engine: Engine, clock: ManualClock, *, days: float = 2) -> int:
    """Let everything so far grow old, cut the log, and return how many events went."""
    clock.advance(days * DAY_S)

    async def read_upto() -> int:
        return engine.head_seq

    gone = await LogRetention(engine.folder, lambda *_: None, read_upto).run()
    engine.events.tail = Tail(engine.events.whole)  # as after a restart
    return gone


async def replayed(engine: Engine, limit: int = 1_000) -> tuple[dict[str, Any], bool]:
    """Return what the feed from 0 adds up to: files, locks and what needs a person; and whether it was truncated."""
    files: dict[str, int] = {}
    locks: dict[int, list[str]] = {}
    needs: set[str] = set()
    at, truncated = 0, False
    while True:
        page = await engine.events.feed(ANN, since_seq=at, limit=limit)
        truncated = truncated or page["truncated"]
        for event in page["events"]:
            kind, path = event["type"], event.get("path")
            if kind in CONTENT:
                files[path] = event["version"]
                files.pop(event.get("moved_from", {}).get("path"), None)
            elif kind == "file.deleted":
                files.pop(path, None)
            elif kind == "lock.acquired":
                locks[event["fence"]] = event["paths"]
            elif kind.startswith("lock."):
                locks.pop(event["fence"], None)
            elif kind == "attention.added":
                needs.add(event["attention"])
            elif kind == "attention.resolved":
                needs.discard(event["attention"])
        if page["next_seq"] == at:
            return {"files": files, "locks": sorted(locks.items()), "needs": sorted(needs)}, truncated
        at = page["next_seq"]


async def present(engine: Engine) -> dict[str, Any]:
    listed = await engine.listing.list_files(ANN, recursive=True, detail="full", max_tokens=100_000)
    held = (await engine.locks.list_locks(ANN))["locks"]
    needs = (await engine.decisions.list_attention(ANN, limit=1_000))["attention"]
    return {
        "files": {row["path"]: row["version"] for row in listed["files"]},
        "locks": sorted((lock["fence"], lock["paths"]) for lock in held),
        "needs": sorted(one["attention"] for one in needs),
    }


NAMES = st.sampled_from(["a.md", "b.md", "d/c.md", "d/e.md"])
STEPS = st.one_of(
    st.tuples(st.just("write"), NAMES, st.sampled_from(["1", "2", "3"])),
    st.tuples(st.just("delete"), NAMES),
    st.tuples(st.just("move"), NAMES, NAMES),
    st.tuples(st.just("restore"), NAMES),
    st.tuples(st.just("lock"), NAMES),
    st.tuples(st.just("unlock")),
    st.tuples(st.just("expire")),
    st.tuples(st.just("cut")),
)


async def step(engine: Engine, clock: ManualClock, name: str, *given: str) -> None:
    """Do one thing; what is refused is as good as not done."""
    try:
        if name == "write":
            await engine.files.write_file(ANN, path=given[0], content=given[1], overwrite=True)
        elif name == "delete":
            await engine.files.delete_file(BOB, path=given[0])
        elif name == "move":
            await engine.files.move_file(ANN, path=given[0], to=given[1], overwrite=True)
        elif name == "restore":
            await engine.files.restore_file(ANN, path=given[0], overwrite=True)
        elif name == "lock":
            await engine.locks.lock_files(ANN, paths=[given[0]], ttl_seconds=3_600)
        elif name == "unlock":
            await engine.locks.unlock_files(ANN)
        elif name == "expire":
            clock.advance(4_000)
            await engine.locks.expire()
        else:
            await cut(engine, clock)
    except WorkspaceError:
        pass


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(STEPS, max_size=30))
def test_the_feed_replayed_from_0_is_what_there_is_locks_and_deletions_included(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, ...]]
) -> None:
    async def check() -> None:
        clock = ManualClock()
        async with Engine.open(tmp_path_factory.mktemp("w"), settings=SETTINGS, clock=clock) as engine:
            options = {"approval": "Well?", "settle": "immediate"}
            await engine.triggers.create_trigger(ANN, name="ask", files=["a.md"], options=options)
            for one in steps:
                await step(engine, clock, *one)
            await engine.locks.expire()
            assert (await replayed(engine, limit=3))[0] == await present(engine)

    anyio.run(check)


async def test_what_no_longer_holds_goes_and_what_is_left_says_so(folder: Path) -> None:
    clock = ManualClock()
    async with Engine.open(folder, settings=SETTINGS, clock=clock) as engine:
        for text in ("1", "2", "3"):
            await engine.files.write_file(ANN, path="a.md", content=text, overwrite=True)
        await engine.files.write_file(ANN, path="gone.md", content="x")
        await engine.files.delete_file(ANN, path="gone.md")
        old = engine.head_seq
        assert await cut(engine, clock) == old - 1
        last = (await engine.files.write_file(ANN, path="b.md", content="1"))["seq"]

        page = await engine.events.feed(ANN, types=["file.updated", "file.created", "file.deleted"])
        assert [(one["path"], one["version"]) for one in page["events"]] == [("a.md", 3), ("b.md", 1)]
        assert page["truncated"] is True
        assert (await engine.events.list_events(ANN, since_seq=old - 1))["truncated"] is True
        assert (await engine.events.feed(ANN, since_seq=old))["truncated"] is False
        assert (await engine.events.list_events(ANN))["truncated"] is False
        assert (await engine.events.feed(ANN, since_seq=last - 1))["truncated"] is False
    found = await anyio.to_thread.run_sync(lambda: list(find_damage(folder)))
    assert [one for one in found if one.kind == "history"] == []


@pytest.mark.parametrize("days", [0, 1])
async def test_what_is_young_or_kept_for_ever_stays(folder: Path, days: int) -> None:
    clock = ManualClock()
    async with Engine.open(folder, settings=Settings(retention_events_days=days), clock=clock) as engine:
        await engine.files.write_file(ANN, path="a.md", content="1")
        await engine.files.delete_file(ANN, path="a.md")
        assert await cut(engine, clock, days=0.5 if days else 1_000) == 0
        assert (await engine.events.feed(ANN))["truncated"] is False


async def test_a_commit_of_several_files_is_never_cut_in_two(folder: Path) -> None:
    clock = ManualClock()
    async with Engine.open(folder, settings=SETTINGS, clock=clock) as engine:
        await engine.files.write_file(ANN, path="first.md", content="1")
        changes = [{"op": "write", "path": f"{name}.md", "content": "1"} for name in "abc"]
        await engine.files.commit_files(ANN, changes=changes)
        before = [event["seq"] for event in (await engine.events.feed(ANN, types=["files.committed"]))["events"]]
        await engine.files.delete_file(ANN, path="first.md")
        clock.advance(2 * DAY_S)

        async def read_upto() -> int:
            return before[0] - 2

        await LogRetention(engine.folder, lambda *_: None, read_upto).run()
        engine.events.tail = Tail(engine.events.whole)
        kept = await engine.events.feed(ANN, types=["file.created"])
        assert [one["path"] for one in kept["events"]] == ["a.md", "b.md", "c.md"]
        assert (await engine.events.feed(ANN, since_seq=1))["truncated"] is False


async def test_the_log_is_cut_in_parts_by_gc_once_the_index_has_read_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_retention, "PART", 2)
    clock = ManualClock()
    async with Engine.open(folder, settings=SETTINGS, clock=clock) as engine:
        for text in ("1", "2", "3"):
            seq = (await engine.files.write_file(ANN, path="a.md", content=text, overwrite=True))["seq"]
        await engine.indexing.reach("passages", seq, timeout_s=30)
        await engine.indexing.reach("facts", seq, timeout_s=30)
        clock.advance(2 * DAY_S)
        await engine.upkeep.start_gc(PAT)
        async with asyncio.timeout(30):
            while engine.upkeep.is_busy:  # noqa: ASYNC110 - upkeep has no event to wait for
                await asyncio.sleep(0.01)
        assert engine.upkeep.told()["last"]["events"] >= 2


async def test_nothing_is_undone_or_forked_from_before_the_cut(folder: Path, tmp_path: Path) -> None:
    clock = ManualClock()
    async with Engine.open(folder, settings=SETTINGS, clock=clock) as engine:
        await engine.files.write_file(BOB, path="a.md", content="1")
        await engine.files.write_file(BOB, path="a.md", content="2", overwrite=True)
        floor = engine.head_seq
        await cut(engine, clock)
        await engine.files.write_file(BOB, path="b.md", content="1")

        for since in (0, floor - 1, "3d"):
            with pytest.raises(InvalidArgument) as refusal:
                await engine.undo.undo(PAT, agent="bob", since=since)
            assert f"seq {floor}" in str(refusal.value.facts["reason"])
        for since in (floor, "1d"):
            found = await engine.undo.undo(PAT, agent="bob", since=since, dry_run=True)
            assert [one["path"] for one in found["files"]] == ["b.md"]
        with pytest.raises(InvalidArgument):
            await anyio.to_thread.run_sync(partial(fork, folder, tmp_path / "early", at_seq=floor - 1))
        await anyio.to_thread.run_sync(partial(fork, folder, tmp_path / "late", at_seq=floor))
