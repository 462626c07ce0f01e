"""Runs in a real workspace: from the first change to the last, and which step went wrong."""

from typing import Any

import pytest

from tests.services.automation.acting import ANN, BOB, EDITOR, REPORTS, claim, finish, save, turn, watch
from workspace_server.core.access import Caller
from workspace_server.core.clock import ManualClock
from workspace_server.core.scopes import ALL
from workspace_server.errors import InvalidArgument, NotFound, WorkspaceError
from workspace_server.services.automation import tracing
from workspace_server.services.engine import Engine

pytestmark = pytest.mark.anyio

ADMIN = Caller(agent="owner", scope=ALL)


async def steps(engine: Engine, run: str) -> list[str]:
    """Return the steps of a run by their names; of a change, whose number the index has a hand in, the path."""
    shown = await engine.runs.show_run(ANN, run=run)
    return [step.get("path", step["step"]) for step in shown["steps"]]


async def runs(engine: Engine, **given: Any) -> list[tuple[str, int, str]]:
    listed = await engine.runs.list_runs(ANN, **given)
    return [(run["run"], run["firings"], run["state"]) for run in listed["runs"]]


async def in_a_row(engine: Engine, clock: ManualClock) -> None:
    """Let a writer's draft start an editor, whose edit starts a checker that fails."""
    await watch(engine, ["draft.md"], name="edit", queue="editor")
    await watch(engine, ["edited.md"], name="check", queue="checker")
    await save(engine, "draft.md", "one", message="first words")
    clock.advance(2)
    job = await claim(engine, "editor")
    clock.advance(3)
    await save(engine, "edited.md", "better", EDITOR)
    await finish(engine, job)
    await claim(engine, "checker", BOB)
    clock.advance(1)
    await engine.jobs.finish_job(BOB, job="J2", outcome="failed", note="no such rule")


async def test_a_run_is_told_from_the_first_change_to_what_went_wrong(engine: Engine, clock: ManualClock) -> None:
    await in_a_row(engine, clock)
    run = await engine.runs.show_run(ANN, run="F1")
    told = run["steps"]
    assert await steps(engine, "F1") == ["draft.md", "F1", "J1", "edited.md", "F2", "J2"]
    assert [step["depth"] for step in told] == [0, 1, 1, 1, 2, 2]
    assert [step.get("gap_seconds") for step in told] == [None, 0, 0, 5, 0, 0]
    assert (told[0]["path"], told[0]["agent"], told[0]["message"]) == ("draft.md", "ann", "first words")
    assert (told[1]["trigger"], told[1]["inputs"]) == ("edit", [{"path": "draft.md", "version": 1}])
    assert (told[2]["is"], told[2]["agent"], told[2]["queue"]) == ("done", "editor", "editor")
    assert told[3]["after"] == ["J1"]
    assert (told[5]["is"], told[5]["note"]) == ("failed", "no such rule")
    assert (run["state"], run["wrong"], run["more"]) == ("failed", "J2", False)


async def test_the_same_run_is_seen_from_every_firing_and_from_its_first_change(
    engine: Engine, clock: ManualClock
) -> None:
    await in_a_row(engine, clock)
    whole = await steps(engine, "F1")
    assert await steps(engine, "F2") == whole
    numbers = [str(step["seq"]) for step in (await engine.runs.show_run(ANN, run="F1"))["steps"] if "seq" in step]
    assert await steps(engine, numbers[0]) == whole
    assert await steps(engine, numbers[1]) == ["edited.md", "F2", "J2"]


async def test_what_needed_several_files_follows_from_all_of_them(engine: Engine) -> None:
    await watch(engine, ["plan.md"], name="research", queue="research")
    await watch(engine, REPORTS, name="analyse", mode="all", queue="analyst")
    await save(engine, "plan.md", "one")
    await claim(engine, "research")
    await save(engine, REPORTS[0], "cats", EDITOR)
    await save(engine, REPORTS[1], "dogs", BOB)
    await save(engine, REPORTS[2], "owls", BOB)
    run = await engine.runs.show_run(ANN, run="F2")
    (analysed,) = [step for step in run["steps"] if step["step"] == "F2"]
    reports = {step["path"]: step["step"] for step in run["steps"] if step["kind"] == "change"}
    assert analysed["after"] == [reports[path] for path in REPORTS]
    assert run["state"] == "going"
    assert (await steps(engine, "F2"))[:3] == ["plan.md", "F1", "J1"]


async def test_a_run_shows_what_else_was_needed_and_of_which_run_that_is(engine: Engine) -> None:
    for name in ("cats", "dogs"):
        await watch(engine, ["plan.md"], name=name, queue=name)
    await watch(engine, REPORTS[:2], name="analyse", mode="all", queue="analyst")
    await save(engine, "plan.md", "one")
    await claim(engine, "cats", BOB)
    await claim(engine, "dogs")
    await save(engine, REPORTS[0], "cats", BOB)
    await save(engine, REPORTS[1], "dogs", EDITOR)
    run = await engine.runs.show_run(ANN, run="F1")
    (other,) = [step for step in run["steps"] if step.get("path") == REPORTS[1]]
    assert (other["after"], other["agent"], other["depth"]) == (["F2"], "editor", 0)
    assert sorted(await steps(engine, "F3")) == sorted(["plan.md", *REPORTS[:2], "F1", "J1", "F2", "J2", "F3", "J3"])


async def test_a_question_to_a_person_holds_the_run_until_it_is_answered(engine: Engine) -> None:
    await engine.triggers.create_trigger(
        ANN, name="publish", files=["draft.md"], approval="Publish it?", settle="immediate"
    )
    await engine.triggers.create_trigger(
        ANN, name="send", files=["draft.md"], on=["approval.granted"], queue="send", settle="immediate"
    )
    await save(engine, "draft.md", "one")
    assert (await engine.runs.show_run(ANN, run="F1"))["state"] == "waiting"
    (entry,) = (await engine.decisions.list_attention(ADMIN))["attention"]
    await engine.decisions.approve(ADMIN, attention=entry["attention"])
    run = await engine.runs.show_run(ANN, run="F1")
    kinds = [step.get("type", step["kind"]) for step in run["steps"]]
    assert kinds == ["file.created", "firing", "approval.requested", "approval.granted", "firing", "job"]


async def test_runs_are_listed_by_their_beginnings_newest_first(engine: Engine, clock: ManualClock) -> None:
    await in_a_row(engine, clock)
    await save(engine, "draft.md", "two")
    assert await runs(engine) == [("F3", 1, "going"), ("F1", 2, "failed")]
    assert await runs(engine, trigger="check") == [("F2", 2, "failed")]
    first = await engine.runs.list_runs(ANN, limit=1)
    assert await runs(engine, limit=1, cursor=first["next_cursor"]) == [("F1", 2, "failed")]
    assert first["runs"][0]["inputs"] == [{"path": "draft.md", "version": 2, "agent": "ann"}]


async def test_a_suppressed_firing_is_a_step_with_its_reason(engine: Engine, clock: ManualClock) -> None:
    await watch(engine, ["draft.md"], name="edit", queue="editor", max_depth=1, include_own_writes=True)
    await save(engine, "draft.md", "one")
    await claim(engine, "editor")
    clock.advance(1)
    await save(engine, "draft.md", "two", EDITOR)
    await engine.jobs.finish_job(EDITOR, job="J1")
    await turn(engine, clock, 10)
    run = await engine.runs.show_run(ANN, run="F1")
    (stopped,) = [step for step in run["steps"] if step.get("type") == "trigger.suppressed"]
    assert (stopped["reason"], stopped["state"], run["wrong"]) == ("depth", "failed", stopped["step"])


async def test_a_run_with_more_than_is_shown_says_so(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, clock: ManualClock
) -> None:
    await in_a_row(engine, clock)
    monkeypatch.setattr(tracing, "FIRINGS_MAX", 1)
    for start in ("F1", "1"):
        run = await engine.runs.show_run(ANN, run=start)
        assert run["more"], start
    monkeypatch.setattr(tracing, "CHANGES_MAX", 1)
    assert (await engine.runs.show_run(ANN, run="F1"))["more"]


async def test_a_long_chain_is_followed_for_so_many_firings(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, clock: ManualClock
) -> None:
    await in_a_row(engine, clock)
    monkeypatch.setattr(tracing, "LEVELS_MAX", 1)
    for start in ("F1", "F2"):
        assert (await engine.runs.show_run(ANN, run=start))["more"], start


@pytest.mark.parametrize("run", ["F9", "9", "F", "x", "", "9" * 40, "F1\x00"])
async def test_a_run_that_is_none_is_refused(engine: Engine, run: str) -> None:
    with pytest.raises(NotFound):
        await engine.runs.show_run(ANN, run=run)


async def test_a_page_that_is_none_is_refused(engine: Engine) -> None:
    for wrong in ({"cursor": "J1"}, {"limit": 0}, {"trigger": "a b"}):
        with pytest.raises(InvalidArgument):
            await engine.runs.list_runs(ANN, **wrong)
    with pytest.raises(WorkspaceError):
        await engine.runs.list_runs(ANN, trigger="absent")
