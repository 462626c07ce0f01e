"""What a person decides: approvals that let flows go on, triggers that wait for a word, and what is dismissed."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from workspace_server.config import Settings
from workspace_server.core.access import Caller
from workspace_server.core.attention import ACTIONS
from workspace_server.core.clock import ManualClock
from workspace_server.core.limits import LIMITS
from workspace_server.core.scopes import ALL
from workspace_server.errors import Conflict, Forbidden, InvalidArgument, NotFound, WorkspaceError
from workspace_server.services.automation import attention
from workspace_server.services.engine import Engine
from workspace_server.services.recording import Commit, Result

pytestmark = pytest.mark.anyio

ANN = Caller(agent="ann")
PAT = Caller(agent="pat", scope=ALL)
"""A person: has proven the verb admin."""
FAR = "https://hooks.example.com/hook"


@pytest.fixture
async def engine(folder: Path, clock: ManualClock) -> AsyncIterator[Engine]:
    """A workspace that sends nothing: the hosts of these tests are nobody's."""
    async with Engine.open(folder, settings=Settings(deliveries=False), clock=clock) as opened:
        yield opened


async def save(engine: Engine, path: str, text: str) -> None:
    await engine.files.write_file(ANN, path=path, content=text, overwrite=True)


async def asks(engine: Engine, files: list[Any], **fields: Any) -> None:
    given = {"name": "publish", "settle": "immediate", "options": {"approval": "Publish it?"}, **fields}
    await engine.triggers.create_trigger(ANN, files=files, **given)


async def listed(engine: Engine, caller: Caller = PAT, **given: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await engine.decisions.list_attention(caller, **given))["attention"]
    return found


async def told(engine: Engine, kind: str) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = (await engine.events.feed(ANN, types=[kind]))["events"]
    return events


async def test_a_flow_waits_for_a_person_who_is_told_the_versions(engine: Engine) -> None:
    await asks(engine, ["draft.md"], instructions="Look at the prices.")
    await save(engine, "draft.md", "one\n")

    [asked] = await told(engine, "approval.requested")
    assert (asked["path"], asked["version"], asked["trigger"], asked["question"]) == (
        "draft.md",
        1,
        "publish",
        "Publish it?",
    )
    [entry] = await listed(engine, ANN)
    assert (entry["kind"], entry["summary"], entry["actions"]) == ("approval", "Publish it?", ["approve", "deny"])
    assert [(one["path"], one["version"]) for one in entry["about"]["inputs"]] == [("draft.md", 1)]
    assert entry["about"]["instructions"] == "Look at the prices."

    answer = await engine.decisions.approve(PAT, attention=entry["attention"], note="fine")
    assert answer == {"attention": "A1", "outcome": "approved"}
    [granted] = await told(engine, "approval.granted")
    assert (granted["path"], granted["version"], granted["by"], granted["note"]) == ("draft.md", 1, "pat", "fine")
    assert granted["firing"] == granted["cause"]["firing"] == asked["firing"]
    assert "stale" not in granted
    assert await listed(engine) == []
    [over] = await listed(engine, ended=True)
    assert (over["outcome"], over["ended_by"], over["note"], over["actions"]) == ("approved", "pat", "fine", [])


@pytest.mark.parametrize("mode", ["each", "all"])
async def test_the_next_agent_starts_once_a_person_has_approved(engine: Engine, mode: str) -> None:
    files = ["draft.md"] if mode == "each" else ["draft.md", "cover.md"]
    await asks(engine, files, mode=mode)
    options = {"on": ["approval.granted"], "settle": "immediate"}
    await engine.triggers.create_trigger(ANN, name="go", files=["draft.md"], queue="publish", options=options)
    for path in files:
        await save(engine, path, "one\n")
    assert (await engine.jobs.claim_job(ANN, queue="publish")) == {}

    await engine.decisions.approve(PAT, attention="A1")

    job = (await engine.jobs.claim_job(ANN, queue="publish"))["job"]
    assert (job["trigger"], job["inputs"]) == ("go", [{"path": "draft.md", "version": 1}])
    fired = (await told(engine, "trigger.fired"))[-1]
    assert fired["cause"]["firing"] == "F1"


async def test_nobody_is_asked_twice_while_the_answer_is_open(engine: Engine) -> None:
    await asks(engine, ["draft.md"])
    for text in ("one\n", "two\n", "three\n"):
        await save(engine, "draft.md", text)
    [entry] = await listed(engine)
    assert entry["stale"] == [{"path": "draft.md", "version": 1, "now": 3}]

    await engine.decisions.deny(PAT, attention=entry["attention"], note="look again")

    [denied] = await told(engine, "approval.denied")
    assert (denied["inputs"][0]["version"], denied["stale"], denied["note"]) == (1, True, "look again")
    [again] = await listed(engine)
    assert again["about"]["inputs"][0]["version"] == 3
    assert "stale" not in again


async def test_what_has_moved_on_is_approved_only_by_who_says_so(engine: Engine) -> None:
    await asks(engine, ["a.md", "b.md"], mode="all")
    await save(engine, "a.md", "a\n")
    await save(engine, "b.md", "b\n")
    await engine.files.delete_file(ANN, path="b.md")
    [entry] = await listed(engine)

    with pytest.raises(Conflict) as refusal:
        await engine.decisions.approve(PAT, attention=entry["attention"])
    assert refusal.value.facts["stale"] == [{"path": "b.md", "version": 1, "now": None}]
    assert "nothing stands there" in refusal.value.message
    assert await told(engine, "approval.granted") == []

    answer = await engine.decisions.approve(PAT, attention=entry["attention"], stale=True)
    assert answer == {"attention": "A1", "outcome": "approved", "stale": True}
    [granted] = await told(engine, "approval.granted")
    assert granted["stale"] is True


async def test_an_agent_does_not_approve_its_own_work(engine: Engine) -> None:
    await asks(engine, ["draft.md"])
    await save(engine, "draft.md", "one\n")

    for act in (engine.decisions.approve, engine.decisions.deny, engine.decisions.dismiss, engine.decisions.retry):
        with pytest.raises(Forbidden):
            await act(ANN, attention="A1")
    assert len(await listed(engine)) == 1


async def test_a_decision_is_made_once(engine: Engine) -> None:
    await asks(engine, ["draft.md"])
    await save(engine, "draft.md", "one\n")
    await engine.decisions.approve(PAT, attention="A1")

    with pytest.raises(Conflict) as refusal:
        await engine.decisions.deny(PAT, attention="A1")
    assert refusal.value.message == "A1 is over already: approved, by pat."
    assert await told(engine, "approval.denied") == []


@pytest.mark.parametrize(
    ("given", "kind"),
    [({"attention": "A7"}, NotFound), ({"attention": "seven"}, NotFound), ({"attention": "A1"}, InvalidArgument)],
)
async def test_what_cannot_be_decided_is_refused(
    engine: Engine, given: dict[str, str], kind: type[WorkspaceError]
) -> None:
    await asks(engine, ["draft.md"])
    await save(engine, "draft.md", "one\n")

    with pytest.raises(kind):
        await engine.decisions.dismiss(PAT, **given)


async def test_more_flows_than_anybody_can_answer_are_denied_at_once(engine: Engine) -> None:
    await asks(engine, ["{name}.md"], options={"approval": "Publish it?", "rate_per_minute": 100_000})

    async def crowd(commit: Commit) -> Result:
        for number in range(LIMITS.attention_per_kind_max):
            await attention.add(commit, kind="approval", key=f"F{number + 1_000}", summary="Publish it?")
        return {}

    await engine.folder.recorder.change(PAT, "test", crowd)
    await save(engine, "one.md", "one\n")

    [denied] = await told(engine, "approval.denied")
    assert (denied["by"], denied["path"]) == ("server", "one.md")
    assert await told(engine, "approval.requested") == []
    assert (await engine.decisions.counts())["approval"] == LIMITS.attention_per_kind_max
    assert (await engine.triggers.list_triggers(ANN))["triggers"][0]["in_flight"] == 0


async def test_a_webhook_to_an_unlisted_host_fires_once_a_person_agrees(engine: Engine) -> None:
    await save(engine, "a.md", "one\n")
    made = await engine.triggers.create_trigger(
        ANN, name="leak", files=["a.md"], url=FAR, options={"since": "existing", "settle": "immediate"}
    )
    assert made["state"] == "needs_approval"
    [entry] = await listed(engine)
    assert (entry["kind"], entry["url"]) == ("needs_approval", FAR)
    assert entry["summary"] == "ann wants the trigger leak to send webhooks to https://hooks.example.com"
    [unproven] = await listed(engine, ANN)
    assert "url" not in unproven
    assert await told(engine, "trigger.fired") == []

    await engine.decisions.approve(PAT, attention=entry["attention"])

    assert (await engine.triggers.list_triggers(ANN))["triggers"][0]["state"] == "active"
    [fired] = await told(engine, "trigger.fired")
    assert fired["path"] == "a.md"


async def test_a_trigger_that_is_denied_is_gone(engine: Engine) -> None:
    await engine.triggers.create_trigger(ANN, name="leak", files=["a.md"], url=FAR)

    await engine.decisions.deny(PAT, attention="A1")

    assert (await engine.triggers.list_triggers(ANN))["triggers"] == []
    assert await listed(engine) == []


async def test_a_deleted_trigger_leaves_nothing_to_decide(engine: Engine) -> None:
    await engine.triggers.create_trigger(ANN, name="leak", files=["a.md"], url=FAR)

    await engine.triggers.delete_trigger(ANN, name="leak")

    assert await listed(engine) == []


async def test_the_list_goes_by_pages_and_by_kind(engine: Engine) -> None:
    async def several(commit: Commit) -> Result:
        for number in range(5):
            await attention.add(commit, kind="dead_job", key=f"J{number}", summary=f"J{number} failed")
        await attention.add(commit, kind="conflict", key="b.md", summary="two sides")
        return {}

    await engine.folder.recorder.change(PAT, "test", several)
    first = await engine.decisions.list_attention(ANN, kind="dead_job", limit=3)
    rest = await engine.decisions.list_attention(ANN, kind="dead_job", limit=3, cursor=first["next_cursor"])

    assert [one["summary"] for one in first["attention"]] == ["J4 failed", "J3 failed", "J2 failed"]
    assert [one["summary"] for one in rest["attention"]] == ["J1 failed", "J0 failed"]
    assert "next_cursor" not in rest
    assert first["open"] == {"conflict": 1, "dead_job": 5}
    assert await engine.decisions.count(PAT) == 6

    answer = await engine.decisions.dismiss(PAT, attention="A6", note="merged by hand")
    assert answer == {"attention": "A6", "outcome": "dismissed"}
    assert await listed(engine, kind="conflict") == []


@pytest.mark.parametrize("given", [{"kind": "odd"}, {"cursor": "odd"}, {"limit": 0}])
async def test_a_list_that_cannot_be_is_refused(engine: Engine, given: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgument):
        await engine.decisions.list_attention(ANN, **given)


async def claimed(engine: Engine) -> dict[str, Any]:
    job: dict[str, Any] = (await engine.jobs.claim_job(ANN, queue="edit"))["job"]
    return job


async def test_a_blocked_job_comes_back_with_the_answer(engine: Engine) -> None:
    await engine.jobs.add_job(ANN, queue="edit", instructions="Cut it down.")
    await engine.jobs.finish_job(ANN, job=(await claimed(engine))["job"], outcome="blocked", note="To how many words?")
    [entry] = await listed(engine)
    assert (entry["kind"], entry["actions"]) == ("blocked_job", ["reply"])
    assert "To how many words?" in entry["summary"]

    with pytest.raises(InvalidArgument):
        await engine.decisions.reply(PAT, attention=entry["attention"], reply="")
    with pytest.raises(Forbidden):
        await engine.decisions.reply(ANN, attention=entry["attention"], reply="To 800.")
    answer = await engine.decisions.reply(PAT, attention=entry["attention"], reply="To 800.")

    assert answer == {"attention": entry["attention"], "outcome": "replied"}
    assert (await claimed(engine))["reply"] == "To 800."
    assert await listed(engine) == []


async def test_a_job_that_was_given_up_is_tried_again(engine: Engine) -> None:
    await engine.jobs.add_job(ANN, queue="edit", instructions="Cut it down.")
    for _ in range(LIMITS.job_attempts_max):
        await engine.jobs.finish_job(ANN, job=(await claimed(engine))["job"], outcome="retry")
    [entry] = await listed(engine)
    assert (entry["kind"], entry["actions"]) == ("dead_job", ["retry", "dismiss"])

    assert (await engine.decisions.retry(PAT, attention=entry["attention"]))["outcome"] == "retried"

    assert (await claimed(engine))["job"] == entry["about"]["job"]
    assert await listed(engine) == []


async def test_all_that_can_be_tried_again_is(engine: Engine) -> None:
    tried = set(engine.decisions.retries)
    assert tried == {kind for kind, actions in ACTIONS.items() if "retry" in actions}


async def test_what_is_asked_is_found_by_the_trigger_that_asks(engine: Engine) -> None:
    for name in ("one", "two"):
        options = {"approval": "Go on?", "settle": "immediate"}
        await engine.triggers.create_trigger(ANN, name=name, files=[f"{name}/{{file}}.md"], options=options)
    for path in ("one/a.md", "two/a.md", "two/b.md"):
        await engine.files.write_file(ANN, path=path, content="x")

    found = await engine.decisions.list_attention(ANN, trigger="two")
    assert [one["attention"] for one in found["attention"]] == ["A3", "A2"]
    assert found["open_by_trigger"] == {"two": 2, "one": 1}
    assert (await engine.decisions.list_attention(ANN, trigger="three"))["attention"] == []
    assert (await engine.decisions.show_entry(ANN, attention="A1"))["about"]["trigger"] == "one"
    with pytest.raises(NotFound):
        await engine.decisions.show_entry(ANN, attention="A9")
