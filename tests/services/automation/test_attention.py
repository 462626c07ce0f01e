"""The list of what needs a person, in a real workspace: what comes onto it, and what leaves it by itself."""

from typing import Any

import pytest

from workspace_server.core.access import Caller
from workspace_server.core.clock import ManualClock
from workspace_server.core.limits import LIMITS
from workspace_server.services.automation import attention
from workspace_server.services.engine import Engine
from workspace_server.services.recording import Commit, Result
from workspace_server.storage.tables import attention as rows

pytestmark = pytest.mark.anyio

ANN = Caller(agent="ann")


async def within(engine: Engine, *acts: Any) -> list[Any]:
    """Do *acts* in one commit and return what they return."""
    found: list[Any] = []

    async def body(commit: Commit) -> Result:
        found.extend([await act(commit) for act in acts])
        return {}

    await engine.folder.recorder.change(ANN, "test", body)
    return found


def dead(number: int, **given: Any) -> Any:
    async def act(commit: Commit) -> str:
        about = {"kind": "dead_job", "key": f"J{number}", "summary": f"J{number} failed", **given}
        return await attention.add(commit, **about)

    return act


def alive(number: int) -> Any:
    async def act(commit: Commit) -> bool:
        return await attention.resolve(commit, "dead_job", f"J{number}", outcome="done")

    return act


async def told(engine: Engine) -> list[tuple[str, str, str | None]]:
    found = await engine.events.feed(ANN, types=["attention.added", "attention.resolved"], limit=1_000)
    return [(one["type"].partition(".")[2], one["key"], one.get("outcome")) for one in found["events"]]


async def ended(engine: Engine) -> list[tuple[str, str]]:
    found = await engine.events.feed(ANN, types=["attention.resolved"], limit=1_000)
    return [(one["key"], one["outcome"]) for one in found["events"]]


async def still_open(engine: Engine) -> list[tuple[str, str]]:
    page = await engine.db.read(
        lambda tx: rows.page(tx, kind=None, trigger=None, is_open=True, before=None, limit=2_000)
    )
    return [(row.kind, row.key) for row in page]


async def test_the_same_thing_is_on_the_list_once_until_it_is_over(engine: Engine) -> None:
    first, again = await within(engine, dead(1), dead(1, summary="once more"))
    assert (first, again) == ("A1", "A1")
    assert await within(engine, alive(1), alive(1)) == [True, False]
    assert await within(engine, dead(1)) == ["A2"]

    assert await told(engine) == [("added", "J1", None), ("resolved", "J1", "done"), ("added", "J1", None)]
    assert await still_open(engine) == [("dead_job", "J1")]


async def test_a_refused_change_leaves_nothing_on_the_list(engine: Engine) -> None:
    async def refuse(_: Commit) -> None:
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        await within(engine, dead(1), refuse)

    assert await still_open(engine) == []


async def test_beyond_the_bound_of_a_kind_the_oldest_leaves_and_says_so(engine: Engine) -> None:
    most = LIMITS.attention_per_kind_max
    await within(engine, *map(dead, range(most)), dead(7_000, kind="blocked_job"))
    await within(engine, dead(most))

    assert (await ended(engine))[-1] == ("J0", "crowded_out")
    counts = await engine.db.read(rows.counts)
    assert counts == {"dead_job": most, "blocked_job": 1}


async def test_only_the_last_ended_entries_are_remembered(engine: Engine) -> None:
    most = LIMITS.attention_ended_max
    await within(engine, *[act(number) for number in range(most + 1) for act in (dead, alive)])

    first, second = (
        await engine.db.read(lambda tx: rows.by_id(tx, 1)),
        await engine.db.read(lambda tx: rows.by_id(tx, 2)),
    )
    assert first is None
    assert second is not None
    assert (second.outcome, second.ended_by) == ("done", "server")


async def test_a_file_that_cannot_be_read_is_on_the_list_until_a_version_can(engine: Engine) -> None:
    await within(engine, indexed("a.pdf", "failed"), indexed("b.pdf", "failed"))
    await within(engine, indexed("a.pdf", "ok"))
    await within(engine, gone("b.pdf"))

    assert await told(engine) == [
        ("added", "a.pdf", None),
        ("added", "b.pdf", None),
        ("resolved", "a.pdf", "gone"),
        ("resolved", "b.pdf", "gone"),
    ]


def indexed(path: str, state: str) -> Any:
    async def act(commit: Commit) -> int:
        return await commit.add("file.indexed", path=path, version=1, state=state)

    return act


def gone(path: str) -> Any:
    async def act(commit: Commit) -> int:
        return await commit.add("file.deleted", path=path, version=1)

    return act


async def test_what_begins_and_ends_in_one_commit_is_told_in_this_order(engine: Engine) -> None:
    await within(engine, indexed("a.pdf", "failed"), gone("a.pdf"), indexed("a.pdf", "failed"))

    assert await told(engine) == [("added", "a.pdf", None), ("resolved", "a.pdf", "gone"), ("added", "a.pdf", None)]


async def test_a_conflict_copy_is_on_the_list_until_it_is_deleted(engine: Engine) -> None:
    await engine.files.write_file(ANN, path="a.md", content="one\n")
    await engine.files.write_file(ANN, path="a.conflict-1.md", content="two\n")

    async def conflict(commit: Commit) -> int:
        return await commit.add("file.conflict", path="a.md", version=1, copy="a.conflict-1.md")

    await within(engine, conflict)
    assert await still_open(engine) == [("conflict", "a.conflict-1.md")]
    await engine.files.delete_file(ANN, path="a.conflict-1.md")
    assert await still_open(engine) == []


async def test_a_join_that_timed_out_leaves_the_list_once_it_is_complete(engine: Engine, clock: ManualClock) -> None:
    options = {"within_seconds": 60, "on_timeout": "escalate"}
    files = ["{topic}/a.md", "{topic}/b.md"]
    await engine.triggers.create_trigger(ANN, name="all", files=files, mode="all", queue="q", options=options)
    await engine.files.write_file(ANN, path="owls/a.md", content="1")
    clock.advance(61)
    await engine.automation.settle()
    page = await engine.db.read(
        lambda tx: rows.page(tx, kind="timed_out", trigger=None, is_open=True, before=None, limit=10)
    )
    assert [row.summary for row in page] == ["all waited in vain for owls/b.md"]

    await engine.files.write_file(ANN, path="cats/a.md", content="1")
    await engine.files.write_file(ANN, path="cats/b.md", content="1")
    assert len(await still_open(engine)) == 1
    await engine.files.write_file(ANN, path="owls/b.md", content="1")
    assert await still_open(engine) == []


async def test_a_trigger_that_sets_itself_off_is_on_the_list_until_it_is_deleted(engine: Engine) -> None:
    options = {"max_depth": 2, "include_own_writes": True, "settle": "immediate"}
    await engine.triggers.create_trigger(ANN, name="loop", files=["a.md"], queue="q", options=options)
    await engine.files.write_file(ANN, path="a.md", content="0")
    for number in range(1, 3):
        job = (await engine.jobs.claim_job(ANN, queue="q"))["job"]
        await engine.files.write_file(ANN, path="a.md", content=str(number), overwrite=True)
        await engine.jobs.finish_job(ANN, job=job["job"])
    assert await still_open(engine) == [("suppressed", "loop depth")]

    await engine.files.write_file(ANN, path="a.md", content="by hand", overwrite=True)
    assert await still_open(engine) == [("suppressed", "loop depth")]
    await engine.triggers.delete_trigger(ANN, name="loop")
    assert await still_open(engine) == []
