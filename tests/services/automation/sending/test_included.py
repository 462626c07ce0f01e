"""What a webhook says beyond the names of its inputs, when its trigger asks for more."""

from collections.abc import Sequence
from typing import Any

import pytest
from cloudevents.core.bindings.http import HTTPMessage, from_http_event

from tests.services.receiver import Receiver
from tests.services.webhooks import ANN, attempts_made, save, until, watch
from workspace_server.core.access import Caller
from workspace_server.core.clock import ManualClock
from workspace_server.core.limits import LIMITS
from workspace_server.core.scopes import ALL, everywhere
from workspace_server.errors import WorkspaceError
from workspace_server.services.engine import Engine

pytestmark = pytest.mark.anyio


async def said(engine: Engine, receiver: Receiver, *texts: str, include: Sequence[str]) -> dict[str, Any]:
    """Return the data of the webhook for the last of several saves of `draft.md`."""
    for text in texts[:-1]:
        await save(engine, "draft.md", text)
    await watch(engine, receiver, "draft.md", options={"include": list(include)})
    await save(engine, "draft.md", texts[-1])
    (received,) = await receiver.next()
    data: dict[str, Any] = received.event["data"]
    return data


async def test_the_content_and_the_diff_come_along(engine: Engine, receiver: Receiver) -> None:
    data = await said(engine, receiver, "one\ntwo\n", "one\nthree\n", include=["content", "diff"])
    (given,) = data["inputs"]
    assert given["content"] == "one\nthree\n"
    assert "-two" in given["diff"]
    assert "+three" in given["diff"]
    assert "facts" not in given
    assert "dropped" not in data


async def test_the_facts_of_the_version_come_along_whether_or_not_the_index_has_them(
    engine: Engine, receiver: Receiver
) -> None:
    data = await said(engine, receiver, "# Kettle\n\nHeight: 2 m\n", include=["facts"])
    (given,) = data["inputs"]
    assert any("Height" in one["fact"] for one in given["facts"])
    assert {one["cite"].partition(":")[0] for one in given["facts"]} == {"draft.md@1"}


async def test_many_facts_are_cut_and_said_so(engine: Engine, receiver: Receiver) -> None:
    text = "# Parts\n\n" + "".join(f"- Part {number}: {number} mm\n" for number in range(200))
    (given,) = (await said(engine, receiver, text, include=["facts"]))["inputs"]
    assert len(given["facts"]) == LIMITS.delivery_facts_max
    assert given["facts_cut"] is True


async def test_a_long_text_is_cut_between_two_characters_and_said_so(engine: Engine, receiver: Receiver) -> None:
    (given,) = (await said(engine, receiver, "x" + "é" * 40_000, include=["content"]))["inputs"]
    assert given["content"] == "x" + "é" * ((LIMITS.delivery_input_bytes_max - 1) // 2)
    assert given["content_cut"] is True


async def test_what_is_no_text_is_null(engine: Engine, receiver: Receiver) -> None:
    await watch(engine, receiver, "a.bin", options={"include": ["content", "diff"]})
    await engine.files.write_file(ANN, path="a.bin", content="AAECAwD/", encoding="base64")
    (received,) = await receiver.next()
    (given,) = received.event["data"]["inputs"]
    assert (given["content"], given["diff"]) == (None, None)


async def test_what_does_not_fit_is_dropped_for_all_inputs_and_named(engine: Engine, receiver: Receiver) -> None:
    paths = [f"{number}.md" for number in range(6)]
    await watch(engine, receiver, *paths, mode="all", options={"include": ["content", "diff", "facts"]})
    changes = [{"op": "write", "path": path, "content": f"# {path}\n\n" + "word " * 13_000} for path in paths]
    await engine.files.commit_files(ANN, changes=changes)
    (received,) = await receiver.next()
    data = received.event["data"]
    assert data["dropped"] == ["content"]
    assert all("content" not in one and one["diff"] and "facts" in one for one in data["inputs"])
    assert len(received.body) <= LIMITS.delivery_body_bytes_max


async def test_every_attempt_says_the_same_of_the_version_that_fired(
    engine: Engine, receiver: Receiver, clock: ManualClock
) -> None:
    receiver.answer(500)
    await watch(engine, receiver, "draft.md", options={"include": ["content", "diff", "facts"]})
    await save(engine, "draft.md", "# First\n")
    await attempts_made(engine, 1)
    await save(engine, "draft.md", "# Second\n")
    clock.advance(10)
    engine.deliveries.look()
    first, second, _ = await receiver.next(3)
    assert first.body == second.body
    assert second.event["data"]["inputs"][0]["content"] == "# First\n"


async def test_content_that_was_purged_meanwhile_is_null(
    engine: Engine, receiver: Receiver, clock: ManualClock
) -> None:
    receiver.answer(500)
    await watch(engine, receiver, "draft.md", options={"include": ["content", "diff", "facts"]})
    await save(engine, "draft.md", "secret: 1\n")
    await attempts_made(engine, 1)
    await save(engine, "draft.md", "nothing\n")
    admin = Caller(agent="root", scope=ALL)
    await engine.upkeep.purge(admin, path="draft.md", version=1)
    clock.advance(10)
    engine.deliveries.look()
    (again,) = [one for one in await receiver.next(3) if one.event["data"]["inputs"][0]["version"] == 1][1:]
    (given,) = again.event["data"]["inputs"]
    assert (given["content"], given["diff"]) == (None, None)
    assert b"secret" not in again.body


async def test_content_that_is_damaged_keeps_no_webhook_back(
    engine: Engine, receiver: Receiver, clock: ManualClock
) -> None:
    receiver.answer(500)
    await watch(engine, receiver, "large.md", options={"include": ["content", "diff", "facts"]})
    await save(engine, "large.md", "".join(f"{number}\n" for number in range(40_000)))
    shown = await attempts_made(engine, 1)
    (first,) = await receiver.next()
    assert first.event["data"]["inputs"][0]["content"].startswith("0\n1\n")
    for kept in (engine.root / ".workspace" / "objects").glob("*/*"):
        kept.write_bytes(b"other bytes")
    clock.advance(10)
    engine.deliveries.look()
    (second,) = await receiver.next()
    assert second.message_id == shown["delivery"]
    assert second.event["data"]["inputs"][0]["content"] is None
    await until(engine, state="delivered")


async def test_a_plain_body_is_one_flat_object(engine: Engine, receiver: Receiver) -> None:
    secret = await watch(engine, receiver, "draft.md", options={"profile": "plain"})
    await save(engine, "draft.md", "one")
    (received,) = await receiver.next()
    body = received.verify(secret)
    assert (body["id"], body["type"], body["trigger"]) == (received.message_id, "trigger.fired", "hook")
    assert body["inputs"][0]["path"] == "draft.md"
    assert "specversion" not in body


async def test_a_standard_body_is_read_by_the_cloudevents_package(engine: Engine, receiver: Receiver) -> None:
    await watch(engine, receiver, "draft.md")
    seq = await save(engine, "draft.md", "one")
    (received,) = await receiver.next()
    headers = {"content-type": "application/cloudevents+json"}
    event = from_http_event(HTTPMessage(headers=headers, body=received.body))
    assert (event.get_id(), event.get_type()) == (received.message_id, "trigger.fired")
    assert event.get_source() == "workspace://papers"
    assert event.get_extension("sequence") == str(seq)
    data = event.get_data()
    assert isinstance(data, dict)
    assert data["inputs"][0]["path"] == "draft.md"


async def test_who_may_not_read_asks_for_no_content(engine: Engine, receiver: Receiver) -> None:
    blind = Caller(agent="blind", scope=everywhere("trigger", "write"))
    with pytest.raises(WorkspaceError) as caught:
        await engine.triggers.create_trigger(
            blind, name="t", files=["a.md"], url=receiver.url, options={"include": ["content"]}
        )
    assert caught.value.code == "forbidden"
