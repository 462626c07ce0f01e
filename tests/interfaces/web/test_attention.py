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
    assert '<a class="path" href="/files/draft.md"><bdi>draft.md</bdi></a><span class="version">v1</span>' in html
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


async def test_the_page_says_how_much_it_leaves_out(
    served: Listening, reader: httpx2.AsyncClient, hand: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workspace_server.interfaces.web.needs.attention.SHOWN", 1)
    options = {"approval": "Publish it?", "settle": "immediate"}
    await served.engine.triggers.create_trigger(ANA, name="publish", files=["*.md"], options=options)
    for name in ("a", "b", "c"):
        await hand.write(f"{name}.md", "x")

    assert "2 more: " in (await reader.get("/attention")).text
