"""Waiting for a lock: in the order of arrival, with a place that is kept, and woken when it is one's turn."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from workspace_server.config import Settings
from workspace_server.core.access import Caller
from workspace_server.core.clock import ManualClock
from workspace_server.core.limits import LIMITS
from workspace_server.core.scopes import ALL, everywhere
from workspace_server.errors import InvalidArgument, Locked, QuotaExceeded, Unavailable
from workspace_server.services.engine import Engine
from workspace_server.services.locking import line as waiting_line
from workspace_server.services.recording import Result
from workspace_server.storage.database import Transaction

pytestmark = pytest.mark.anyio

ANN, BOB, CY, DEE = (Caller(agent=name) for name in ("ann", "bob", "cy", "dee"))


async def lock(engine: Engine, caller: Caller, *paths: str, **given: Any) -> Result:
    return await engine.locks.lock_files(caller, paths=paths, **given)


async def unlock(engine: Engine, caller: Caller, granted: Result) -> None:
    await engine.locks.unlock_files(caller, lock=granted["lock"])


async def waiting(engine: Engine, *agents: str) -> None:
    """Return once these agents wait, in this order."""
    found: list[str] = []
    for _ in range(10_000):
        found = [row["agent"] for row in (await engine.locks.list_locks(ANN))["waiting"]]
        if found == list(agents):
            return
        await asyncio.sleep(0.001)
    raise AssertionError(found)


@asynccontextmanager
async def call(engine: Engine, caller: Caller, *paths: str, **given: Any) -> AsyncIterator[asyncio.Task[Result]]:
    """Run a call that waits for a lock beside the block."""
    task = asyncio.create_task(lock(engine, caller, *paths, **{"wait_seconds": 50} | given))
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.wait([task])


async def granted(task: asyncio.Task[Result]) -> Result:
    async with asyncio.timeout(30):
        return await task


@asynccontextmanager
async def writer_held(engine: Engine) -> AsyncIterator[None]:
    """Keep the writer from doing anything while the block lasts."""
    go_on = threading.Event()

    async def hold(_: Transaction) -> None:
        go_on.wait(30)

    holding = asyncio.create_task(engine.db.write(hold))
    await asyncio.sleep(0)
    try:
        yield
    finally:
        go_on.set()
        await holding


@asynccontextmanager
async def engine_busy(engine: Engine) -> AsyncIterator[None]:
    """Let the writer refuse everything while the block lasts, because too much waits for it."""

    async def nothing(_: Transaction) -> None:
        return

    async with writer_held(engine):
        waits = [asyncio.create_task(engine.db.write(nothing)) for _ in range(LIMITS.queue_writes_max)]
        await asyncio.sleep(0)
        yield
    await asyncio.gather(*waits, return_exceptions=True)


async def handed_in() -> None:
    """Let a call come as far as the writer."""
    for _ in range(5):
        await asyncio.sleep(0)


async def given_back(engine: Engine) -> None:
    async with asyncio.timeout(30):
        while not (await engine.events.feed(ANN, since_seq=0, types=["lock.released"]))["events"]:
            await engine.locks.expire()
            await asyncio.sleep(0.001)
    assert (await engine.locks.list_locks(ANN))["locks"] == []


async def refused(engine: Engine, caller: Caller, *paths: str, **given: Any) -> dict[str, Any]:
    with pytest.raises(Locked) as refusal:
        await lock(engine, caller, *paths, **given)
    return refusal.value.facts


async def waited(engine: Engine, clock: ManualClock, caller: Caller, *paths: str, **given: Any) -> dict[str, Any]:
    """Return the facts of a refusal after a wait that has run out."""
    there = [row["agent"] for row in (await engine.locks.list_locks(ANN))["waiting"]]
    async with call(engine, caller, *paths, **given) as task:
        await waiting(engine, *there, caller.agent)
        clock.advance(50)
        with pytest.raises(Locked) as refusal:
            await granted(task)
    return refusal.value.facts


async def test_who_waits_gets_the_lock_when_it_is_released(engine: Engine) -> None:
    held = await lock(engine, ANN, "a.md")
    async with call(engine, BOB, "a.md", purpose="mine next") as task:
        await waiting(engine, "bob")
        [row] = (await engine.locks.list_locks(CY, path="a.md"))["waiting"]
        assert row == {
            "paths": ["a.md"],
            "mode": "exclusive",
            "agent": "bob",
            "purpose": "mine next",
            "queue_position": 1,
            "waiting_seconds": 0,
        }
        assert (await engine.locks.list_locks(CY, path="b.md"))["waiting"] == []
        assert (await engine.locks.list_locks(CY, mine=True))["waiting"] == []
        await unlock(engine, ANN, held)
        assert (await granted(task))["fence"] == 2
    assert (await engine.locks.list_locks(ANN))["waiting"] == []


@pytest.mark.parametrize("how", ["expired", "broken", "finished"])
async def test_who_waits_gets_the_lock_however_it_ends(engine: Engine, clock: ManualClock, how: str) -> None:
    if how == "finished":
        job = (await engine.jobs.add_job(ANN, queue="q", instructions="x"))["job"]
        await engine.jobs.claim_job(ANN, queue="q")
    held = await lock(engine, ANN, "a.md", ttl_seconds=10)
    async with call(engine, BOB, "a.md") as task:
        await waiting(engine, "bob")
        if how == "expired":
            clock.advance(10)
            await engine.locks.expire()
        elif how == "broken":
            admin = Caller(agent="op", scope=everywhere("admin"))
            await engine.locks.end_lock(admin, held["lock"].partition("-")[0])
        else:
            await engine.jobs.finish_job(ANN, job=job)
        assert (await granted(task))["paths"] == ["a.md"]


async def test_those_who_wait_are_served_in_the_order_in_which_they_came(engine: Engine) -> None:
    held = await lock(engine, ANN, "a.md")
    async with call(engine, BOB, "a.md") as bob:
        await waiting(engine, "bob")
        async with call(engine, CY, "a.md") as cy:
            await waiting(engine, "bob", "cy")
            await unlock(engine, ANN, held)
            first = await granted(bob)
            await waiting(engine, "cy")
            await unlock(engine, BOB, first)
            assert (await granted(cy))["fence"] == first["fence"] + 1


async def test_whoever_comes_later_does_not_overtake_even_where_the_lock_is_free(engine: Engine) -> None:
    """Bob waits for two files of which one is free; who wants that one comes after him."""
    await lock(engine, ANN, "a.md", ttl_seconds=60)
    async with call(engine, BOB, "a.md", "b.md", purpose="both"):
        await waiting(engine, "bob")
        facts = await refused(engine, CY, "b.md")
        assert facts == {
            "path": "b.md",
            "agent": "bob",
            "yours": False,
            "purpose": "both",
            "mode": "exclusive",
            "lock_name": "L1",
            "lock_paths": ["a.md", "b.md"],
            "expires_in_seconds": 60,
        }
        await lock(engine, CY, "c.md")
        await lock(engine, CY, "b.md", mode="intent")


async def test_a_waiting_exclusive_is_not_starved_by_later_shared_requests(engine: Engine) -> None:
    held = await lock(engine, ANN, "a.md", mode="shared")
    async with call(engine, BOB, "a.md") as bob:
        await waiting(engine, "bob")
        async with call(engine, CY, "a.md", mode="shared") as cy:
            await waiting(engine, "bob", "cy")
            assert (await refused(engine, DEE, "a.md", mode="shared"))["agent"] == "bob"
            await unlock(engine, ANN, held)
            first = await granted(bob)
            assert not cy.done()
            await unlock(engine, BOB, first)
            await granted(cy)


async def test_shared_requests_that_wait_are_granted_together(engine: Engine) -> None:
    held = await lock(engine, ANN, "a.md")
    async with (
        call(engine, BOB, "a.md", mode="shared") as bob,
        call(engine, CY, "*.md", mode="shared") as cy,
    ):
        await waiting(engine, "bob", "cy")
        await unlock(engine, ANN, held)
        await granted(bob)
        await granted(cy)


async def test_a_wait_that_ends_says_which_place_one_has_and_keeps_it(engine: Engine, clock: ManualClock) -> None:
    held = await lock(engine, ANN, "a.md", ttl_seconds=3_600)
    async with call(engine, BOB, "a.md"):
        await waiting(engine, "bob")
        async with call(engine, CY, "a.md", wait_seconds=10) as cy:
            await waiting(engine, "bob", "cy")
            clock.advance(10)
            with pytest.raises(Locked) as refusal:
                await granted(cy)
            assert refusal.value.facts["queue_position"] == 2
            assert (refusal.value.facts["agent"], refusal.value.facts["expires_in_seconds"]) == ("ann", 3_590)
        await waiting(engine, "bob")
    assert (await refused(engine, CY, "a.md"))["queue_position"] == 1, "the place is kept while nobody waits on it"
    async with call(engine, DEE, "a.md") as dee:
        await waiting(engine, "dee")
        async with call(engine, CY, "a.md") as cy:
            await waiting(engine, "cy", "dee")  # the rank of before
            await unlock(engine, ANN, held)
            first = await granted(cy)
            assert not dee.done()
            await unlock(engine, CY, first)
        await granted(dee)


async def test_a_place_on_which_no_call_waits_is_passed_over(engine: Engine, clock: ManualClock) -> None:
    held = await lock(engine, ANN, "a.md", ttl_seconds=3_600)
    assert (await waited(engine, clock, BOB, "a.md"))["queue_position"] == 1
    await unlock(engine, ANN, held)
    await lock(engine, CY, "a.md")


async def test_a_place_is_for_the_same_paths_and_mode_only(engine: Engine, clock: ManualClock) -> None:
    await lock(engine, ANN, "a.md", "b.md", ttl_seconds=3_600)
    await waited(engine, clock, BOB, "a.md", "b.md")
    assert "queue_position" in await refused(engine, BOB, "b.md", "a.md")
    assert "queue_position" not in await refused(engine, BOB, "a.md")
    assert "queue_position" not in await refused(engine, BOB, "a.md", "b.md", mode="shared")
    assert "queue_position" not in await refused(engine, CY, "a.md", "b.md")


async def test_a_place_is_lost_after_its_time(engine: Engine, clock: ManualClock) -> None:
    await lock(engine, ANN, "a.md", ttl_seconds=3_600)
    await waited(engine, clock, BOB, "a.md")
    clock.advance(LIMITS.lock_place_kept_s - 1)
    assert "queue_position" in await refused(engine, BOB, "a.md")
    clock.advance(1)
    assert "queue_position" not in await refused(engine, BOB, "a.md")


async def test_asking_without_waiting_takes_no_place(engine: Engine) -> None:
    await lock(engine, ANN, "a.md")
    for _ in range(2):
        assert "queue_position" not in await refused(engine, BOB, "a.md")


async def test_nobody_waits_for_itself(engine: Engine) -> None:
    await lock(engine, ANN, "docs/")
    assert (await refused(engine, ANN, "docs/a.md", wait_seconds=50))["yours"] is True


async def test_a_call_that_is_cancelled_leaves_the_line(engine: Engine) -> None:
    held = await lock(engine, ANN, "a.md", "b.md")
    async with call(engine, CY, "b.md") as cy:
        await waiting(engine, "cy")
        async with call(engine, BOB, "a.md", "b.md"):
            await waiting(engine, "cy", "bob")
        await waiting(engine, "cy")
        async with call(engine, DEE, "a.md", "b.md") as dee:
            await waiting(engine, "cy", "dee")
            await unlock(engine, ANN, held)
            first = await granted(cy)
            assert not dee.done()
            await unlock(engine, CY, first)
            await granted(dee)


async def test_a_place_that_is_left_lets_the_next_one_pass(engine: Engine) -> None:
    await lock(engine, ANN, "a.md")
    async with call(engine, BOB, "a.md", "b.md"):
        await waiting(engine, "bob")
        cy = asyncio.create_task(lock(engine, CY, "b.md", wait_seconds=50))
        await waiting(engine, "bob", "cy")
    assert (await granted(cy))["paths"] == ["b.md"]


async def test_a_call_cancelled_before_it_stands_in_line_does_not_stay_there(engine: Engine) -> None:
    held = await lock(engine, ANN, "a.md")
    for turns in range(20):
        task = asyncio.create_task(lock(engine, BOB, "a.md", wait_seconds=50))
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
    await waiting(engine)
    await unlock(engine, ANN, held)
    await lock(engine, CY, "a.md")


async def test_a_lock_granted_to_a_call_that_nobody_waits_for_any_more_is_given_back(engine: Engine) -> None:
    for turns in range(12):
        task = asyncio.create_task(lock(engine, BOB, "a.md"))
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        if not task.cancelled():
            await unlock(engine, BOB, task.result())
    async with asyncio.timeout(30):
        while (await engine.locks.list_locks(ANN))["locks"]:
            await engine.locks.expire()
            await asyncio.sleep(0.001)


async def test_a_call_with_a_request_id_that_is_cancelled_gives_its_lock_back_too(engine: Engine) -> None:
    """A stdio process gives each call an id; its agent cancels like any other. Who repeats the call locks anew."""
    asking = Caller(agent="bob", request_id="r1", asked="a.md")
    async with writer_held(engine):
        task = asyncio.create_task(lock(engine, asking, "a.md"))
        await handed_in()
        task.cancel()
        await asyncio.wait([task])
    await given_back(engine)
    again = await lock(engine, asking, "a.md")
    assert "replayed" not in again
    await unlock(engine, BOB, again)


async def test_a_lock_of_a_call_that_is_cancelled_is_given_back_also_when_its_token_has_ended(engine: Engine) -> None:
    operator = Caller(agent="boss", scope=ALL)
    made = await engine.tokens.create_token(operator, agent="bob")
    async with writer_held(engine):
        task = asyncio.create_task(lock(engine, Caller(agent="bob", token=made["id"]), "a.md"))
        await handed_in()
        task.cancel()
        await asyncio.wait([task])
    await engine.tokens.revoke_token(operator, token=made["id"])
    await given_back(engine)


async def test_a_lock_that_its_agent_was_told_of_meanwhile_is_not_given_back(engine: Engine) -> None:
    asking = Caller(agent="bob", request_id="r1", asked="a.md")
    async with writer_held(engine):
        task = asyncio.create_task(lock(engine, asking, "a.md"))
        await handed_in()
        task.cancel()
        await asyncio.wait([task])
        again = asyncio.create_task(lock(engine, asking, "a.md"))
        await asyncio.sleep(0)
    told = await granted(again)
    await engine.locks.expire()
    await unlock(engine, BOB, told)


async def test_what_cannot_be_given_back_now_is_given_back_later(engine: Engine) -> None:
    async def refuse(*_: Any, **__: Any) -> None:
        raise Unavailable("The server takes no more writes now.", retryable=True)

    with pytest.MonkeyPatch.context() as refusing:
        async with writer_held(engine):
            task = asyncio.create_task(lock(engine, BOB, "a.md"))
            await handed_in()
            refusing.setattr(engine.db, "write", refuse)  # before the lock is made: nor can the server give it back
            task.cancel()
            await asyncio.wait([task])
        settled = False
        while not settled:  # until it is known which lock was made for nobody
            await asyncio.sleep(0.001)
            settled = engine.db.unanswered == 0
        with pytest.raises(Unavailable):
            await engine.locks.expire()
    await given_back(engine)


async def test_one_that_is_held_already_is_kept_when_asking_again_is_cancelled(engine: Engine) -> None:
    await lock(engine, BOB, "a.md")
    for turns in range(6):
        task = asyncio.create_task(lock(engine, BOB, "a.md"))
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
    await engine.locks.expire()
    assert len((await engine.locks.list_locks(ANN))["locks"]) == 1


async def test_two_calls_of_one_agent_for_the_same_get_the_same_lock(engine: Engine) -> None:
    held = await lock(engine, ANN, "a.md")
    async with call(engine, BOB, "a.md") as one, call(engine, BOB, "a.md") as other:
        await waiting(engine, "bob")
        await unlock(engine, ANN, held)
        assert (await granted(one))["lock"] == (await granted(other))["lock"]
    assert len((await engine.locks.list_locks(ANN))["locks"]) == 1


async def test_a_file_made_while_one_waits_does_not_change_what_one_waits_for(engine: Engine) -> None:
    held = await lock(engine, ANN, "a[1].md")
    async with call(engine, BOB, "a[1].md") as task:
        await waiting(engine, "bob")
        await engine.files.write_file(CY, path="a[1].md", content="now this name is a file")
        await unlock(engine, ANN, held)
        assert (await granted(task))["versions"] == {}


async def test_a_place_that_cannot_be_left_now_is_left_later_and_the_server_goes_on_meanwhile(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting_line, "RING_AGAIN_S", 0.01)
    held = await lock(engine, ANN, "a.md")
    async with call(engine, BOB, "a.md") as task:
        await waiting(engine, "bob")
        async with engine_busy(engine):
            task.cancel()
            await asyncio.wait([task])
            engine.locks.line.ring()
            for _ in range(100):
                await asyncio.sleep(0)
    await waiting(engine)
    async with call(engine, CY, "a.md") as cy:
        await waiting(engine, "cy")
        await unlock(engine, ANN, held)
        await granted(cy)


async def test_behind_another_call_of_its_own_an_agent_waits_like_anybody(engine: Engine) -> None:
    held = await lock(engine, ANN, "a.md")
    async with call(engine, BOB, "a.md", "b.md") as first:
        await waiting(engine, "bob")
        facts = await refused(engine, BOB, "b.md")
        assert (facts["agent"], facts["yours"]) == ("bob", False)
        async with call(engine, BOB, "b.md") as second:
            await waiting(engine, "bob", "bob")
            await unlock(engine, ANN, held)
            await unlock(engine, BOB, await granted(first))
            await granted(second)


async def test_who_has_to_give_up_its_own_lock_first_is_told_which(engine: Engine) -> None:
    own = await lock(engine, BOB, "a.md", mode="shared")
    with pytest.raises(Locked) as refusal:
        await lock(engine, BOB, "a.md", wait_seconds=50)
    assert f"unlock_files(lock={own['lock']!r})" in str(refusal.value.hint)
    await unlock(engine, BOB, own)
    await lock(engine, BOB, "a.md")


async def test_places_outlive_the_server_and_nobody_waits_at_its_start(folder: Path, clock: ManualClock) -> None:
    async with Engine.open(folder, settings=Settings(), clock=clock) as engine:
        await lock(engine, ANN, "a.md", ttl_seconds=3_600)
        task = asyncio.create_task(lock(engine, BOB, "a.md", wait_seconds=50))
        await waiting(engine, "bob")
    task.cancel()
    await asyncio.wait([task])
    async with Engine.open(folder, settings=Settings(), clock=clock) as engine:
        assert (await engine.locks.list_locks(ANN))["waiting"] == []
        async with call(engine, CY, "a.md"):
            await waiting(engine, "cy")
            async with call(engine, BOB, "a.md"):
                await waiting(engine, "bob", "cy")


async def test_an_agent_has_so_many_places_in_line_and_no_more(engine: Engine, clock: ManualClock) -> None:
    await lock(engine, ANN, "/", ttl_seconds=3_600)
    tasks = [
        asyncio.create_task(lock(engine, BOB, f"{number}.md", wait_seconds=50))
        for number in range(LIMITS.lock_places_per_agent_max)
    ]
    await waiting(engine, *["bob"] * len(tasks))
    with pytest.raises(QuotaExceeded) as refusal:
        await lock(engine, BOB, "more.md", wait_seconds=50)
    assert refusal.value.facts["limit"] == LIMITS.lock_places_per_agent_max
    async with call(engine, BOB, "0.md"), call(engine, CY, "more.md"):
        await waiting(engine, *["bob"] * len(tasks), "cy")
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


@pytest.mark.parametrize("seconds", [-1, LIMITS.wait_s_max + 1, float("nan")])
async def test_a_wait_has_bounds(engine: Engine, seconds: float) -> None:
    with pytest.raises(InvalidArgument) as refusal:
        await lock(engine, BOB, "a.md", wait_seconds=seconds)
    assert refusal.value.facts["argument"] == "wait_seconds"
