"""The past of a file in a real browser: what changed, who wrote it, where it comes from, and how it comes back."""

import re

import pytest
from playwright.async_api import expect

from tests.interfaces.listening import Listening
from tests.interfaces.web.browser.conftest import Connect
from tests.interfaces.web.browser.looking import Look
from workspace_server.core.access import Caller

pytestmark = pytest.mark.anyio

PLAN = [f"Step {number} is done as it always was.\n\n" for number in range(40)]
CHANGED = ["Step zero is new.\n\n", *PLAN[1:38], "Step 38 is done as it should be.\n\n", PLAN[39]]
AT = "document.activeElement.id"


async def test_a_person_goes_from_change_to_change_and_brings_a_version_back(look: Look, connect: Connect) -> None:
    ana, bo = await connect("ana"), await connect("bo")
    await ana.done("write_file", path="plan.md", content="".join(PLAN))
    await bo.done("write_file", path="plan.md", content="".join(CHANGED), expect_version=1, message="as discussed")
    page = await look("/files/plan.md?view=history")
    assert await page.locator("tr", has_text="as discussed").get_by_text("bo", exact=True).is_visible()
    await page.get_by_role("link", name="Changes").click()
    await page.get_by_text("2 changes: 2 lines added, 2 removed").wait_for()

    await page.get_by_role("button", name="Next change").click()
    assert await page.evaluate(AT) == "change-1"
    await page.keyboard.press("Alt+ArrowDown")
    assert await page.evaluate(AT) == "change-2"
    await page.keyboard.press("Alt+ArrowDown")
    await page.keyboard.press("Alt+ArrowUp")
    assert await page.evaluate(AT) == "change-1"
    folded = page.get_by_text("Step 20 is done as it always was.")
    assert not await folded.is_visible()
    await page.get_by_text("unchanged lines").click()
    assert await folded.first.is_visible()

    await page.get_by_role("link", name="Side by side").click()
    await page.locator("table.side mark", has_text="always was").wait_for()
    await page.get_by_role("link", name="Rendered").click()
    await expect(page.locator(".prose ins")).to_have_text(["zero", "new", "should", "be"])
    await page.get_by_role("button", name="Restore version 1").click()
    await page.locator(".prose", has_text="Step 0 is done").wait_for()
    assert (await ana.done("read_file", path="plan.md"))["version"] == 3


async def test_any_two_versions_are_compared_without_scripts_on_a_phone(look: Look, connect: Connect) -> None:
    ana = await connect("ana")
    for version, text in enumerate(("one\n", "two\n", "three\n")):
        await ana.done("write_file", path="a.txt", content=text, expect_version=version)
    page = await look("/files/a.txt?view=history", size="narrow", scripts=False)
    await page.get_by_label("From version 1").check()
    await page.get_by_label("To version 3").check()
    await page.get_by_role("button", name="Compare the chosen versions").click()

    await expect(page.locator(".removed code")).to_have_text("one")
    await expect(page.locator(".added code")).to_have_text("three")
    assert not await page.get_by_role("button", name="Next change").is_visible()


async def test_a_person_finds_who_wrote_a_line_and_what_stood_there_before(look: Look, connect: Connect) -> None:
    ana, bo = await connect("ana"), await connect("bo")
    await ana.done("write_file", path="a.txt", content="first\nsix weeks\nlast\n")
    edits = [{"old_text": "six", "new_text": "seven"}]
    await bo.done("edit_file", path="a.txt", edits=edits, message="one week more")
    page = await look("/files/a.txt")
    await page.get_by_role("link", name="Blame").click()
    line = page.locator(".written", has_text="seven weeks")
    assert "bo" in await line.locator(".by").inner_text()
    assert "one week more" in await line.locator(".by").inner_text()

    await line.get_by_role("link", name="Before this").click()
    await page.locator(".written", has_text="six weeks").wait_for()
    assert "As of version 1" in await page.locator(".notice").inner_text()


async def test_the_owner_restores_what_an_agent_holds_once_its_lock_is_broken(
    served: Listening, look: Look, connect: Connect
) -> None:
    ana = await connect("ana")
    await ana.done("write_file", path="a.txt", content="one")
    await ana.done("write_file", path="a.txt", content="two", expect_version=1)
    lock = (await ana.done("lock_files", paths=["a.txt"], purpose="rewriting it"))["lock"]
    page = await look("/files/a.txt?view=history", owner=True)
    await page.get_by_role("button", name="Restore version 1").click()
    await page.get_by_text("rewriting it").first.wait_for()
    await page.get_by_label(re.compile("Take it from ana")).check()
    await page.get_by_role("button", name="Restore anyway").click()

    await page.locator(".source", has_text="one").wait_for()
    refusal = await ana.refused("write_file", path="a.txt", content="three", lock=lock)
    assert (refusal["code"], refusal["reason"]) == ("lock_lost", "broken")
    assert (await served.engine.files.stat(Caller(agent="eve"), path="a.txt"))["modified_by"] == "owner"


async def test_a_fact_leads_to_the_line_that_says_otherwise_and_a_source_to_its_version(
    look: Look, connect: Connect
) -> None:
    ana, bo = await connect("ana"), await connect("bo")
    await ana.done("write_file", path="a.md", content="# Alpha\n\nprice: 19 EUR\n")
    used = [{"path": "a.md", "version": 1}]
    done = await bo.done("write_file", path="b.md", content="# Alpha\n\ntext\n\nprice: 21 EUR\n", sources=used)
    await ana.done("edit_file", path="a.md", edits=[{"old_text": "19", "new_text": "20"}])
    await bo.done("query_facts", query="price", min_seq=done["seq"] + 1)
    page = await look("/files/b.md?view=source")
    await page.get_by_role("link", name="20 EUR in a.md").click()
    await page.wait_for_url("**/files/a.md?version=2**#L3")
    await page.locator("#L3", has_text="price: 20 EUR").wait_for()

    await page.goto("/files/b.md?view=facts")
    await page.locator("svg a", has_text="v1, now v2").click()
    await page.locator(".notice", has_text="version 1").wait_for()
