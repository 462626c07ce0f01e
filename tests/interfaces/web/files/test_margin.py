"""Facts stand beside the lines that say them, and lead to those that say otherwise."""

import httpx2
import pytest

from tests.interfaces.listening import Listening
from tests.interfaces.web.conftest import Hand
from workspace_server.core.access import Caller
from workspace_server.core.scopes import ALL

pytestmark = pytest.mark.anyio

ANA = Caller(agent="ana")


async def page(reader: httpx2.AsyncClient, address: str) -> str:
    answer = await reader.get(address)
    assert answer.status_code == 200, answer.text
    return answer.text


async def indexed(served: Listening) -> None:
    await served.engine.search.query_facts(ANA, min_seq=served.engine.events.head_seq)


def row(html: str, number: int) -> str:
    """Return what the page shows on a line."""
    return html.partition(f'id="L{number}"')[2].partition('<div class="row"')[0]


async def test_a_fact_stands_beside_its_line_with_what_says_otherwise(
    served: Listening, reader: httpx2.AsyncClient, hand: Hand
) -> None:
    await hand.write("a.md", "# Alpha\n\nprice: 19 EUR\n")
    await hand.write("b.md", "# Alpha\n\ntext\n\nprice: 21 EUR\n", agent="bo")
    await indexed(served)
    html = await page(reader, "/files/a.md?view=source")

    assert "<bdi>price</bdi>: <bdi>19 EUR</bdi>" in row(html, 3)
    assert 'href="/files/b.md?version=1&amp;view=source&amp;found=5-5#L5"' in row(html, 3)
    assert 'href="/contradictions?subject=Alpha&amp;key=price"' in row(html, 3)
    assert "<bdi>21 EUR</bdi> in <bdi>b.md</bdi>" in row(html, 3)
    assert "fact-note" not in row(html, 1)

    await served.engine.contradictions.dismiss_conflict(Caller(agent="owner", scope=ALL), subject="Alpha", key="price")
    assert "21 EUR" not in await page(reader, "/files/a.md?view=source")


async def test_an_earlier_version_has_the_facts_that_it_said(
    served: Listening, reader: httpx2.AsyncClient, hand: Hand
) -> None:
    await hand.write("a.md", "# Alpha\n\nprice: 19 EUR\n")
    await indexed(served)
    await hand.write("a.md", "# Alpha\n\nowner: bo\n")
    await indexed(served)

    assert "19 EUR</bdi>" in row(await page(reader, "/files/a.md?view=source&version=1"), 3)
    newest = row(await page(reader, "/files/a.md?view=source"), 3)
    assert "<bdi>owner</bdi>: <bdi>bo</bdi>" in newest
    assert "19 EUR" not in newest


async def test_a_line_with_many_facts_leads_to_all_of_them(
    served: Listening, reader: httpx2.AsyncClient, hand: Hand
) -> None:
    await hand.write("a.csv", "name,price,weight,colour,size\nalpha,1 EUR,2 kg,red,large\n")
    await indexed(served)
    html = await page(reader, "/files/a.csv?view=source")

    assert row(html, 2).count('class="fact-note"') == 4
    assert 'href="/files/a.csv?view=facts">and' in row(html, 2)


async def test_text_without_facts_has_no_margin(reader: httpx2.AsyncClient, hand: Hand) -> None:
    await hand.write("a.txt", "nothing to see\n")
    html = await page(reader, "/files/a.txt")

    assert "with-facts" not in html
