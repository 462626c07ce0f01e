"""The page of the log: what a person chooses of it, and the lines that a page which stays open asks for."""

import re

import httpx2
import pytest

from tests.interfaces.listening import Listening
from tests.interfaces.web.conftest import Hand
from workspace_server.core.access import Caller

pytestmark = pytest.mark.anyio

ANA = Caller(agent="ana")


def paths(html: str) -> list[str]:
    """Return the files that the lines of the log link to."""
    return re.findall(r'<a class="path" href="/files/([^"]*)">', html.partition("<main")[2] or html)


def cursor(html: str) -> str:
    found = re.search(r'data-seq="(\d+)" data-most', html)
    assert found is not None
    return found[1]


async def test_the_log_is_chosen_by_agent_path_and_kind_in_the_address(
    served: Listening, reader: httpx2.AsyncClient, hand: Hand
) -> None:
    await hand.write("a.md", "x", agent="ana")
    await hand.write("dir/b.md", "x", agent="bo")
    await served.engine.locks.lock_files(ANA, paths=["c.md"])

    assert paths((await reader.get("/activity?agent=bo")).text) == ["dir/b.md"]
    assert paths((await reader.get("/activity?path=*.md&kind=files")).text) == ["a.md"]
    assert paths((await reader.get("/activity?path=dir")).text) == ["dir/b.md"]
    assert "Nothing of that in the log" in (await reader.get("/activity?kind=attention")).text
    kept = (await reader.get("/activity?agent=bo&path=dir&squash=1")).text
    assert 'name="agent" value="bo"' in kept
    assert 'href="/activity?kind=locks&amp;agent=bo&amp;path=dir&amp;squash=1"' in kept


async def test_a_wrong_choice_is_refused_above_the_form_that_made_it(reader: httpx2.AsyncClient) -> None:
    answer = await reader.get("/activity?path=/x*")
    assert answer.status_code == 400
    assert 'role="alert"' in answer.text
    assert 'name="path" value="/x*"' in answer.text
    assert (await reader.get("/activity?day=yesterday")).status_code == 400
    assert (await reader.get("/activity?day=9999-12-31")).status_code == 400


async def test_a_day_leads_to_what_happened_up_to_its_end(
    served: Listening, reader: httpx2.AsyncClient, hand: Hand
) -> None:
    await hand.write("a.md", "x")
    head = served.engine.events.head_seq
    early = await reader.get("/activity?day=2001-02-03&kind=files")
    late = await reader.get("/activity?day=2999-01-01")

    assert (early.status_code, early.headers["location"]) == (303, "/activity?kind=files&before=1")
    assert int(late.headers["location"].removeprefix("/activity?before=")) > head


async def test_lines_stand_below_the_day_on_which_they_happened(reader: httpx2.AsyncClient, hand: Hand) -> None:
    await hand.write("a.md", "x")
    html = (await reader.get("/activity")).text
    assert len(re.findall(r'<li class="day" data-key="\d{4}-\d\d-\d\d">', html)) == 1


async def test_one_line_per_file_tells_how_many_changes_there_were(reader: httpx2.AsyncClient, hand: Hand) -> None:
    for path in ("a.md", "b.md", "a.md"):
        await hand.write(path, f"{path} again")
    await hand.write("a.md", "and again")
    html = (await reader.get("/activity?squash=1&kind=files")).text

    assert paths(html) == ["a.md", "b.md"]
    assert "2 changes" in html
    assert 'data-key="a.md"' in html


async def test_an_open_page_is_given_what_is_new_and_nothing_twice(reader: httpx2.AsyncClient, hand: Hand) -> None:
    await hand.write("a.md", "x")
    seen = cursor((await reader.get("/activity?kind=files")).text)
    await hand.write("b.md", "x")
    news = (await reader.get(f"/activity?kind=files&after={seen}&most=50")).text

    assert paths(news) == ["b.md"]
    [beyond] = re.findall(r'<ol data-seq="(\d+)">', news)
    assert paths((await reader.get(f"/activity?kind=files&after={beyond}&most=50")).text) == []


async def test_a_flood_comes_as_no_more_lines_than_the_page_holds(reader: httpx2.AsyncClient, hand: Hand) -> None:
    seen = cursor((await reader.get("/activity")).text)
    for number in range(8):
        await hand.write(f"{number}.md", "x")

    assert paths((await reader.get(f"/activity?after={seen}&most=3&kind=files")).text) == ["7.md", "6.md", "5.md"]


async def test_an_older_page_says_so_and_does_not_move(reader: httpx2.AsyncClient, hand: Hand) -> None:
    for number in range(60):
        await hand.write(f"{number}.md", "x")
    newest = (await reader.get("/activity?kind=files")).text
    [older] = re.findall(r'<a href="(/activity\?[^"]*before=\d+[^"]*)">Older</a>', newest)
    page = (await reader.get(older.replace("&amp;", "&"))).text

    assert paths(newest) + paths(page) == [f"{number}.md" for number in reversed(range(60))]
    assert "data-rows" not in page
