"""Who may do something in a part of the workspace: no answer tells of what lies outside, by name, words or number.

`SECRET` stands in the name and the words of every file outside, so one search of an answer shows a leak.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from workspace_server.core.access import Caller
from workspace_server.core.limits import LIMITS
from workspace_server.core.scopes import ALL, parse_scope
from workspace_server.core.sorting import parse_order
from workspace_server.errors import (
    Forbidden,
    InvalidArgument,
    JobLost,
    LockLost,
    NameTaken,
    NotFound,
    WorkspaceError,
)
from workspace_server.services.activity import Wanted
from workspace_server.services.automation import claiming, queues
from workspace_server.services.engine import Engine
from workspace_server.services.events import told_to
from workspace_server.services.files import ground
from workspace_server.services.files.browsing import Narrowed
from workspace_server.services.history import moment

pytestmark = pytest.mark.anyio

OWNER = Caller(agent="boss")
OPERATOR = Caller(agent="boss", scope=ALL)
CLERK = Caller(agent="clerk")
EVE = Caller(agent="eve", scope=ALL)
BOB = Caller(agent="bob", scope=parse_scope(["all:open/**"]))
BLIND = Caller(agent="bob", scope=parse_scope(["write:**"]))
SECRET = "zanzibar"


@pytest.fixture
async def filled(engine: Engine) -> Engine:
    """A workspace with the same outside as inside, and with threads between the two."""
    for path, text in (
        ("open/plan.md", "# Relay\n\nprice: 40 EUR\n"),
        (f"{SECRET}/plan.md", "# Relay\n\nprice: 41 EUR\n"),
        (f"open-{SECRET}.md", f"# The relay\n\nmarzipan {SECRET}\n"),
    ):
        await engine.files.write_file(OWNER, path=path, content=text)
    sources = [{"path": f"{SECRET}/plan.md", "version": 1}, {"path": "open/plan.md", "version": 1}]
    await engine.files.write_file(OWNER, path="open/sum.md", content="The relay sum.\n", sources=sources)
    from_inside = [{"path": "open/plan.md", "version": 1}]
    await engine.files.write_file(OWNER, path=f"{SECRET}/use.md", content="A relay use.\n", sources=from_inside)
    await engine.files.write_file(OWNER, path=f"{SECRET}/moved.md", content="The relay moved.\n")
    await engine.files.move_file(OWNER, path=f"{SECRET}/moved.md", to="open/moved.md")
    await engine.locks.lock_files(OWNER, paths=[f"{SECRET}/", "open/"], mode="intent", purpose=f"about {SECRET}")
    await engine.locks.lock_files(OWNER, paths=[f"{SECRET}/plan.md"], purpose=f"about {SECRET}")
    for path in ("open/plan.md", f"{SECRET}/plan.md", SECRET):
        await engine.links.create_link(OPERATOR, path=path, note=path)
    for queue, path in (("open-queue", "open/plan.md"), (f"{SECRET}-queue", f"{SECRET}/plan.md")):
        for instructions in ("read", "sum up"):
            await engine.jobs.add_job(OWNER, queue=queue, instructions=f"{instructions} {path}", inputs=[path])
        claimed = await engine.jobs.claim_job(CLERK, queue=queue)
        await engine.jobs.finish_job(CLERK, job=claimed["job"]["job"], outcome="blocked", note=f"what of {path}?")
    await engine.jobs.add_job(OWNER, queue=f"{SECRET}-queue", instructions=SECRET)
    both = ["open/plan.md", f"{SECRET}/plan.md"]
    await engine.jobs.add_job(OWNER, queue="open-queue", instructions=SECRET, inputs=both)
    return engine


Call = Callable[[Engine, Caller], Awaitable[Any]]
CALLS: dict[str, Call] = {
    "list": lambda engine, caller: engine.listing.list_files(caller, recursive=True),
    "list folded": lambda engine, caller: engine.listing.list_files(caller, detail="full"),
    "list by pattern": lambda engine, caller: engine.listing.list_files(caller, pattern="**/*.md", detail="full"),
    "list as of then": lambda engine, caller: engine.listing.list_files(caller, recursive=True, as_of_seq=7),
    "search": lambda engine, caller: engine.search.search(caller, query="relay"),
    "search exactly": lambda engine, caller: engine.search.search(caller, query="relay", mode="exact"),
    "search by regex": lambda engine, caller: engine.search.search(caller, query="r.lay", mode="regex"),
    "search misspelled": lambda engine, caller: engine.search.search(caller, query="zanzibat"),
    "facts": lambda engine, caller: engine.search.query_facts(caller, query="relay price", detail="full"),
    "facts as of then": lambda engine, caller: engine.search.query_facts(caller, query="relay price", as_of_seq=4),
    "facts beside": lambda engine, caller: engine.search.facts_beside(
        caller, path="open/plan.md", version=1, first_line=1, last_line=9
    ),
    "describe": lambda engine, caller: engine.search.describe_file(caller, path="open/sum.md"),
    "describe a source": lambda engine, caller: engine.search.describe_file(caller, path="open/plan.md"),
    "provenance": lambda engine, caller: engine.provenances.provenance(caller, path="open/sum.md"),
    "provenance of a source": lambda engine, caller: engine.provenances.provenance(caller, path="open/plan.md"),
    "history": lambda engine, caller: engine.files.file_history(caller, path="open/sum.md"),
    "history of what was moved": lambda engine, caller: engine.files.file_history(caller, path="open/moved.md"),
    "blame": lambda engine, caller: engine.blaming.blame(caller, path="open/moved.md"),
    "read": lambda engine, caller: engine.files.read_file(caller, path="open/plan.md"),
    "events": lambda engine, caller: engine.events.list_events(caller, squash=False, max_tokens=9_000),
    "events from the first": lambda engine, caller: engine.events.feed(caller),
    "locks": lambda engine, caller: engine.locks.list_locks(caller),
    "table of locks": lambda engine, caller: engine.locks.page_of_locks(caller, limit=10),
    "contradictions": lambda engine, caller: engine.contradictions.list_conflicts(caller),
    "contradictions about": lambda engine, caller: engine.contradictions.about(caller, subject="Relay", key="price"),
    "activity": lambda engine, caller: engine.activity.recent(caller, Wanted()),
    "activity of some files": lambda engine, caller: engine.activity.recent(caller, Wanted(path="**/*.md")),
    "activity by path": lambda engine, caller: engine.activity.recent(caller, Wanted(squash=True)),
    "status": lambda engine, caller: engine.status.status(caller),
    "agents": lambda engine, caller: engine.agents.list_agents(caller),
    "one agent": lambda engine, caller: engine.agents.show_agent(caller, agent="boss"),
    "attention": lambda engine, caller: engine.decisions.list_attention(caller),
    "queues": lambda engine, caller: engine.queues.list_queues(caller),
    "jobs": lambda engine, caller: engine.queues.list_jobs(caller),
    "folders": lambda engine, caller: engine.browsing.directories(caller, path="", opened=f"{SECRET}/deep"),
    "table": lambda engine, caller: engine.browsing.table(caller, path=""),
    "table by time": lambda engine, caller: engine.browsing.table(caller, path="", order=parse_order("-modified")),
    "table below": lambda engine, caller: engine.browsing.table(caller, path="", narrowed=Narrowed(name="plan")),
    "table of a directory": lambda engine, caller: engine.browsing.table(caller, path="open"),
    "find": lambda engine, caller: engine.browsing.find(caller, query="plan"),
    "undo": lambda engine, caller: engine.undo.undo(caller, agent="boss", since=0, dry_run=True, diffs_max=9),
    "links": lambda engine, caller: engine.links.list_links(caller),
    "wait": lambda engine, caller: engine.waits.wait_for(caller, files=["open/"], timeout_seconds=0),
}


async def test_no_answer_tells_of_what_lies_outside_of_the_scope(filled: Engine) -> None:
    await filled.indexing.freshness("passages", filled.head_seq, timeout_s=10)
    await filled.indexing.freshness("facts", filled.head_seq, timeout_s=10)
    for name, call in CALLS.items():
        whole, part = await call(filled, EVE), await call(filled, BOB)
        assert SECRET not in shown(part), name
        assert "open" in shown(part) or name in EMPTY, name
        assert SECRET in shown(whole) or name in {"wait", "status", "table of a directory"}, name


def shown(answer: Any) -> str:
    return json.dumps(answer, default=str)


EMPTY = {"search misspelled", "agents", "locks", "table of locks", "contradictions", "contradictions about", "status"}
"""Where nothing is left of what there is, or nothing has a path."""


async def test_totals_count_what_may_be_seen(filled: Engine) -> None:
    found = await filled.search.search(BOB, query="relay", mode="exact")
    assert found["total_matches"] == len(found["hits"]) == 2
    listed = await filled.listing.list_files(BOB, detail="full")
    assert [(row["path"], row.get("files")) for row in listed["files"]] == [("open", 3)]


async def test_a_page_is_filled_with_what_may_be_seen(filled: Engine) -> None:
    first = await filled.listing.list_files(BOB, recursive=True, detail="full", max_tokens=80)
    rest = await filled.listing.list_files(BOB, recursive=True, detail="full", cursor=first["next_cursor"])
    rows = [row["path"] for page in (first, rest) for row in page["files"]]
    assert rows == ["open/moved.md", "open/plan.md", "open/sum.md"]
    events = await filled.events.feed(BOB, types=["file.created"], limit=2)
    assert [one["path"] for one in events["events"]] == ["open/plan.md", "open/sum.md"]


async def test_outside_it_is_the_same_whether_or_not_a_file_is_there(filled: Engine) -> None:
    for path in (f"{SECRET}/plan.md", f"{SECRET}/nothing.md", "nothing.md"):
        refusals = []
        for call in calls_of(filled, path):
            with pytest.raises(Forbidden) as refusal:
                await call()
            refusals.append(refusal.value)
        assert {one.code for one in refusals} == {"forbidden"}
        assert {one.facts["path"] for one in refusals} <= {path}


def calls_of(filled: Engine, path: str) -> list[Callable[[], Awaitable[Any]]]:
    """Return all ways in which BOB may ask for a file."""
    return [
        lambda: filled.files.read_file(BOB, path=path),
        lambda: filled.files.stat(BOB, path=path),
        lambda: filled.files.file_history(BOB, path=path),
        lambda: filled.files.write_file(BOB, path=path, content="x"),
        lambda: filled.files.edit_file(BOB, path=path, edits=[{"old_text": "a", "new_text": "b"}]),
        lambda: filled.files.delete_file(BOB, path=path),
        lambda: filled.files.restore_file(BOB, path=path),
        lambda: filled.files.move_file(BOB, path=path, to="open/x.md"),
        lambda: filled.files.move_file(BOB, path=path, to="open/x.md", copy=True),
        lambda: filled.files.move_file(BOB, path="open/plan.md", to=path),
        lambda: filled.files.commit_files(BOB, changes=[{"op": "delete", "path": path}]),
        lambda: filled.search.describe_file(BOB, path=path),
        lambda: filled.search.search(BOB, query="relay", path=path),
        lambda: filled.search.query_facts(BOB, query="relay", path=path),
        lambda: filled.blaming.blame(BOB, path=path),
        lambda: filled.locks.lock_files(BOB, paths=[path]),
        lambda: filled.waits.wait_for(BOB, files=[path], timeout_seconds=0),
        lambda: filled.checkouts.check_out(BOB, path=path),
    ]


async def test_a_directory_outside_is_as_one_that_is_not_there(filled: Engine) -> None:
    refused = []
    for path in (SECRET, "nothing"):
        with pytest.raises(Forbidden) as refusal:
            await filled.listing.list_files(BOB, path=path)
        refused.append({**refusal.value.as_dict(), "path": ""})
    assert refused[0] == refused[1]
    hidden = Caller(agent="bob", scope=parse_scope([f"read:{SECRET}/deep/**"]))
    assert (await filled.listing.list_files(hidden, detail="full"))["files"] == []
    with pytest.raises(NotFound):
        await filled.listing.list_files(hidden, path=SECRET)


async def test_what_is_asked_about_a_name_outside_is_refused_alike_whatever_stands_there(filled: Engine) -> None:
    await filled.files.write_file(OWNER, path="moth/open/a.md", content="The relay.\n")
    part = replace(BOB, scope=parse_scope(["all:open/**", "search:moth/*/a.md"]))
    calls: list[Callable[[str], Awaitable[Any]]] = [
        lambda name: filled.search.search(part, query="relay", path=name),
        lambda name: filled.search.search(part, query="relay", mode="exact", path=name),
        lambda name: filled.search.query_facts(part, query="relay", path=name),
        lambda name: filled.locks.lock_files(part, paths=[name]),
        lambda name: filled.waits.wait_for(part, files=[name], timeout_seconds=0),
    ]
    for call in calls:
        told = []
        for name in (SECRET, "nothing", f"{SECRET}/plan.md", f"open-{SECRET}.md", f"{SECRET}/"):
            with pytest.raises(Forbidden) as refusal:
                await call(name)
            assert refusal.value.facts["path"] == name.removesuffix("/")
            told.append({**refusal.value.as_dict(), "path": ""})
        assert all(one == told[0] for one in told)
    for name, hits in (("moth", 1), ("moth/open/", 1), ("moth/nothing", 0), ("open", 2), ("open/nothing", 0), ("", 3)):
        found = await filled.search.search(part, query="relay", mode="exact", path=name)
        assert found["total_matches"] == hits, name


async def test_a_lock_and_a_wait_lie_wholly_in_the_scope(filled: Engine) -> None:
    patterns: list[Any] = ["**", "*/plan.md", f"{SECRET}/", {"path": f"{SECRET}/plan.md"}]
    for pattern in patterns:
        with pytest.raises(Forbidden):
            await filled.locks.lock_files(BOB, paths=["open/plan.md", pattern])
        with pytest.raises(Forbidden):
            await filled.waits.wait_for(BOB, files=[pattern], mode="any", timeout_seconds=0)
    granted = await filled.locks.lock_files(BOB, paths=["open/*.md"])
    assert set(granted["versions"]) == {"open/plan.md", "open/sum.md", "open/moved.md"}
    assert SECRET not in shown(granted)
    assert granted["intents"][0]["agent"] == "boss"
    await filled.locks.unlock_files(BOB, lock=granted["lock"])


async def test_a_directory_is_moved_copied_and_deleted_only_with_all_that_lies_in_it(filled: Engine) -> None:
    some = Caller(agent="bob", scope=parse_scope(["read,write:*", "read,write:open/plan.md", "read,write:to/**"]))
    for call in (
        filled.files.move_file(some, path="open", to="to/open", copy=True),
        filled.files.move_file(some, path="open", to="to/open"),
        filled.files.delete_file(some, path="open", recursive=True),
    ):
        with pytest.raises(Forbidden) as refusal:
            await call
        assert "sum.md" not in shown(refusal.value.as_dict())
    assert (await filled.files.stat(OWNER, path="open/plan.md"))["version"] == 1


async def test_who_may_not_read_is_told_nothing_of_what_it_replaces(filled: Engine) -> None:
    with pytest.raises(WorkspaceError) as refusal:
        await filled.files.write_file(BLIND, path="open/plan.md", content="x", expect_version=7)
    assert "40 EUR" not in shown(refusal.value.as_dict())
    with pytest.raises(WorkspaceError) as locked:
        await filled.files.write_file(BLIND, path=f"{SECRET}/plan.md", content="x", expect_version=1)
    assert (locked.value.code, locked.value.facts["purpose"]) == ("locked", None)


async def test_nobody_moves_what_it_may_not_read_to_where_it_may(filled: Engine) -> None:
    mover = Caller(agent="bob", scope=parse_scope(["write:**", "read:open/**"]))
    await filled.locks.end_lock(OPERATOR, "L2")
    move = {"op": "move", "path": f"{SECRET}/plan.md", "to": "open/got.md"}
    for call in (
        filled.files.move_file(mover, path=f"{SECRET}/plan.md", to="open/got.md"),
        filled.files.move_file(mover, path=SECRET, to="open/got"),
        filled.files.commit_files(mover, changes=[move]),
    ):
        with pytest.raises(Forbidden) as refusal:
            await call
        assert refusal.value.facts["verb"] == "read"
    some = replace(mover, scope=parse_scope(["write:**", "read:open/**", f"read:{SECRET}", f"read:{SECRET}/plan.md"]))
    with pytest.raises(Forbidden) as refusal:
        await filled.files.move_file(some, path=SECRET, to="open/got")
    assert refusal.value.facts["verb"] == "read"
    assert (await filled.files.move_file(some, path=f"{SECRET}/plan.md", to="open/got.md"))["files"] == 1


async def test_who_may_not_read_cannot_find_out_by_edits_what_stands_there(filled: Engine) -> None:
    edits = [{"old_text": "40", "new_text": "50"}]
    for call in (
        filled.files.edit_file(BLIND, path="open/plan.md", edits=edits),
        filled.files.edit_file(BLIND, path="open/plan.md", edits=edits, dry_run=True),
        filled.files.edit_file(BLIND, path="nothing.md", edits=edits, dry_run=True),
        filled.files.commit_files(BLIND, changes=[{"op": "edit", "path": "open/plan.md", "edits": edits}]),
        filled.files.write_file(BLIND, path="open/plan.md", content="x", expect_version=1, on_conflict="merge"),
    ):
        with pytest.raises(Forbidden) as refusal:
            await call
        assert refusal.value.facts["verb"] == "read"


async def test_what_an_agent_did_by_one_token_is_not_told_by_one_that_grants_less(filled: Engine) -> None:
    less = replace(BOB, agent="boss")
    with pytest.raises(WorkspaceError) as refused:
        await filled.files.write_file(OWNER, path=f"{SECRET}/use.md", content=SECRET)
    draft = str(refused.value.facts["draft"])
    with pytest.raises(NotFound):
        await filled.files.write_file(less, path="open/new.md", draft=draft)
    kept = await filled.files.write_file(OWNER, path=f"{SECRET}/use.md", draft=draft, overwrite=True)
    assert kept["version"] == 2
    more = await filled.locks.lock_files(OWNER, paths=["open/sum.md", f"{SECRET}/use.md"], purpose=SECRET)
    mine = await filled.locks.lock_files(less, paths=["open/moved.md"])
    assert [one["lock"] for one in (await filled.locks.list_locks(less, mine=True))["locks"]] == [mine["lock"]]
    for call in (
        filled.files.delete_file(less, path="open/sum.md"),
        filled.locks.lock_files(less, paths=["open/"]),
        filled.checkouts.check_out(less, path="open/sum.md"),
    ):
        with pytest.raises(WorkspaceError) as locked:
            await call
        assert (locked.value.code, locked.value.facts["yours"]) == ("locked", True)
        assert SECRET not in shown(locked.value.as_dict())
        assert more["lock"] not in shown(locked.value.as_dict())
    await filled.jobs.add_job(OWNER, queue=SECRET, instructions=SECRET, inputs=[f"{SECRET}/use.md"])
    await filled.jobs.claim_job(OWNER, queue=SECRET)
    told = await filled.agents.show_agent(less, agent="boss")
    assert told["written"]["versions"] > len(told["files"]) > 0
    assert [one["paths"] for one in told["locks"]] == [["open/moved.md"]]
    assert SECRET not in shown(told)
    assert SECRET not in shown(await filled.agents.list_agents(less))


async def test_a_lock_that_one_token_took_is_neither_renewed_nor_ended_by_one_that_grants_less(filled: Engine) -> None:
    less = replace(BOB, agent="boss")
    more = await filled.locks.lock_files(OWNER, paths=["open/sum.md", f"{SECRET}/use.md"])
    mine = await filled.locks.lock_files(less, paths=["open/moved.md"])
    for call in (
        filled.locks.lock_files(less, lock=more["lock"]),
        filled.locks.unlock_files(less, lock=more["lock"]),
    ):
        with pytest.raises(LockLost) as lost:
            await call
        assert lost.value.facts["reason"] == "unknown"
    assert await filled.locks.unlock_files(less, paths=["**"]) == {"released": [mine["lock"]]}
    assert (await filled.locks.unlock_files(OWNER, lock=more["lock"]))["released"] == [more["lock"]]


async def test_how_a_name_outside_is_spelled_is_told_to_nobody_by_its_twin(filled: Engine) -> None:
    await filled.files.write_file(OWNER, path=f"Plans/{SECRET.title()}.md", content="x")
    part = replace(BOB, scope=parse_scope(["read,write:plans/**", f"write:Plans/{SECRET}.md"]))
    for path in ("plans/new.md", f"Plans/{SECRET}.md"):
        with pytest.raises(NameTaken) as taken:
            await filled.files.write_file(part, path=path, content="x")
        assert taken.value.facts == {"path": path, "existing": None}
        assert "Plans" not in shown(taken.value.as_dict()).replace(path, "")
        with pytest.raises(NameTaken) as told:
            await filled.files.write_file(OWNER, path=path, content="x")
        assert str(told.value.facts["existing"]).startswith("Plans")


async def test_who_is_locked_out_is_told_what_it_sees_of_the_lock(filled: Engine) -> None:
    await filled.locks.lock_files(OWNER, paths=["open/sum.md", f"{SECRET}/use.md"], purpose=SECRET)
    for call in (
        filled.files.delete_file(BOB, path="open/sum.md"),
        filled.locks.lock_files(BOB, paths=["open/"]),
        filled.checkouts.check_out(BOB, path="open/sum.md"),
    ):
        with pytest.raises(WorkspaceError) as locked:
            await call
        facts = locked.value.facts
        assert (locked.value.code, facts["lock_paths"], facts["purpose"]) == ("locked", ["open/sum.md"], None)
        assert SECRET not in shown(locked.value.as_dict())
    await filled.locks.lock_files(OWNER, paths=["open/moved.md"], purpose="to sort it")
    with pytest.raises(WorkspaceError) as locked:
        await filled.files.delete_file(BOB, path="open/moved.md")
    assert locked.value.facts["purpose"] == "to sort it"


async def test_warnings_and_inputs_name_nothing_outside(filled: Engine) -> None:
    sources = [{"path": f"{SECRET}/plan.md", "version": 9}]
    saved = await filled.files.write_file(BOB, path="open/new.md", content="x", sources=sources)
    assert SECRET not in shown(saved)
    worker = Caller(agent="bob", scope=parse_scope(["jobs:**", "read:open/**"]))
    with pytest.raises(Forbidden):
        await filled.jobs.add_job(worker, queue="q", instructions="do", inputs=[f"{SECRET}/plan.md"])
    assert (await filled.jobs.add_job(worker, queue="q", instructions="do", inputs=["open/plan.md"]))["job"]


WHOLE: dict[str, Call] = {
    "pauses": lambda engine, caller: engine.agents.pauses.pause_workspace(caller),
    "notes": lambda engine, caller: engine.agents.notes.leave_note(caller, agent="ann", text="x"),
    "tokens": lambda engine, caller: engine.tokens.create_token(caller, agent="ann"),
}


async def test_what_is_about_the_whole_workspace_takes_a_grant_for_all_of_it(engine: Engine) -> None:
    for call in WHOLE.values():
        with pytest.raises(Forbidden, match="in the whole workspace"):
            await call(engine, BOB)


async def test_of_an_event_no_fact_is_told_that_may_name_other_files(filled: Engine) -> None:
    events = (await filled.events.feed(OWNER))["events"]
    assert {"lock.acquired", "file.moved", "file.created"} <= {one["type"] for one in events}
    told = (await filled.events.feed(BOB))["events"]
    (moved,) = [one for one in told if one["type"] == "file.moved"]
    assert "moved_from" not in moved
    (summed,) = [one for one in told if one.get("path") == "open/sum.md" and "sources" in one]
    assert summed["sources"] == [{"path": "open/plan.md", "version": 1}]
    kept = await filled.locks.lock_files(BOB, paths=["open/plan.md"])
    (locked,) = [one for one in (await filled.events.feed(BOB))["events"] if one["type"] == "lock.acquired"]
    assert locked["paths"] == kept["paths"]
    assert told_to(BOB, filled.events.tail.after(filled.head_seq - 1)[0]) is not None  # type: ignore[index]


async def test_a_job_is_theirs_who_have_the_verb_for_all_that_it_names(filled: Engine) -> None:
    assert await filled.jobs.claim_job(BOB, queue=f"{SECRET}-queue") == {}
    (queue,) = (await filled.queues.list_queues(BOB))["queues"]
    assert (queue["queue"], queue["queued"], queue["blocked"]) == ("open-queue", 1, 1)
    claimed = (await filled.jobs.claim_job(BOB, queue="open-queue"))["job"]
    assert claimed["inputs"] == [{"path": "open/plan.md", "version": 1}]
    assert await filled.jobs.claim_job(BOB, queue="open-queue") == {}
    assert (await filled.jobs.finish_job(BOB, job=claimed["job"]))["state"] == "done"
    assert (await filled.queues.show_job(BOB, job=claimed["job"]))["state"] == "done"


async def test_a_job_outside_is_as_one_that_is_not_there(filled: Engine) -> None:
    named = (await filled.queues.list_jobs(OWNER))["jobs"]
    outside = [one["job"] for one in named if SECRET in shown(one)]
    assert len(outside) == 4
    for job in [*outside, "J99"]:
        for call in (
            filled.queues.show_job(BOB, job=job),
            filled.queues.read_log(BOB, job=job),
            filled.queues.revive_job(BOB, job=job),
            filled.jobs.cancel_job(BOB, job=job),
        ):
            with pytest.raises(NotFound, match="There is no such job"):
                await call
        for call in (filled.jobs.finish_job(BOB, job=job), filled.jobs.write_log(BOB, job=job, attempt=1, text="x")):
            with pytest.raises(JobLost, match="There is no such job"):
                await call


async def test_a_job_without_files_is_seen_by_whoever_added_or_claimed_it(filled: Engine) -> None:
    eve = replace(BOB, agent="eve")
    added = await filled.jobs.add_job(BOB, queue="q", instructions="do")
    assert await filled.jobs.claim_job(eve, queue="q") == {}
    assert [one["job"] for one in (await filled.queues.list_jobs(BOB))["jobs"] if one["queue"] == "q"] == [added["job"]]
    assert (await filled.jobs.claim_job(BOB, queue="q"))["job"]["job"] == added["job"]
    assert (await filled.jobs.cancel_job(OPERATOR, job=added["job"]))["state"] == "failed"
    again = await filled.jobs.add_job(BOB, queue="q", instructions="do")
    with pytest.raises(Forbidden):
        await filled.jobs.cancel_job(BOB, job=again["job"])


async def test_so_many_jobs_are_looked_at_for_one_inside(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    for path in ("b.md", "open/a.md", "c.md"):
        await engine.files.write_file(OWNER, path=path, content="x")
        await engine.jobs.add_job(OWNER, queue="q", instructions="do", inputs=[path])
    for module in (claiming, queues):
        monkeypatch.setattr(module, "CHUNK", 1)
        monkeypatch.setattr(module, "LIMITS", replace(LIMITS, jobs_looked_at_max=1))
    assert await engine.jobs.claim_job(BOB, queue="q") == {}
    assert await engine.queues.list_jobs(BOB) == {"jobs": [], "next_cursor": "J3"}
    assert (await engine.queues.list_queues(BOB))["queues"] == []
    for module in (claiming, queues):
        monkeypatch.setattr(module, "LIMITS", replace(LIMITS, jobs_looked_at_max=2))
    assert [one["job"] for one in (await engine.queues.list_jobs(BOB, limit=1))["jobs"]] == ["J2"]
    assert (await engine.jobs.claim_job(BOB, queue="q"))["job"]["job"] == "J2"


async def test_a_key_that_a_job_outside_has_tells_nothing_of_it(filled: Engine) -> None:
    theirs = await filled.jobs.add_job(OWNER, queue="q", instructions=SECRET, key="k")
    mine = [await filled.jobs.add_job(BOB, queue="q", instructions="do", key="k") for _ in range(2)]
    assert mine[0]["job"] == mine[1]["job"] != theirs["job"]
    assert (await filled.queues.show_job(BOB, job=mine[0]["job"]))["key"] == "k"
    assert (await filled.jobs.add_job(OWNER, queue="q", instructions="do", key="k"))["job"] == theirs["job"]


async def test_who_waits_for_jobs_inside_is_called_up_past_those_outside(filled: Engine) -> None:
    await filled.jobs.add_job(OWNER, queue="w", instructions="do", inputs=[f"{SECRET}/plan.md"])
    waits = [
        asyncio.create_task(filled.jobs.claim_job(replace(BOB, agent=name), queue="w", wait_seconds=50))
        for name in ("bob", "eve", "eve")
    ]

    async def waiting(caller: Caller) -> int:
        listed = (await filled.queues.list_queues(caller))["queues"]
        return sum(one["waiting"] for one in listed if one["queue"] == "w")

    async with asyncio.timeout(30):
        while await waiting(OPERATOR) < 3:  # noqa: ASYNC110 - who has begun to wait says so nowhere
            await asyncio.sleep(0.001)
    assert await waiting(BOB) == 0
    jobs = [await filled.jobs.add_job(OWNER, queue="w", instructions="do", inputs=["open/plan.md"]) for _ in waits]
    got = {(await wait)["job"]["job"] for wait in waits}
    assert got == {one["job"] for one in jobs}
    assert await waiting(OPERATOR) == 0
    assert (await filled.jobs.claim_job(OWNER, queue="w"))["job"]["inputs"][0]["path"] == f"{SECRET}/plan.md"


async def test_what_needs_a_person_is_decided_by_who_has_admin_for_it(filled: Engine) -> None:
    entries = (await filled.decisions.list_attention(BOB))["attention"]
    assert [one["kind"] for one in entries] == ["blocked_job"]
    assert await filled.decisions.count(BOB) == 1
    reader = Caller(agent="bob", scope=parse_scope(["read,jobs:open/**", "admin:other/**"]))
    with pytest.raises(Forbidden):
        await filled.decisions.reply(reader, attention=entries[0]["attention"], reply="40")
    everything = {one["attention"] for one in (await filled.decisions.list_attention(OWNER))["attention"]}
    (outside,) = everything - {entries[0]["attention"]}
    for name in (outside, "A99"):
        for call in (
            filled.decisions.show_entry(BOB, attention=name),
            filled.decisions.reply(BOB, attention=name, reply="40"),
        ):
            with pytest.raises(NotFound, match=f"There is no entry {name}"):
                await call
    assert (await filled.decisions.reply(BOB, attention=entries[0]["attention"], reply="40"))["outcome"] == "replied"


async def test_a_lock_or_link_is_ended_by_who_has_admin_for_all_that_it_covers(filled: Engine) -> None:
    mine = await filled.locks.lock_files(OWNER, paths=["open/sum.md"])
    theirs = await filled.locks.lock_files(OWNER, paths=["open/moved.md", f"{SECRET}/use.md"])
    for lock in (theirs["lock"].partition("-")[0], "L99"):
        with pytest.raises(NotFound):
            await filled.locks.end_lock(BOB, lock)
    assert (await filled.locks.end_lock(BOB, mine["lock"].partition("-")[0]))["released"]
    links = [one["link"] for one in (await filled.links.list_links(OWNER))["links"]]
    assert len(links) == 3
    (inside,) = [one["link"] for one in (await filled.links.list_links(BOB))["links"]]
    for link in [*(one for one in links if one != inside), "S99"]:
        with pytest.raises(NotFound, match=f"There is no link {link}"):
            await filled.links.revoke_link(BOB, link=link)
    assert (await filled.links.revoke_link(BOB, link=inside))["state"] == "revoked"


async def test_a_link_leads_to_nothing_that_its_maker_may_not_read(filled: Engine) -> None:
    assert (await filled.links.create_link(BOB, path="open"))["path"] == "open"
    for grants, path in (
        (["admin,read:open/plan.md", "read,admin:open"], "open"),
        (["admin:**", "read:open/*"], "open/plan.md/x"),
        (["admin,read:open/**"], ""),
        (["admin,read:open/**"], SECRET),
        (["admin:**", "read:open"], "open"),
    ):
        with pytest.raises(WorkspaceError) as refusal:
            await filled.links.create_link(Caller(agent="bob", scope=parse_scope(grants)), path=path)
        assert refusal.value.code in {"forbidden", "not_found"}


async def test_of_an_agents_doings_those_inside_are_told_and_undone(filled: Engine) -> None:
    await filled.files.write_file(EVE, path=f"{SECRET}/eve.md", content="x")
    assert [one["agent"] for one in (await filled.agents.list_agents(BOB))["agents"]] == ["boss"]
    for name in ("eve", "nobody"):
        with pytest.raises(NotFound, match=f"Nobody has worked here as {name}"):
            await filled.agents.show_agent(BOB, agent=name)
    assert (await filled.undo.undo(BOB, agent="eve", since=0))["files"] == []
    await filled.locks.end_lock(OPERATOR, "L1")
    done = await filled.undo.undo(BOB, agent="boss", since=0)
    assert {one["path"] for one in done["files"]} == {"open/plan.md", "open/sum.md"}
    assert (await filled.files.stat(EVE, path=f"{SECRET}/eve.md"))["version"] == 1
    mine = await filled.undo.undo(replace(BLIND, agent="boss"), agent="boss", since=0, dry_run=True, diffs_max=9)
    assert not [one for one in mine["files"] if "diff" in one]


async def test_of_a_conflict_both_sides_are_told_and_dismissed_by_who_may_decide_about_both(filled: Engine) -> None:
    await filled.files.write_file(OWNER, path="open/other.md", content="# Relay\n\nprice: 42 EUR\n")
    await filled.indexing.freshness("facts", filled.head_seq, timeout_s=10)
    (conflict,) = (await filled.contradictions.list_conflicts(BOB))["conflicts"]
    assert {one["path"] for one in conflict["values"]} == {"open/plan.md", "open/other.md"}
    some = Caller(agent="bob", scope=parse_scope(["search:open/**", "admin:open/plan.md"]))
    with pytest.raises(NotFound):
        await filled.contradictions.dismiss_conflict(some, subject="Relay", key="price")
    assert len((await filled.contradictions.dismiss_conflict(BOB, subject="Relay", key="price"))["dismissed"]) == 1
    assert (await filled.contradictions.list_conflicts(BOB))["conflicts"] == []


async def test_folders_hold_and_count_what_may_be_read(engine: Engine) -> None:
    for path in ("a/x/1.md", "a/x/2.txt", "a/y/3.txt", "a-b/4.md", "b/5.txt", "c.md", "d/6.md", "d/7.txt"):
        await engine.files.write_file(OWNER, path=path, content=path)
    texts = Caller(agent="bob", scope=parse_scope(["read:**/*.md"]))
    part = Caller(agent="bob", scope=parse_scope(["read:a/x/**", "read:d/6*", "read:b/5.txt", "read:a?b/*"]))

    async def names(caller: Caller, path: str, **asked: Any) -> list[str]:
        return [one["path"] for one in (await engine.browsing.directories(caller, path=path, **asked))["directories"]]

    assert await names(texts, "") == ["a-b", "a", "d"]
    assert await names(part, "") == await names(OWNER, "") == ["a-b", "a", "b", "d"]
    assert await names(part, "", limit=1) == ["a-b"]
    assert await names(part, "", limit=1, after="a-b") == ["a"]
    assert await names(part, "", limit=1, opened="d/e") == ["a-b", "d"]
    assert await names(texts, "", limit=1, opened="b") == ["a-b"]
    assert await names(part, "a") == ["a/x"]
    with pytest.raises(Forbidden):
        await names(part, "c")
    rows = (await engine.browsing.table(part, path=""))["rows"]
    assert [(row["path"], row["files"]) for row in rows] == [("a-b", 1), ("a", 2), ("b", 1), ("d", 1)]
    rows = (await engine.browsing.table(texts, path="", order=parse_order("-name")))["rows"]
    assert [row["path"] for row in rows] == ["a-b", "a", "d", "c.md"]
    found = await engine.browsing.table(texts, path="", narrowed=Narrowed(name="*.md"), limit=2)
    assert [row["path"] for row in found["rows"]] == ["a-b/4.md", "a/x/1.md"]
    assert found["next"] == {"after": "a/x/1.md"}
    assert [row["path"] for row in (await engine.browsing.find(texts, query="m"))["files"]] == [
        "c.md",
        "d/6.md",
        "a-b/4.md",
        "a/x/1.md",
    ]
    assert (await engine.files.stat(part, path="a"))["type"] == "directory"
    for path in ("c", "b/6.txt", "c.md"):
        with pytest.raises(Forbidden):
            await engine.files.stat(part, path=path)


async def test_no_more_is_looked_at_than_begins_as_the_scope_does(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in ("a/1.txt", "b/1.md", "b/2.txt", "c/1.md"):
        await engine.files.write_file(OWNER, path=path, content=path)
    monkeypatch.setattr(moment, "LIMITS", replace(LIMITS, hidden_files_max=2))
    inside = Caller(agent="bob", scope=parse_scope(["read:b/**", "read:b/1.md"]))
    assert (await engine.listing.list_files(inside, recursive=True))["tree"].count("\n") == 2
    texts = Caller(agent="bob", scope=parse_scope(["read:**/*.md"]))
    with pytest.raises(InvalidArgument, match="too many files lie there"):
        await engine.listing.list_files(texts, recursive=True)
    monkeypatch.setattr(ground, "LIMITS", replace(LIMITS, seen_files_max=1))
    found = await engine.browsing.find(Caller(agent="bob", scope=parse_scope(["read:b/*"])), query="b")
    assert (len(found["files"]), found["complete"]) == (1, False)


@pytest.mark.parametrize("prefix", ["", "a", "open/", "a\0", "\ue000x", "a\ue000"])
def test_a_look_begins_just_before_all_that_begins_so(prefix: str) -> None:
    before = moment.just_before(prefix)
    assert before.encode() <= prefix.encode()
    assert not prefix or not before.startswith(prefix)
    assert not prefix or before + "\U0010ffff" > prefix[:-1]
