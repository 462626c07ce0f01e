"""The form of a trigger: preview, create, change; nothing typed is lost, and each refusal stands at its field."""

import re
from html import unescape

import httpx2
import pytest

from tests.interfaces.listening import Listening
from tests.interfaces.web.conftest import Hand
from tests.interfaces.web.flows.conftest import Send
from workspace_server.core.access import Caller
from workspace_server.core.triggers.parsing import FIELDS
from workspace_server.core.triggers.targets import KINDS
from workspace_server.interfaces.web.flows import fields

pytestmark = pytest.mark.anyio

ANA = Caller(agent="ana")
EDIT = {"name": "edit", "files": "draft.md", "mode": "each", "kind": "queue", "to": "editor", "settle": "immediate"}


async def one(served: Listening, name: str = "edit") -> dict[str, object]:
    (found,) = (await served.engine.triggers.list_triggers(ANA, name=name))["triggers"]
    shown: dict[str, object] = found
    return shown


def test_the_form_has_every_field_of_a_trigger() -> None:
    own = {option.name for option in fields.OPTIONS} | {"name", "files", "mode", "count", "instructions", *KINDS}
    assert own == set(FIELDS)


async def test_a_preview_shows_which_past_events_would_have_fired_it(served: Listening, hand: Hand, send: Send) -> None:
    await hand.write("draft.md", "one")
    await hand.write("other.md", "one")
    answer = await send("/triggers:new", action="preview", **EDIT)

    assert answer.status_code == 200
    assert "It would have fired 1×" in answer.text
    assert 'value="editor"' in answer.text, "what was typed stands in the form again"
    assert (await served.engine.triggers.list_triggers(ANA))["triggers"] == []


async def test_a_preview_warns_of_what_matches_nothing_or_everything(hand: Hand, send: Send) -> None:
    for number in range(30):
        await hand.write(f"{number}.md", "x")
    nothing = await send("/triggers:new", action="preview", **EDIT)
    everything = await send("/triggers:new", action="preview", **(EDIT | {"files": "**"}))

    assert "would have fired it. Check the names of the files." in nothing.text
    assert "It fires at nearly every change" in everything.text


async def test_a_preview_warns_of_a_circle(served: Listening, hand: Hand, send: Send) -> None:
    await served.engine.triggers.create_trigger(
        ANA, name="first", files=["draft.md"], queue="editor", options={"settle": "immediate"}
    )
    await hand.write("draft.md", "one")
    await served.engine.jobs.claim_job(Caller(agent="ed"), queue="editor")
    await hand.write("edited.md", "two", agent="ed")
    circle = EDIT | {"files": "*.md", "include_own_writes": "on"}

    assert "changed edited.md before" in (await send("/triggers:new", action="preview", **circle)).text
    del circle["include_own_writes"]
    assert "before, which starts it again" not in (await send("/triggers:new", action="preview", **circle)).text


async def test_a_trigger_is_created_with_all_that_the_form_says(served: Listening, send: Send) -> None:
    options = {
        "instructions": "Edit it.\nWell.",
        "not_files": "a.md\nb,c.md",
        "agents": "ana, bo",
        "min_bytes": "10",
        "settle": "100, 200",
        "indexed": "on",
        "within_seconds": "60",
        "on_timeout": "escalate",
        "since": "existing",
    }
    answer = await send(
        "/triggers:new",
        action="create",
        **EDIT | {"files": "x/*.md\ny/*.md\n", "mode": "count", "count": "2"} | options,
    )
    assert (answer.status_code, answer.headers["location"]) == (303, "/triggers/edit")
    made = await one(served)
    assert {name: made[name] for name in (*options, "files", "queue")} == {
        **options,
        "not_files": ["a.md", "b,c.md"],
        "agents": ["ana", "bo"],
        "min_bytes": 10,
        "settle": {"quiet_ms": 100, "max_wait_ms": 200},
        "indexed": True,
        "within_seconds": 60,
        "files": ["x/*.md", "y/*.md"],
        "queue": "editor",
    }


async def test_the_secret_of_a_webhook_is_shown_this_once(served: Listening, send: Send) -> None:
    hook = EDIT | {"kind": "url", "to": "http://127.0.0.1:9/hook"}
    answer = await send("/triggers:new", action="create", **hook)
    assert answer.status_code == 200
    assert "whsec_" in answer.text
    assert "What the receiver writes itself fires this trigger again" in answer.text
    assert "whsec_" not in (await send("/triggers/edit", action="rehearse")).text


@pytest.mark.parametrize(
    ("field", "given", "said"),
    [
        ("name", {"name": "no name"}, "must be 1 to 64 letters"),
        ("files", {"files": "../x"}, "files"),
        ("count", {"mode": "count", "count": "many"}, "count must be a whole number"),
        ("to", {"to": ""}, "Name the queue."),
        ("to", {"kind": "approval", "to": " "}, "Say what the person is asked."),
        ("to", {"kind": "nothing"}, "Choose whom it calls"),
        ("min_bytes", {"min_bytes": "a few"}, "min_bytes must be a whole number"),
        ("settle", {"settle": "soon"}, "settle: must be"),
        ("distinct_agents", {"distinct_agents": "true", "mode": "count", "count": "2", "agents": "a"}, "agents"),
    ],
)
async def test_what_is_wrong_stands_at_its_field(
    served: Listening, send: Send, field: str, given: dict[str, str], said: str
) -> None:
    for action in ("preview", "create"):
        if field == "name" and action == "preview":
            continue
        answer = await send("/triggers:new", action=action, **EDIT | given)
        assert answer.status_code == 400
        assert said in answer.text
        if field in {"name", "count", "to", "min_bytes", "settle"}:
            assert f'<strong class="wrong-field" id="about-{field}">' in answer.text
    assert (await served.engine.triggers.list_triggers(ANA))["triggers"] == []


async def test_a_name_that_is_taken_is_said_and_nothing_is_lost(served: Listening, send: Send) -> None:
    await send("/triggers:new", action="create", **EDIT)
    answer = await send("/triggers:new", action="create", **EDIT | {"to": "other", "instructions": "Mine."})
    assert answer.status_code == 409
    assert "There is another trigger edit" in answer.text
    assert "Mine." in answer.text


async def test_a_trigger_is_changed_by_the_same_form(served: Listening, person: httpx2.AsyncClient, send: Send) -> None:
    said = {"rate_per_minute": "5", "settle": "100, 200", "indexed": "on"}
    await send("/triggers:new", action="create", **EDIT | said)
    html = (await person.get("/triggers/edit/change")).text
    assert 'name="rate_per_minute" value="5"' in html
    assert 'name="settle" value="100, 200"' in html
    assert 'name="indexed" value="on" checked' in html
    assert 'name="max_depth" value=""' in html, "what it says by default anyway is left out"
    assert "It would have fired" not in html
    preview = await send("/triggers/edit/change", action="preview", **EDIT | {"to": "second"})
    assert "It would not have fired" in preview.text
    refused = await send("/triggers/edit/change", action="create", **EDIT | {"files": ""})
    assert refused.status_code == 400
    answer = await send("/triggers/edit/change", action="create", **EDIT | {"to": "second", "files": "b.md"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/triggers/edit")
    changed = await one(served)
    assert (changed["queue"], changed["files"], changed["rate_per_minute"]) == ("second", ["b.md"], 60)


async def test_every_kind_of_trigger_is_spelled_as_it_is_read(served: Listening) -> None:
    create = served.engine.triggers.create_trigger
    await create(ANA, name="a", files=["x.md", {"path": "[y].md"}], mode="all", queue="q")
    await create(ANA, name="b", files=["x/*"], mode="count", count=3, queue="q", distinct_agents=True)
    await create(ANA, name="c", schedule="0 3 * * *", timezone="Europe/Berlin", missed="skip", queue="q")
    await create(ANA, name="d", mode="all", manifest="plan.txt", approval="Go?")
    await create(
        ANA, name="e", files=["x"], url="http://127.0.0.1:9/", include=["facts"], agent="ed", settle="immediate"
    )
    for trigger in (await served.engine.triggers.list_triggers(ANA))["triggers"]:
        read = fields.read(fields.spell(trigger))
        anew = {name: read.get(name) for name in FIELDS if name != "name"}
        unchanged = await served.engine.triggers.change_trigger(ANA, name=trigger["trigger"], **anew)
        assert unchanged["warnings"] == [], trigger["trigger"]
        (now,) = (await served.engine.triggers.list_triggers(ANA, name=trigger["trigger"]))["triggers"]
        assert now == trigger


async def test_only_its_maker_or_the_owner_changes_a_webhook(
    served: Listening, reader: httpx2.AsyncClient, person: httpx2.AsyncClient
) -> None:
    await served.engine.triggers.create_trigger(ANA, name="hook", files=["a"], url="http://127.0.0.1:9/secret-path")
    assert (await reader.get("/triggers/hook/change")).status_code == 403
    assert "secret-path" not in (await reader.get("/triggers/hook")).text
    assert "secret-path" in (await person.get("/triggers/hook/change")).text


async def test_what_a_trigger_says_comes_back_from_the_form_as_it_was(
    served: Listening, person: httpx2.AsyncClient, send: Send
) -> None:
    said = '\nFirst \u202eline\n<b>"second" & last</b>'
    await send("/triggers:new", action="create", **EDIT | {"instructions": said.replace("\n", "\r\n")})
    assert (await one(served))["instructions"] == said
    html = (await person.get("/triggers/edit/change")).text
    found = re.search(r'<textarea id="f-instructions"[^>]*>\n(.*?)</textarea>', html, re.DOTALL)
    assert found is not None
    assert unescape(found[1]) == said, "what hides elsewhere stands as it is where it is sent back from"
    assert "\u202e" not in (await person.get("/triggers/edit")).text
