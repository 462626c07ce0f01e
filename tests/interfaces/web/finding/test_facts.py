"""The pages of facts and contradictions: asked as agents ask, cited to the line, and settled by a person."""

import html
import re

import httpx2
import pytest

from tests.interfaces.listening import Listening
from tests.interfaces.web.conftest import Hand
from tests.interfaces.web.finding.test_search import READER, settled, shown

pytestmark = pytest.mark.anyio


async def disagree(served: Listening, hand: Hand) -> None:
    await hand.write("a.md", "# Relay\n\nPort: 80\nRisk: it may be late\n", agent="ana")
    await hand.write("docs/b.md", "# Relay\n\nPort: 81\n", agent="bo")
    await settled(served)


def statements(page: str) -> list[str]:
    return re.findall(r'class="statement">.*?<bdi>(.*?)</bdi>', page)


async def test_facts_are_asked_for_by_words_subject_key_kind_and_place(
    served: Listening, reader: httpx2.AsyncClient, hand: Hand
) -> None:
    await disagree(served, hand)

    assert set(statements(await shown(reader, "/facts"))) >= {"Relay · Port: 80", "Relay · Port: 81"}
    assert statements(await shown(reader, "/facts", q="relay port", path="docs/")) == ["Relay · Port: 81"]
    assert statements(await shown(reader, "/facts", subject="relay", key="port", path="a.md")) == ["Relay · Port: 80"]
    assert statements(await shown(reader, "/facts", kind="risk")) == ["Relay · risk: it may be late"]
    page = await shown(reader, "/facts", q="port", kind="field")
    assert "<option selected>field</option>" in page
    assert "/files/a.md?version=1&view=source&found=3-3&q=Port%3A+80&mode=exact#L3" in page
    assert "No fact says that" in await shown(reader, "/facts", q="walrus")


async def test_facts_of_an_earlier_change_say_so(served: Listening, reader: httpx2.AsyncClient, hand: Hand) -> None:
    await hand.write("a.md", "# Relay\n\nPort: 80\n")
    await settled(served)
    then = str(served.engine.events.head_seq)
    await hand.write("a.md", "# Relay\n\nPort: 82\n")
    await settled(served)
    page = await shown(reader, "/facts", q="port", as_of=then)

    assert statements(page) == ["Relay · Port: 80"]
    assert "As the files stood once change" in page
    assert re.search(r"replaced at #\d+", page)
    assert '<a href="/facts?q=port">As they stand now</a>' in page
    assert (await reader.get("/facts", params={"as_of": "soon"})).status_code == 400
    assert (await reader.get("/facts", params={"as_of": "999999"})).status_code == 400


async def test_an_empty_workspace_says_what_becomes_a_fact(reader: httpx2.AsyncClient) -> None:
    assert "No facts yet" in await shown(reader, "/facts")
    assert "No files contradict each other" in await shown(reader, "/contradictions")


async def test_a_contradiction_stands_side_by_side_and_only_its_owner_settles_it(
    served: Listening, reader: httpx2.AsyncClient, owner: httpx2.AsyncClient, hand: Hand
) -> None:
    await disagree(served, hand)
    page = await shown(reader, "/facts", q="relay port")
    assert "/contradictions?subject=Relay&key=Port" in page
    page = await shown(reader, "/contradictions", subject="Relay", key="Port")
    assert re.findall(r'class="value"><bdi>(.*?)</bdi>', page) == ["80", "81"]
    assert re.findall(r"<blockquote><bdi>(.*?)</bdi>", page) == ["Port: 80", "Port: 81"]
    assert "<form method" not in page
    page = await shown(owner, "/contradictions")
    fields = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page))

    stale = await owner.post("/contradictions", data={**fields, "value0": "79"})
    assert stale.status_code == 404
    refused = await reader.post("/contradictions", data=fields, headers={"origin": served.url})
    assert refused.status_code == 403
    settled_by = await owner.post("/contradictions", data=fields)
    assert (settled_by.status_code, settled_by.headers["location"]) == (303, "/contradictions")
    assert "No files contradict each other" in await shown(reader, "/contradictions")
    assert (await served.engine.search.query_facts(READER, query="relay port"))["conflicts"] == []


async def test_contradictions_come_page_by_page(served: Listening, reader: httpx2.AsyncClient, hand: Hand) -> None:
    keys = [f"{word} {number} port" for number in range(6) for word in ("North", "South", "East", "West")]
    for number in (1, 2):
        await hand.write(f"{number}/a.md", "# Relay\n\n" + "".join(f"- {key}: {number}0\n" for key in keys))
    await settled(served)
    page = await shown(reader, "/contradictions")
    more = re.search(r'href="(/contradictions\?cursor=\d+)"', page)
    assert more is not None
    rest = html.unescape((await reader.get(more[1])).text)

    assert page.count('class="card against"') + rest.count('class="card against"') == len(keys)
    assert '<a href="/contradictions">Newest</a>' in rest
    assert "None among these facts" in await shown(reader, "/contradictions", cursor="1")
