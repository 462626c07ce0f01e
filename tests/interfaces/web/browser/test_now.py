"""What goes on, watched in a real browser while agents work: changes as they happen, locks, jobs."""

import pytest
from playwright.async_api import Page, expect

from tests.interfaces.listening import Listening
from tests.interfaces.web.browser.conftest import Connect
from tests.interfaces.web.browser.looking import Look
from tests.interfaces.web.browser.staging import ANA

pytestmark = pytest.mark.anyio

LINES = "#log > li:not(.day)"


async def paths(page: Page) -> list[str]:
    return await page.locator(f"{LINES} a.path").all_inner_texts()


async def test_a_flood_ends_as_the_newest_lines_without_a_gap_or_a_double(look: Look, connect: Connect) -> None:
    page, ana = await look("/activity?kind=files"), await connect("ana")
    for batch in range(4):
        changes = [{"op": "write", "path": f"{batch}-{number}.md", "content": "x"} for number in range(20)]
        await ana.done("commit_files", changes=changes)
        await ana.done("write_file", path=f"{batch}.md", content="x")
    await expect(page.locator(LINES).first).to_contain_text("3.md")

    written = [[f"{batch}-{number}.md" for number in range(20)] + [f"{batch}.md"] for batch in range(4)]
    newest = [path for batch in reversed(written) for path in reversed(batch)]
    shown = await paths(page)
    assert shown == newest[: len(shown)]
    assert await page.locator(LINES).count() == 50


async def test_what_happened_while_nobody_looked_comes_once_and_in_order(look: Look, connect: Connect) -> None:
    page, ana = await look("/activity?kind=files"), await connect("ana")
    await ana.done("write_file", path="before.md", content="x")
    await page.locator(LINES, has_text="before.md").wait_for()
    await page.evaluate("dispatchEvent(new Event('pagehide'))")
    for name in ("one.md", "two.md"):
        await ana.done("write_file", path=name, content="x")
    await page.evaluate("dispatchEvent(new Event('pageshow'))")
    await page.locator(LINES, has_text="two.md").wait_for()
    await ana.done("write_file", path="after.md", content="x")
    await page.locator(LINES, has_text="after.md").wait_for()

    assert await paths(page) == ["after.md", "two.md", "one.md", "before.md"]


async def test_one_line_per_file_moves_up_and_counts_on(look: Look, connect: Connect) -> None:
    page, ana = await look("/activity?squash=1&kind=files"), await connect("ana")
    for path in ("a.md", "b.md", "a.md"):
        await ana.done("write_file", path=path, content=path, append=True)
    await page.locator(LINES, has_text="2 changes").wait_for()
    assert await paths(page) == ["a.md", "b.md"]
    await page.evaluate("document.querySelectorAll('#log > li').forEach(li => li.classList.remove('fresh'))")
    await ana.done("write_file", path="c.md", content="c")
    await page.locator(LINES, has_text="c.md").wait_for()

    assert await paths(page) == ["c.md", "a.md", "b.md"]
    assert await page.locator("#log > .fresh").count() == 1
    assert await page.locator("#log > .day").count() == 1


async def test_a_person_pauses_what_moves_and_lets_it_go_on(look: Look, connect: Connect) -> None:
    page, ana = await look("/activity"), await connect("ana")
    button = page.get_by_role("button", name="Pause live updates")
    await button.click()
    other = await look("/activity")
    await ana.done("write_file", path="fresh.md", content="x")
    await other.locator(LINES, has_text="fresh.md").wait_for()
    assert await paths(page) == []
    assert await button.get_attribute("aria-pressed") == "true"

    await button.click()
    await page.locator(LINES, has_text="fresh.md").wait_for()


async def test_a_person_breaks_a_lock_and_the_agent_learns_why_its_write_is_refused(
    look: Look, connect: Connect
) -> None:
    page, ana = await look("/locks", owner=True), await connect("ana")
    held = await ana.done("lock_files", paths=["plan.md"], purpose="thinking")
    await page.get_by_text("Break…").click()
    await page.get_by_label("Why L1 is broken").fill("ana sleeps")
    await page.get_by_role("button", name="Break L1").click()
    await page.get_by_text("Nobody holds a lock").wait_for()

    refused = await ana.refused("write_file", path="plan.md", content="x", lock=held["lock"])
    assert (refused["code"], refused["reason"]) == ("lock_lost", "broken")
    log = await look("/activity?kind=locks")
    await log.get_by_text("ana sleeps").wait_for()


async def test_a_job_is_followed_while_its_program_runs_and_asks(
    served: Listening, look: Look, connect: Connect
) -> None:
    ana = await connect("ana")
    await ana.done("add_job", queue="sums", instructions="Add it up.")
    await ana.done("claim_job", queue="sums")
    await served.engine.jobs.write_log(ANA, job="J1", attempt=1, text="one\n")
    page = await look("/jobs/J1", owner=True)
    await served.engine.jobs.write_log(ANA, job="J1", attempt=1, text="one\ntwo\nthree\n")
    await page.locator(".log", has_text="three").wait_for()

    await ana.done("finish_job", job="J1", outcome="blocked", note="Which figures?")
    await page.get_by_label("Your answer").fill("those of May")
    await page.get_by_role("button", name="Answer").click()
    await page.get_by_text("those of May").wait_for()
    assert (await ana.done("claim_job", queue="sums"))["job"]["reply"] == "those of May"
    await expect(page.locator("#job .tag").first).to_have_text("claimed")
