"""Directories as a reader without JavaScript gets them: sorted, narrowed down, by pages, beside the tree of folders."""

import re
from dataclasses import replace
from html import unescape

import httpx2
import pytest

from tests.interfaces.listening import Listening, listening
from tests.interfaces.web.conftest import Hand
from workspace_server.core.access import Caller
from workspace_server.core.limits import LIMITS
from workspace_server.interfaces.web.files import folders, table
from workspace_server.interfaces.web.files.holders import Covers
from workspace_server.services.files import browsing, ground

pytestmark = pytest.mark.anyio

ANA = Caller(agent="ana")


async def page(reader: httpx2.AsyncClient, address: str) -> str:
    answer = await reader.get(address)
    assert answer.status_code == 200, answer.text
    return answer.text


def names(html: str) -> list[str]:
    """Return what the rows of the table are called, from the top."""
    return [unescape(name) for name in re.findall(r'class="kind-\w+">.*?<bdi>(.*?)</bdi>', html)]


def link(html: str, label: str) -> str:
    """Return where the link of that label leads."""
    [found] = re.findall(rf'<a href="([^"]*)">{label}(?:<svg|</a>)', html)
    return unescape(found)


@pytest.mark.parametrize("label", ["Name", "Size", "Changed by", "When"])
async def test_each_column_sorts_and_its_pages_hold_every_file_once(
    reader: httpx2.AsyncClient, hand: Hand, monkeypatch: pytest.MonkeyPatch, label: str
) -> None:
    monkeypatch.setattr(table, "ROWS", 4)
    for number in range(9):
        await hand.write(f"many/{number}.txt", "x" * (number * 5 % 7), agent=("ana", "bo")[number % 2])
    chosen = link(await page(reader, "/files/many"), label)
    for address in (chosen, link(await page(reader, chosen), label)):  # the second click turns it round
        html = await page(reader, address)
        direction = "descending" if "sort=-" in address else "ascending"
        assert f'aria-sort="{direction}"><a href="' in html
        assert html.count("aria-sort") == 1
        seen = names(html)
        while "More files" in html:
            html = await page(reader, link(html, "More files"))
            seen += names(html)
        assert sorted(seen) == [f"{number}.txt" for number in range(9)]
        if label == "Name":
            assert seen == sorted(seen, reverse="-" in address)


async def test_a_table_is_narrowed_down_by_a_form_that_says_what_it_shows(
    reader: httpx2.AsyncClient, hand: Hand
) -> None:
    await hand.write("draft.md", "x")
    await hand.write("old/draft-1.md", "x", agent="bo")
    await hand.write("old/draft.csv", "x", agent="bo")
    html = await page(reader, "/files/?name=DRAFT*&type=text/markdown&agent=&since=1h&sort=-name")
    odd = await page(reader, "/files/?type=text/x-python&since=90m")

    assert names(html) == ["old/draft-1.md", "draft.md"]
    assert 'name="name" value="DRAFT*"' in html
    assert '<option value="text/markdown" selected>' in html
    assert '<option value="1h" selected>' in html
    assert '<input type="hidden" name="sort" value="-name">' in html
    assert "name=DRAFT" in link(html, "Name")
    assert names(await page(reader, "/files/old?agent=bo&name=.csv")) == ["draft.csv"]
    assert "No file fits" in odd
    assert "<option selected>text/x-python</option>" in odd
    assert "<option selected>90m</option>" in odd


async def test_the_last_change_of_a_file_tells_why(reader: httpx2.AsyncClient, hand: Hand) -> None:
    await hand.write("a.md", "x", message="because <b>it</b> was wrong")

    assert "<bdi>because &lt;b&gt;it&lt;/b&gt; was wrong</bdi>" in (await page(reader, "/files/")).split("<table")[1]


async def test_folders_stand_beside_a_page_opened_along_its_path(reader: httpx2.AsyncClient, hand: Hand) -> None:
    for path in ("a/b/c/d.md", "a/e/f.md", "z/y/x.md"):
        await hand.write(path, "x")

    def tree(html: str) -> list[str]:
        beside = html.split('aria-label="Folders">')[1].split("</nav>", maxsplit=1)[0]
        return re.findall(r'<a href="/files/([^"]*)"(?: aria-current="\w+")?>', beside)

    directory, file = await page(reader, "/files/a/b"), await page(reader, "/files/a/b/c/d.md")
    assert tree(directory) == ["", "a", "a/b", "a/b/c", "a/e", "z"]
    assert '<a href="/files/a/b" aria-current="page">' in directory
    assert '<a href="/files/a/b/c" aria-current="true">' in file
    assert '<a href="/files/" aria-current="page">' in await page(reader, "/files/")
    assert 'aria-label="Folders"' not in await page(reader, "/locks")


async def test_many_folders_go_on_on_a_page_of_their_own(
    reader: httpx2.AsyncClient, hand: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(7):
        await hand.write(f"top/{number}/a.md", "x")
    monkeypatch.setattr(folders, "BESIDE_MAX", 3)
    monkeypatch.setattr(folders, "ON_PAGE_MAX", 3)
    html = await page(reader, "/files/top/6")
    assert '<a href="/files/top/6" aria-current="page">' in html
    assert '<a href="/files/top/4">' not in html
    seen = []
    while "More folders" in html:
        [more] = re.findall(r'href="([^"]*)">More folders', html)
        html = await page(reader, unescape(more))
        seen += re.findall(r'<a href="/files/top/(\d)">', html)
    assert seen == ["3", "4", "5", "6"]
    assert "No folders in here" in await page(reader, "/folders?path=top/6")


async def test_a_directory_that_is_no_more_shows_what_was_in_it(
    served: Listening, reader: httpx2.AsyncClient, hand: Hand
) -> None:
    await hand.write("old/a.md", "x")
    await hand.write("new/b.md", "x")
    await served.engine.files.move_file(ANA, path="old", to="new/old")
    html = await page(reader, "/files/old")

    assert "Nothing is here any more" in html
    assert names(html) == ["a.md"]
    assert "Moved to" in await page(reader, "/files/old/a.md")
    never = await reader.get("/files/new/old/never.md")
    assert never.status_code == 404
    assert 'href="/find?q=never.md"' in never.text


async def test_a_file_is_found_by_words_of_its_name(reader: httpx2.AsyncClient, hand: Hand) -> None:
    await hand.write("reports/2026/Draft.md", "x")
    html = await page(reader, "/find?q=draft+reports")

    assert '<a href="/files/reports/2026/Draft.md">' in html
    assert "Search in what files say" in await page(reader, "/find?q=absent")
    assert "Type a part of a name" in await page(reader, "/find")


async def test_a_page_says_when_there_is_more_than_it_looked_through(
    reader: httpx2.AsyncClient, hand: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(4):
        await hand.write(f"d/{number}.md", "x")
    for module in (browsing, ground):
        monkeypatch.setattr(module, "LIMITS", replace(LIMITS, browsed_files_max=2, counted_files_max=3))

    assert "There are more files" not in await page(reader, "/files/d")
    assert "There are more files" in await page(reader, "/files/d?sort=size")
    assert "There are more files" in await page(reader, "/find?q=md")
    assert ">3+ files<" in await page(reader, "/")


@pytest.mark.parametrize("address", ["/", "/files/"])
async def test_an_empty_workspace_shows_what_to_copy_to_connect(reader: httpx2.AsyncClient, address: str) -> None:
    base = str(reader.base_url).rstrip("/")

    assert f"claude mcp add --transport http workspace &#39;{base}/mcp?agent=claude-code&#39;" in await page(
        reader, address
    )
    assert f"{base}/mcp?agent=NAME" in await page(reader, "/connect")


async def test_what_to_copy_has_the_address_that_the_operator_named(tmp_path_factory: pytest.TempPathFactory) -> None:
    async with (
        listening(tmp_path_factory.mktemp("w"), public_url="https://files.example.org/") as served,
        httpx2.AsyncClient(timeout=60, base_url=served.url) as reader,
    ):
        for address in ("/", "/connect"):
            html = await page(reader, address)
            assert "https://files.example.org/mcp?agent=claude-code" in html
            assert f"{served.url}/mcp" not in html


def test_a_row_shows_the_locks_that_cover_it_and_no_others() -> None:
    paths = [["a/b.md"], ["a/"], ["a/*.md", "z.md"], ["x/y/"], ["/"], ["odd[.md"], ["a/b/c*"]]
    covers = Covers([{"paths": names, "agent": str(number)} for number, names in enumerate(paths)])

    def holders(path: str, kind: str = "file") -> str:
        return "".join(lock["agent"] for lock in covers.concerning({"path": path, "type": kind}))

    assert holders("a/b.md") == "0124"
    assert holders("a/b/c.md") == "146"
    assert holders("a", "directory") == "01246"
    assert holders("x", "directory") == "34"
    assert holders("x/y/z", "directory") == "34"
    assert holders("xx/y.md") == "4"
    assert holders("odd[.md") == "45"
