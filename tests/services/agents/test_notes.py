"""Notes: shown at least once, and acknowledged before anything is changed."""

from pathlib import Path

import pytest

from workspace_server.config import Settings
from workspace_server.core.access import Caller
from workspace_server.core.clock import ManualClock
from workspace_server.core.limits import LIMITS
from workspace_server.core.scopes import ALL
from workspace_server.errors import Forbidden, InvalidArgument, JobLost, Paused, QuotaExceeded
from workspace_server.services.engine import Engine

pytestmark = pytest.mark.anyio

ANA = Caller(agent="ana")
BOB = Caller(agent="bob")
OWNER = Caller(agent="owner", scope=ALL)


async def leave(engine: Engine, text: str, *, agent: str = "ana", acknowledge: bool = False) -> str:
    name: str = (await engine.agents.notes.leave_note(OWNER, agent=agent, text=text, acknowledge=acknowledge))["note"]
    return name


async def test_a_note_is_shown_once_and_notes_are_shown_in_their_order(engine: Engine) -> None:
    for text in ("first", "second"):
        await leave(engine, text)
    take = engine.agents.notes.take

    shown = [take("bob"), take("ana"), take("ana"), take("ana")]

    assert [one and (one["job"], one["from"], one["text"]) for one in shown] == [
        None,
        ("N1", "owner", "first"),
        ("N2", "owner", "second"),
        None,
    ]


async def test_a_note_that_no_result_has_carried_is_still_there_after_a_restart_and_a_shown_one_is_not(
    folder: Path, clock: ManualClock
) -> None:
    async with Engine.open(folder, settings=Settings(), clock=clock) as engine:
        for text in ("first", "second"):
            await leave(engine, text)
        engine.agents.notes.take("ana")

    async with Engine.open(folder, settings=Settings(), clock=clock) as engine:
        shown = engine.agents.notes.take("ana")
        assert shown is not None
        assert shown["text"] == "second"
        assert engine.agents.notes.take("ana") is None


async def test_nothing_is_changed_until_the_note_is_acknowledged_and_its_words_are_kept(engine: Engine) -> None:
    note = await leave(engine, "Use the new figures", acknowledge=True)
    with pytest.raises(Paused) as refused:
        await engine.files.write_file(ANA, path="a.md", content="old figures\n")
    assert refused.value.facts["acknowledge"] == note
    await engine.files.write_file(BOB, path="b.md", content="not held up\n")

    answer = await engine.jobs.finish_job(ANA, job=note, note="will do")

    assert answer == {"job": note, "state": "done"}
    assert (await engine.files.write_file(ANA, path="a.md", content="new figures\n"))["version"] == 1
    [kept] = (await engine.agents.show_agent(OWNER, agent="ana"))["notes"]
    assert (kept["text"], kept["words"], kept["by"]) == ("Use the new figures", "will do", "owner")
    assert kept["acknowledged_at"] is not None
    assert engine.agents.notes.take("ana") is None  # a refusal has told it


async def test_of_several_notes_each_is_acknowledged_the_oldest_first(engine: Engine) -> None:
    first, second = [await leave(engine, text, acknowledge=True) for text in ("first", "second")]
    for note in (first, second):
        with pytest.raises(Paused) as refused:
            await engine.files.write_file(ANA, path="a.md", content="one\n")
        assert refused.value.facts["acknowledge"] == note
        await engine.jobs.finish_job(ANA, job=note)

    assert (await engine.files.write_file(ANA, path="a.md", content="one\n"))["version"] == 1


async def test_a_note_is_acknowledged_once_and_only_by_its_agent(engine: Engine) -> None:
    note = await leave(engine, "Look here", acknowledge=True)
    with pytest.raises(JobLost):
        await engine.jobs.finish_job(BOB, job=note)
    with pytest.raises(JobLost):
        await engine.jobs.finish_job(ANA, job="N99")
    with pytest.raises(InvalidArgument):
        await engine.jobs.finish_job(ANA, job=note, outcome="retry")

    await engine.jobs.finish_job(ANA, job=note, note="first process")
    again = await engine.jobs.finish_job(ANA, job=note, note="second process")

    assert again == {"job": note, "state": "done"}
    [kept] = (await engine.agents.show_agent(OWNER, agent="ana"))["notes"]
    assert kept["words"] == "first process"
    told = (await engine.events.feed(OWNER, types=["agent.noted", "agent.acknowledged"]))["events"]
    assert [(one["type"], one["agent"], one["job"]) for one in told] == [
        ("agent.noted", "owner", note),
        ("agent.acknowledged", "ana", note),
    ]


async def test_an_acknowledgement_that_is_due_holds_over_a_restart(folder: Path, clock: ManualClock) -> None:
    async with Engine.open(folder, settings=Settings(), clock=clock) as engine:
        note = await leave(engine, "Look here", acknowledge=True)
        engine.agents.notes.take("ana")

    async with Engine.open(folder, settings=Settings(), clock=clock) as engine:
        with pytest.raises(Paused):
            await engine.jobs.claim_job(ANA, queue="q", wait_seconds=20)  # nothing to wait for
        await engine.jobs.finish_job(ANA, job=note)
        assert await engine.jobs.claim_job(ANA, queue="q") == {}


async def test_only_so_many_notes_wait_for_an_agent_and_old_ones_are_forgotten(engine: Engine) -> None:
    for number in range(LIMITS.note_open_max):
        await leave(engine, f"note {number}")
    with pytest.raises(QuotaExceeded):
        await leave(engine, "one more")
    for number in range(LIMITS.notes_per_agent_max):
        engine.agents.notes.take("ana")
        await engine.agents.write_down()
        await leave(engine, f"later {number}")

    kept = (await engine.agents.show_agent(OWNER, agent="ana"))["notes"]

    assert len(kept) == LIMITS.notes_per_agent_max
    assert kept[0]["text"] == f"later {LIMITS.notes_per_agent_max - 1}"


@pytest.mark.parametrize(("agent", "text"), [("anonymous", "you there"), ("server", "x"), ("ana", " ")])
async def test_a_note_says_something_to_somebody(engine: Engine, agent: str, text: str) -> None:
    with pytest.raises(InvalidArgument):
        await leave(engine, text, agent=agent)


async def test_only_admins_leave_notes(engine: Engine) -> None:
    with pytest.raises(Forbidden):
        await engine.agents.notes.leave_note(ANA, agent="bob", text="do my work")
