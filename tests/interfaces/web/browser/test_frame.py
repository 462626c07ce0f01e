"""What every page does in a real browser: it is live, it holds what is too wide, and it can be read without scripts."""

import pytest

from tests.interfaces.listening import Listening
from tests.interfaces.web.browser.conftest import Connect
from tests.interfaces.web.browser.looking import Look, Size
from tests.interfaces.web.browser.staging import ANA

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("size", ["wide", "narrow"])
async def test_no_column_leaves_the_page_whatever_a_lock_covers(served: Listening, look: Look, size: Size) -> None:
    locks = served.engine.locks
    await locks.lock_files(ANA, paths=["x" * 200 + "*" + "y" * 200], purpose="z" * 180)
    await locks.lock_files(ANA, paths=["plan.md"], mode="intent", purpose="soon")
    for address in ("/", "/locks"):
        page = await look(address, size=size)
        outside = "all => all.filter(one => one.getBoundingClientRect().right > innerWidth).map(one => one.outerHTML)"
        assert await page.locator("#held *, #locks td, #locks td *").evaluate_all(outside) == []
        assert await page.get_by_text("announced").is_visible()


@pytest.mark.parametrize("address", ["/", "/activity"])
async def test_a_change_appears_on_an_open_page(look: Look, connect: Connect, address: str) -> None:
    page = await look(address)
    bo = await connect("bo")
    await bo.done("write_file", path="fresh.md", content="x", message="just written")

    row = page.locator("li[data-key]", has_text="just written")
    await row.wait_for()
    assert await row.get_by_role("link", name="fresh.md").get_attribute("href") == "/files/fresh.md"
    assert "fresh" in str(await row.get_attribute("class"))

    await bo.done("write_file", path="newer.md", content="x", message="written after")
    await page.locator("li[data-key]", has_text="written after").wait_for()
    said = await page.locator("li[data-key] .message").all_inner_texts()
    assert said[:2] == ["written after", "just written"]


async def test_locks_come_and_go_while_one_looks(look: Look, connect: Connect) -> None:
    page, ana = await look("/locks"), await connect("ana")
    taken = await ana.done("lock_files", paths=["dir/"], purpose="tidying up")
    await page.get_by_text("tidying up").wait_for()
    await ana.done("unlock_files", lock=taken["lock"])

    await page.get_by_text("Nobody holds a lock").wait_for()


async def test_everything_can_be_read_without_scripts(look: Look, connect: Connect) -> None:
    ana = await connect("ana")
    await ana.done("write_file", path="plan.md", content="three weeks\n")
    await ana.done("write_file", path="plan.md", content="four weeks\n", expect_version=1)
    page = await look(scripts=False)
    await page.get_by_role("link", name="plan.md").first.click()
    await page.get_by_role("link", name="History").click()
    await page.get_by_role("button", name="Compare the chosen versions").click()

    assert "four" in await page.locator("tr.added").inner_text()


async def test_the_bar_has_room_for_a_long_name_and_much_to_attend_to(look: Look) -> None:
    page = await look(scripts=False)
    words = "(one, word) => { one.append(word); }"
    await page.locator(".brand bdi").evaluate(words, "-of-the-research-on-pumps-and-valves")
    await page.locator("#needing").evaluate("one => { one.innerHTML = '<span class=badge>1,204</span>'; }")
    places = [await one.bounding_box() for one in await page.locator(".bar > *, .bar nav a").all()]
    assert all(place is None or place["x"] + place["width"] <= 1280 for place in places)
    field = await page.locator(".find").bounding_box()
    assert field is not None
    assert field["width"] >= 180


async def test_a_narrow_screen_shows_every_way_and_that_something_needs_a_person(look: Look, connect: Connect) -> None:
    ana = await connect("ana")
    await ana.done("create_trigger", name="publish", files=["*.md"], options={"approval": "Publish?"})
    await ana.done("write_file", path="long" * 50 + ".md", content="x\n")
    page = await look(size="narrow")
    await page.locator("#needing .badge").wait_for()
    outside = "all => all.filter(one => one.getBoundingClientRect().right > innerWidth).map(one => one.outerHTML)"
    assert await page.locator(".bar a, .bar .badge, .files .name bdi").evaluate_all(outside) == []


async def test_a_long_name_stays_in_its_column(look: Look, connect: Connect) -> None:
    ana = await connect("ana")
    await ana.done("write_file", path="docs/" + "l" * 200 + ".txt", content="x\n")
    page = await look("/files/docs", scripts=False)
    name = await page.locator(".files .name bdi").bounding_box()
    size = await page.locator(".files td .version").bounding_box()
    assert name is not None
    assert size is not None
    assert name["x"] + name["width"] <= size["x"]
