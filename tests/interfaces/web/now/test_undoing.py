"""The page that takes back what an agent did: first it shows what would happen, then it does just that."""

import re

import httpx2
import pytest

from tests.interfaces.listening import Listening
from tests.interfaces.web.conftest import Hand
from workspace_server.core.access import Caller
from workspace_server.interfaces.web.now.undoing import DIFFS

pytestmark = pytest.mark.anyio

ANA = Caller(agent="ana")


def fields_of(html: str) -> dict[str, str]:
    """Return the hidden fields of the form that takes it back."""
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', html.partition('action="/undo"')[2]))


async def text(served: Listening, path: str) -> str | None:
    return (await served.engine.files.read_file(ANA, path=path)).text


async def test_it_shows_what_would_happen_to_each_file_and_does_just_that(
    served: Listening, person: httpx2.AsyncClient, hand: Hand
) -> None:
    await hand.write("plan.md", "three weeks\n", agent="bo")
    await hand.write("plan.md", "nine weeks\n")
    await hand.write("made.md", "made\n")
    await hand.write("both.md", "one\ntwo\nthree\nfour\nfive\n", agent="bo")
    await hand.write("both.md", "ONE\ntwo\nthree\nfour\nfive\n")
    await hand.write("both.md", "ONE\ntwo\nthree\nfour\nFIVE\n", agent="bo")
    html = (await person.get("/undo", params={"agent": "ana", "since": "1h"})).text

    assert "3 files would change" in html
    assert "is deleted" in html
    for line in ("nine weeks", "three weeks", "ONE", "one"):
        assert f"<code>{line}</code>" in html
    assert await text(served, "plan.md") == "nine weeks\n"

    answer = await person.post("/undo", data={**fields_of(html), "message": "wrong figures"})
    assert answer.status_code == 303
    assert await text(served, "plan.md") == "three weeks\n"
    assert await text(served, "both.md") == "one\ntwo\nthree\nfour\nFIVE\n"
    after = (await person.get(answer.headers["location"])).text
    assert "Taken back, as the commit" in after
    assert "Nothing to take back" in after


async def test_of_many_files_all_are_listed_and_the_first_shown(
    served: Listening, person: httpx2.AsyncClient, hand: Hand
) -> None:
    for number in range(DIFFS + 2):
        await hand.write(f"plan-{number:02}.md", "three weeks\n", agent="bo")
        await hand.write(f"plan-{number:02}.md", "nine weeks\n")
    answer = await person.get("/undo", params={"agent": "ana"})

    assert f"{DIFFS + 2} files would change" in answer.text
    assert answer.text.count("What changes") == DIFFS
    assert f"plan-{DIFFS + 1}.md" in answer.text


async def test_what_happened_since_the_preview_stops_it_and_is_shown(
    served: Listening, person: httpx2.AsyncClient, hand: Hand
) -> None:
    await hand.write("plan.md", "three\nweeks\n", agent="bo")
    await hand.write("plan.md", "nine\nweeks\n")
    html = (await person.get("/undo", params={"agent": "ana", "since": "1h"})).text
    await hand.write("plan.md", "nine\nweeks\nand a day\n", agent="bo")

    answer = await person.post("/undo", data=fields_of(html))

    assert answer.status_code == 412
    assert "More has happened since you looked" in answer.text
    assert "is merged" in answer.text
    assert await text(served, "plan.md") == "nine\nweeks\nand a day\n"
    assert (await person.post("/undo", data=fields_of(answer.text))).status_code == 303


async def test_what_the_agent_did_after_the_preview_stays_and_is_shown_next(
    served: Listening, person: httpx2.AsyncClient, hand: Hand
) -> None:
    await hand.write("first.md", "first\n")
    html = (await person.get("/undo", params={"agent": "ana", "since": "1h"})).text
    await hand.write("second.md", "second\n")

    answer = await person.post("/undo", data=fields_of(html))

    after = (await person.get(answer.headers["location"])).text
    assert "1 file would change" in after
    assert "second.md" in after
    assert await text(served, "second.md") == "second\n"


async def test_what_needs_a_person_is_listed_with_its_reason(person: httpx2.AsyncClient, hand: Hand) -> None:
    await hand.write("plan.md", "three weeks\n", agent="bo")
    await hand.write("plan.md", "nine weeks\n")
    await hand.write("plan.md", "ten weeks\n", agent="bo")
    html = (await person.get("/undo", params={"agent": "ana", "since": "1h"})).text

    assert "Left for a person" in html
    assert "changed since in the same places" in html
    assert "diff=1..3" in html


async def test_an_agent_and_a_time_are_asked_for_and_nonsense_is_refused(
    reader: httpx2.AsyncClient, person: httpx2.AsyncClient
) -> None:
    assert "Whose work?" in (await person.get("/undo")).text
    assert (await person.get("/undo", params={"agent": "ana", "since": "yesterday-ish"})).status_code == 400
    assert (await reader.get("/undo", params={"agent": "ana"})).status_code == 403
