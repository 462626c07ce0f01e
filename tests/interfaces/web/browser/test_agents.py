"""A person steps in while an agent works, in a real browser: tells it something, pauses it, takes its work back."""

import pytest

from tests.interfaces.listening import Listening
from tests.interfaces.web.browser.conftest import Connect
from tests.interfaces.web.browser.looking import Look
from workspace_server.core.access import Caller

pytestmark = pytest.mark.anyio


async def test_a_person_watches_an_agent_tells_it_something_pauses_it_and_undoes_its_work(
    served: Listening, look: Look, connect: Connect
) -> None:
    writer = await connect("writer")
    await writer.done("write_file", path="draft.md", content="good\n")
    page = await look("/agents", owner=True)
    await page.get_by_role("link", name="writer").click()
    await page.get_by_role("heading", name="writer").wait_for()

    await page.get_by_label("A note, for its next answer").fill("Use <b>figures.csv</b>")
    await page.get_by_label("It must acknowledge it").check()
    await page.get_by_role("button", name="Leave the note").click()
    await page.get_by_text("rides in its next answer, to be acknowledged").wait_for()
    refused = await writer.refused("write_file", path="draft.md", content="bad\n", expect_version=1)
    assert refused["notice"]["text"] == "Use <b>figures.csv</b>"
    await writer.done("finish_job", job=refused["acknowledge"], note="on it")
    await page.get_by_text("on it").wait_for()  # by itself: the page is live

    await writer.done("write_file", path="draft.md", draft=refused["draft"], expect_version=1)
    await page.get_by_label("Why it is paused").fill("that is not figures.csv")
    await page.get_by_role("button", name="Pause it").click()
    await page.get_by_text("it reads on and changes nothing").wait_for()
    held = await writer.refused("write_file", path="draft.md", content="worse\n", expect_version=2)
    assert (held["code"], held["note"]) == ("paused", "that is not figures.csv")
    assert (await writer.read("draft.md"))[1] == "bad\n"

    await page.get_by_role("link", name="Undo its last hour").click()
    await page.get_by_label("Since").fill("4")
    await page.get_by_role("button", name="Show").click()
    await page.get_by_text("1 file would change").wait_for()
    await page.get_by_role("button", name="Take this back").click()
    await page.get_by_text("Taken back, as the commit").wait_for()
    back = await served.engine.files.read_file(Caller(agent="reader"), path="draft.md")
    assert back.text == "good\n"


async def test_a_person_stops_and_starts_the_whole_workspace_without_scripts(
    served: Listening, look: Look, connect: Connect
) -> None:
    writer = await connect("writer")
    page = await look("/agents", scripts=False, size="narrow", owner=True)
    await page.get_by_text("Pause the workspace…").click()
    await page.get_by_role("button", name="Pause all agents").click()
    await page.get_by_text("The workspace is paused").wait_for()
    assert (await writer.refused("write_file", path="a.md", content="x"))["code"] == "paused"

    await page.get_by_role("button", name="Let the workspace go on").click()
    await page.get_by_text("Pause the workspace…").wait_for()
    await writer.done("write_file", path="a.md", content="x")
