"""Flows in a real browser, with agents at work over MCP: made by a form, watched live, and helped on."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Page

from tests.interfaces.listening import Listening, listening
from tests.interfaces.web.browser.axe import violations
from tests.interfaces.web.browser.conftest import Connect
from tests.interfaces.web.browser.looking import SIZES, Look
from tests.interfaces.web.browser.staging import ANA
from tests.services.receiver import Receiver, receiving

pytestmark = pytest.mark.anyio


@pytest.fixture
async def served(folder: Path) -> AsyncIterator[Listening]:
    """A workspace that sends webhooks to receivers on loopback."""
    async with listening(folder, name="atlas", webhooks_allow_loopback=True) as found:
        sending = asyncio.create_task(found.engine.deliveries.run())
        yield found
        sending.cancel()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as opened:
        yield opened


async def usable(page: Page) -> list[str]:
    """Return what keeps somebody from using the page, on a wide screen or a narrow one, in light or in dark."""
    await page.emulate_media(reduced_motion="reduce")
    found = []
    for viewport in SIZES.values():
        await page.set_viewport_size(viewport)
        for scheme in ("light", "dark"):
            await page.emulate_media(color_scheme=scheme)
            found += await violations(page, colours_only=scheme == "dark")
    return found


async def test_a_trigger_is_made_by_a_form_alone_and_its_run_is_watched_until_it_goes_wrong(
    look: Look, connect: Connect
) -> None:
    writer, editor = await connect("writer"), await connect("editor")
    await writer.done("write_file", path="draft.md", content="one\n", message="a first try")
    form = await look("/triggers:new", scripts=False, size="narrow", owner=True)
    await form.get_by_label("Name", exact=True).fill("edit-the-draft")
    await form.get_by_label("Files", exact=True).fill("draft.md")
    await form.get_by_label("Its name, address or question").fill("editor")
    await form.get_by_text("More options").click()
    await form.get_by_label("Pause before firing").fill("soon")
    await form.get_by_role("button", name="Preview").click()
    await form.get_by_text("settle: must be").first.wait_for()
    await form.get_by_label("Pause before firing").fill("immediate")
    await form.get_by_role("button", name="Preview").click()
    await form.get_by_text("It would have fired 1×").wait_for()
    await form.get_by_role("button", name="Create").click()
    await form.get_by_role("heading", name="edit-the-draft").wait_for()

    page = await look("/triggers/edit-the-draft", owner=True)
    await writer.done("write_file", path="draft.md", content="two\n", expect_version=1, message="clearer now")
    await page.locator("#runs").get_by_role("link", name="F1").wait_for()
    job = (await editor.done("claim_job", queue="editor"))["job"]
    await editor.done("write_file", path="edited.md", content="better\n", sources=[{"path": "draft.md", "version": 2}])
    await editor.done("finish_job", job=job["job"], outcome="failed", note="no figures in it")
    await page.locator("#state").get_by_text("1 failed").wait_for()
    await page.locator("#runs").get_by_role("link", name="F1").click()
    steps = page.locator("#steps > li")
    await steps.nth(3).wait_for()

    told = [" ".join(text.split()) for text in await steps.all_inner_texts()]
    for step, words in zip(
        told, ("writer changed draft.md", "edit-the-draft fired", "no figures in it", "edited.md"), strict=True
    ):
        assert words in step
    assert await page.locator("#steps > .wrong").get_attribute("id") == "J1"
    assert await usable(page) == []
    await page.locator("#wrong").get_by_role("link", name="Try it again").click()
    await page.wait_for_url("**/jobs/J1")

    graph = await look("/triggers", owner=True)
    await graph.locator("svg .box.made", has_text="edited.md").wait_for()
    assert await usable(graph) == []
    await graph.locator("#graph").get_by_role("link", name="edit-the-draft").click()
    await graph.wait_for_url("**/triggers/edit-the-draft")


async def test_a_webhook_that_nobody_took_is_looked_into_and_sent_again(
    served: Listening, look: Look, connect: Connect, receiver: Receiver
) -> None:
    await served.engine.triggers.create_trigger(
        ANA, name="tell", files=["report.md"], url=receiver.url, options={"settle": "immediate"}
    )
    receiver.answer(413)
    writer = await connect("writer")
    page = await look("/deliveries", owner=True)
    await writer.done("write_file", path="report.md", content="<script>alert(1)</script>\n")
    await page.locator("#deliveries").get_by_text("given up").wait_for()
    await page.locator("#deliveries tbody a").first.click()
    await page.get_by_text("HTTP 413").wait_for()

    assert await usable(page) == []
    await page.get_by_role("button", name="Send it again").click()
    await page.locator("#attempt-list").get_by_text("204").wait_for()
    await page.locator("#state").get_by_text("delivered").wait_for()
    assert [one.event["data"]["inputs"][0]["path"] for one in receiver.received] == ["report.md", "report.md"]

    await page.goto("/receivers")
    await page.get_by_role("button", name="Pause E1").click()
    await page.get_by_role("button", name="Resume E1").wait_for()
    assert await usable(page) == []
