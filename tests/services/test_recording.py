"""Each change is recorded once, with all that it owes, whatever becomes of its caller."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from workspace_server.config import Settings
from workspace_server.core.access import Caller
from workspace_server.core.clock import ManualClock
from workspace_server.core.limits import LIMITS
from workspace_server.errors import Conflict, EditFailed, InvalidArgument, NotFound
from workspace_server.services.engine import Engine
from workspace_server.storage.database import Row, Transaction

pytestmark = pytest.mark.anyio

ANN = Caller(agent="ann")


def asking(request_id: str, agent: str = "ann") -> Caller:
    return Caller(agent=agent, request_id=request_id)


async def rows(engine: Engine, sql: str) -> list[Row]:
    async def read(tx: Transaction) -> list[Row]:
        return await tx.all(sql)

    return await engine.db.read(read)


async def test_a_repeated_write_gets_the_first_answer_and_changes_nothing(engine: Engine) -> None:
    first = await engine.files.write_file(asking("r1"), path="a.md", content="one")
    again = await engine.files.write_file(asking("r1"), path="a.md", content="one")
    assert again == {**first, "replayed": True}
    await engine.files.write_file(ANN, path="a.md", content="two", expect_version=1)
    late = await engine.files.write_file(asking("r1"), path="a.md", content="one")
    assert late == {**first, "replayed": True}
    assert (await engine.files.read_file(ANN, path="a.md")).text == "two"


async def test_a_request_id_that_was_used_for_another_call_is_refused(engine: Engine) -> None:
    await engine.files.write_file(asking("r1"), path="a.md", content="one")
    with pytest.raises(InvalidArgument) as refusal:
        await engine.files.delete_file(asking("r1"), path="a.md")
    assert refusal.value.facts["argument"] == "requestId"
    assert (await engine.files.read_file(ANN, path="a.md")).text == "one"


async def test_every_changing_call_can_be_repeated(engine: Engine) -> None:
    await engine.files.write_file(ANN, path="a.md", content="one\nmid\nend\n")
    calls: list[Any] = [
        lambda c: engine.files.write_file(c, path="log.md", content="line\n", append=True),
        lambda c: engine.files.edit_file(c, path="a.md", edits=[{"old_text": "one", "new_text": "two"}]),
        lambda c: engine.files.write_file(
            c, path="a.md", content="one\nmid\nEND\n", expect_version=1, on_conflict="merge"
        ),
        lambda c: engine.files.move_file(c, path="a.md", to="d/b.md"),
        lambda c: engine.files.move_file(c, path="d", to="e"),
        lambda c: engine.files.restore_file(c, path="a.md"),
        lambda c: engine.files.delete_file(c, path="a.md"),
        lambda c: engine.files.delete_file(c, path="e", recursive=True),
        lambda c: engine.files.commit_files(c, changes=[{"op": "write", "path": "x.md", "content": "x"}]),
        lambda c: engine.locks.lock_files(c, paths=["y.md"]),
        lambda c: engine.locks.unlock_files(c, paths=["y.md"]),
    ]
    for number, call in enumerate(calls):
        first = await call(asking(f"r{number}"))
        assert "replayed" not in first
        seq = engine.head_seq
        assert await call(asking(f"r{number}")) == {**first, "replayed": True}, number
        events = (await engine.events.feed(ANN, since_seq=seq))["events"]
        assert [event for event in events if event["type"] != "file.indexed"] == []
    assert (await engine.files.read_file(ANN, path="log.md")).text == "line\n"


async def test_a_repeat_that_arrives_while_the_first_is_under_way_is_answered_alike(engine: Engine) -> None:
    answers = await asyncio.gather(
        *(engine.files.write_file(asking("r1"), path="log.md", content="x\n", append=True) for _ in range(20))
    )
    assert {answer["version"] for answer in answers} == {1}
    assert [answer.get("replayed", False) for answer in answers].count(False) == 1
    assert (await engine.files.read_file(ANN, path="log.md")).text == "x\n"


async def test_a_request_id_belongs_to_its_agent(engine: Engine) -> None:
    await engine.files.write_file(asking("r1"), path="log.md", content="x\n", append=True)
    answer = await engine.files.write_file(asking("r1", "bob"), path="log.md", content="y\n", append=True)
    assert (answer["version"], "replayed" in answer) == (2, False)


async def test_a_refusal_is_not_remembered(engine: Engine) -> None:
    edits = [{"old_text": "one", "new_text": "two"}]
    with pytest.raises(NotFound):
        await engine.files.edit_file(asking("r1"), path="a.md", edits=edits)
    await engine.files.write_file(ANN, path="a.md", content="zero")
    with pytest.raises(EditFailed):
        await engine.files.edit_file(asking("r1"), path="a.md", edits=edits)
    await engine.files.write_file(ANN, path="a.md", content="one", expect_version=1)
    assert (await engine.files.edit_file(asking("r1"), path="a.md", edits=edits))["version"] == 3


async def test_answers_are_kept_for_a_day(engine: Engine, clock: ManualClock) -> None:
    await engine.files.write_file(asking("r1"), path="log.md", content="x\n", append=True)
    clock.advance(LIMITS.request_kept_s - 1)
    await engine._forget_old()
    assert (await engine.files.write_file(asking("r1"), path="log.md", content="x\n", append=True))["replayed"]
    clock.advance(2)
    answer = await engine.files.write_file(asking("r1"), path="log.md", content="x\n", append=True)
    assert answer["version"] == 2
    clock.advance(LIMITS.request_kept_s + 1)
    await engine._forget_old()
    assert await rows(engine, "SELECT * FROM requests") == []


async def test_answers_outlive_the_server(folder: Path, clock: ManualClock) -> None:
    async with Engine.open(folder, settings=Settings(), clock=clock) as engine:
        first = await engine.files.write_file(asking("r1"), path="log.md", content="x\n", append=True)
    async with Engine.open(folder, settings=Settings(), clock=clock) as engine:
        again = await engine.files.write_file(asking("r1"), path="log.md", content="x\n", append=True)
    assert again == {**first, "replayed": True}


async def test_the_audit_names_who_did_what_by_which_door(engine: Engine) -> None:
    caller = Caller(agent="ann", door="http", verified=True)
    await engine.files.write_file(caller, path="a.md", content="x")
    with pytest.raises(Conflict):
        await engine.files.write_file(caller, path="a.md", content="y", expect_version=9)
    await engine.files.delete_file(ANN, path="a.md")
    found = await rows(engine, "SELECT agent, verified, door, action, subject FROM audit WHERE action <> 'index'")
    assert found == [("ann", 1, "http", "write_file", "a.md"), ("ann", 0, "engine", "delete_file", "a.md")]


async def test_a_caller_that_goes_away_leaves_a_whole_change(engine: Engine) -> None:
    writes = [
        asyncio.ensure_future(engine.files.write_file(ANN, path=f"{number}.md", content="x")) for number in range(20)
    ]
    await asyncio.sleep(0)
    for write in writes:
        write.cancel()
    await asyncio.gather(*writes, return_exceptions=True)
    await engine.files.write_file(ANN, path="last.md", content="x")
    there = await rows(engine, "SELECT path, version FROM files WHERE live = 1")
    told = await rows(engine, "SELECT path, version FROM events WHERE type = 'file.created'")
    assert sorted(there) == sorted(told)


async def test_the_log_moves_for_every_commit_in_order(engine: Engine) -> None:
    seen: list[int] = []

    async def watch() -> None:
        while len(seen) < 5 or seen[-1] < 10:
            seen.append(await engine.events.wait(seen[-1] if seen else 0, 5))

    watching = asyncio.ensure_future(watch())
    for number in range(10):
        await engine.files.write_file(ANN, path=f"{number}.md", content="x")
        await asyncio.sleep(0)
    await watching
    assert seen == sorted(set(seen))


async def test_many_writers_lose_no_line_and_leave_no_gap(engine: Engine) -> None:
    async def append(agent: str) -> None:
        for number in range(25):
            await engine.files.write_file(
                Caller(agent=agent), path="log.md", content=f"{agent} {number}\n", append=True
            )

    await asyncio.gather(*(append(f"a{number}") for number in range(8)))
    lines = ((await engine.files.read_file(ANN, path="log.md", max_tokens=100_000)).text or "").splitlines()
    assert sorted(lines) == sorted(f"a{agent} {number}" for agent in range(8) for number in range(25))
    for agent in range(8):
        assert [line for line in lines if line.startswith(f"a{agent} ")] == [f"a{agent} {n}" for n in range(25)]
    versions = await rows(engine, "SELECT version FROM versions ORDER BY version")
    assert [row[0] for row in versions] == list(range(1, 201))
    seqs = await rows(engine, "SELECT seq FROM events ORDER BY seq")
    assert [row[0] for row in seqs] == list(range(1, len(seqs) + 1))


async def test_a_request_id_that_comes_with_other_arguments_is_refused(engine: Engine) -> None:
    first = Caller(agent="ann", request_id="r1", asked="one")
    other = Caller(agent="ann", request_id="r1", asked="another")
    await engine.files.write_file(first, path="a.md", content="one")
    assert (await engine.files.write_file(first, path="a.md", content="one"))["replayed"]
    with pytest.raises(InvalidArgument):
        await engine.files.write_file(other, path="b.md", content="one")
    assert await rows(engine, "SELECT path FROM files") == [("a.md",)]
