"""People and agents writing to the same files: the person in a real browser, the agents over MCP."""

import re
from pathlib import Path

import pytest

from tests.interfaces.listening import Listening
from tests.interfaces.web.browser.axe import violations
from tests.interfaces.web.browser.conftest import Connect
from tests.interfaces.web.browser.looking import Look
from tests.interfaces.web.browser.staging import ANA

pytestmark = pytest.mark.anyio

DROP = """async (target) => {
  const carried = new DataTransfer();
  carried.items.add(new File(["dropped\\n"], "dropped.md"));
  carried.items.add(new File(["mine\\n"], "there.md"));
  carried.items.add(new File([new Uint8Array(20_000_000)], "large.bin"));
  for (const type of ["dragover", "drop"]) {
    target.dispatchEvent(new DragEvent(type, { dataTransfer: carried, bubbles: true, cancelable: true }));
  }
}"""


async def stored(served: Listening, path: str) -> bytes:
    return await (await served.engine.files.open_content(ANA, path=path)).read()


async def test_a_person_and_an_agent_edit_one_file_and_nothing_is_lost(
    served: Listening, look: Look, connect: Connect
) -> None:
    ana = await connect("ana")
    await ana.done("write_file", path="story.md", content="Once.\n\nMiddle.\n\nEnd.\n")
    page = await look("/files/story.md", owner=True)
    await page.get_by_role("link", name="Edit").click()
    text = page.get_by_label("Text of story.md")
    await text.press("Control+End")
    await page.keyboard.type("\tHappy ever after.")
    assert await text.input_value() == "Once.\n\nMiddle.\n\nEnd.\n\tHappy ever after."

    await page.locator("#live.on").wait_for()
    await ana.done("write_file", path="story.md", content="ONCE.\n\nMiddle.\n\nEnd.\n", expect_version=1)
    await page.get_by_text("was saved by somebody else while you edit").wait_for()
    await page.keyboard.press("Control+s")
    await page.get_by_role("heading", name="Saved meanwhile by ana").wait_for()
    assert await violations(page) == []
    await page.get_by_role("button", name="Merge both").click()
    await page.get_by_role("heading", name="story.md").wait_for()

    assert await stored(served, "story.md") == b"ONCE.\n\nMiddle.\n\nEnd.\n\tHappy ever after."


async def test_a_person_breaks_a_lock_without_scripts_on_a_narrow_screen(
    served: Listening, look: Look, connect: Connect
) -> None:
    ana = await connect("ana")
    await ana.done("write_file", path="a.md", content="one\n")
    lock = (await ana.done("lock_files", paths=["a.md"], purpose="chapter two"))["lock"]
    page = await look("/edit?path=a.md", scripts=False, size="narrow", owner=True)
    await page.get_by_label("Text of a.md").fill("mine\n")
    await page.get_by_role("button", name="Save", exact=True).click()
    assert "chapter two" in await page.get_by_role("alert").inner_text()
    assert await page.get_by_label("Text of a.md").input_value() == "mine\n"
    await page.get_by_label("Take it from ana").check()
    await page.get_by_role("button", name="Save anyway").click()
    await page.get_by_role("heading", name="a.md").wait_for()

    assert await stored(served, "a.md") == b"mine\n"
    refused = await ana.refused("write_file", path="a.md", content="theirs\n", lock=lock)
    assert (refused["code"], refused["reason"], refused["by"]) == ("lock_lost", "broken", "owner")


async def test_files_are_dropped_on_a_folder_and_one_of_them_replaces_another(
    served: Listening, look: Look, connect: Connect
) -> None:
    ana = await connect("ana")
    await ana.done("write_file", path="in/there.md", content="theirs\n")
    page = await look("/files/in", owner=True)
    await page.locator("main").evaluate(DROP)
    await page.locator("#uploads").get_by_text("is new").nth(1).wait_for()
    assert await stored(served, "in/dropped.md") == b"dropped\n"
    assert (await served.engine.files.stat(ANA, path="in/large.bin"))["size_bytes"] == 20_000_000
    await page.locator("#files").get_by_role("link", name="dropped.md").wait_for()

    await page.get_by_role("button", name="Replace version 1").click()
    await page.get_by_text("was replaced").wait_for()
    assert await stored(served, "in/there.md") == b"mine\n"


async def test_a_folder_is_uploaded_by_the_form_with_scripts_and_without(
    served: Listening, look: Look, tmp_path: Path
) -> None:
    (tmp_path / "folder" / "deep").mkdir(parents=True)
    (tmp_path / "folder" / "deep" / "a.md").write_bytes(b"one\n")
    for scripts, into in ((True, "with"), (False, "without")):
        page = await look(f"/upload?in={into}", scripts=scripts, owner=True)
        await page.get_by_label("Why").fill("from my desk")
        await page.get_by_label("Or a folder").set_input_files(tmp_path / "folder")
        await page.get_by_role("button", name="Upload").click()
        await page.locator("#uploads").get_by_text("is new").wait_for()

        path = f"{into}/folder/deep/a.md"
        (made,) = (await served.engine.files.file_history(ANA, path=path))["versions"]
        assert (made["by"], made["message"]) == ("owner", "from my desk")


async def test_a_file_is_shared_with_somebody_else_until_that_is_revoked(
    served: Listening, look: Look, connect: Connect
) -> None:
    ana = await connect("ana")
    await ana.done("write_file", path="in/plan.md", content="# Plan\n\n<script>alert(1)</script>\n")
    page = await look("/files/in/plan.md", owner=True)
    await page.get_by_role("link", name="Share", exact=True).click()
    await page.get_by_role("button", name="Make a link").click()
    address = re.search(r"/s/[\w-]+", await page.locator(".snippet code").inner_text())
    assert address is not None

    other = await look(address[0], size="narrow", scheme="dark")
    assert await other.get_by_role("heading", name="Plan", exact=True).count() == 1
    assert "in/" not in await other.content()
    assert await other.locator("nav, form, script").count() == 0
    assert await violations(other) == []
    await page.goto("/links")
    await page.get_by_role("button", name="Revoke").click()
    await page.get_by_text("revoked").wait_for()
    await other.reload()
    await other.get_by_role("heading", name="This link has ended").wait_for()
