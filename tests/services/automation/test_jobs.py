"""Jobs: one claimant at a time, kept by signs of life, and the locks that go with them."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from workspace_server.config import Settings
from workspace_server.core.access import Caller
from workspace_server.core.clock import ManualClock
from workspace_server.core.limits import LIMITS
from workspace_server.core.scopes import everywhere
from workspace_server.errors import WorkspaceError
from workspace_server.services.automation import claiming
from workspace_server.services.engine import Engine
from workspace_server.services.recording import Commit

pytestmark = pytest.mark.anyio

ANN = Caller(agent="ann")
BOB = Caller(agent="bob")
CAT = Caller(agent="cat")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def engine(folder: Path, clock: ManualClock) -> AsyncIterator[Engine]:
    async with Engine.open(folder, settings=Settings(), clock=clock) as opened:
        yield opened


async def add(engine: Engine, instructions: str = "Work.", **given: Any) -> str:
    job: str = (await engine.jobs.add_job(ANN, queue="q", instructions=instructions, **given))["job"]
    return job


async def claim(engine: Engine, caller: Caller = BOB, **given: Any) -> dict[str, Any] | None:
    job: dict[str, Any] | None = (await engine.jobs.claim_job(caller, queue="q", **given)).get("job")
    return job


async def turn(engine: Engine, clock: ManualClock, seconds: float) -> None:
    clock.advance(seconds)
    await engine.automation.settle()


async def lost(engine: Engine, job: str, caller: Caller = BOB) -> object:
    with pytest.raises(WorkspaceError) as caught:
        await engine.jobs.finish_job(caller, job=job)
    assert caught.value.code == "job_lost"
    return caught.value.facts["reason"]


async def answer(engine: Engine, job: str, reply: str) -> None:
    async def body(commit: Commit) -> dict[str, Any]:
        await engine.queues.answer(commit, job, reply)
        return {}

    await engine.folder.recorder.change(ANN, "reply", body)


async def needs(engine: Engine) -> list[tuple[str, str]]:
    """Return what needs a person, as (kind, key)."""
    rows = await engine.db.read(lambda tx: tx.all("SELECT kind, key FROM attention WHERE ended_at IS NULL"))
    return [(str(kind), str(key)) for kind, key in rows]


async def refused(engine: Engine, **given: Any) -> object:
    with pytest.raises(WorkspaceError) as caught:
        await engine.jobs.add_job(ANN, **{"queue": "q", "instructions": "x"} | given)
    return caught.value.code


async def test_jobs_are_claimed_in_the_order_in_which_they_came(engine: Engine) -> None:
    for instructions in ("one", "two"):
        await add(engine, instructions)
    first, second = await claim(engine), await claim(engine, CAT)
    assert first is not None
    assert second is not None
    assert [first["instructions"], second["instructions"]] == ["one", "two"]
    assert first == {
        "job": "J1",
        "queue": "q",
        "instructions": "one",
        "by": "ann",
        "inputs": [],
        "attempt": 1,
        "expires_in_seconds": 1_800,
        "cause": None,
    }
    assert await claim(engine) is None
    assert (await engine.jobs.claim_job(BOB, queue="other")) == {}


async def test_inputs_stand_at_the_version_that_was_there(engine: Engine) -> None:
    for text in ("one", "two"):
        await engine.files.write_file(ANN, path="plan.md", content=text, overwrite=True)
    await add(engine, inputs=["./plan.md", {"path": "plan.md", "version": 1}])
    await engine.files.write_file(ANN, path="plan.md", content="three", overwrite=True)
    job = await claim(engine)
    assert job is not None
    assert job["inputs"] == [{"path": "plan.md", "version": 2}, {"path": "plan.md", "version": 1}]


async def test_an_unfinished_job_of_the_same_key_is_that_job(engine: Engine) -> None:
    assert await add(engine, key="cats") == await add(engine, key="cats") == "J1"
    await claim(engine)
    assert await add(engine, key="cats") == "J1"
    await engine.jobs.finish_job(BOB, job="J1")
    assert await add(engine, key="cats") == "J2"


async def test_of_many_who_wait_one_gets_the_job_and_the_rest_the_next_ones(engine: Engine) -> None:
    waiting = [asyncio.ensure_future(claim(engine, Caller(agent=f"w{number}"), wait_seconds=30)) for number in range(5)]
    await asyncio.sleep(0)
    jobs = [await add(engine, str(number)) for number in range(5)]
    claimed = await asyncio.gather(*waiting)
    assert sorted(job["job"] for job in claimed if job is not None) == jobs
    assert (await engine.jobs.counts())["claimed"] == 5


async def test_who_goes_away_while_waiting_leaves_the_job_to_the_next(engine: Engine) -> None:
    gone = asyncio.ensure_future(claim(engine, BOB, wait_seconds=30))
    waiting = asyncio.ensure_future(claim(engine, CAT, wait_seconds=30))
    await asyncio.sleep(0)
    gone.cancel()
    with pytest.raises(asyncio.CancelledError):
        await gone
    await add(engine)
    assert await waiting is not None


async def test_a_claim_that_comes_too_late_for_a_call_that_is_gone_goes_to_the_next(engine: Engine) -> None:
    await add(engine)
    gone = asyncio.ensure_future(claim(engine, BOB))
    await asyncio.sleep(0)
    gone.cancel()
    with pytest.raises(asyncio.CancelledError):
        await gone
    job = await claim(engine, CAT, wait_seconds=30)
    assert job is not None
    assert (job["job"], (await engine.queues.show_job(ANN, job="J1"))["failures"]) == ("J1", 0)


async def test_a_claim_with_a_request_id_is_kept_for_its_repetition(engine: Engine) -> None:
    await add(engine)
    caller = Caller(agent="bob", request_id="r1")
    gone = asyncio.ensure_future(claim(engine, caller))
    await asyncio.sleep(0)
    gone.cancel()
    with pytest.raises(asyncio.CancelledError):
        await gone
    again = await claim(engine, caller, wait_seconds=30)
    assert again is not None
    assert (again["job"], again["attempt"]) == ("J1", 1)


async def test_what_cannot_be_given_back_comes_back_once_its_time_is_over(
    engine: Engine, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await add(engine)
    change = engine.folder.recorder.change

    async def refuse(caller: Caller, action: str, body: Any) -> dict[str, Any]:
        if action == "end_claims":
            raise OSError("disk")
        return await change(caller, action, body)

    logged = asyncio.Event()
    monkeypatch.setattr(engine.folder.recorder, "change", refuse)
    monkeypatch.setattr(claiming.log, "exception", lambda _said: logged.set())
    gone = asyncio.ensure_future(claim(engine, BOB, visibility_seconds=60))
    await asyncio.sleep(0)
    gone.cancel()
    await logged.wait()
    monkeypatch.undo()
    assert await claim(engine, CAT) is None
    await turn(engine, clock, 61)
    assert await claim(engine, CAT) is not None


async def test_who_waits_is_served_before_one_who_comes_later(engine: Engine) -> None:
    waiting = [asyncio.ensure_future(claim(engine, Caller(agent=f"w{number}"), wait_seconds=30)) for number in range(3)]
    await asyncio.sleep(0)
    later: list[dict[str, Any] | None] = []
    for _ in range(3):
        await add(engine)
        later.append(await claim(engine, CAT))
        later.append(await claim(engine, Caller(agent="cat", request_id=f"r{len(later)}")))
    assert later == [None] * 6
    claimed = await asyncio.gather(*waiting)
    assert [job["job"] for job in claimed if job is not None] == ["J1", "J2", "J3"]
    await add(engine)
    assert await claim(engine, CAT) is not None


async def test_a_busy_queue_is_shared_by_all_who_wait_for_it(engine: Engine) -> None:
    done: dict[str, int] = {}

    async def work(agent: str) -> None:
        caller = Caller(agent=agent)
        while (job := await claim(engine, caller, wait_seconds=30)) is not None:
            await engine.jobs.finish_job(caller, job=job["job"])
            done[agent] = done.get(agent, 0) + 1
            if sum(done.values()) == 60:
                return

    workers = [asyncio.ensure_future(work(f"w{number}")) for number in range(6)]
    for _ in range(60):
        await add(engine)
    await asyncio.wait(workers, return_when=asyncio.FIRST_COMPLETED)
    for worker in workers:
        worker.cancel()
    await asyncio.wait(workers)
    assert len(done) == 6
    assert max(done.values()) <= 3 * min(done.values())


async def test_a_wait_ends_without_a_job(engine: Engine) -> None:
    assert await claim(engine, wait_seconds=0.01) is None


async def test_a_repeated_claim_gets_the_same_job(engine: Engine) -> None:
    for _ in range(2):
        await add(engine)
    caller = Caller(agent="bob", request_id="r1")
    first = await engine.jobs.claim_job(caller, queue="q")
    again = await engine.jobs.claim_job(caller, queue="q")
    assert again == {**first, "replayed": True}
    empty = Caller(agent="cat", request_id="r2")
    assert await claim(engine, empty) is not None
    assert await claim(engine, Caller(agent="cat", request_id="r3")) is None
    await add(engine)
    assert await claim(engine, Caller(agent="cat", request_id="r3")) is not None


async def test_a_silent_claimant_loses_its_job_to_the_next(engine: Engine, clock: ManualClock) -> None:
    await add(engine)
    await claim(engine, visibility_seconds=60)
    await turn(engine, clock, 59)
    assert await claim(engine, CAT) is None
    await turn(engine, clock, 1)
    job = await claim(engine, CAT)
    assert job is not None
    assert (job["job"], job["attempt"]) == ("J1", 2)
    assert await lost(engine, "J1") == "expired"
    assert await engine.jobs.finish_job(CAT, job="J1") == {"job": "J1", "state": "done"}


async def test_a_sign_of_life_keeps_a_job(engine: Engine, clock: ManualClock) -> None:
    await add(engine)
    await claim(engine, visibility_seconds=60)
    for _ in range(5):
        await turn(engine, clock, 40)
        engine.automation.terms.heard_of("bob")
        engine.automation.terms.heard_of("stranger")
    assert await claim(engine, CAT) is None
    await turn(engine, clock, 60)
    assert await claim(engine, CAT) is not None


async def test_another_process_of_the_same_name_does_not_keep_the_job_of_one_that_died(
    engine: Engine, clock: ManualClock
) -> None:
    await add(engine)
    await claim(engine, visibility_seconds=60, session="first")
    for _ in range(2):
        await turn(engine, clock, 30)
        engine.automation.terms.heard_of("bob")
        engine.automation.terms.heard_of("bob", "second")
    job = await claim(engine, visibility_seconds=60, session="second")
    assert job is not None
    assert job["attempt"] == 2
    await turn(engine, clock, 40)
    engine.automation.terms.heard_of("bob", "second")
    await turn(engine, clock, 40)
    assert await engine.jobs.finish_job(BOB, job="J1") == {"job": "J1", "state": "done"}


async def test_a_waiting_worker_gets_what_a_silent_one_lost(engine: Engine, clock: ManualClock) -> None:
    await add(engine)
    await claim(engine, visibility_seconds=60)
    waiting = asyncio.ensure_future(claim(engine, CAT, wait_seconds=30))
    await asyncio.sleep(0)
    await turn(engine, clock, 61)
    assert await waiting is not None


async def test_a_restart_gives_a_claimant_its_whole_time_again(folder: Path, clock: ManualClock) -> None:
    async with Engine.open(folder, settings=Settings(), clock=clock) as engine:
        await add(engine)
        await claim(engine, visibility_seconds=60)
    clock.advance(3_600)
    async with Engine.open(folder, settings=Settings(), clock=clock) as engine:
        await turn(engine, clock, 59)
        assert await claim(engine, CAT) is None
        assert await engine.jobs.finish_job(BOB, job="J1") == {"job": "J1", "state": "done"}


async def test_a_job_that_is_put_back_can_be_claimed_again_after_its_delay(engine: Engine, clock: ManualClock) -> None:
    await add(engine)
    await claim(engine)
    assert await engine.jobs.finish_job(BOB, job="J1", outcome="retry", note="no network", delay_seconds=30) == {
        "job": "J1",
        "state": "queued",
    }
    assert await claim(engine) is None
    assert await lost(engine, "J1") == "unknown"
    clock.advance(30)
    job = await claim(engine)
    assert job is not None
    assert job["attempt"] == 2


async def test_a_job_that_is_put_back_at_once_goes_to_who_waits(engine: Engine) -> None:
    await add(engine)
    await claim(engine)
    waiting = asyncio.ensure_future(claim(engine, CAT, wait_seconds=30))
    await asyncio.sleep(0)
    await engine.jobs.finish_job(BOB, job="J1", outcome="retry")
    assert await waiting is not None


async def test_a_job_is_finished_by_its_claimant_alone(engine: Engine) -> None:
    await add(engine)
    await claim(engine)
    assert await lost(engine, "J1", CAT) == "unknown"
    for made_up in ("J9", "J1x", "1", "J" + "9" * 30, ""):
        assert await lost(engine, made_up) == "unknown"
    done = {"job": "J1", "state": "done"}
    assert await engine.jobs.finish_job(BOB, job="J1") == done
    assert await engine.jobs.finish_job(BOB, job="J1") == done, "a repeat of the same word changes nothing"
    with pytest.raises(WorkspaceError) as caught:
        await engine.jobs.finish_job(BOB, job="J1", outcome="failed")
    assert caught.value.facts == {"job": "J1", "reason": "unknown", "state": "done"}
    assert caught.value.message == "This job is over already: it is done."


async def test_a_job_that_failed_is_not_claimed_again(engine: Engine) -> None:
    await add(engine)
    await claim(engine)
    assert (await engine.jobs.finish_job(BOB, job="J1", outcome="failed", note="why"))["state"] == "failed"
    assert await needs(engine) == [("dead_job", "J1")]
    assert await claim(engine) is None
    assert (await engine.jobs.counts())["failed"] == 1


async def test_a_waiting_worker_gets_a_job_once_its_delay_is_over(engine: Engine, clock: ManualClock) -> None:
    await add(engine)
    await claim(engine)
    await engine.jobs.finish_job(BOB, job="J1", outcome="retry", delay_seconds=30)
    waiting = asyncio.ensure_future(claim(engine, CAT, wait_seconds=30))
    await asyncio.sleep(0)
    await turn(engine, clock, 30)
    assert await waiting is not None


async def test_a_blocked_job_comes_back_with_a_persons_reply(engine: Engine) -> None:
    await add(engine, key="k")
    await claim(engine)
    blocked = await engine.jobs.finish_job(BOB, job="J1", outcome="blocked", note="Which price is right?")
    assert blocked == {"job": "J1", "state": "blocked"}
    assert await needs(engine) == [("blocked_job", "J1")]
    assert await claim(engine, CAT) is None
    assert await add(engine, key="k") == "J1", "it is still open"
    await answer(engine, "J1", "The one of May.")
    assert await needs(engine) == []
    job = await claim(engine, CAT)
    assert job is not None
    assert (job["job"], job["reply"], job["attempt"]) == ("J1", "The one of May.", 2)
    assert await lost(engine, "J1") == "unknown"
    for wrong, reply in (("J1", "again"), ("J9", "x"), ("J1", "")):
        with pytest.raises(WorkspaceError):
            await answer(engine, wrong, reply)


async def test_a_job_that_comes_to_nothing_again_and_again_is_dead_until_it_is_revived(
    engine: Engine, clock: ManualClock
) -> None:
    await add(engine, key="k")
    for _ in range(LIMITS.job_attempts_max - 1):
        await claim(engine)
        assert (await engine.jobs.finish_job(BOB, job="J1", outcome="retry"))["state"] == "queued"
    await claim(engine, visibility_seconds=60)
    await turn(engine, clock, 61)
    shown = await engine.queues.show_job(ANN, job="J1")
    assert (shown["state"], shown["note"]) == ("dead", "Nothing was heard of bob any more.")
    assert await claim(engine) is None
    assert await lost(engine, "J1") == "expired"
    assert await needs(engine) == [("dead_job", "J1")]
    assert await engine.queues.revive_job(ANN, job="J1") == {"job": "J1", "state": "queued"}
    assert await needs(engine) == []
    job = await claim(engine)
    assert job is not None
    assert job["attempt"] == LIMITS.job_attempts_max + 1
    assert (await engine.jobs.finish_job(BOB, job="J1", outcome="retry"))["state"] == "queued", "it counts anew"


async def test_a_claimed_job_has_a_log_that_only_its_claimant_writes(engine: Engine, clock: ManualClock) -> None:
    await add(engine)
    await claim(engine, visibility_seconds=60, session="s")
    for text in ("one\n", "one\ntwo\n"):
        await turn(engine, clock, 40)
        assert await engine.jobs.write_log(BOB, job="J1", attempt=1, text=text) == {
            "job": "J1",
            "state": "claimed",
        }, "it is a sign of life as well"
    read = await engine.queues.read_log(ANN, job="J1")
    assert (read["log"], read["size_bytes"], read["agent"], read["attempt"]) == ("one\ntwo\n", 8, "bob", 1)
    for caller, attempt in ((CAT, 1), (BOB, 2)):
        with pytest.raises(WorkspaceError) as caught:
            await engine.jobs.write_log(caller, job="J1", attempt=attempt, text="x")
        assert caught.value.code == "job_lost"
    await engine.jobs.finish_job(BOB, job="J1", outcome="blocked", note="Which?")
    assert (await engine.jobs.write_log(BOB, job="J1", attempt=1, text="bye"))["state"] == "blocked"
    await answer(engine, "J1", "That one.")
    with pytest.raises(WorkspaceError) as caught:
        await engine.jobs.write_log(BOB, job="J1", attempt=1, text="too late")
    assert caught.value.code == "job_lost"


async def test_a_long_log_is_kept_within_its_bound(engine: Engine) -> None:
    await add(engine)
    await claim(engine)
    text = "begin " + "\ufffd" * 100_000 + " end"
    await engine.jobs.write_log(BOB, job="J1", attempt=1, text=text, size_bytes=1_000_000)
    read = await engine.queues.read_log(ANN, job="J1", attempt=1)
    assert read["size_bytes"] == 1_000_000
    assert len(read["log"].encode()) <= LIMITS.job_log_bytes_max + 10
    assert read["log"].startswith("begin ")
    assert read["log"].endswith(" end")


async def test_locks_taken_for_a_job_go_with_it(engine: Engine) -> None:
    before = await engine.locks.lock_files(BOB, paths=["mine.md"])
    await asyncio.sleep(0)
    engine.clock.advance(1)  # type: ignore[attr-defined]  # it is the test's clock
    await add(engine)
    await claim(engine)
    await engine.locks.lock_files(BOB, paths=["out.md"])
    await engine.locks.lock_files(CAT, paths=["cats.md"])
    await engine.jobs.finish_job(BOB, job="J1")
    held = (await engine.locks.list_locks(ANN))["locks"]
    assert sorted(lock["paths"][0] for lock in held) == ["cats.md", "mine.md"]
    assert before["lock"]


async def test_locks_stay_while_the_agent_has_another_job_open(engine: Engine) -> None:
    for _ in range(2):
        await add(engine)
        await claim(engine)
    await engine.locks.lock_files(BOB, paths=["out.md"])
    await engine.jobs.finish_job(BOB, job="J1")
    assert len((await engine.locks.list_locks(ANN))["locks"]) == 1
    await engine.jobs.finish_job(BOB, job="J2")
    assert (await engine.locks.list_locks(ANN))["locks"] == []


async def test_wrong_arguments_are_refused_by_name(engine: Engine) -> None:
    assert await refused(engine, queue="a b") == "invalid_argument"
    assert await refused(engine, key="") == "invalid_argument"
    assert await refused(engine, instructions="x" * 5_000) == "invalid_argument"
    assert await refused(engine, inputs=["absent.md"]) == "not_found"
    assert await refused(engine, inputs=["../x"]) == "invalid_path"
    assert await refused(engine, inputs=["a"] * 1_001) == "invalid_argument"
    await engine.files.write_file(ANN, path="a.md", content="a")
    assert await refused(engine, inputs=[{"path": "a.md", "version": 2}]) == "invalid_argument"
    tried: dict[str, Any]
    for tried in ({"wait_seconds": 51}, {"visibility_seconds": 1}, {"session": "s" * 200}):
        with pytest.raises(WorkspaceError):
            await engine.jobs.claim_job(BOB, queue="q", **tried)
    for wrong in ({"outcome": "maybe"}, {"delay_seconds": -1}, {"note": "n" * 2_001}, {"outcome": "blocked"}):
        with pytest.raises(WorkspaceError):
            await engine.jobs.finish_job(BOB, job="J1", **wrong)


async def test_jobs_need_their_verb(engine: Engine) -> None:
    reader = Caller(agent="reader", scope=everywhere("read"))
    for call in (
        engine.jobs.add_job(reader, queue="q", instructions="x"),
        engine.jobs.claim_job(reader, queue="q"),
        engine.jobs.finish_job(reader, job="J1"),
    ):
        with pytest.raises(WorkspaceError) as caught:
            await call
        assert caught.value.code == "forbidden"


@pytest.mark.parametrize(
    "given", [{"key": "\ud800"}, {"instructions": "\ud800"}, {"inputs": ["\ud800"]}, {"inputs": [7]}]
)
async def test_text_that_is_no_unicode_is_refused(engine: Engine, given: dict[str, Any]) -> None:
    assert await refused(engine, **given) in {"invalid_argument", "invalid_path"}
    with pytest.raises(WorkspaceError) as caught:
        await engine.jobs.finish_job(BOB, job="J1", note="\ud800")
    assert caught.value.code == "invalid_argument"


async def test_jobs_that_are_long_over_are_forgotten_and_open_ones_are_not(engine: Engine, clock: ManualClock) -> None:
    for _ in range(2):
        await engine.jobs.add_job(ANN, queue="q", instructions="Do it.")
    job = (await engine.jobs.claim_job(BOB, queue="q"))["job"]["job"]
    await engine.jobs.finish_job(BOB, job=job)
    clock.advance(LIMITS.job_kept_s - 1)
    await engine._forget_old()
    assert len((await engine.queues.list_jobs(ANN))["jobs"]) == 2

    clock.advance(2)
    await engine._forget_old()
    (left,) = (await engine.queues.list_jobs(ANN))["jobs"]
    assert left["state"] == "queued"
