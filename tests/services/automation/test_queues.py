"""What those see who watch over jobs, and what they can do."""

from typing import Any

import pytest

from workspace_server.core.access import Caller
from workspace_server.core.clock import ManualClock
from workspace_server.core.scopes import ALL, everywhere
from workspace_server.errors import Conflict, Forbidden, InvalidArgument, JobLost, NotFound, WorkspaceError
from workspace_server.services.engine import Engine
from workspace_server.storage.tables import job_logs

pytestmark = pytest.mark.anyio

ANN = Caller(agent="ann")
BOB = Caller(agent="bob")
OWNER = Caller(agent="owner", scope=ALL)


async def add(engine: Engine, queue: str = "q", **given: Any) -> str:
    job: str = (await engine.jobs.add_job(ANN, queue=queue, instructions="Work.", **given))["job"]
    return job


async def names(engine: Engine, **filters: Any) -> list[str]:
    return [job["job"] for job in (await engine.queues.list_jobs(ANN, **filters))["jobs"]]


async def test_the_queues_tell_their_jobs_by_state_and_how_long_the_oldest_waits(
    engine: Engine, clock: ManualClock
) -> None:
    for queue in ("q", "q", "q", "z"):
        await add(engine, queue)
        clock.advance(10)
    await engine.jobs.claim_job(BOB, queue="q")
    await engine.jobs.finish_job(BOB, job="J1", outcome="failed")
    none = {"claimed": 0, "blocked": 0, "done": 0, "failed": 0, "dead": 0, "waiting": 0}
    assert (await engine.queues.list_queues(ANN))["queues"] == [
        {"queue": "q", **none, "queued": 2, "failed": 1, "oldest_seconds": 30},
        {"queue": "z", **none, "queued": 1, "oldest_seconds": 10},
    ]
    await engine.jobs.claim_job(BOB, queue="z")
    assert "oldest_seconds" not in (await engine.queues.list_queues(ANN))["queues"][1]


async def test_jobs_are_listed_newest_first_by_queue_state_agent_and_trigger(engine: Engine) -> None:
    await engine.triggers.create_trigger(
        ANN, name="t", files=["draft.md"], queue="q", instructions="Edit.", options={"settle": "immediate"}
    )
    await add(engine, "z")
    await engine.files.write_file(ANN, path="draft.md", content="x")
    await engine.jobs.claim_job(BOB, queue="q")
    assert await names(engine) == ["J2", "J1"]
    assert await names(engine, queue="z") == ["J1"]
    assert await names(engine, state="claimed") == await names(engine, agent="bob") == ["J2"]
    assert await names(engine, trigger="t") == ["J2"]
    assert await names(engine, state="dead") == []
    [shown] = (await engine.queues.list_jobs(ANN, trigger="t"))["jobs"]
    assert (shown["trigger"], shown["cause"], shown["instructions"], shown["created_by"]) == (
        "t",
        "F1",
        "Edit.",
        "server",
    )


async def test_a_long_list_has_pages(engine: Engine) -> None:
    for _ in range(5):
        await add(engine)
    seen, cursor = [], None
    for _ in range(3):
        page = await engine.queues.list_jobs(ANN, limit=2, cursor=cursor)
        seen += [job["job"] for job in page["jobs"]]
        cursor = page.get("next_cursor")
    assert seen == ["J5", "J4", "J3", "J2", "J1"]
    assert cursor is None


async def test_all_about_a_job_are_its_inputs_its_logs_and_when_it_is_tried_again(engine: Engine) -> None:
    await engine.files.write_file(ANN, path="a.md", content="x")
    await add(engine, inputs=["a.md"])
    for attempt in (1, 2):
        await engine.jobs.claim_job(BOB, queue="q")
        await engine.jobs.write_log(BOB, job="J1", attempt=attempt, text=f"attempt {attempt} " * 100)
        await engine.jobs.finish_job(BOB, job="J1", outcome="retry", note="busy")
    await engine.jobs.claim_job(BOB, queue="q")
    await engine.jobs.finish_job(BOB, job="J1", outcome="retry", delay_seconds=60)
    shown = await engine.queues.show_job(ANN, job="J1")
    assert shown["inputs"] == [{"path": "a.md", "version": 1}]
    assert (shown["logs"], shown["attempt"], shown["failures"], shown["note"]) == ([1, 2], 3, 3, "busy")
    assert shown["not_before"] > shown["claimed_at"]
    assert (await engine.queues.read_log(ANN, job="J1"))["log"].startswith("attempt 2")
    assert (await engine.queues.read_log(ANN, job="J1", attempt=1))["log"].startswith("attempt 1")


async def test_only_the_newest_logs_are_kept(engine: Engine) -> None:
    await add(engine)

    async def write(attempt: int) -> None:
        await engine.db.write(
            lambda tx: job_logs.write(tx, 1, attempt, agent="bob", size_bytes=1, kept="x", logs_max=2)
        )

    for attempt in (1, 2, 3, 3):
        await write(attempt)
    assert (await engine.queues.show_job(ANN, job="J1"))["logs"] == [2, 3]


async def test_what_is_not_there_and_what_cannot_be_is_refused_by_name(engine: Engine) -> None:
    await add(engine, key="k")
    for call in (
        engine.queues.show_job(ANN, job="J9"),
        engine.queues.read_log(ANN, job="nonsense"),
        engine.queues.read_log(ANN, job="J1"),
        engine.queues.read_log(ANN, job="J1", attempt=2),
    ):
        with pytest.raises(NotFound):
            await call
    for wrong in ({"state": "x"}, {"cursor": "7"}, {"limit": 0}, {"queue": "\ud800"}, {"agent": "a" * 100}):
        with pytest.raises(InvalidArgument) as caught:
            await engine.queues.list_jobs(ANN, **wrong)
        assert caught.value.facts["argument"] in wrong
    with pytest.raises(InvalidArgument):
        await engine.queues.revive_job(ANN, job="J1")
    await engine.jobs.claim_job(BOB, queue="q")
    await engine.jobs.finish_job(BOB, job="J1", outcome="failed")
    await add(engine, key="k")
    with pytest.raises(Conflict) as twin:
        await engine.queues.revive_job(ANN, job="J1")
    assert twin.value.facts["job"] == "J2"


async def test_jobs_are_seen_with_their_verb_only(engine: Engine) -> None:
    reader = Caller(agent="reader", scope=everywhere("read"))
    for call in (
        engine.queues.list_queues(reader),
        engine.queues.list_jobs(reader),
        engine.queues.show_job(reader, job="J1"),
        engine.queues.read_log(reader, job="J1"),
        engine.queues.revive_job(reader, job="J1"),
        engine.jobs.write_log(reader, job="J1", attempt=1, text="x"),
    ):
        with pytest.raises(WorkspaceError) as caught:
            await call
        assert caught.value.code == "forbidden"


@pytest.mark.parametrize("state", ["queued", "claimed", "blocked"])
async def test_a_person_gives_up_a_job_that_is_not_at_its_end(engine: Engine, state: str) -> None:
    job = await add(engine)
    if state != "queued":
        await engine.jobs.claim_job(BOB, queue="q")
        await engine.locks.lock_files(BOB, paths=["a.md"])
    if state == "blocked":
        await engine.jobs.finish_job(BOB, job=job, outcome="blocked", note="Which one?")
        assert (await engine.queues.show_job(ANN, job=job))["attention"] == "A1"
    assert await engine.jobs.cancel_job(OWNER, job=job, note="not wanted") == {"job": job, "state": "failed"}

    shown = await engine.queues.show_job(ANN, job=job)
    assert (shown["state"], shown["note"]) == ("failed", "not wanted")
    assert "attention" not in shown
    assert await engine.decisions.count(OWNER) == 0
    assert (await engine.locks.list_locks(ANN))["locks"] == []
    if state == "claimed":
        with pytest.raises(JobLost, match="over already"):
            await engine.jobs.finish_job(BOB, job=job)
    assert await engine.queues.revive_job(ANN, job=job) == {"job": job, "state": "queued"}


async def test_what_is_at_its_end_is_not_given_up_and_nobody_but_a_person_may(engine: Engine) -> None:
    job = await add(engine)
    with pytest.raises(Forbidden):
        await engine.jobs.cancel_job(ANN, job=job)
    with pytest.raises(NotFound):
        await engine.jobs.cancel_job(OWNER, job="J9")
    await engine.jobs.claim_job(BOB, queue="q", visibility_seconds=60)
    assert (await engine.queues.show_job(ANN, job=job))["expires_in_seconds"] == 60
    await engine.jobs.finish_job(BOB, job=job)
    with pytest.raises(InvalidArgument, match="done already"):
        await engine.jobs.cancel_job(OWNER, job=job)


async def test_a_trigger_goes_on_once_its_job_was_given_up(engine: Engine) -> None:
    options = {"settle": "immediate", "include_own_writes": True}
    await engine.triggers.create_trigger(ANN, name="t", files=["a.md"], queue="q", options=options)
    await engine.files.write_file(ANN, path="a.md", content="1")
    await engine.files.write_file(ANN, path="a.md", content="2", overwrite=True)
    assert await names(engine) == ["J1"]
    await engine.jobs.cancel_job(OWNER, job="J1")
    await engine.automation.settle()

    assert await names(engine) == ["J2", "J1"]


async def test_what_the_server_itself_runs_goes_on(engine: Engine) -> None:
    job = await add(engine)
    await engine.jobs.claim_job(BOB, queue="q")
    await engine.db.write(lambda tx: tx.run("UPDATE jobs SET visibility_s = NULL"))
    with pytest.raises(InvalidArgument, match="the server itself runs"):
        await engine.jobs.cancel_job(OWNER, job=job)
