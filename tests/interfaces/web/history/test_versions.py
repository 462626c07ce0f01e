"""The pages of a file's past, as a reader without JavaScript gets them, and the form that restores a version."""

import dataclasses
import re
from collections.abc import Mapping

import httpx2
import pytest

from tests.interfaces.listening import Listening
from tests.interfaces.web.conftest import Hand
from workspace_server.core.access import Caller
from workspace_server.core.limits import LIMITS
from workspace_server.interfaces.web.history import comparing
from workspace_server.interfaces.web.history.pages import PAGE
from workspace_server.services.files import blaming

pytestmark = pytest.mark.anyio

ANA, BO = Caller(agent="ana"), Caller(agent="bo")


async def page(reader: httpx2.AsyncClient, address: str, status: int = 200) -> str:
    answer = await reader.get(address)
    assert answer.status_code == status, answer.text
    return answer.text


async def restored(reader: httpx2.AsyncClient, address: str, version: int, **changed: str) -> httpx2.Response:
    """Send the form of the page at *address* that restores *version*."""
    html = await page(reader, address)
    form = re.search(r'<form[^>]* action="/restore">(.*?)</form>', html, re.DOTALL)
    assert form is not None
    fields: Mapping[str, str] = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form[1]))
    assert f'name="version" value="{version}"' in html
    return await reader.post(
        "/restore",
        data={**fields, "version": str(version), **changed},
        headers={"origin": str(reader.base_url).rstrip("/")},
    )


async def test_the_versions_say_what_was_restored_merged_moved_and_made_from_what(
    served: Listening, reader: httpx2.AsyncClient, hand: Hand
) -> None:
    files = served.engine.files
    await hand.write("notes.md", "n")
    await hand.write("a.md", "1\n2\n3\n4\n5\n", message="start")
    await hand.write("a.md", "one\n2\n3\n4\n5\n", agent="bo")
    await files.write_file(ANA, path="a.md", content="1\n2\n3\n4\nfive\n", expect_version=1, on_conflict="merge")
    await files.restore_file(BO, path="a.md", version=1, expect_version=3)
    sources = [{"path": "notes.md", "version": 1}]
    await files.write_file(BO, path="a.md", content="new", expect_version=4, sources=sources)
    await files.move_file(BO, path="a.md", to="b.md")
    html = await page(reader, "/files/a.md?view=history")
    there = await page(reader, "/files/b.md?view=history")

    for said in ("merged", "restored", "moved away"):
        assert f">{said}</span>" in html
    assert "moved to <a" in html
    assert re.search(r'from <a class="path" href="/files/notes.md">', html)
    assert "restored version 1" in html
    assert 'moved from <a class="path" href="/files/a.md">' in there
    assert 'href="/activity?path=a.md"' in html


async def test_ten_thousand_versions_are_shown_by_pages(
    served: Listening, reader: httpx2.AsyncClient, hand: Hand
) -> None:
    await hand.write("log.txt", "0")
    for number in range(1, PAGE + 3):
        await served.engine.files.write_file(ANA, path="log.txt", content=str(number), append=True)
    newest = await page(reader, "/files/log.txt?view=history")
    older = await page(reader, f"/files/log.txt?view=history&before={4}")

    assert newest.count("<tr data-key") == PAGE
    assert f'href="/files/log.txt?view=history&amp;before={4}">Older versions' in newest
    assert older.count("<tr data-key") == 3
    assert "Newest versions" in older
    assert "Older versions" not in older


async def test_a_version_is_restored_from_the_list_and_from_what_changed(
    served: Listening, reader: httpx2.AsyncClient, hand: Hand
) -> None:
    await hand.write("a.md", "one")
    await hand.write("a.md", "two")
    done = await restored(reader, "/files/a.md?view=history", 1)
    assert (done.status_code, done.headers["location"]) == (303, "/files/a.md")
    assert (await served.engine.files.read_file(ANA, path="a.md")).text == "one"

    old = await restored(reader, "/files/a.md?version=2", 2)
    assert old.status_code == 303
    await restored(reader, "/files/a.md?diff=3..4", 3)
    found = await served.engine.files.read_file(ANA, path="a.md")
    assert (found.text, found.header["version"], found.header["modified_by"]) == ("one", 5, "anonymous")


async def test_a_deleted_file_comes_back(served: Listening, reader: httpx2.AsyncClient, hand: Hand) -> None:
    await hand.write("a.md", "one")
    await served.engine.files.delete_file(ANA, path="a.md")
    done = await restored(reader, "/files/a.md", 1)

    assert done.status_code == 303
    assert (await served.engine.files.read_file(ANA, path="a.md")).text == "one"


async def test_the_two_newest_versions_that_are_kept_are_chosen_for_comparing(
    served: Listening, reader: httpx2.AsyncClient, hand: Hand
) -> None:
    await hand.write("a.md", "one")
    await served.engine.files.delete_file(ANA, path="a.md")
    assert "Compare the chosen versions" not in await page(reader, "/files/a.md")

    await hand.write("a.md", "two")
    await served.engine.files.delete_file(ANA, path="a.md")
    html = await page(reader, "/files/a.md")
    assert re.findall(r'name="(\w+)" value="(\d+)" checked', html) == [("to", "2"), ("from", "1")]


async def test_a_restore_that_is_refused_says_why_above_the_versions(
    served: Listening, reader: httpx2.AsyncClient, hand: Hand
) -> None:
    await hand.write("a.md", "one")
    await hand.write("a.md", "two", agent="bo")
    late = await restored(reader, "/files/a.md?view=history", 1, expect_version="1")
    assert late.status_code == 412
    assert "bo has saved version 2; you were shown version 1." in late.text

    await served.engine.locks.lock_files(BO, paths=["a.md"], purpose="rewriting it")
    held = await restored(reader, "/files/a.md?view=history", 1)
    assert held.status_code == 423
    assert "It is for: <bdi>rewriting it</bdi>." in held.text
    assert "The owner of the folder may break a lock" in held.text

    absent = await restored(reader, "/files/a.md?view=history", 1, path="never.md")
    assert absent.status_code == 404
    odd = await restored(reader, "/files/a.md?view=history", 1, expect_version="soon")
    assert odd.status_code == 400
    strange = await restored(reader, "/files/a.md?view=history", 1, token="made-up")
    assert strange.status_code == 403
    assert (await served.engine.files.read_file(ANA, path="a.md")).text == "two"


async def test_a_restore_of_a_deleted_file_that_is_refused_is_told_there(
    served: Listening, reader: httpx2.AsyncClient, hand: Hand
) -> None:
    await hand.write("a.md", "one")
    await served.engine.files.delete_file(ANA, path="a.md")
    html = await restored(reader, "/files/a.md", 1, expect_version="1")

    assert html.status_code == 412
    assert "a.md was deleted meanwhile; you were shown version 1." in html.text


async def test_changes_are_shown_inline_or_side_by_side_by_the_address(reader: httpx2.AsyncClient, hand: Hand) -> None:
    await hand.write("a.txt", "".join(f"line {number}\n" for number in range(40)), message="start")
    await hand.write(
        "a.txt", "".join(f"line {'ten' if number == 10 else number}\n" for number in range(40)), agent="bo"
    )
    inline = await page(reader, "/files/a.txt?diff=1..2")
    side = await page(reader, "/files/a.txt?diff=1..2&layout=side")

    assert '<tr class="removed"><td class="no">11</td><td class="no"></td>' in inline
    assert "<code>line <mark>10</mark></code>" in inline
    assert "<code>line <mark>ten</mark></code>" in side
    assert '<td class="no added">11</td>' in side
    for html in (inline, side):
        assert "<summary>7 unchanged lines</summary>" in html
        assert "1 change: 1 line added, 1 removed" in html
    assert '<a href="/files/a.txt?diff=1..2&amp;layout=side" aria-current="true">Side by side</a>' in side
    assert '<a href="/files/a.txt?diff=1..2">Inline</a>' in side


async def test_markdown_and_tables_are_compared_as_they_are_read(reader: httpx2.AsyncClient, hand: Hand) -> None:
    await hand.write("a.md", "# Plan\n\nIt takes six weeks.\n")
    await hand.write("a.md", "# Plan\n\nIt takes seven weeks.\n")
    await hand.write("a.csv", "name,price\nalpha,1\n")
    await hand.write("a.csv", "name,price\nalpha,2\n")
    prose = await page(reader, "/files/a.md?diff=1..2&form=rendered&layout=side")
    cells = await page(reader, "/files/a.csv?diff=1..2&form=rendered")

    assert "<p>It takes <del>six</del><ins>seven</ins> weeks.</p>" in prose
    assert 'href="/files/a.md?diff=1..2&amp;layout=side"' in prose
    assert "<del><bdi>1</bdi></del> <ins><bdi>2</bdi></ins>" in cells
    assert ">Cells</a>" in cells
    assert ">Cells</a>" in await page(reader, "/files/a.csv?diff=1..2")


async def test_what_cannot_be_compared_as_it_is_read_leads_to_its_source(
    reader: httpx2.AsyncClient, hand: Hand
) -> None:
    for content in ("x" * 400_000, "y" * 400_000):
        await hand.write("a.md", content)
    for content in ('a,b\n"1,2\n', "a,b\n1,3\n", "a,b\n" + "1,2\n" * 600, "a,b\n" + "1,3\n" * 600, ""):
        await hand.write("a.csv", content)

    assert "Compare the source" in await page(reader, "/files/a.md?diff=1..2&form=rendered")
    assert "Compare the source" in await page(reader, "/files/a.csv?diff=4..5&form=rendered")
    assert "The first rows of both tables" in await page(reader, "/files/a.csv?diff=3..4&form=rendered")


async def test_two_files_are_compared_with_each_other(
    served: Listening, reader: httpx2.AsyncClient, hand: Hand
) -> None:
    await hand.write("a.md", "one two three\n")
    await hand.write("b.md", "one two four\n", agent="bo")
    html = await page(reader, "/files/b.md?view=history&old=a.md&from=1&to=1")
    assert "<code>one two <mark>three</mark></code>" in html
    assert 'href="/files/b.md?diff=1..1&amp;old=a.md&amp;layout=side"' in html
    assert 'action="/restore"' not in html

    await served.engine.files.delete_file(ANA, path="b.md")
    assert "<mark>four</mark>" in await page(reader, "/files/b.md?diff=1..1&old=a.md")
    await page(reader, "/files/b.md?diff=1..1&old=absent.md", 404)


async def test_what_is_too_large_or_no_text_is_offered_as_it_is(
    served: Listening, reader: httpx2.AsyncClient, hand: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    await hand.write("a.bin", b"\0")
    await hand.write("a.bin", b"\1\0")
    await hand.write("a.txt", "one")
    await hand.write("a.txt", "two three")
    await hand.write("b.txt", "one\n" * 6_000)
    await hand.write("b.txt", "two\n" * 6_000)
    binary = await page(reader, "/files/a.bin?diff=1..2")
    different = await page(reader, "/files/b.txt?diff=1..2")
    monkeypatch.setattr(comparing, "BYTES_MAX", 5)
    large = await page(reader, "/files/a.txt?diff=1..2")

    assert "No text to compare" in binary
    assert "Too much changed" in different
    assert "Too large to compare here" in large
    for html, path in ((binary, "a.bin"), (different, "b.txt"), (large, "a.txt")):
        assert f'href="/api/v1/files/{path}?version=1" download' in html
    assert "hold the same" in await page(reader, "/files/a.txt?diff=1..1")


async def test_each_line_stands_beside_who_wrote_it(served: Listening, reader: httpx2.AsyncClient, hand: Hand) -> None:
    await hand.write("a.py", "import os\nx = 1\ny = 2\n", message="start")
    await hand.write("a.py", "import os\nx = 10\ny = 2\n", agent="bo", message="ten times")
    await served.engine.files.move_file(BO, path="a.py", to="b.py")
    html = await page(reader, "/files/b.py?view=blame")
    text = re.sub(r"<[^>]+>|\s+", " ", html)

    assert re.findall(r'class="written age-(\d)"', html) == ["0", "3", "0"]
    assert 'id="L2"' in html
    assert 'href="/files/a.py?diff=1..2"' in html
    assert 'href="/files/a.py?view=blame&amp;version=1">Before this' in html
    assert "ten times" in text
    assert re.search(r"ana</bdi></span> <span class=\"quiet\">2<", html)


async def test_a_blame_goes_on_by_pages_and_says_where_it_was_left(
    reader: httpx2.AsyncClient, hand: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    for agent, begin in (("ana", ""), ("bo", "new\n"), ("cy", "newer\n")):
        await hand.write("a.txt", begin + "x\n" * 1_500, agent=agent)
    first = await page(reader, "/files/a.txt?view=blame")
    rest = await page(reader, "/files/a.txt?view=blame&line=1001")
    old = await page(reader, "/files/a.txt?view=blame&version=2")
    monkeypatch.setattr(blaming, "LIMITS", dataclasses.replace(LIMITS, blame_versions_max=2))
    left = await page(reader, "/files/a.txt?view=blame")

    assert 'href="/files/a.txt?view=blame&amp;line=1001">Next lines</a>' in first
    assert 'id="L1501"' in rest
    assert "From the beginning" in rest
    assert "As of <strong>version 2</strong>" in old
    assert "or before</span>" in left
    assert 'href="/files/a.txt?view=blame&amp;version=2">Go on from there</a>' in left


async def test_a_blame_of_what_has_no_lines_says_so(served: Listening, reader: httpx2.AsyncClient, hand: Hand) -> None:
    await hand.write("a.bin", b"\0")
    await hand.write("empty.txt", "")
    await hand.write("gone.txt", "x")
    await served.engine.files.delete_file(ANA, path="gone.txt")

    assert "No lines to show" in await page(reader, "/files/a.bin?view=blame")
    assert "No lines here" in await page(reader, "/files/empty.txt?view=blame")
    await page(reader, "/files/gone.txt?view=blame", 404)
    assert 'class="written' in await page(reader, "/files/gone.txt?view=blame&version=1")


async def test_a_folder_leads_to_who_changed_what_in_it(reader: httpx2.AsyncClient, hand: Hand) -> None:
    await hand.write("dir/a.md", "x", message="the first")
    await hand.write("b.md", "x", message="another")
    html = await page(reader, "/files/dir")
    assert '<a class="more" href="/activity?path=dir%2F">Who changed what</a>' in html
    activity = await page(reader, "/activity?path=dir%2F")

    assert "the first" in activity
    assert "another" not in activity
