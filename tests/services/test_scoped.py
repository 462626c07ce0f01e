"""Who may do something in a part of the workspace: no answer tells of what lies outside, by name, words or number.

`SECRET` stands in the name and the words of every file outside, so one search of an answer shows a leak.
"""

import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from workspace_server.core.access import Caller
from workspace_server.core.scopes import parse_scope
from workspace_server.errors import Forbidden, NotFound, WorkspaceError
from workspace_server.services.engine import Engine
from workspace_server.services.events import told_to

pytestmark = pytest.mark.anyio

OWNER = Caller(agent="boss")
EVE = Caller(agent="eve")
BOB = Caller(agent="bob", scope=parse_scope(["read,write,search,lock:open/**"]))
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
    "wait": lambda engine, caller: engine.waits.wait_for(caller, files=["open/"], timeout_seconds=0),
}


@pytest.mark.parametrize("name", CALLS)
async def test_no_answer_tells_of_what_lies_outside_of_the_scope(filled: Engine, name: str) -> None:
    await filled.indexing.freshness("passages", filled.head_seq, timeout_s=10)
    await filled.indexing.freshness("facts", filled.head_seq, timeout_s=10)
    whole, part = await CALLS[name](filled, EVE), await CALLS[name](filled, BOB)
    assert SECRET not in shown(part)
    assert "open" in shown(part) or name in {"search misspelled", "locks"}
    assert SECRET in shown(whole) or name == "wait"


def shown(answer: Any) -> str:
    return json.dumps(answer, default=str)


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
    events = await filled.events.feed(BOB, limit=2)
    assert [one["path"] for one in events["events"]] == ["open/plan.md", "open/sum.md"]


@pytest.mark.parametrize("path", [f"{SECRET}/plan.md", f"{SECRET}/nothing.md", "nothing.md"])
async def test_outside_it_is_the_same_whether_or_not_a_file_is_there(filled: Engine, path: str) -> None:
    calls: list[Callable[[], Awaitable[Any]]] = [
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
    refusals = []
    for call in calls:
        with pytest.raises(Forbidden) as refusal:
            await call()
        refusals.append(refusal.value)
    assert {one.code for one in refusals} == {"forbidden"}
    assert {one.facts["path"] for one in refusals} <= {path}


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


@pytest.mark.parametrize("pattern", ["**", "*/plan.md", f"{SECRET}/", {"path": f"{SECRET}/plan.md"}])
async def test_a_lock_and_a_wait_lie_wholly_in_the_scope(filled: Engine, pattern: Any) -> None:
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


async def test_warnings_and_inputs_name_nothing_outside(filled: Engine) -> None:
    sources = [{"path": f"{SECRET}/plan.md", "version": 9}]
    saved = await filled.files.write_file(BOB, path="open/new.md", content="x", sources=sources)
    assert SECRET not in shown(saved)
    worker = Caller(agent="bob", scope=parse_scope(["jobs:**", "read:open/**"]))
    with pytest.raises(Forbidden):
        await filled.jobs.add_job(worker, queue="q", instructions="do", inputs=[f"{SECRET}/plan.md"])
    assert (await filled.jobs.add_job(worker, queue="q", instructions="do", inputs=["open/plan.md"]))["job"]


WHOLE: dict[str, Call] = {
    "agents": lambda engine, caller: engine.agents.list_agents(caller),
    "status": lambda engine, caller: engine.status.status(caller),
    "attention": lambda engine, caller: engine.decisions.list_attention(caller),
    "jobs": lambda engine, caller: engine.jobs.claim_job(caller, queue="q"),
    "links": lambda engine, caller: engine.links.list_links(caller),
    "folders": lambda engine, caller: engine.browsing.directories(caller, path=""),
    "table": lambda engine, caller: engine.browsing.table(caller, path="open"),
    "find": lambda engine, caller: engine.browsing.find(caller, query="plan"),
    "contradictions": lambda engine, caller: engine.contradictions.list_conflicts(caller),
}


@pytest.mark.parametrize("name", WHOLE)
async def test_what_is_about_the_whole_workspace_takes_a_grant_for_all_of_it(engine: Engine, name: str) -> None:
    part = Caller(agent="bob", scope=parse_scope(["all:open/**"]))
    with pytest.raises(Forbidden, match="in the whole workspace"):
        await WHOLE[name](engine, part)


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
