"""Files in a real browser: an open one says when it moved on, and every shape of content fits the screen."""

import pytest
from playwright.async_api import expect

from tests.indexer import files as documents
from tests.interfaces.web.browser.conftest import Connect
from tests.interfaces.web.browser.looking import Look
from tests.interfaces.web.browser.staging import NOTEBOOK, PIXEL
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


async def test_lines_are_chosen_and_named_by_the_address(look: Look, connect: Connect) -> None:
    ana = await connect("ana")
    await ana.done("write_file", path="long.log", content="".join(f"entry {number}\n" for number in range(1, 5001)))
    page = await look("/files/long.log#L4000-L4002")
    chosen = page.locator(".row.chosen code")
    await page.locator("#L4000.chosen").wait_for()
    await expect(chosen).to_have_text(["entry 4000", "entry 4001", "entry 4002"])

    await page.locator("#L4010 .no").click()
    await page.locator("#L4008 .no").click(modifiers=["Shift"])
    assert page.url.endswith("#L4008-L4010")
    await expect(chosen).to_have_text(["entry 4008", "entry 4009", "entry 4010"])

    await page.get_by_label("Go to line").fill("17")
    await page.get_by_role("button", name="Go").click()
    await page.locator("#L17").wait_for()
    await expect(page.locator(".row code").first).to_have_text("entry 17")


async def test_a_pdf_a_page_and_a_notebook_are_seen_without_scripts(look: Look, hand: Hand) -> None:
    await hand.write("paper.pdf", documents.pdf([["Owner: Ada"], ["Cost: 3 EUR"]]))
    await hand.write(
        "page.html", "<style>p { color: rgb(1, 2, 3) }</style><p>All is well</p><script>document.body.remove()</script>"
    )
    await hand.write("work.ipynb", NOTEBOOK)
    page = await look("/files/paper.pdf", scripts=False)
    second = page.get_by_alt_text("Page 2")
    await second.scroll_into_view_if_needed()
    await page.goto("/files/page.html")
    text = page.frame_locator("iframe").get_by_text("All is well")
    await text.wait_for()
    await page.goto("/files/work.ipynb")
    await page.get_by_role("region", name="Output 1 of cell 2").get_by_text("19").wait_for()

    pictures = page.locator(".output img")
    assert await pictures.count() == 1


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
