"""The page of search: what agents are answered, narrowed as they can, with links that open at the very words."""

import html
import re

import httpx2
import pytest

from tests.interfaces.listening import Listening
from tests.interfaces.web.conftest import Hand
from workspace_server.core import tokens
from workspace_server.core.access import ANONYMOUS, Caller

pytestmark = pytest.mark.anyio

READER = Caller(agent=ANONYMOUS)


async def settled(served: Listening) -> None:
    """Wait until everything can be found."""
    head = served.engine.events.head_seq
    await served.engine.search.search(READER, query="x", min_seq=head)
    await served.engine.search.query_facts(READER, min_seq=head)


async def shown(reader: httpx2.AsyncClient, address: str, **arguments: str) -> str:
    answer = await reader.get(address, params=arguments or None)
    assert answer.status_code == 200
    return html.unescape(answer.text)


async def test_a_search_says_what_an_agent_pays_for_the_same_answer(
    served: Listening, reader: httpx2.AsyncClient, hand: Hand
) -> None:
    await hand.write("a.md", "# Relay\n\nPort: 80\n\nThe relay listens.\n")
    await settled(served)
    passages = await served.engine.search.search(READER, query="relay")
    facts = await served.engine.search.query_facts(READER, query="relay port")

    page = await shown(reader, "/search", q="relay")
    assert f"{tokens.of_bytes(tokens.bytes_of(passages))} tokens for an agent" in page
    without = {**facts, "passages": []}
    page = await shown(reader, "/facts", q="relay port")
    assert f"{tokens.of_bytes(tokens.bytes_of(without))} tokens for an agent" in page


async def test_a_search_is_narrowed_as_agents_narrow_theirs(
    served: Listening, reader: httpx2.AsyncClient, hand: Hand
) -> None:
    await hand.write("docs/a.md", "the relay listens", agent="ana")
    await hand.write("docs/b.txt", "the relay waits", agent="bo")
    await hand.write("c.md", "the relay sleeps", agent="bo")
    await settled(served)

    async def found(**asked: str) -> set[str]:
        page = await shown(reader, "/search", q="relay", **asked)
        return set(re.findall(r'class="cite" href="/files/([^?]+)\?', page))

    assert await found() == {"docs/a.md", "docs/b.txt", "c.md"}
    assert await found(path="docs/") == {"docs/a.md", "docs/b.txt"}
    assert await found(agent="bo") == {"docs/b.txt", "c.md"}
    assert await found(type="text/markdown", path="docs/") == {"docs/a.md"}
    assert await found(since="2999-01-01") == set()
    assert await found(mode="exact", agent="bo", path="docs/") == {"docs/b.txt"}
    page = await shown(reader, "/search", q="relay", since="2999-01-01", path="docs/")
    assert 'value="docs/"' in page
    assert 'value="2999-01-01"' in page
    assert '<a href="/search?q=relay">everywhere</a>' in page


async def test_more_passages_are_a_link_away_up_to_what_one_answer_holds(
    served: Listening, reader: httpx2.AsyncClient, hand: Hand
) -> None:
    await hand.write("a.txt", "".join(f"needle {number}\n" for number in range(120)))
    first = await shown(reader, "/search", q="needle", mode="exact")
    second = await shown(reader, "/search", q="needle", mode="exact", limit="30")
    last = await shown(reader, "/search", q="needle", mode="exact", limit="9999")

    assert [page.count('class="hit"') for page in (first, second, last)] == [10, 30, 100]
    assert "10 of 120" in first
    assert "/search?limit=30&q=needle&mode=exact" in first
    assert "/search?limit=100&q=needle&mode=exact" in second
    assert "limit=" not in last
    assert "ask for something rarer" in last


async def test_a_link_opens_at_the_line_with_the_words_marked(
    served: Listening, reader: httpx2.AsyncClient, hand: Hand
) -> None:
    lines = [f"x = {number}" for number in range(1_500)]
    lines[1_399] = 'print("weeks & <days>")'
    await hand.write("src/long.py", "\n".join(lines))
    await hand.write("plan.md", "# Plan\n\nThe work takes three weeks.\n\nAnd weeks later it ends.\n")
    await settled(served)
    page = await shown(reader, "/search", q="three weeks")
    link = next(one for one in re.findall(r'href="(/files/plan.md[^"]+)"', page) if "found=" in one)
    exact = await shown(reader, "/search", q="weeks & <days>", mode="exact")
    far = next(one for one in re.findall(r'href="(/files/src[^"]+)"', exact))
    rows = (await reader.get(link)).text

    assert "version=1" in link
    assert link.endswith("#L1")
    assert "<mark>three</mark> <mark>weeks</mark>" in rows
    assert far == (
        "/files/src/long.py?version=1&view=source&line=1380&found=1400-1400&q=weeks+%26+%3Cdays%3E&mode=exact#L1400"
    )
    row = re.search(r'<div class="row found" id="L1400">.*?</code>', (await reader.get(far)).text)
    assert row is not None
    assert "".join(re.findall("<mark>(.*?)</mark>", row[0])) == "weeks &amp; &lt;days&gt;"
    assert html.unescape(re.sub(r"<[^>]*>", "", row[0])) == 'print("weeks & <days>")'


@pytest.mark.parametrize(
    ("query", "mode", "marked"),
    [
        ("relays", "ranked", "The <mark>relay</mark>"),
        (r"r\w+y", "regex", "The <mark>relay</mark>"),
        ("(", "regex", "(a"),
        ("x*", "regex", "The relay"),
        ("relay, é", "exact", "The <mark>relay, é</mark>"),
    ],
)
async def test_what_was_found_is_marked_by_the_rules_of_its_mode(
    reader: httpx2.AsyncClient, hand: Hand, query: str, mode: str, marked: str
) -> None:
    await hand.write("a.txt", "The relay, é (a\n")
    page = await reader.get("/files/a.txt", params={"view": "source", "found": "1-1", "q": query, "mode": mode})

    assert marked in page.text
    unfound = await reader.get("/files/a.txt", params={"view": "source", "found": "2-3", "q": query, "mode": mode})
    assert "<mark>" not in unfound.text


async def test_a_part_of_a_word_of_code_is_marked_within_its_colour(reader: httpx2.AsyncClient, hand: Hand) -> None:
    await hand.write("a.py", "def relay_port(): pass\n")
    page = await reader.get("/files/a.py", params={"view": "source", "found": "1-1", "q": "f rel", "mode": "exact"})

    assert '<span class="k">de<mark>f</mark></span>' in page.text
    assert '<span class="nf"><mark>rel</mark>ay_port</span>' in page.text


async def test_an_index_that_is_behind_is_said_plainly(
    served: Listening, reader: httpx2.AsyncClient, hand: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    await hand.write("a.md", "x")
    await settled(served)
    assert "The index is still working" not in await shown(reader, "/search", q="x")
    monkeypatch.setattr(served.engine.indexing, "is_renewing", lambda part: part == "passages")

    assert "The index is still working" in await shown(reader, "/search", q="x")
    assert "The index is still working" not in await shown(reader, "/facts")
