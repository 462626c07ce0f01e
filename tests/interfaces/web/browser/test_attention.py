"""What needs a person, in a real browser: decided by forms alone, pinned to the versions that were asked about."""

import re

import pytest
from playwright.async_api import expect

from tests.doors import Agent
from tests.interfaces.listening import Listening
from tests.interfaces.web.browser.conftest import Connect
from tests.interfaces.web.browser.looking import Look
from tests.interfaces.web.browser.staging import ANA

pytestmark = pytest.mark.anyio


async def test_a_person_decides_without_scripts(served: Listening, look: Look, connect: Connect) -> None:
    options = {"approval": "Publish it?", "settle": "immediate"}
    await served.engine.triggers.create_trigger(ANA, name="publish", files=["{name}.md"], options=options)
    ana = await connect("ana")
    await ana.done("write_file", path="old.md", content="one\n")
    await ana.done("write_file", path="old.md", content="two\n", expect_version=1)
    page = await look("/attention", scripts=False, size="narrow", owner=True)
    await page.get_by_label("Note on A1").fill("meant")
    await page.get_by_role("button", name="Approve the old versions").click()
    await page.locator("#A2").get_by_role("button", name="Deny").click()
    await page.get_by_text("Nothing needs a person").wait_for()

    decided = await served.engine.events.feed(ANA, types=["approval.granted", "approval.denied"])
    assert [(one["type"], one["by"], one.get("note"), one.get("stale")) for one in decided["events"]] == [
        ("approval.granted", "owner", "meant", True),
        ("approval.denied", "owner", None, None),
    ]


async def fail(agent: Agent, note: str) -> None:
    await agent.done("add_job", queue="sums", instructions="Add it up.")
    job = (await agent.done("claim_job", queue="sums"))["job"]["job"]
    await agent.done("finish_job", job=job, outcome="failed", note=note)


async def test_every_page_says_by_itself_how_much_needs_a_person(look: Look, connect: Connect) -> None:
    page, ana = await look("/connect"), await connect("ana")
    await fail(ana, "no figures")
    await page.locator("#needing .badge", has_text="1").wait_for()

    await expect(page).to_have_title(re.compile(r"^\(1\) Connect"))
    await expect(page.locator("#needing-said[role=status]")).to_have_text("1 open: needs a person")


async def test_a_page_without_live_parts_is_not_made_again_for_the_count(look: Look, connect: Connect) -> None:
    page, ana = await look("/search?q=figures"), await connect("ana")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await fail(ana, "no figures")
    await page.locator("#needing .badge", has_text="1").wait_for()

    await expect(page).to_have_title(re.compile(r"^\(1\) .*figures"))
    assert not [url for url in asked if "/search" in url]


async def test_what_a_person_has_ticked_stays_while_more_comes_and_goes_together(look: Look, connect: Connect) -> None:
    ana = await connect("ana")
    for note in ("first", "second"):
        await fail(ana, note)
    page = await look("/attention", owner=True)
    for name in ("Tick A1", "Tick A2"):
        await page.get_by_label(name).check()
    await fail(ana, "third")
    await page.locator("#needing .badge", has_text="3").wait_for()
    await page.locator("#several").get_by_label("Note on what is ticked").fill("figures are in")
    await page.locator("#several").get_by_role("button", name="Dismiss").click()
    await page.locator("#attention li", has_text="third").wait_for()

    assert await page.locator("#attention > ul > li").count() == 1
    assert await page.locator("#over").get_by_text("figures are in").count() == 2


async def test_a_person_looks_at_what_was_asked_about_before_deciding(
    served: Listening, look: Look, connect: Connect
) -> None:
    options = {"approval": "Publish it?", "settle": "immediate"}
    await served.engine.triggers.create_trigger(ANA, name="publish", files=["{name}.md"], options=options)
    ana = await connect("ana")
    await ana.done("write_file", path="a.md", content="ready to go\n")
    page = await look("/attention", owner=True, size="narrow")
    await page.get_by_role("link", name="Publish it?").click()
    await page.get_by_text("ready to go").wait_for()
    await page.get_by_role("button", name="Approve").click()
    await page.get_by_text("Nothing needs a person").wait_for()

    [granted] = (await served.engine.events.feed(ANA, types=["approval.granted"]))["events"]
    assert (granted["by"], granted["version"]) == ("owner", 1)
