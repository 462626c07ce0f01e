"""Files in a real browser: an open one says when it moved on, and every shape of content fits the screen."""

import pytest

from tests.interfaces.web.browser.conftest import Connect
from tests.interfaces.web.browser.looking import Look
from tests.interfaces.web.browser.staging import PIXEL
from tests.interfaces.web.conftest import Hand

pytestmark = pytest.mark.anyio


async def test_an_open_file_says_that_a_newer_version_was_saved(look: Look, connect: Connect) -> None:
    ana = await connect("ana")
    await ana.done("write_file", path="a.md", content="one")
    page = await look("/files/a.md")
    assert not await page.locator("#newer").is_visible()
    await ana.done("write_file", path="a.md", content="two", expect_version=1)
    await page.locator("#newer").wait_for()
    await page.get_by_role("link", name="Show it").click()

    await page.locator(".prose", has_text="two").wait_for()


async def test_an_image_that_cannot_be_decoded_leaves_its_words(hand: Hand, look: Look) -> None:
    await hand.write("bad.png", b"\x89PNG\r\n\x1a\nxx")
    await hand.write("good.png", PIXEL)
    await hand.write("a.md", "![a chart](bad.png) ![a map](absent.png) ![a dot](good.png)\n")
    page = await look("/files/a.md")
    await page.get_by_text("a chart (this image cannot be shown)").wait_for()
    await page.get_by_text("a map (this image cannot be shown)").wait_for()

    assert await page.locator(".prose img").count() == 1


async def test_no_word_of_a_table_is_cut_in_two_on_a_phone(hand: Hand, look: Look) -> None:
    word = "Interoperability"
    await hand.write("a.md", f"| {word} | {word} | {word} |\n|--|--|--|\n| {word} | {word} | {word} |\n")
    page = await look("/files/a.md", size="narrow")
    cell = page.locator(".prose td").first
    height = await cell.evaluate("cell => cell.clientHeight / parseFloat(getComputedStyle(cell).lineHeight)")

    assert height < 2
    assert await page.locator(".prose table").evaluate("table => table.scrollWidth > table.clientWidth")
