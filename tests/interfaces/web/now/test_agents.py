"""The pages of agents: who works here, and a person who pauses them and tells them something."""

import re

import httpx2
import pytest

from tests.interfaces.listening import Listening
from tests.interfaces.web.conftest import Hand
from workspace_server.core.access import Caller
from workspace_server.core.scopes import ALL
from workspace_server.errors import Paused

pytestmark = pytest.mark.anyio

ANA = Caller(agent="ana", door="mcp")
OWNER = Caller(agent="owner", scope=ALL)


async def send(person: httpx2.AsyncClient, address: str, **fields: str) -> httpx2.Response:
    found = re.search(r'name="token" value="(\w+)"', (await person.get("/agents")).text)
    return await person.post(address, data={"token": found[1] if found else "", **fields})


async def test_a_workspace_without_agents_says_how_to_connect_one(reader: httpx2.AsyncClient, hand: Hand) -> None:
    html = (await reader.get("/agents")).text
    assert "No agent has worked here yet" in html
    assert '<a class="button" href="/connect">' in html

    await reader.get("/api/v1/events")  # as the page of a browser does that follows the log
    html = (await reader.get("/agents")).text
    assert "<bdi>anonymous</bdi>" in html
    assert "No agent has worked here yet" in html

    await hand.write("a.md", "x\n")
    assert "No agent has worked here yet" not in (await reader.get("/agents")).text


async def test_the_list_tells_what_each_agent_does_holds_and_has_written(
    served: Listening, reader: httpx2.AsyncClient, hand: Hand
) -> None:
    await hand.write("a.md", "one\n")
    await served.engine.locks.lock_files(ANA, paths=["research/"], purpose="figures")
    await served.engine.jobs.add_job(ANA, queue="editor", instructions="do it")
    await served.engine.jobs.claim_job(ANA, queue="editor")
    call = served.engine.agents.presence.begin(ANA, "wait_for", about="<b>draft.md")
    await served.engine.agents.notes.leave_note(OWNER, agent="crew/node-1", text="Hello")

    html = (await reader.get("/agents")).text
    served.engine.agents.presence.end(call, 0)

    for shown in ("wait for", "&lt;b&gt;draft.md", "research/", "J1 of", "1 note open", "not yet"):
        assert shown in html
    assert 'href="/agents/crew/node-1"' in html
    assert (await reader.get("/agents/crew/node-1")).status_code == 200
    assert (await reader.get("/agents/nobody")).status_code == 404


async def test_a_person_pauses_an_agent_and_lets_it_go_on(
    served: Listening, person: httpx2.AsyncClient, hand: Hand
) -> None:
    await hand.write("a.md", "one\n")
    answer = await send(person, "/agents/ana", action="pause", note="wrong <sources>")

    assert (answer.status_code, answer.headers["location"]) == (303, "/agents/ana")
    with pytest.raises(Paused):
        await hand.write("a.md", "two\n")
    assert "wrong &lt;sources&gt;" in (await person.get("/agents/ana")).text
    assert "paused</span>" in (await person.get("/agents")).text

    await send(person, "/agents/ana", action="resume")
    assert await hand.write("a.md", "two\n") == 2


async def test_a_paused_workspace_is_told_on_every_page(person: httpx2.AsyncClient, hand: Hand) -> None:
    await hand.write("a.md", "one\n")
    answer = await send(person, "/agents", action="pause", note="Back after lunch")

    assert answer.headers["location"] == "/agents"
    for address in ("/", "/files/a.md", "/agents", "/agents/ana", "/no-such-page"):
        page = await person.get(address, headers={"accept": "text/html"})
        assert "Back after lunch" in page.text
    await send(person, "/agents", action="resume")
    assert "Back after lunch" not in (await person.get("/agents")).text


async def test_a_note_is_left_and_its_way_is_told(served: Listening, person: httpx2.AsyncClient, hand: Hand) -> None:
    await hand.write("a.md", "one\n")
    await send(person, "/agents/ana", action="note", note="Use the new figures", acknowledge="on")
    assert "rides in its next answer, to be acknowledged" in (await person.get("/agents/ana")).text

    served.engine.agents.notes.take("ana")
    assert "not acknowledged yet" in (await person.get("/agents/ana")).text

    await served.engine.jobs.finish_job(ANA, job="N1", note="will do")
    html = (await person.get("/agents/ana")).text
    assert "acknowledged" in html
    assert "will do" in html


async def test_what_is_refused_stands_above_the_page_with_what_was_typed(
    person: httpx2.AsyncClient, hand: Hand
) -> None:
    await hand.write("a.md", "one\n")
    too_long = "x" * 2_001
    answer = await send(person, "/agents/ana", action="note", note=too_long)

    assert answer.status_code == 400
    assert 'role="alert"' in answer.text
    assert too_long in answer.text
    assert (await send(person, "/agents/ana", action="dance")).status_code == 400


async def test_who_may_not_step_in_is_told_how_to(served: Listening, reader: httpx2.AsyncClient, hand: Hand) -> None:
    await hand.write("a.md", "one\n")
    html = (await reader.get("/agents/ana")).text
    fields = {"token": served.guard.form_token, "action": "pause"}

    assert "<form" not in html.partition("<main")[2]
    assert "workspace-server open" in html
    for address in ("/agents", "/agents/ana"):
        refused = await reader.post(address, data=fields, headers={"origin": served.url})
        assert refused.status_code == 403
