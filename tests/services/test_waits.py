"""Waiting until files are in and unlocked."""

import asyncio
from typing import Any

import pytest

from workspace_server.core.access import Caller
from workspace_server.core.clock import ManualClock
from workspace_server.core.limits import LIMITS
from workspace_server.core.scopes import NOTHING
from workspace_server.errors import Forbidden, InvalidArgument, InvalidPath
from workspace_server.services.engine import Engine

pytestmark = pytest.mark.anyio

ANN = Caller(agent="ann")
BOB = Caller(agent="bob")


async def write(engine: Engine, path: str, content: str = "x", caller: Caller = ANN) -> int:
    answer = await engine.files.write_file(caller, path=path, content=content, overwrite=True)
    return int(answer["seq"])


async def look(engine: Engine, *files: Any, **given: Any) -> dict[str, Any]:
    """Look without waiting."""
    return await engine.waits.wait_for(BOB, files=files, timeout_seconds=0, **given)


def missing(answer: dict[str, Any]) -> list[tuple[str, str]]:
    return [(one["path"], one["reason"]) for one in answer["missing"]]


async def test_what_is_there_already_counts(engine: Engine, clock: ManualClock) -> None:
    await write(engine, "a.md")
    clock.advance(90)
    answer = await look(engine, "a.md")
    assert answer == {
        "status": "ready",
        "files": [{"path": "a.md", "version": 1, "by": "ann", "age_seconds": 90.0}],
        "missing": [],
        "seq": answer["seq"],
    }


async def test_a_wait_ends_when_the_last_file_is_in(engine: Engine) -> None:
    waiting = asyncio.ensure_future(engine.waits.wait_for(BOB, files=["a.md", "d/b.md"]))
    await write(engine, "a.md")
    await asyncio.sleep(0)
    assert not waiting.done()
    await write(engine, "d/b.md")
    answer = await waiting
    assert (answer["status"], [one["path"] for one in answer["files"]]) == ("ready", ["a.md", "d/b.md"])


async def test_a_wait_ends_when_the_file_is_unlocked(engine: Engine) -> None:
    handle = (await engine.locks.lock_files(ANN, paths=["a.md"]))["lock"]
    await engine.files.write_file(ANN, path="a.md", content="x", lock=handle)
    answer = await look(engine, "a.md")
    assert answer["missing"] == [{"path": "a.md", "reason": "locked", "agent": "ann"}]
    waiting = asyncio.ensure_future(engine.waits.wait_for(BOB, files=["a.md"]))
    await asyncio.sleep(0)
    await engine.locks.unlock_files(ANN, lock=handle)
    assert (await waiting)["status"] == "ready"


async def test_an_expired_lock_holds_nobody_up(engine: Engine, clock: ManualClock) -> None:
    await write(engine, "a.md")
    await engine.locks.lock_files(ANN, paths=["*.md"], ttl_seconds=60)
    assert (await look(engine, "a.md"))["status"] == "timeout"
    clock.advance(60)
    assert (await look(engine, "a.md"))["status"] == "ready"


async def test_a_shared_lock_holds_nobody_up(engine: Engine) -> None:
    await write(engine, "a.md")
    await engine.locks.lock_files(ANN, paths=["a.md"], mode="shared")
    assert (await look(engine, "a.md"))["status"] == "ready"


async def test_a_wait_that_ends_in_vain_says_what_is_missing_and_why(engine: Engine, clock: ManualClock) -> None:
    old = await write(engine, "old.md")
    await write(engine, "fresh.md")
    await write(engine, "held.md")
    await engine.locks.lock_files(ANN, paths=["held.md"])
    waiting = asyncio.ensure_future(
        engine.waits.wait_for(BOB, files=["old.md", "fresh.md", "held.md", "none.md"], since_seq=old)
    )
    await asyncio.sleep(0)
    clock.advance(25)
    await write(engine, "other.md")
    answer = await waiting
    assert answer["status"] == "timeout"
    assert [one["path"] for one in answer["files"]] == ["fresh.md"]
    assert missing(answer) == [("old.md", "old"), ("held.md", "locked"), ("none.md", "absent")]


async def test_a_deleted_file_is_absent(engine: Engine) -> None:
    await write(engine, "a.md")
    await engine.files.delete_file(ANN, path="a.md")
    assert missing(await look(engine, "a.md")) == [("a.md", "absent")]


async def test_any_is_ready_with_one_file_and_count_with_so_many(engine: Engine) -> None:
    await write(engine, "d/a.md")
    assert (await look(engine, "x.md", "d/a.md", mode="any"))["status"] == "ready"
    assert (await look(engine, "x.md", mode="any"))["status"] == "timeout"
    assert (await look(engine, "d/", mode="count", count=2))["status"] == "timeout"
    await write(engine, "d/b.md")
    assert (await look(engine, "d/", mode="count", count=2))["status"] == "ready"
    overlapping = await look(engine, "d/", "d/*.md", "d/a.md", mode="count", count=3)
    assert (overlapping["status"], len(overlapping["files"])) == ("timeout", 2)


async def test_the_same_file_named_twice_is_one(engine: Engine) -> None:
    await write(engine, "a.md")
    answer = await look(engine, "a.md", "./a.md", "a.md", "*.md")
    assert (answer["status"], len(answer["files"])) == ("ready", 1)


async def test_of_a_pattern_each_file_that_counts_must_be_unlocked(engine: Engine) -> None:
    assert missing(await look(engine, "d/*.md")) == [("d/*.md", "absent")]
    await write(engine, "d/a.md")
    await write(engine, "d/b.md")
    assert (await look(engine, "d/*.md"))["status"] == "ready"
    await engine.locks.lock_files(ANN, paths=["d/b.md"])
    answer = await look(engine, "d/*.md")
    assert (answer["status"], missing(answer)) == ("timeout", [("d/b.md", "locked")])


async def test_of_a_pattern_old_files_neither_count_nor_hold_up(engine: Engine) -> None:
    await write(engine, "d/a.md")
    old = await write(engine, "d/b.md")
    assert missing(await look(engine, "d/*.md", since_seq=old)) == [("d/*.md", "old")]
    await write(engine, "d/b.md", "new")
    answer = await look(engine, "d/*.md", since_seq=old)
    assert (answer["status"], [one["path"] for one in answer["files"]]) == ("ready", ["d/b.md"])


async def test_a_wait_for_the_index_ends_once_the_facts_are_there(engine: Engine) -> None:
    await write(engine, "a.md", "# Title\n")
    answer = await engine.waits.wait_for(BOB, files=["a.md"], indexed=True)
    assert answer["status"] == "ready"


@pytest.mark.parametrize(
    "given",
    [
        {"files": []},
        {"files": ["a.md"] * (LIMITS.wait_files_max + 1)},
        {"files": ["["]},
        {"files": ["*\ud800"]},
        {"files": ["a.md"], "timeout_seconds": -1},
        {"files": ["a.md"], "timeout_seconds": LIMITS.wait_s_max + 1},
        {"files": ["a.md"], "mode": "count"},
        {"files": ["a.md"], "mode": "count", "count": 0},
        {"files": ["a.md"], "count": 1},
    ],
    ids=range(9),
)
async def test_wrong_arguments_are_refused(engine: Engine, given: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgument):
        await engine.waits.wait_for(BOB, **given)


async def test_a_path_that_cannot_be_is_refused_rather_than_waited_for(engine: Engine) -> None:
    with pytest.raises(InvalidPath):
        await engine.waits.wait_for(BOB, files=["../a.md"])
    with pytest.raises(Forbidden):
        await engine.waits.wait_for(Caller(agent="x", scope=NOTHING), files=["a.md"])


async def test_many_waits_end_with_one_write(engine: Engine) -> None:
    waits = [asyncio.ensure_future(engine.waits.wait_for(BOB, files=[f"{n % 2}.md"])) for n in range(200)]
    await asyncio.sleep(0)
    await write(engine, "0.md")
    await asyncio.gather(*waits[::2])
    assert not any(wait.done() for wait in waits[1::2])
    await write(engine, "1.md")
    assert {answer["status"] for answer in await asyncio.gather(*waits)} == {"ready"}
