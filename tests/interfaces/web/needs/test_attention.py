"""The page of what needs a person: what it shows, and whose forms it takes."""

import re
from typing import Any

import httpx2
import pytest

from tests.interfaces.listening import Listening
from tests.interfaces.web.conftest import Hand
from workspace_server.core.access import Caller

pytestmark = pytest.mark.anyio

ANA = Caller(agent="ana")


async def ask(served: Listening, hand: Hand) -> None:
    options = {"approval": "Publish <it>?", "settle": "immediate"}
    await served.engine.triggers.create_trigger(ANA, name="publish", files=["draft.md"], options=options)
    await hand.write("draft.md", "one\n")


async def send(person: httpx2.AsyncClient, address: str = "/attention", **fields: str) -> httpx2.Response:
    """Send a form of the page, as a browser does."""
    html = (await person.get("/attention")).text
    found = re.search(r'name="token" value="(\w+)"', html)
    token = {"token": found[1]} if found else {}
    return await person.post(address, data={"attention": "A1", **token, **fields})


async def decided(served: Listening) -> list[dict[str, Any]]:
    page = await served.engine.events.feed(ANA, types=["approval.granted", "approval.denied"])
    return [{"type": one["type"], "by": one["by"], "note": one.get("note")} for one in page["events"]]


async def test_every_page_counts_what_needs_a_person(served: Listening, reader: httpx2.AsyncClient, hand: Hand) -> None:
    assert 'class="badge"' not in (await reader.get("/")).text
    await ask(served, hand)

    for address in ("/", "/activity", "/files/draft.md"):
        assert 'class="badge" title="1 open">1<' in (await reader.get(address)).text


async def test_whoever_reads_sees_what_is_asked_and_how_to_decide(
    served: Listening, reader: httpx2.AsyncClient, hand: Hand
) -> None:
    await ask(served, hand)
    html = (await reader.get("/attention")).text

    assert "Publish &lt;it&gt;?" in html
    assert (
        '<a class="path" href="/files/draft.md?version=1"><bdi>draft.md</bdi></a><span class="version">v1</span>'
        in html
    )
    assert "workspace-server attention" in html
    assert "<form class=" not in html.partition("<main")[2]


async def test_a_person_approves_with_a_form(served: Listening, person: httpx2.AsyncClient, hand: Hand) -> None:
    await ask(served, hand)
    answer = await send(person, action="approve", note="go")

    assert (answer.status_code, answer.headers["location"]) == (303, "/attention")
    assert await decided(served) == [{"type": "approval.granted", "by": "owner", "note": "go"}]
    html = (await person.get("/attention")).text
    assert "Nothing needs a person" in html
    assert '<span class="tag good">approved</span>' in html


async def test_what_has_moved_on_says_so_beside_its_button(
    served: Listening, person: httpx2.AsyncClient, hand: Hand
) -> None:
    await ask(served, hand)
    await hand.write("draft.md", "two\n")
    html = (await person.get("/attention")).text
    assert "has moved on: version 1 was asked about" in html
    assert 'href="/files/draft.md?diff=1..2"' in html

    refused = await send(person, action="approve")
    assert refused.status_code == 412
    assert "draft.md has moved on" in refused.text
    assert (await send(person, "/attention?stale=1", action="approve")).status_code == 303
    assert [one["type"] for one in await decided(served)] == ["approval.granted"]


@pytest.mark.parametrize(
    ("action", "status"), [("deny", 303), ("reply", 400), ("retry", 400), ("dismiss", 400), ("explode", 400)]
)
async def test_a_form_does_what_its_button_says_or_says_why_not(
    served: Listening, person: httpx2.AsyncClient, hand: Hand, action: str, status: int
) -> None:
    await ask(served, hand)
    answer = await send(person, action=action, note="because")

    assert answer.status_code == status
    assert ('role="alert"' in answer.text) is (status != 303)
    assert len(await decided(served)) == (status == 303)


async def test_a_form_of_somebody_else_is_refused(
    served: Listening, person: httpx2.AsyncClient, reader: httpx2.AsyncClient, hand: Hand
) -> None:
    await ask(served, hand)
    token = served.guard.form_token
    fields = {"attention": "A1", "action": "approve"}

    without_token = await person.post("/attention", data=fields)
    wrong_token = await person.post("/attention", data={**fields, "token": token[::-1]})
    elsewhere = await person.post(
        "/attention", data={**fields, "token": token}, headers={"origin": "https://evil.example"}
    )
    unsaid = await person.post("/attention", data={**fields, "token": token}, headers={"origin": "null"})
    no_cookie = await reader.post("/attention", data={**fields, "token": token}, headers={"origin": served.url})

    refusals = [without_token, wrong_token, elsewhere, unsaid, no_cookie]
    assert [answer.status_code for answer in refusals] == [403] * 5
    assert await decided(served) == []


@pytest.mark.parametrize("body", [b"\xff", b"a=b" * 40_000, b"&".join(b"a=b" for _ in range(100))])
async def test_what_is_no_form_is_refused(served: Listening, person: httpx2.AsyncClient, body: bytes) -> None:
    assert (await person.post("/attention", content=body)).status_code == 400


async def fill(served: Listening, hand: Hand) -> None:
    """Let three flows ask, and two jobs fail, the newest last: A1 to A3, A4 and A5."""
    await ask(served, hand)
    options = {"approval": "Send it?", "settle": "immediate"}
    await served.engine.triggers.create_trigger(ANA, name="send", files=["{name}.txt"], options=options)
    for name in ("a", "b"):
        await hand.write(f"{name}.txt", "x")
    for job in ("J1", "J2"):
        await served.engine.jobs.add_job(ANA, queue="q", instructions="Work.")
        await served.engine.jobs.claim_job(ANA, queue="q")
        await served.engine.jobs.finish_job(ANA, job=job, outcome="failed")


def listed(html: str) -> list[str]:
    return re.findall(r'<li data-key="(A\d+)" class="tone-', html)


async def test_the_list_is_chosen_by_kind_and_by_the_trigger_that_asks(
    served: Listening, reader: httpx2.AsyncClient, hand: Hand
) -> None:
    await fill(served, hand)
    assert listed((await reader.get("/attention")).text) == ["A5", "A4", "A3", "A2", "A1"]
    assert listed((await reader.get("/attention?kind=approval")).text) == ["A3", "A2", "A1"]
    assert listed((await reader.get("/attention?trigger=publish")).text) == ["A1"]
    assert listed((await reader.get("/attention?kind=gossip&trigger=send")).text) == ["A3", "A2"]
    html = (await reader.get("/attention?kind=conflict")).text
    assert "Nothing of that needs a person" in html
    assert '<option value="send">send (2)</option>' in html


async def test_more_than_a_page_holds_is_a_link_away(
    served: Listening, reader: httpx2.AsyncClient, hand: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workspace_server.interfaces.web.needs.attention.PAGE", 2)
    await fill(served, hand)
    html = (await reader.get("/attention?kind=approval")).text
    [older] = re.findall(r'<a href="([^"]*)">Older</a>', html)
    rest = (await reader.get(older.replace("&amp;", "&"))).text

    assert (listed(html), listed(rest)) == (["A3", "A2"], ["A1"])
    assert "Older" not in rest


async def test_several_are_dismissed_at_once_and_what_only_a_decision_ends_is_not(
    served: Listening, person: httpx2.AsyncClient, hand: Hand
) -> None:
    await fill(served, hand)
    token = served.guard.form_token
    html = (await person.get("/attention")).text
    assert re.findall(r'name="on:(A\d)"', html) == ["A5", "A4"]

    done = await person.post("/attention", data={"token": token, "on:A4": "1", "on:A5": "1", "action": "dismiss"})
    assert done.status_code == 303
    again = await person.post("/attention", data={"token": token, "on:A1": "1", "on:A5": "1", "action": "dismiss"})
    assert (again.status_code, again.text.count('role="alert"')) == (400, 2)
    assert listed((await person.get("/attention")).text) == ["A3", "A2", "A1"]


async def test_several_are_tried_again_at_once(served: Listening, person: httpx2.AsyncClient, hand: Hand) -> None:
    await fill(served, hand)
    form = {"token": served.guard.form_token, "on:A4": "1", "on:A5": "1", "action": "retry"}
    assert (await person.post("/attention?kind=dead_job", data=form)).headers["location"] == "/attention?kind=dead_job"
    states = [one["state"] for one in (await served.engine.queues.list_jobs(ANA))["jobs"]]
    assert states == ["queued", "queued"]


@pytest.mark.parametrize("action", ["approve", "dismiss"])
async def test_nothing_is_decided_about_what_nobody_has_ticked_or_about_flows_in_bulk(
    served: Listening, person: httpx2.AsyncClient, hand: Hand, action: str
) -> None:
    await fill(served, hand)
    ticked = {"on:A1": "1"} if action == "approve" else {}
    answer = await person.post("/attention", data={"token": served.guard.form_token, **ticked, "action": action})

    assert answer.status_code == 400
    assert await decided(served) == []


async def test_how_much_is_open_stands_in_the_title_of_every_page(
    served: Listening, reader: httpx2.AsyncClient, hand: Hand
) -> None:
    assert "<title>Activity" in (await reader.get("/activity")).text
    await ask(served, hand)
    html = (await reader.get("/activity")).text
    assert "<title>(1) Activity" in html
    assert "1 open: needs a person" in html
