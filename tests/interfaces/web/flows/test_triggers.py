"""Triggers in the web view: how they hang together, one by one, and what a person does with them."""

from typing import Any

import httpx2
import pytest

from tests.interfaces.listening import Listening
from tests.interfaces.web.conftest import Hand
from tests.interfaces.web.flows.conftest import Send
from workspace_server.core.access import CONFIG, Caller
from workspace_server.core.scopes import ALL
from workspace_server.interfaces.web.flows.triggers import PAGE

pytestmark = pytest.mark.anyio

ANA = Caller(agent="ana")
EDITOR = Caller(agent="editor")


async def make(served: Listening, name: str, *files: str, **fields: Any) -> None:
    given = {"queue": name} | fields
    if "settle" not in given and not given.get("schedule"):
        given["settle"] = "immediate"
    await served.engine.triggers.create_trigger(ANA, name=name, files=list(files) or None, **given)


async def text(client: httpx2.AsyncClient, address: str) -> str:
    answer = await client.get(address)
    assert answer.status_code == 200, answer.text
    return answer.text


async def test_without_triggers_the_page_says_how_to_make_one(reader: httpx2.AsyncClient) -> None:
    html = await text(reader, "/triggers")

    assert "No triggers yet" in html
    assert 'href="/triggers:new"' in html


async def test_what_was_written_because_of_one_trigger_leads_to_the_next(
    served: Listening, reader: httpx2.AsyncClient, hand: Hand
) -> None:
    await make(served, "edit", "draft.md")
    await make(served, "publish", "edited.md")
    await hand.write("draft.md", "one")
    job = (await served.engine.jobs.claim_job(EDITOR, queue="edit"))["job"]
    await hand.write("edited.md", "better", agent="editor")
    for words in ("x", "y", "z"):
        await hand.write("notes.md", words, agent="editor")
    await served.engine.jobs.finish_job(EDITOR, job=job["job"])
    html = await text(reader, "/triggers")

    assert '<path class="edge seen"' in html
    assert "<title>edited.md (1×)</title>" in html
    assert '<a href="/triggers/edit"><g class="box trigger tone-plain"><title>edit</title>' in html
    assert '<g class="box made tone-plain"><title>notes.md</title>' in html
    assert "changed 3×" in html
    assert html.count('href="/files/notes.md"') == 1, "made and then written, it is one file"
    assert '→</span> <a class="seen" href="/triggers/publish">' in html.replace("&rarr;", "→")
    assert "1 in flight" in html


async def test_many_triggers_come_page_by_page(served: Listening, reader: httpx2.AsyncClient) -> None:
    for number in range(PAGE + 1):
        await make(served, f"t{number:03}", f"{number}.md", queue="q")
    first = await text(reader, "/triggers")

    assert first.count('class="box trigger') == PAGE
    assert f'href="/triggers?cursor=t{PAGE - 1:03}"' in first
    rest = await text(reader, f"/triggers?cursor=t{PAGE - 1:03}")
    assert rest.count('class="box trigger') == 1
    assert f"t{PAGE:03}" in rest


async def test_a_trigger_of_its_own_says_what_is_in_and_what_is_missing(
    served: Listening, reader: httpx2.AsyncClient, hand: Hand
) -> None:
    await make(served, "join", "one.md", "two.md", mode="all", queue="analyst", instructions="Compare <both>.")
    await hand.write("one.md", "x")
    html = await text(reader, "/triggers/join")

    for shown in (
        "<strong>1 of 2</strong> in for the next firing",
        "not there yet",
        "Compare &lt;both&gt;.",
        "1 in, 1 missing",
        "It has not fired yet",
    ):
        assert shown in html, shown
    assert "Last deliveries" not in html


async def test_triggers_of_every_kind_have_a_page(served: Listening, reader: httpx2.AsyncClient, hand: Hand) -> None:
    await make(served, "nightly", queue="clean", schedule="0 3 * * *", timezone="Europe/Berlin")
    await make(served, "listed", queue="q", mode="all", manifest="plan.txt")
    await make(served, "counted", "in/*", queue="q", mode="count", count=5)
    await make(served, "asked", "a.md", "{x}/b.md", mode="any", queue=None, approval="Publish it?")
    await hand.write("in/1", "x")

    assert "Europe/Berlin" in await text(reader, "/triggers/nightly")
    assert "is not there" in await text(reader, "/triggers/listed")
    counted = await text(reader, "/triggers/counted")
    assert "<strong>1 of 5</strong>" in counted
    assert "1 of 5 files" in counted
    assert "When 5 of these are saved" in counted
    assert "Publish it?" in await text(reader, "/triggers/asked")
    together = await text(reader, "/triggers")
    for shown in ("0 3 * * *", "plan.txt", "5 of these saved", "any of these saved", "asks a person"):
        assert shown in together, shown


async def test_many_keys_come_page_by_page(served: Listening, reader: httpx2.AsyncClient, hand: Hand) -> None:
    await make(served, "join", "{topic}/a.md", "{topic}/b.md", mode="all", queue="q")
    for number in range(22):
        await hand.write(f"t{number}/a.md", "x")
    first, second = await text(reader, "/triggers/join"), await text(reader, "/triggers/join?skip=20")

    assert first.count('<div class="join">') == 20
    assert "topic = t21" in first
    assert 'href="/triggers/join?skip=20"' in first
    assert second.count('<div class="join">') == 2
    assert "topic = t0" in second


async def test_a_person_pauses_a_trigger_and_lets_it_go_on(
    served: Listening, person: httpx2.AsyncClient, send: Send
) -> None:
    await make(served, "edit", "draft.md")
    answer = await send("/triggers/edit", action="pause")
    assert (answer.status_code, answer.headers["location"]) == (303, "/triggers/edit")
    assert '<span class="tag hold">paused</span>' in await text(person, "/triggers/edit")
    await send("/triggers/edit", action="resume")
    assert '<span class="tag plain">has not fired yet</span>' in await text(person, "/triggers/edit")


async def test_a_trigger_is_tried_on_what_has_happened(
    served: Listening, person: httpx2.AsyncClient, hand: Hand, send: Send
) -> None:
    await hand.write("draft.md", "one")
    await make(served, "edit", "draft.md")
    answer = await send("/triggers/edit", action="rehearse")
    assert answer.status_code == 200
    assert "It would have fired 1×" in answer.text
    assert (await served.engine.runs.list_runs(ANA))["runs"] == []


async def test_deleting_a_trigger_asks_once(served: Listening, person: httpx2.AsyncClient, send: Send) -> None:
    await make(served, "edit", "draft.md")
    assert "Delete it" not in await text(person, "/triggers/edit")
    assert "Delete it" in await text(person, "/triggers/edit?delete=1")
    answer = await send("/triggers/edit", action="delete")
    assert (answer.status_code, answer.headers["location"]) == (303, "/triggers")
    assert (await person.get("/triggers/edit")).status_code == 404


async def test_what_is_refused_stands_on_the_page(served: Listening, person: httpx2.AsyncClient, send: Send) -> None:
    await make(served, "edit", "draft.md")
    for action in ("send", "explode", ""):
        answer = await send("/triggers/edit", action=action)
        assert answer.status_code == 400, action
        assert 'role="alert"' in answer.text
    assert (await person.post("/triggers/edit", data={"action": "delete"})).status_code == 403
    assert (await send("/triggers/absent", action="pause")).status_code == 404


async def test_the_operators_own_triggers_are_not_changed_here(served: Listening, person: httpx2.AsyncClient) -> None:
    owner = Caller(agent=CONFIG, scope=ALL)
    await served.engine.triggers.create_trigger(owner, name="fixed", files=["a.md"], queue="q")
    html = await text(person, "/triggers/fixed")

    assert "in the operator&#39;s file" in html or "in the operator's file" in html
    assert "/triggers/fixed/change" not in html
    assert (await person.get("/triggers/fixed/change")).status_code == 403


async def test_a_trigger_that_fails_or_asks_says_so_before_anything_else(
    served: Listening, reader: httpx2.AsyncClient, hand: Hand
) -> None:
    await make(served, "edit", "draft.md")
    await make(served, "ask", "draft.md", queue=None, approval="Publish it?")
    await hand.write("draft.md", "one")
    await served.engine.jobs.claim_job(EDITOR, queue="edit")
    await served.engine.jobs.finish_job(EDITOR, job="J1", outcome="failed", note="no")
    html = await text(reader, "/triggers")

    assert '<span class="tag bad">1 failed</span>' in html
    assert '<span class="tag hold">waits for a person</span>' in html


async def test_nothing_that_others_wrote_leaves_a_page_of_flows_unescaped(
    served: Listening, person: httpx2.AsyncClient, hand: Hand
) -> None:
    bad = "<script>alert(1)</script>\"'&\u202e"
    name = "<img src=x onerror=alert(1)>.md"
    agent = Caller(agent="<b>\u202e")
    await make(served, "t", "*.md", instructions=bad)
    await make(served, "ask", "*.md", queue=None, approval=bad[:200])
    await make(served, "keyed", "{what}.md", mode="all", queue="q")
    await served.engine.files.write_file(agent, path=name, content=bad, message=bad)
    job = (await served.engine.jobs.claim_job(agent, queue="t"))["job"]
    await served.engine.files.write_file(agent, path="b.md", content="x")
    await served.engine.jobs.finish_job(agent, job=job["job"], outcome="failed", note=bad)

    pages = ["/triggers", "/triggers/t", "/triggers/ask", "/triggers/keyed", "/triggers/t/change"]
    pages += ["/runs", "/runs/F1", "/runs/F2"]
    asked = [f"/runs?trigger={name}", f"/deliveries?endpoint={name}", f"/triggers:new?name={name}"]
    for address in [*pages, *asked]:
        answer = await person.get(address)
        html = answer.text.replace("&lt;", "")
        assert "<script>alert" not in html, address
        assert "<img src=x" not in html, address
        assert "<b>" not in html, address
        if not address.endswith("/change"):
            assert "\u202e" not in html, address
