"""A person looks around while agents write: by keyboard, by typing, and without scripts."""

import re

import pytest
from playwright.async_api import Page, expect

from tests.interfaces.web.browser.conftest import Connect
from tests.interfaces.web.browser.looking import Look

pytestmark = pytest.mark.anyio


async def write(connect: Connect, agent: str, *paths: str) -> None:
    hand = await connect(agent)
    for path in paths:
        await hand.done("write_file", path=path, content=f"# {path}\n")


async def test_a_file_is_gone_to_by_typing_a_part_of_its_name(look: Look, connect: Connect) -> None:
    await write(connect, "ana", "reports/2026/draft.md", "reports/2026/draft-2.md", "notes/plan.md")
    page = await look("/activity")
    field = page.get_by_role("combobox", name="Search files and facts")
    await page.keyboard.press("/")
    await page.keyboard.type("REPORTS dra")
    offered = page.get_by_role("option")
    await offered.nth(1).wait_for()
    await expect(offered).to_have_text(["draft.md reports/2026", "draft-2.md reports/2026"])
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("ArrowDown")
    assert await field.get_attribute("aria-activedescendant") == await offered.nth(1).get_attribute("id")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/files/reports/2026/draft-2.md")

    await page.keyboard.press("t")  # the likeliest is chosen at once
    await page.keyboard.type("plan")
    await page.locator("[role=option][aria-selected=true]").wait_for()
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/files/notes/plan.md")

    await page.keyboard.press("/")  # what files say is searched when none is chosen
    await page.keyboard.type("plan")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/search?q=plan")


async def test_the_tree_of_folders_is_walked_by_arrow_keys(look: Look, connect: Connect) -> None:
    await write(connect, "ana", "a/b/c/d.md", "a/e/f.md", "z.md")
    page = await look("/files/")
    tree = page.get_by_role("navigation", name="Folders")

    async def focused() -> str:
        return await page.evaluate("document.activeElement.innerText")

    await tree.get_by_role("link", name="a", exact=True).focus()
    await page.keyboard.press("ArrowRight")
    await tree.get_by_role("link", name="b", exact=True).wait_for()
    assert await tree.get_by_role("button", name="Folders in a").get_attribute("aria-expanded") == "true"
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("ArrowRight")
    await tree.get_by_role("link", name="c", exact=True).wait_for()
    await page.keyboard.press("ArrowRight")
    assert await focused() == "c"
    await page.keyboard.press("ArrowLeft")
    await page.keyboard.press("ArrowLeft")
    assert await focused() == "b"
    assert not await tree.get_by_role("link", name="c", exact=True).is_visible()
    await page.keyboard.press("ArrowDown")
    assert await focused() == "e"
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/files/a/e")
    await expect(tree.locator("[aria-current=page]")).to_have_text("e")


async def test_the_tree_and_the_table_work_without_scripts(look: Look, connect: Connect) -> None:
    await write(connect, "ana", "a/b/c.md", "a/d.txt", "z.md")
    page = await look("/files/", scripts=False)
    tree = page.get_by_role("navigation", name="Folders")
    await tree.get_by_role("link", name="a", exact=True).click()
    await tree.get_by_role("link", name="b", exact=True).click()
    assert page.url.endswith("/files/a/b")
    await page.get_by_role("link", name="Up", exact=True).click()
    await page.get_by_role("link", name="Name").click()
    assert await page.get_by_role("columnheader", name="Name").get_attribute("aria-sort") == "descending"
    await page.get_by_role("searchbox", name="Name", exact=True).fill("*.md")
    await page.get_by_role("button", name="Show").click()

    await expect(page.locator(".files .name a bdi")).to_have_text(["b/c.md"])


async def test_a_table_follows_what_is_typed_and_what_agents_write(look: Look, connect: Connect) -> None:
    await write(connect, "ana", "a/one.md", "a/two.md", "b/three.txt")
    page = await look("/files/")
    names = page.locator(".files .name a bdi")
    await page.get_by_role("searchbox", name="Name", exact=True).press_sequentially("*.md")
    await page.wait_for_url(re.compile(r"name=\*?%?2?A?\.md"))
    await expect(names).to_have_text(["a/one.md", "a/two.md"])
    await write(connect, "bo", "c/four.md", "c/five.txt")

    await page.get_by_text("c/four.md").wait_for()
    await expect(names).to_have_text(["a/one.md", "a/two.md", "c/four.md"])


async def test_keys_are_shown_and_single_ones_can_be_turned_off(look: Look) -> None:
    page = await look("/locks")
    await page.keyboard.press("?")
    keys = page.get_by_role("dialog", name="Keys")
    await keys.wait_for()
    await keys.get_by_role("button", name="Turn single keys off").click()
    await keys.get_by_role("button", name="Turn single keys on").wait_for()
    await page.keyboard.press("Escape")
    await keys.wait_for(state="detached")
    await page.keyboard.press("t")
    assert not await is_in_field(page)

    await page.goto("/keys")
    await page.get_by_role("button", name="Turn single keys on").click()
    await page.keyboard.press("t")
    assert await is_in_field(page)
    await page.evaluate("document.activeElement.blur()")
    await page.keyboard.press("g")
    await page.keyboard.press("a")
    await page.wait_for_url("**/activity")


async def is_in_field(page: Page) -> bool:
    """Return whether what is typed goes into the field above the page."""
    return bool(await page.evaluate("document.activeElement.name === 'q'"))


async def test_what_connects_a_client_is_copied(look: Look) -> None:
    page = await look("/")
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await page.get_by_role("button", name="Copy").click()
    await page.get_by_role("button", name="Copied").wait_for()

    copied = await page.evaluate("navigator.clipboard.readText()")
    assert copied == await page.locator(".snippet code").inner_text()
    assert "/mcp?agent=claude-code" in copied
