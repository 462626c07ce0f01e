"""Triggers by the clock: when they fire, for what, and what becomes of moments that had no server."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from workspace_server.config import Settings
from workspace_server.core.access import Caller
from workspace_server.core.clock import ManualClock
from workspace_server.errors import InvalidArgument
from workspace_server.services.engine import Engine
from workspace_server.storage.upkeep.fork import fork

pytestmark = pytest.mark.anyio

ANN = Caller(agent="ann")
EDITOR = Caller(agent="editor")
HOUR_S = 3_600


async def watch(engine: Engine, **fields: Any) -> dict[str, Any]:
    return await engine.triggers.create_trigger(ANN, name="daily", queue="editor", **fields)


async def jobs(engine: Engine) -> list[list[str]]:
    """Claim and finish all jobs and return their inputs."""
    found = []
    while (job := (await engine.jobs.claim_job(EDITOR, queue="editor")).get("job")) is not None:
        await engine.jobs.finish_job(EDITOR, job=job["job"])
        found.append([one["path"] for one in job["inputs"]])
    return found


async def save(engine: Engine, path: str) -> None:
    await engine.files.write_file(ANN, path=path, content=f"{path} {engine.head_seq}", overwrite=True)


async def turn(engine: Engine, clock: ManualClock, seconds: float) -> None:
    clock.advance(seconds)
    await engine.automation.settle()


async def told(engine: Engine, kind: str) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = (await engine.events.feed(ANN, types=[kind]))["events"]
    return events


def set_to(clock: ManualClock, moment: str) -> None:
    clock.advance(datetime.fromisoformat(moment).replace(tzinfo=UTC).timestamp() - clock.wall_s())


async def test_a_schedule_fires_at_its_moments_and_only_then(engine: Engine, clock: ManualClock) -> None:
    set_to(clock, "2026-11-30 08:30")
    await watch(engine, schedule="0 9 * * 1-5")

    await turn(engine, clock, HOUR_S / 4)
    assert await jobs(engine) == []
    await turn(engine, clock, HOUR_S / 4)
    assert await jobs(engine) == [[]]
    await turn(engine, clock, HOUR_S * 23)
    assert await jobs(engine) == []
    await turn(engine, clock, HOUR_S)
    assert await jobs(engine) == [[]]
    assert [event["scheduled_at"] for event in await told(engine, "trigger.fired")] == [
        "2026-11-30T09:00:00.000Z",
        "2026-12-01T09:00:00.000Z",
    ]


async def test_a_schedule_is_read_in_its_own_time_zone(engine: Engine, clock: ManualClock) -> None:
    set_to(clock, "2026-11-30 07:59")
    await watch(engine, schedule="0 9 * * *", timezone="Europe/Berlin")

    await turn(engine, clock, 60)
    assert await jobs(engine) == [[]]


async def test_a_schedule_with_files_fires_for_what_was_saved_since(engine: Engine, clock: ManualClock) -> None:
    set_to(clock, "2026-11-30 08:30")
    await watch(engine, schedule="0 * * * *", files=["notes/**"], mode="any")
    await save(engine, "notes/a.md")
    await save(engine, "notes/b.md")
    assert await jobs(engine) == []

    await turn(engine, clock, HOUR_S / 2)
    assert await jobs(engine) == [["notes/a.md", "notes/b.md"]]
    await turn(engine, clock, HOUR_S)
    assert await jobs(engine) == [], "nothing new"
    await save(engine, "notes/b.md")
    await turn(engine, clock, HOUR_S)
    assert await jobs(engine) == [["notes/b.md"]]


async def test_a_moment_that_finds_the_last_firing_at_work_is_made_up_for_once(
    engine: Engine, clock: ManualClock
) -> None:
    set_to(clock, "2026-11-30 08:30")
    await watch(engine, schedule="0 * * * *")
    await turn(engine, clock, HOUR_S / 2)
    job = (await engine.jobs.claim_job(EDITOR, queue="editor", visibility_seconds=20_000))["job"]
    await turn(engine, clock, HOUR_S)
    await turn(engine, clock, HOUR_S)

    assert await jobs(engine) == []
    await engine.jobs.finish_job(EDITOR, job=job["job"])
    assert await jobs(engine) == [[]]


@pytest.mark.parametrize(("missed", "fired"), [("once", [[]]), ("skip", [])])
async def test_moments_without_a_server_are_named_and_run_once_or_not_at_all(
    folder: Path, clock: ManualClock, missed: str, fired: list[list[str]]
) -> None:
    set_to(clock, "2026-11-30 08:30")
    async with Engine.open(folder, settings=Settings(), clock=clock) as engine:
        await watch(engine, schedule="0 9 * * *", missed=missed)
    clock.advance(3 * 24 * HOUR_S)
    async with Engine.open(folder, settings=Settings(), clock=clock) as engine:
        await engine.automation.settle()

        assert await jobs(engine) == fired
        kind = "trigger.fired" if fired else "trigger.suppressed"
        (said,) = await told(engine, kind)
        assert said["missed"] == 3
        await turn(engine, clock, HOUR_S / 2)
        assert await jobs(engine) == [[]], "the next moment is on time"
        assert not (await engine.decisions.list_attention(ANN))["attention"]


async def test_a_moment_on_time_fires_though_earlier_ones_are_skipped(folder: Path, clock: ManualClock) -> None:
    set_to(clock, "2026-11-30 08:30")
    async with Engine.open(folder, settings=Settings(), clock=clock) as engine:
        await watch(engine, schedule="0 9 * * *", missed="skip")
    clock.advance(24.5 * HOUR_S)
    async with Engine.open(folder, settings=Settings(), clock=clock) as engine:
        await engine.automation.settle()

        assert await jobs(engine) == [[]]
        assert [one["missed"] for one in await told(engine, "trigger.suppressed")] == [1]


async def test_a_clock_that_is_set_back_does_not_put_the_next_moment_off(folder: Path, clock: ManualClock) -> None:
    set_to(clock, "2026-11-30 08:30")
    async with Engine.open(folder, settings=Settings(), clock=clock) as engine:
        await watch(engine, schedule="0 9 * * *")
    clock.advance(-48 * HOUR_S)
    async with Engine.open(folder, settings=Settings(), clock=clock) as engine:
        await turn(engine, clock, HOUR_S / 2)
        assert await jobs(engine) == [[]]


@pytest.mark.parametrize(
    ("given", "argument"),
    [
        ({"schedule": "0 9 * *"}, "schedule"),
        ({"schedule": "61 9 * * *"}, "schedule"),
        ({"schedule": "0 0 30 2 *"}, "schedule"),
        ({"schedule": "0 9 * * *", "timezone": "Mars/Olympus"}, "timezone"),
        ({"schedule": "0 9 * * *", "timezone": "../etc/passwd"}, "timezone"),
        ({"schedule": "0 9 * * *", "missed": "twice"}, "missed"),
        ({"timezone": "UTC", "files": ["a.md"]}, "timezone"),
    ],
)
async def test_a_schedule_that_can_be_none_is_refused(engine: Engine, given: dict[str, str], argument: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        await watch(engine, **given)
    assert refused.value.facts["argument"] == argument


async def test_a_fork_fires_from_its_own_beginning_on(folder: Path, tmp_path: Path, clock: ManualClock) -> None:
    set_to(clock, "2026-11-30 08:30")
    async with Engine.open(folder, settings=Settings(), clock=clock) as engine:
        await watch(engine, schedule="0 9 * * *")
    await asyncio.to_thread(fork, folder, tmp_path / "fork", at_seq=None)
    clock.advance(2 * 24 * HOUR_S)
    async with Engine.open(tmp_path / "fork", settings=Settings(), clock=clock) as engine:
        await engine.automation.settle()
        assert await jobs(engine) == [], "what the original has missed is not the fork's"
        await turn(engine, clock, HOUR_S / 2)
        assert await jobs(engine) == [[]]
