"""Receivers that fail, are busy, or are not there: they are left alone, nothing is lost, and others do not notice."""

import asyncio
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import pytest

from tests.services.receiver import Receiver, receiving
from tests.services.webhooks import ANN, SETTINGS, attempts_made, save, until, watch, workspace
from workspace_server.core.clock import ManualClock
from workspace_server.core.limits import LIMITS
from workspace_server.services.engine import Engine

pytestmark = pytest.mark.anyio


async def settled(engine: Engine, count: int) -> None:
    """Return once so many attempts are recorded, of whatever delivery."""
    async with asyncio.timeout(30):
        while (await engine.db.read(lambda tx: tx.one("SELECT count(*) FROM attempts")))[0] < count:  # type: ignore[index]
            await engine.events.wait(engine.head_seq, 0.005)


def versions(receiver: Receiver) -> dict[str, list[int]]:
    """Return the versions of each path in the order in which they were taken, repeats left out."""
    found: defaultdict[str, list[int]] = defaultdict(list)
    for one in receiver.taken:
        said = one.event["data"]["inputs"][0]
        if said["version"] not in found[said["path"]]:
            found[said["path"]].append(said["version"])
    return found


async def test_an_endpoint_where_everything_fails_is_left_alone_and_no_attempt_is_used_up(
    engine: Engine, receiver: Receiver, clock: ManualClock
) -> None:
    await watch(engine, receiver, "*.md")
    receiver.answer(*[500] * 11)
    for number in range(10):
        await save(engine, f"{number}.md", "x")
    await settled(engine, 10)
    (shown,) = (await engine.endpoints.list_endpoints(ANN))["endpoints"]
    assert (shown["state"], shown["pending"]) == ("failing", 10)
    await save(engine, "late.md", "x")
    clock.advance(10)  # all ten are due again
    engine.deliveries.look()
    await engine.automation.settle()
    assert len(receiver.received) == 10
    clock.advance(LIMITS.breaker_open_s)
    engine.deliveries.look()
    await settled(engine, 11)
    assert len(receiver.received) == 11, "one was let through"
    assert {len(one["attempts"]) for one in await until(engine, state="pending")} == {1}
    clock.advance(2 * LIMITS.breaker_open_s)
    engine.deliveries.look()
    assert {one["attempts"][-1]["status"] for one in await until(engine, state="delivered")} == {204}
    (shown,) = (await engine.endpoints.list_endpoints(ANN))["endpoints"]
    assert (shown["state"], shown["pending"]) == ("active", 0)


async def test_an_endpoint_is_still_left_alone_after_a_restart(
    folder: Path, receiver: Receiver, clock: ManualClock
) -> None:
    async with workspace(folder, clock) as engine:
        await watch(engine, receiver, "*.md")
        receiver.answer(*[500] * 10)
        for number in range(10):
            await save(engine, f"{number}.md", "x")
        await settled(engine, 10)
    clock.advance(10)
    async with workspace(folder, clock) as engine:
        await engine.automation.settle()
        assert len(receiver.received) == 10
        clock.advance(LIMITS.breaker_open_s)
        engine.deliveries.look()
        await until(engine, state="delivered")


async def test_a_test_is_sent_to_an_endpoint_that_is_left_alone_and_brings_the_rest_on_its_way(
    engine: Engine, receiver: Receiver, clock: ManualClock
) -> None:
    await watch(engine, receiver, "*.md")
    receiver.answer(*[500] * 10)
    for number in range(10):
        await save(engine, f"{number}.md", "x")
    await settled(engine, 10)
    clock.advance(10)
    await engine.endpoints.send_test(ANN, trigger="hook")
    await until(engine, state="delivered")
    assert receiver.received[10].event["type"] == "trigger.test"


async def test_enabling_an_endpoint_that_is_left_alone_sends_at_once(
    engine: Engine, receiver: Receiver, clock: ManualClock
) -> None:
    await watch(engine, receiver, "*.md")
    receiver.answer(*[500] * 10)
    for number in range(10):
        await save(engine, f"{number}.md", "x")
    await settled(engine, 10)
    clock.advance(10)
    await engine.endpoints.enable_endpoint(ANN, endpoint="E1")
    await until(engine, state="delivered")


async def test_a_busy_endpoint_is_sent_to_more_slowly(engine: Engine, receiver: Receiver, clock: ManualClock) -> None:
    await watch(engine, receiver, "*.md")
    receiver.answer(429, Retry_After="9")
    await save(engine, "a.md", "a")
    await attempts_made(engine, 1)
    await save(engine, "b.md", "b")
    await engine.automation.settle()
    assert len(receiver.received) == 1, "it asked for rest"
    clock.advance(9.1)
    engine.deliveries.look()
    await until(engine, state="delivered")


async def test_no_more_than_the_pace_begins_in_a_second(folder: Path, receiver: Receiver, clock: ManualClock) -> None:
    async with workspace(folder, clock, replace(SETTINGS, webhooks_per_second=5)) as engine:
        await watch(engine, receiver, "*.md", rate_per_minute=1_000)
        for number in range(8):
            await save(engine, f"{number}.md", "x")
        await receiver.next(5)
        for _ in range(10):
            engine.deliveries.look()
            await asyncio.sleep(0)
        assert len(receiver.received) == 5
        clock.advance(0.6)
        engine.deliveries.look()
        await until(engine, state="delivered")


async def test_all_endpoints_together_have_a_bound_too(
    engine: Engine, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = type(LIMITS)(deliveries_in_flight_all_max=3)
    monkeypatch.setattr("workspace_server.services.automation.sending.dispatch.LIMITS", few)
    async with receiving() as other:
        for opened in (receiver, other):
            opened.gate.clear()
            await watch(engine, opened, "*.md", name=f"to{opened.port}")
        for number in range(3):
            await save(engine, f"{number}.md", "x")
        async with asyncio.timeout(30):
            while len(receiver.received) + len(other.received) < 3:
                await engine.events.wait(engine.head_seq, 0.005)
        for opened in (receiver, other):
            opened.gate.set()
        await until(engine, state="delivered")
        assert len(receiver.received) == len(other.received) == 3


async def test_a_receiver_that_fails_three_times_in_ten_loses_nothing_and_breaks_no_order(
    engine: Engine, receiver: Receiver, clock: ManualClock
) -> None:
    await watch(engine, receiver, "{name}.md", rate_per_minute=10_000)
    receiver.answer(*[500 if number % 10 in {1, 4, 8} else 204 for number in range(60)])
    for round_number in range(1, 6):
        for number in range(6):
            await save(engine, f"{number}.md", f"{round_number}")
    async with asyncio.timeout(60):
        while (await engine.deliveries.status())["pending"]:
            clock.advance(30)
            engine.deliveries.look()
            await engine.events.wait(engine.head_seq, 0.005)
    assert (await engine.deliveries.status())["dead"] == 0
    for path, seen in versions(receiver).items():
        assert seen == sorted(seen), path
        assert seen[-1] == 5, path
    assert len(versions(receiver)) == 6
    assert len({one.message_id for one in receiver.taken}) == len(receiver.taken)


async def test_a_receiver_that_is_gone_for_ten_minutes_misses_nothing_in_any_order_but_the_right_one(
    folder: Path, clock: ManualClock
) -> None:
    async with workspace(folder, clock) as engine:
        async with receiving() as receiver:
            port = receiver.port
            await watch(engine, receiver, "{name}.md", rate_per_minute=10_000)
            await save(engine, "0.md", "before")
            await until(engine, state="delivered")
        for minute in range(20):
            for number in range(4):
                await save(engine, f"{number}.md", f"{minute}")
            clock.advance(30)
            engine.deliveries.look()
            await engine.events.wait(engine.head_seq, 0.02)
        async with receiving(port) as back, asyncio.timeout(60):
            while (await engine.deliveries.status())["pending"]:
                clock.advance(60)
                engine.deliveries.look()
                await engine.events.wait(engine.head_seq, 0.005)
            assert (await engine.deliveries.status())["dead"] == 0
            for path, seen in versions(back).items():
                head = (await engine.files.stat(ANN, path=path))["version"]
                assert seen == sorted(seen), path
                assert seen[-1] == head, path
            assert len(versions(back)) == 4
