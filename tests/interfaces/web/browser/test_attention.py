"""What needs a person, in a real browser: decided by forms alone, pinned to the versions that were asked about."""

import pytest

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
