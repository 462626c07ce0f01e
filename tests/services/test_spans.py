"""What is told to a collector of traces: of what waited, of jobs, of failures; and nothing of the server's own work."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from tests.services.automation.acting import turn
from tests.services.receiver import receiving
from tests.services.webhooks import ANN, SETTINGS, attempts_made, save, watch
from workspace_server.core.access import SERVER, Caller
from workspace_server.core.clock import ManualClock
from workspace_server.core.firings import trace_of
from workspace_server.core.limits import LIMITS
from workspace_server.core.spans import Span
from workspace_server.services.engine import Engine
from workspace_server.services.spans import Spans
from workspace_server.storage.tables.events import Event

pytestmark = pytest.mark.anyio

ADA = Caller(agent="ada", door="http", call_id="r-1")
BOB = Caller(agent="bob", door="mcp")
SOURCE = "workspace://papers"


@pytest.fixture
def told() -> list[Span]:
    return []


@pytest.fixture
async def engine(folder: Path, clock: ManualClock, told: list[Span]) -> AsyncIterator[Engine]:
    async with Engine.open(folder, settings=SETTINGS, clock=clock) as opened, opened.traced(told.append):
        yield opened


def only(told: Sequence[Span], name: str) -> Span:
    (found,) = [span for span in told if span.name == name]
    return found


async def write(engine: Engine, path: str, caller: Caller = ADA) -> None:
    await engine.files.write_file(caller, path=path, content="x", overwrite=True)


async def test_what_a_claimant_does_is_told_below_the_firing_that_made_the_job(
    engine: Engine, clock: ManualClock, told: list[Span]
) -> None:
    await engine.triggers.create_trigger(ANN, name="edit", files=["draft.md"], queue="q", settle="immediate")
    await write(engine, "draft.md")
    job = (await engine.jobs.claim_job(BOB, queue="q"))["job"]
    clock.advance(5)
    await write(engine, "out.md", BOB)
    await engine.jobs.finish_job(BOB, job=job["job"], outcome="failed")
    fire, work = only(told, "fire"), only(told, "job")
    assert (work.parent, work.place.trace) == (fire.place, trace_of(SOURCE, "F1"))
    assert (work.ended_s - work.began_s, work.error) == (5, "failed")
    assert work.attributes == {
        "workspace.job": "J1",
        "workspace.queue": "q",
        "workspace.attempt": 1,
        "workspace.agent": "bob",
        "workspace.outcome": "failed",
    }
    first, second = (span for span in told if span.name == "write_file")
    assert (first.parent, second.parent) == (None, fire.place)
    assert fire.attributes == {
        "workspace.trigger": "edit",
        "workspace.firing": "F1",
        "workspace.mode": "each",
        "workspace.inputs": 1,
    }


async def test_a_job_that_no_trigger_made_has_a_trace_of_its_own(engine: Engine, told: list[Span]) -> None:
    await engine.jobs.add_job(ADA, queue="q", instructions="do")
    await engine.jobs.claim_job(BOB, queue="q")
    await engine.jobs.finish_job(BOB, job="J1")
    work = only(told, "job")
    assert (work.parent, work.error, work.place.trace) == (None, None, trace_of(SOURCE, "J1"))


async def test_who_works_for_a_firing_within_a_trace_of_its_own_is_linked_with_the_firing(
    engine: Engine, told: list[Span]
) -> None:
    await engine.triggers.create_trigger(ANN, name="edit", files=["draft.md"], queue="q", settle="immediate")
    await write(engine, "draft.md")
    own = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    await write(engine, "out.md", Caller(agent="bob", door="mcp", cause="F1", trace=own))
    last = [span for span in told if span.name == "write_file"][-1]
    assert last.place.trace == own.split("-")[1]
    assert last.links == (only(told, "fire").place,)


async def test_a_firing_that_waited_is_linked_with_the_commits_of_its_inputs(engine: Engine, told: list[Span]) -> None:
    files = ["a.md", "b.md"]
    await engine.triggers.create_trigger(ANN, name="both", files=files, mode="all", queue="q", settle="immediate")
    await write(engine, "a.md")
    await write(engine, "b.md")
    first, second = (span.place for span in told if span.name == "commit")
    fire = only(told, "fire")
    assert (fire.parent, fire.links) == (second, (first,))
    assert first.trace == second.trace == trace_of(SOURCE, "F1")


@pytest.mark.parametrize("late_s", [0, 1])
async def test_what_fires_by_the_clock_soon_enough_is_in_the_trace_of_its_cause(
    engine: Engine, clock: ManualClock, told: list[Span], late_s: int
) -> None:
    wait_s = LIMITS.traced_wait_s - 1 + late_s
    settle = {"quiet_ms": wait_s * 1_000, "max_wait_ms": wait_s * 1_000}
    await engine.triggers.create_trigger(ANN, name="calm", files=["a.md"], queue="q", settle=settle)
    await write(engine, "a.md")
    assert [span.name for span in told] == []
    await turn(engine, clock, wait_s)
    first, second = (span for span in told if span.name == "commit")
    fire = only(told, "fire")
    assert [span.name for span in told] == ["write_file", "commit", "commit", "fire"]
    assert (fire.parent, fire.links) == (second.place, (first.place,))
    assert second.parent == (None if late_s else first.place)
    assert (first.place.trace == second.place.trace) is not bool(late_s)
    assert first.parent == told[0].place


async def test_a_change_that_nothing_fires_for_has_a_trace_of_its_own(
    engine: Engine, clock: ManualClock, told: list[Span]
) -> None:
    await write(engine, "a.md")
    assert told == []
    clock.advance(LIMITS.traced_wait_s)
    await write(engine, "b.md")
    assert [span.name for span in told] == ["write_file", "commit"]
    async with engine.traced(told.append):
        await write(engine, "c.md")
    assert [span.name for span in told] == ["write_file", "commit"] * 2
    assert len({span.place.trace for span in told}) == 2


async def test_each_attempt_is_told_of_and_the_webhook_once(
    engine: Engine, clock: ManualClock, told: list[Span]
) -> None:
    async with receiving() as receiver:
        receiver.answer(500)
        await watch(engine, receiver, "draft.md")
        await save(engine, "draft.md", "x")
        await receiver.next()
        await attempts_made(engine, 1)
        clock.advance(3_600)
        engine.deliveries.look()
        await receiver.next()
        await attempts_made(engine, 2)
        while len(attempts := [span for span in told if span.name == "attempt"]) < 2:
            await engine.events.wait(engine.head_seq, 0.01)
    webhook = only(told, "webhook")
    assert webhook.parent == only(told, "fire").place
    assert [(span.parent, span.error) for span in attempts] == [(webhook.place, "500"), (webhook.place, None)]
    assert [span.attributes["workspace.attempt"] for span in attempts] == [1, 2]
    assert len({span.place for span in attempts}) == 2


async def test_what_is_refused_is_told_of_and_what_the_server_does_for_itself_is_not(
    engine: Engine, told: list[Span]
) -> None:
    await engine.locks.lock_files(BOB, paths=["draft.md"])
    told.clear()
    with pytest.raises(Exception, match=r"draft\.md"):
        await write(engine, "draft.md")
    refused = only(told, "write_file")
    assert (refused.error, refused.parent, refused.attributes["workspace.outcome"]) == ("locked", None, "locked")
    assert refused.attributes["workspace.request_id"] == "r-1"
    told.clear()
    await engine.locks.unlock_files(Caller(agent="bob"), paths=["draft.md"])
    await engine.deliveries.forget_old()
    assert told == []


def test_so_many_commits_are_remembered_for_firings_to_come() -> None:
    told: list[Span] = []
    spans = Spans(SOURCE, ManualClock(), told.append)

    def happens(seq: int, kind: str, path: str | None, **data: object) -> None:
        spans.asked(SERVER, "x").committed([Event(seq, 0.0, kind, path, 1, "ada", data)], 0.0)

    def linked(seq: int, numbers: range) -> int:
        inputs = [{"path": f"{number}.md", "version": 1} for number in numbers]
        happens(seq, "trigger.fired", None, trigger="t", firing=f"F{seq}", mode="all", inputs=inputs)
        return len(told[-1].links)

    most = LIMITS.traced_saves_max
    for number in range(most + 1):
        happens(number + 1, "file.created", f"{number}.md")
    assert linked(most + 2, range(2)) == 1
    assert linked(most + 3, range(1, LIMITS.traced_inputs_max + 1)) == LIMITS.traced_inputs_max
    assert linked(most + 4, range(1, LIMITS.traced_inputs_max + 2)) == LIMITS.traced_inputs_max
