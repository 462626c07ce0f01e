"""Triggers and what they set off, for who may have to do with a part of the workspace.

`SECRET` stands in the name and the words of all that lies outside, so one search of an answer shows a leak.
"""

import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.services.receiver import Receiver
from tests.services.webhooks import save, until
from workspace_server.core.access import Caller
from workspace_server.core.scopes import ALL, parse_scope
from workspace_server.errors import Forbidden, NameTaken, NotFound
from workspace_server.services.automation import sight
from workspace_server.services.engine import Engine

pytestmark = pytest.mark.anyio
SECRET = "zanzibar"
OWNER = Caller(agent="boss", scope=ALL)
PART = Caller(agent="bob", scope=parse_scope(["read,trigger,write:open/**"]))
AT_ONCE: dict[str, Any] = {"settle": "immediate"}
Call = Callable[[Engine, Caller], Awaitable[Any]]


@pytest.fixture
async def filled(engine: Engine, receiver: Receiver) -> Engine:
    """A workspace with one trigger inside of the scope, and two that reach beyond it, all of which have fired."""
    make = engine.triggers.create_trigger
    await make(PART, name="mine", files=["open/a.md"], url=receiver.url, **AT_ONCE)
    told: dict[str, Any] = {"instructions": SECRET, **AT_ONCE}
    await make(OWNER, name=f"{SECRET}-hook", files=[f"{SECRET}/*"], url=f"{receiver.url}/{SECRET}", **told)
    both = [f"{SECRET}/*", "open/a.md", "open/b.md"]
    await make(OWNER, name=f"{SECRET}-job", files=both, queue=SECRET, **told)
    await save(engine, f"{SECRET}/a.md", SECRET)
    job = (await engine.jobs.claim_job(OWNER, queue=SECRET))["job"]
    caused = Caller(agent="boss", scope=ALL, cause=job["cause"])
    await engine.files.write_file(caused, path="open/a.md", content="a")
    await save(engine, "open/b.md", "b")
    await save(engine, "open/a.md", "by itself")
    await until(engine, state="delivered")
    return engine


def shown(answer: Any) -> str:
    return json.dumps(answer, default=str)


def as_new(name: str) -> dict[str, Any]:
    return {"name": name, "files": ["open/b.md"], "queue": "q"}


CALLS: dict[str, Call] = {
    "triggers": lambda engine, caller: engine.triggers.list_triggers(caller),
    "a page of triggers": lambda engine, caller: engine.triggers.list_triggers(caller, limit=1),
    "flows": lambda engine, caller: engine.automation.flows.show_flows(caller),
    "progress": lambda engine, caller: engine.automation.progress.show_progress(caller),
    "rehearsal": lambda engine, caller: engine.rehearsing.test_trigger(caller, name="mine", since_seq=0),
    "runs": lambda engine, caller: engine.runs.list_runs(caller),
    "runs of a trigger": lambda engine, caller: engine.runs.list_runs(caller, trigger="mine"),
    "deliveries": lambda engine, caller: engine.deliveries.list_deliveries(caller),
    "endpoints": lambda engine, caller: engine.endpoints.list_endpoints(caller),
}


async def test_no_answer_tells_of_triggers_that_reach_beyond_the_scope(filled: Engine) -> None:
    for name, call in CALLS.items():
        part = shown(await call(filled, PART))
        assert SECRET not in part, name
        assert "mine" in part or name in {"progress", "endpoints"}, name
        assert SECRET in shown(await call(filled, OWNER)) or name in {"a page of triggers", "progress", "endpoints"} | {
            "rehearsal",
            "runs of a trigger",
        }, name


async def test_counts_are_of_what_is_seen(filled: Engine) -> None:
    mine, _ = (await filled.deliveries.list_deliveries(PART))["deliveries"]
    (endpoint,) = (await filled.endpoints.list_endpoints(PART))["endpoints"]
    assert mine["endpoint"] == endpoint["endpoint"]
    assert len((await filled.endpoints.list_endpoints(OWNER))["endpoints"]) == 2
    assert await filled.endpoints.get_endpoint(PART, endpoint=endpoint["endpoint"]) == endpoint
    runs = (await filled.runs.list_runs(PART, trigger="mine"))["runs"]
    assert [(one["trigger"], one["firings"], one["others"]) for one in runs] == [("mine", 1, 0)] * 2
    whole = (await filled.runs.list_runs(OWNER, trigger="mine"))["runs"]
    assert whole[0]["others"] == 1
    assert whole[1]["firings"] > 1


async def test_of_a_run_the_steps_are_left_out_that_are_about_what_is_not_seen(filled: Engine) -> None:
    _, run = [one["run"] for one in (await filled.runs.list_runs(PART, trigger="mine"))["runs"]]
    whole, part = await filled.runs.show_run(OWNER, run=run), await filled.runs.show_run(PART, run=run)
    assert SECRET in shown(whole)
    assert SECRET not in shown(part)
    assert [step["kind"] for step in part["steps"]] == ["change", "firing", "delivery"]
    change = str(part["steps"][0]["seq"])
    assert SECRET not in shown(await filled.runs.show_run(PART, run=change))
    everything = Caller(agent="eve", scope=parse_scope(["read:**", "trigger:open/**"]))
    assert "F1" not in shown((await filled.runs.show_run(everything, run=run))["steps"])


async def test_what_is_not_seen_is_as_if_it_never_was(filled: Engine) -> None:
    hidden = [one for one in (await filled.deliveries.list_deliveries(OWNER))["deliveries"] if one["trigger"] != "mine"]
    number, delivery, endpoint = hidden[0]["firing"], hidden[0]["delivery"], hidden[0]["endpoint"]
    named: dict[str, Callable[[str], Awaitable[Any]]] = {
        "keys": lambda name: filled.triggers.list_keys(PART, name=name),
        "change": lambda name: filled.triggers.change_trigger(PART, name=name, queue="x"),
        "delete": lambda name: filled.triggers.delete_trigger(PART, name=name),
        "pause": lambda name: filled.pausing.pause_trigger(PART, name=name),
        "resume": lambda name: filled.pausing.resume_trigger(PART, name=name),
        "rehearse": lambda name: filled.rehearsing.test_trigger(PART, name=name),
        "try": lambda name: filled.endpoints.send_test(PART, trigger=name),
        "rotate": lambda name: filled.endpoints.rotate_secret(PART, trigger=name),
        "runs": lambda name: filled.runs.list_runs(PART, trigger=name),
        "again": lambda name: filled.deliveries.redeliver_since(PART, since="1h", trigger=name),
    }
    for what, call in named.items():
        said = []
        for name in (f"{SECRET}-hook", f"{SECRET}-none"):
            with pytest.raises(NotFound) as refusal:
                await call(name)
            said.append(shown(refusal.value.as_dict()).replace(name, ""))
        assert said[0] == said[1], what
    pairs: list[tuple[Callable[[str], Awaitable[Any]], str, str]] = [
        (lambda name: filled.runs.show_run(PART, run=name), number, "F999"),
        (lambda name: filled.runs.show_run(PART, run=name), "1", "999"),
        (lambda name: filled.deliveries.get_delivery(PART, delivery=name), delivery, "msg_none"),
        (lambda name: filled.deliveries.read_body(PART, delivery=name), delivery, "msg_none"),
        (lambda name: filled.deliveries.redeliver(PART, delivery=name), delivery, "msg_none"),
        (lambda name: filled.endpoints.get_endpoint(PART, endpoint=name), endpoint, "E999"),
        (lambda name: filled.endpoints.pause_endpoint(PART, endpoint=name), endpoint, "E999"),
        (lambda name: filled.endpoints.enable_endpoint(PART, endpoint=name), endpoint, "E999"),
    ]
    for call, there, never in pairs:
        said = []
        for name in (there, never):
            with pytest.raises(NotFound) as refusal:
                await call(name)
            said.append(shown(refusal.value.as_dict()).replace(f'"{name}"', "").replace(f" {name}.", ""))
        assert said[0] == said[1]
    assert (await filled.triggers.list_triggers(PART, name=f"{SECRET}-hook"))["triggers"] == []
    assert (await filled.deliveries.list_deliveries(PART, trigger=f"{SECRET}-hook"))["deliveries"] == []


async def test_a_part_makes_changes_tries_and_deletes_triggers_of_its_own(filled: Engine) -> None:
    made = await filled.triggers.create_trigger(PART, name="two", files=["open/c.md"], queue="q", **AT_ONCE)
    assert made["state"] == "active"
    assert (await filled.triggers.change_trigger(PART, name="two", files=["open/b.md"]))["state"] == "active"
    with pytest.raises(Forbidden) as refusal:
        await filled.triggers.change_trigger(PART, name="two", files=["**"])
    assert refusal.value.facts["path"] == "**"
    assert (await filled.pausing.pause_trigger(PART, name="two"))["paused"]
    assert not (await filled.pausing.resume_trigger(PART, name="two"))["paused"]
    rehearsed = await filled.rehearsing.test_trigger(
        PART, fields={"files": ["open/b.md"], "queue": "q", **AT_ONCE}, since_seq=0
    )
    assert rehearsed["fired"] == 1
    with pytest.raises(Forbidden):
        await filled.rehearsing.test_trigger(PART, fields={"files": [f"{SECRET}/*"], "queue": "q"})
    assert await filled.automation.flows.might_repeat(PART, {"files": ["open/a.md"], "queue": SECRET}) == []
    assert (await filled.deliveries.redeliver_since(PART, since="1h", state="delivered"))["redelivered"] == 2
    assert (await filled.endpoints.send_test(PART, trigger="mine"))["state"] == "pending"
    assert await filled.triggers.delete_trigger(PART, name="two") == {"deleted": "two"}


async def test_of_a_name_that_is_taken_outside_nothing_more_is_told(filled: Engine) -> None:
    with pytest.raises(NameTaken) as refusal:
        await filled.triggers.create_trigger(PART, **as_new(f"{SECRET}-hook"))
    assert refusal.value.as_dict() == {**refusal.value.as_dict(), "hint": "Choose another name."}
    with pytest.raises(NameTaken):
        await filled.triggers.create_trigger(PART, **as_new("mine"))


async def test_a_receiver_to_which_others_send_is_not_paused_by_a_part(filled: Engine, receiver: Receiver) -> None:
    (endpoint,) = [one["endpoint"] for one in (await filled.endpoints.list_endpoints(PART))["endpoints"]]
    assert (await filled.endpoints.pause_endpoint(PART, endpoint=endpoint))["state"] == "paused"
    assert (await filled.endpoints.resume_endpoint(PART, endpoint=endpoint))["state"] == "active"
    await filled.triggers.create_trigger(OWNER, name=f"{SECRET}-2", files=["**"], url=receiver.url)
    for call in (filled.endpoints.pause_endpoint, filled.endpoints.enable_endpoint):
        with pytest.raises(Forbidden) as refusal:
            await call(PART, endpoint=endpoint)
        assert SECRET not in shown(refusal.value.as_dict())
    assert (await filled.endpoints.list_endpoints(PART))["endpoints"][0]["pending"] == 0


async def test_a_page_may_be_empty_while_it_leads_on(filled: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sight, "ROWS_AT_ONCE", 1)
    monkeypatch.setattr(sight, "SIFTED_MAX", 1)
    assert [one["trigger"] for one in (await filled.triggers.list_triggers(PART, limit=5))["triggers"]] == ["mine"]
    pages: list[list[str]] = []
    cursor = None
    while cursor is not None or not pages:
        page = await filled.deliveries.list_deliveries(PART, limit=1, cursor=cursor)
        pages.append([one["trigger"] for one in page["deliveries"]])
        cursor = page.get("next_cursor")
    assert [one for page in pages for one in page] == ["mine", "mine"]
    assert [] in pages


async def test_what_files_hold_is_told_for_as_long_as_the_maker_may_read_them(
    engine: Engine, receiver: Receiver
) -> None:
    made = await engine.tokens.create_token(OWNER, agent="ann", allow=["read,trigger:open/**"])
    ann = engine.tokens.bearer(made["token"]).caller("ann")
    whole: dict[str, Any] = {"url": receiver.url, "options": {"include": ["content"]}, **AT_ONCE}
    await engine.triggers.create_trigger(ann, name="hers", files=["open/a.md"], **whole)
    await engine.triggers.create_trigger(OWNER, name="ours", files=["open/b.md"], **whole)
    await save(engine, "open/a.md", "before")
    (first,) = await receiver.next()
    await engine.tokens.revoke_token(OWNER, token=made["id"])
    await save(engine, "open/a.md", "after")
    (second,) = await receiver.next()
    await save(engine, "open/b.md", "for the operator")
    (third,) = await receiver.next()
    told = [json.loads(one.body)["data"] for one in (first, second, third)]
    assert [one["inputs"][0].get("content") for one in told] == ["before", None, "for the operator"]
    assert (told[1]["dropped"], told[1]["inputs"][0]["path"]) == (["content"], "open/a.md")


async def test_an_approval_is_seen_with_its_trigger_and_decided_by_who_has_admin_for_its_inputs(engine: Engine) -> None:
    for name, path in (("mine", "open/a.md"), (SECRET, f"{SECRET}/a.md")):
        asked: dict[str, Any] = {"files": [path], "approval": f"{name}?", **AT_ONCE}
        await engine.triggers.create_trigger(OWNER, name=name, **asked)
        await save(engine, path, name)
    decider = Caller(agent="eve", scope=parse_scope(["all:open/**"]))
    whole = (await engine.decisions.list_attention(OWNER, kind="approval"))["attention"]
    hidden = next(one["attention"] for one in whole if one["about"]["trigger"] == SECRET)
    for caller in (PART, decider):
        listed = await engine.decisions.list_attention(caller)
        assert [one["summary"] for one in listed["attention"]] == ["mine?"]
        assert listed["open"] == {"approval": 1}
        said = []
        for name in (hidden, "A999"):
            with pytest.raises(NotFound) as refusal:
                await engine.decisions.show_entry(caller, attention=name)
            said.append(shown(refusal.value.as_dict()).replace(name, ""))
        assert said[0] == said[1]
    (mine,) = (await engine.decisions.list_attention(decider))["attention"]
    with pytest.raises(Forbidden):
        await engine.decisions.approve(PART, attention=mine["attention"])
    with pytest.raises(NotFound):
        await engine.decisions.approve(decider, attention=hidden)
    assert (await engine.decisions.approve(decider, attention=mine["attention"]))["outcome"] == "approved"
