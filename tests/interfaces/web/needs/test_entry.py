"""The page of one thing that needs a person: what there is to look at, and the decision."""

import re

import httpx2
import pytest

from tests.interfaces.listening import Listening
from tests.interfaces.web.conftest import Hand
from workspace_server.core.access import Caller

pytestmark = pytest.mark.anyio

ANA = Caller(agent="ana")


async def ask(served: Listening, hand: Hand) -> None:
    options = {"approval": "Publish it?", "settle": "immediate"}
    await served.engine.triggers.create_trigger(ANA, name="publish", files=["draft.md"], options=options)
    await hand.write("draft.md", "the first <version>\n")


async def test_who_decides_sees_the_version_that_was_asked_about_and_what_changed_since(
    served: Listening, person: httpx2.AsyncClient, hand: Hand
) -> None:
    await ask(served, hand)
    await hand.write("draft.md", "the second\n", agent="bo")
    html = (await person.get("/attention/A1")).text

    assert "the first &lt;version&gt;" in html
    assert "the second" not in html
    assert 'href="/files/draft.md?version=1"' in html
    assert '<a href="/files/draft.md?diff=1..2">What changed since</a>' in html
    assert 'href="/runs/F1"' in html


async def test_a_decision_leads_back_to_the_list_and_stays_to_be_looked_up(
    served: Listening, person: httpx2.AsyncClient, hand: Hand
) -> None:
    await ask(served, hand)
    form = {"token": served.guard.form_token, "action": "deny", "note": "too early"}
    answer = await person.post("/attention/A1", data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, "/attention")
    html = (await person.get("/attention/A1")).text
    assert '<span class="tag bad">denied</span>' in html
    assert "too early" in html
    assert "<form" not in html.partition("<main")[2]

    again = await person.post("/attention/A1", data=form)
    assert again.status_code == 412
    assert "over already" in again.text
    assert (await person.get("/attention/A99")).status_code == 404


async def test_a_moved_on_input_is_approved_only_by_the_button_that_says_so(
    served: Listening, person: httpx2.AsyncClient, hand: Hand
) -> None:
    await ask(served, hand)
    await hand.write("draft.md", "two\n")
    form = {"token": served.guard.form_token, "action": "approve"}

    assert (await person.post("/attention/A1", data=form)).status_code == 412
    assert (await person.post("/attention/A1?stale=1", data=form)).status_code == 303


async def test_both_sides_of_a_conflict_are_there_to_be_looked_at(
    served: Listening, reader: httpx2.AsyncClient, hand: Hand
) -> None:
    await hand.write("a.md", "ours\n")
    await hand.write("a.conflict.md", "theirs\n")

    async def clash(commit: object) -> dict[str, object]:
        await commit.add("file.conflict", path="a.md", version=1, copy="a.conflict.md")  # type: ignore[attr-defined]
        return {}

    await served.engine.folder.recorder.change(ANA, "test", clash)
    html = (await reader.get("/attention/A1")).text
    assert "ours" in html
    assert "theirs" in html
    [compared] = re.findall(r'href="(/files/a.conflict.md\?[^"]*)">Compare the two sides', html)
    sides = (await reader.get(compared.replace("&amp;", "&"))).text
    assert "ours" in sides
    assert "theirs" in sides
    await served.engine.files.delete_file(ANA, path="a.md")
    assert "deleted" in (await reader.get("/attention/A1")).text


async def test_a_file_that_could_not_be_read_tells_why(
    served: Listening, reader: httpx2.AsyncClient, hand: Hand
) -> None:
    await hand.write("bad.pdf", b"%PDF-1.4\nthis is none")
    await served.engine.search.query_facts(ANA, min_seq=served.engine.events.head_seq)
    [entry] = (await served.engine.decisions.list_attention(ANA))["attention"]
    html = (await reader.get("/attention/A1")).text

    assert entry["kind"] == "failed_extraction"
    assert entry["reason"]
    assert entry["reason"] in html


async def test_a_file_that_is_no_text_is_to_be_opened(
    served: Listening, reader: httpx2.AsyncClient, hand: Hand
) -> None:
    options = {"approval": "Publish it?", "settle": "immediate"}
    await served.engine.triggers.create_trigger(ANA, name="publish", files=["*.bin"], options=options)
    await hand.write("a.bin", b"\x00\x01")

    assert "No text" in (await reader.get("/attention/A1")).text
