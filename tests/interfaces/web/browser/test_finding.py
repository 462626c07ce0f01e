"""Search and facts in a real browser: from a question to the very words, and from a contradiction to its end."""

import pytest
from playwright.async_api import expect

from tests.interfaces.web.browser.conftest import Connect
from tests.interfaces.web.browser.looking import Look

pytestmark = pytest.mark.anyio

NOTES = "".join(f"Line {number} of the notes.\n" for number in range(1, 1_500))


async def test_a_question_leads_to_the_words_in_the_middle_of_a_long_file(look: Look, connect: Connect) -> None:
    ana = await connect("ana")
    told = await ana.done("write_file", path="notes.md", content=f"{NOTES}\nThe heron nests in March.\n{NOTES}")
    await ana.done("search", query="heron", min_seq=told["seq"])
    page = await look(scripts=False)
    await page.get_by_role("searchbox").fill("heron nests")
    await page.keyboard.press("Enter")
    await page.locator(".hit .cite").first.click()

    marks = page.locator(".source .row.found mark")
    await expect(marks).to_have_text(["heron", "nests"])
    place = await marks.first.bounding_box()
    assert place is not None
    assert 0 < place["y"] < 900


async def test_a_person_finds_who_contradicts_whom_and_settles_it(look: Look, connect: Connect) -> None:
    ana, bo = await connect("ana"), await connect("bo")
    await ana.done("write_file", path="a.md", content="# Relay\n\nPort: 80\n")
    told = await bo.done("write_file", path="b.md", content="# Relay\n\nPort: 81\n")
    answer = await bo.done("query_facts", query="relay port", min_seq=told["seq"])
    assert len(answer["conflicts"]) == 1
    page = await look("/facts?q=relay+port", owner=True)
    await page.get_by_role("link", name="Side by side").click()
    sides = page.locator(".sides .side")
    assert [(await side.inner_text()).split("\n")[0] for side in await sides.all()] == ["80", "81"]
    first, second = [await side.bounding_box() for side in await sides.all()]
    assert first is not None
    assert second is not None
    assert first["y"] == second["y"]
    assert first["x"] < second["x"]

    await page.get_by_role("button", name="Both are right").click()
    await page.get_by_text("No files contradict each other").wait_for()
    assert (await bo.done("query_facts", query="relay port"))["conflicts"] == []


@pytest.mark.parametrize("address", ["/search", "/facts"])
async def test_what_narrows_a_question_down_stands_in_one_line(look: Look, address: str) -> None:
    page = await look(address, scripts=False)
    fields = page.locator("main form :is(input:not([type=radio]), select)")
    heights = await fields.evaluate_all("all => all.map(one => one.getBoundingClientRect().height)")
    assert len(heights) >= 5
    assert max(heights) < 60
