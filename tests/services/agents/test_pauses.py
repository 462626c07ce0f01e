"""Agents are held up, and go on: at every door, over restarts, and with all that waits for them."""

from pathlib import Path

import anyio
import pytest

from tests.services.tree.folders import aged, reconcile
from workspace_server.config import Settings
from workspace_server.core.access import Caller
from workspace_server.core.clock import ManualClock
from workspace_server.core.scopes import ALL
from workspace_server.errors import Forbidden, InvalidArgument, Paused
from workspace_server.services.engine import Engine

pytestmark = pytest.mark.anyio

ANA = Caller(agent="ana")
BOB = Caller(agent="bob")
OWNER = Caller(agent="owner", scope=ALL)
WAIT_S = 20


async def types(engine: Engine) -> list[str]:
    """Return what happened, but for what the index does in its own time."""
    happened = (await engine.events.feed(OWNER))["events"]
    return [event["type"] for event in happened if event["type"] != "file.indexed"]


async def test_a_paused_agent_reads_on_and_changes_nothing_until_it_is_resumed(engine: Engine) -> None:
    await engine.files.write_file(ANA, path="a.md", content="one\n")
    await engine.agents.pauses.pause_agent(OWNER, agent="ana", note="wrong sources")

    with pytest.raises(Paused) as refused:
        await engine.files.write_file(ANA, path="a.md", content="two\n", overwrite=True)
    assert refused.value.facts["note"] == "wrong sources"
    assert (await engine.files.read_file(ANA, path="a.md")).text == "one\n"
    await engine.files.write_file(BOB, path="b.md", content="others go on\n")

    await engine.agents.pauses.resume_agent(OWNER, agent="ana")
    draft = str(refused.value.facts["draft"])
    written = await engine.files.write_file(ANA, path="a.md", draft=draft, overwrite=True)
    assert written["version"] == 2
    assert (await types(engine))[-4:] == ["agent.paused", "file.created", "agent.resumed", "file.updated"]


async def test_all_that_changes_something_is_refused_while_the_workspace_is_paused(engine: Engine) -> None:
    await engine.files.write_file(ANA, path="a.md", content="one\n")
    held = (await engine.locks.lock_files(ANA, paths=["a.md"]))["lock"]
    await engine.jobs.add_job(BOB, queue="q", instructions="do it")
    job = (await engine.jobs.claim_job(ANA, queue="q"))["job"]["job"]
    await engine.agents.pauses.pause_workspace(OWNER, note="lunch")

    for change in (
        engine.files.edit_file(ANA, path="a.md", edits=[{"old_text": "one", "new_text": "two"}], lock=held),
        engine.files.delete_file(ANA, path="a.md", lock=held),
        engine.files.move_file(ANA, path="a.md", to="b.md", lock=held),
        engine.locks.lock_files(BOB, paths=["c.md"]),
        engine.jobs.add_job(BOB, queue="q", instructions="more"),
        engine.jobs.claim_job(BOB, queue="q"),
        engine.triggers.create_trigger(BOB, name="t", files=["*.md"], queue="q"),
        engine.undo.undo(ANA, agent="ana", since=0),
    ):
        with pytest.raises(Paused):
            await change

    assert (await engine.locks.unlock_files(ANA, lock=held))["released"] == [held]
    assert (await engine.jobs.finish_job(ANA, job=job))["state"] == "done"
    assert (await engine.files.write_file(OWNER, path="b.md", content="by a person\n"))["version"] == 1
    assert (await engine.agents.list_agents(ANA))["paused"]["note"] == "lunch"


async def test_a_pause_holds_over_a_restart(folder: Path, clock: ManualClock) -> None:
    async with Engine.open(folder, settings=Settings(), clock=clock) as engine:
        await engine.agents.pauses.pause_agent(OWNER, agent="ana")

    async with Engine.open(folder, settings=Settings(), clock=clock) as engine:
        assert (await engine.status.status(BOB))["paused"] == {"workspace": False, "agents": ["ana"]}
        with pytest.raises(Paused):
            await engine.files.write_file(ANA, path="a.md", content="one\n")


async def test_an_answer_that_was_given_is_given_again_to_a_paused_agent(engine: Engine) -> None:
    asking = Caller(agent="ana", request_id="r-1")
    first = await engine.files.write_file(asking, path="a.md", content="one\n")
    await engine.agents.pauses.pause_agent(OWNER, agent="ana")

    assert await engine.files.write_file(asking, path="a.md", content="one\n") == {**first, "replayed": True}


async def test_who_waits_for_a_job_waits_the_pause_out_and_takes_nobodys_place(engine: Engine) -> None:
    await engine.agents.pauses.pause_workspace(OWNER)
    with pytest.raises(Paused):
        await engine.jobs.claim_job(ANA, queue="q", wait_seconds=0)

    claimed = {}

    async def claim() -> None:
        claimed.update(await engine.jobs.claim_job(ANA, queue="q", wait_seconds=WAIT_S))

    async with anyio.create_task_group() as waiting:
        waiting.start_soon(claim)
        await engine.jobs.add_job(OWNER, queue="q", instructions="do it")
        await engine.agents.pauses.resume_workspace(OWNER)

    assert claimed["job"]["instructions"] == "do it"


async def test_edits_on_disk_are_taken_in_while_the_workspace_is_paused(engine: Engine) -> None:
    await engine.agents.pauses.pause_workspace(OWNER)

    aged(engine.root / "by-hand.md", b"it has happened\n")
    assert await reconcile(engine) == 1

    assert (await engine.files.read_file(ANA, path="by-hand.md")).text == "it has happened\n"


async def test_what_an_agents_own_tool_has_saved_is_taken_in_as_its_work(engine: Engine) -> None:
    await engine.files.write_file(ANA, path="a.md", content="one\n")
    await engine.checkouts.check_out(ANA, path="a.md")
    await engine.agents.pauses.pause_agent(OWNER, agent="ana")
    aged(engine.root / "a.md", b"two\n")

    done = await engine.checkouts.check_in(ANA, path="a.md")

    assert (done["version"], done["by"]) == (2, "ana")
    with pytest.raises(Paused):
        await engine.checkouts.check_out(ANA, path="a.md")


async def test_pausing_twice_is_one_pause_unless_it_says_another_why(engine: Engine) -> None:
    for note in ("first", None, "first", "second"):
        await engine.agents.pauses.pause_agent(OWNER, agent="ana", note=note)
    for _ in range(2):
        await engine.agents.pauses.resume_agent(OWNER, agent="ana")

    events = (await engine.events.feed(OWNER, types=["agent.paused", "agent.resumed"]))["events"]
    assert [(one["type"], one.get("note"), one["whom"]) for one in events] == [
        ("agent.paused", "first", "ana"),
        ("agent.paused", "second", "ana"),
        ("agent.resumed", None, "ana"),
    ]


async def test_only_admins_pause_and_only_agents_are_paused(engine: Engine) -> None:
    with pytest.raises(Forbidden):
        await engine.agents.pauses.pause_agent(ANA, agent="bob")
    with pytest.raises(Forbidden):
        await engine.agents.pauses.pause_workspace(ANA)
    with pytest.raises(InvalidArgument):
        await engine.agents.pauses.pause_agent(OWNER, agent="external")
