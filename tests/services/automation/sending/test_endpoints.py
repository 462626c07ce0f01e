"""Receivers are listed, tried, enabled again, and get another secret; what was given up is sent again."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.services.receiver import Receiver
from tests.services.webhooks import ANN, attempts_made, save, told, until, watch, workspace
from workspace_server.core.access import Caller
from workspace_server.core.clock import ManualClock
from workspace_server.core.limits import LIMITS
from workspace_server.core.scopes import ALL, everywhere
from workspace_server.errors import WorkspaceError
from workspace_server.services.engine import Engine

pytestmark = pytest.mark.anyio

BOB = Caller(agent="bob")
ADMIN = Caller(agent="root", scope=ALL)
NEW_SECRET = "whsec_" + "QUJD" * 10


async def test_receivers_are_listed_with_what_waits_and_what_was_given_up(engine: Engine, receiver: Receiver) -> None:
    await watch(engine, receiver, "*.md")
    receiver.answer(413, 500)
    for name in ("a", "b", "c"):
        await save(engine, f"{name}.md", name)
        await receiver.next()
    while (await engine.deliveries.status())["delivered"] == 0:
        await engine.events.wait(engine.head_seq, 0.01)
    (shown,) = (await engine.endpoints.list_endpoints(ANN))["endpoints"]
    assert shown == {
        "endpoint": "E1",
        "address": f"http://127.0.0.1:{receiver.port}",
        "state": "active",
        "pending": 1,
        "dead": 1,
    }
    listed = await engine.deliveries.list_deliveries(ANN, endpoint="E1", state="dead")
    assert [one["endpoint"] for one in listed["deliveries"]] == ["E1"]
    assert (await engine.deliveries.list_deliveries(ANN, endpoint="E2"))["deliveries"] == []


async def test_receivers_are_listed_in_pages(engine: Engine, receiver: Receiver) -> None:
    for number in range(3):
        await watch(engine, receiver, "a.md", name=f"t{number}", url=f"{receiver.url}/{number}")
    await save(engine, "a.md", "a")
    page = await engine.endpoints.list_endpoints(ANN, limit=2)
    rest = await engine.endpoints.list_endpoints(ANN, limit=2, cursor=page["next_cursor"])
    assert [one["endpoint"] for one in page["endpoints"] + rest["endpoints"]] == ["E3", "E2", "E1"]
    assert "next_cursor" not in rest


async def test_a_disabled_endpoint_is_enabled_again_and_what_was_given_up_waits_to_be_sent_again(
    engine: Engine, receiver: Receiver
) -> None:
    await watch(engine, receiver, "*.md")
    receiver.answer(410)
    await save(engine, "a.md", "a")
    await until(engine, state="dead")
    (shown,) = (await engine.endpoints.list_endpoints(ANN))["endpoints"]
    assert shown["state"] == "disabled"
    with pytest.raises(WorkspaceError) as caught:
        await engine.endpoints.send_test(ANN, trigger="hook")
    assert "E1:enable" in str(caught.value.hint)
    assert await engine.endpoints.enable_endpoint(ANN, endpoint="E1") == {"endpoint": "E1", "state": "active"}
    await save(engine, "b.md", "b")
    assert [one.event["subject"] for one in await receiver.next(2)] == ["a.md", "b.md"]
    assert (await engine.deliveries.redeliver_since(ANN, since="1h"))["redelivered"] == 1
    assert (await receiver.next())[0].event["subject"] == "a.md"


async def test_a_test_reaches_the_receiver_signed_and_is_tried_once(engine: Engine, receiver: Receiver) -> None:
    secret = await watch(engine, receiver, "*.md")
    receiver.answer(204, 500)
    sent = await engine.endpoints.send_test(ANN, trigger="hook")
    (received,) = await receiver.next()
    event = received.verify(secret)
    assert (event["id"], event["type"], event["subject"]) == (sent["delivery"], "trigger.test", "hook")
    assert event["data"]["test"] is True
    failing = await engine.endpoints.send_test(ANN, trigger="hook")
    while (shown := await engine.deliveries.get_delivery(ANN, delivery=failing["delivery"]))["state"] == "pending":
        await engine.events.wait(engine.head_seq, 0.01)
    assert (shown["state"], shown["kind"], shown["reason"], len(shown["attempts"])) == ("dead", "test", "HTTP 500", 1)
    assert "firing" not in shown


async def test_a_test_is_only_sent_where_the_trigger_may_send(engine: Engine, receiver: Receiver) -> None:
    await engine.triggers.create_trigger(ANN, name="out", files=["a.md"], url="https://hooks.example.com/x")
    await engine.triggers.create_trigger(ANN, name="queued", files=["a.md"], queue="q")
    for name, code in (("out", "forbidden"), ("queued", "invalid_argument"), ("none", "not_found")):
        with pytest.raises(WorkspaceError) as caught:
            await engine.endpoints.send_test(ANN, trigger=name)
        assert caught.value.code == code


async def test_while_a_secret_is_changed_both_sign_for_a_day(
    engine: Engine, receiver: Receiver, clock: ManualClock
) -> None:
    old = await watch(engine, receiver, "*.md")
    made = await engine.endpoints.rotate_secret(ANN, trigger="hook")
    new = made["secret"]
    assert new != old
    await save(engine, "a.md", "a")
    (received,) = await receiver.next()
    assert received.verify(old) == received.verify(new)
    clock.advance(LIMITS.secret_overlap_s + 1)
    await save(engine, "b.md", "b")
    (later,) = await receiver.next()
    assert len(later.headers["webhook-signature"].split(" ")) == 1
    assert "secret" not in await engine.endpoints.rotate_secret(ANN, trigger="hook", secret=NEW_SECRET)


async def test_a_secret_that_was_made_is_not_kept_to_be_told_again(engine: Engine, receiver: Receiver) -> None:
    made: list[str] = []

    async def ask(number: int) -> Mapping[str, Any]:
        caller = replace(ANN, request_id=f"once-{number}")
        if number:
            return await engine.endpoints.rotate_secret(caller, trigger="hook")
        return await engine.triggers.create_trigger(caller, name="hook", files=["*.md"], url=receiver.url)

    for number in range(2):
        first, again = await ask(number), await ask(number)
        made.append(first["secret"])
        told = {key: value for key, value in first.items() if key != "secret"}
        assert again == told | {"replayed": True}
    rows = await engine.db.read(lambda tx: tx.all("SELECT result FROM requests"))
    assert len(rows) == 2
    assert not [secret for secret in made if secret in repr([tuple(row) for row in rows])]


async def test_an_attempt_after_the_change_is_signed_with_the_new_secret(
    engine: Engine, receiver: Receiver, clock: ManualClock
) -> None:
    old = await watch(engine, receiver, "*.md")
    receiver.answer(500)
    await save(engine, "a.md", "a")
    await attempts_made(engine, 1)
    await engine.endpoints.rotate_secret(ANN, trigger="hook", secret=NEW_SECRET)
    clock.advance(10)
    engine.deliveries.look()
    first, second = await receiver.next(2)
    assert first.body == second.body
    assert second.verify(NEW_SECRET) == first.verify(old)


async def test_only_who_made_a_trigger_or_an_admin_may_change_its_secret(engine: Engine, receiver: Receiver) -> None:
    await watch(engine, receiver, "*.md")
    with pytest.raises(WorkspaceError) as caught:
        await engine.endpoints.rotate_secret(BOB, trigger="hook")
    assert caught.value.code == "forbidden"
    assert (await engine.endpoints.rotate_secret(ADMIN, trigger="hook"))["secret"].startswith("whsec_")
    with pytest.raises(WorkspaceError) as caught:
        await engine.endpoints.rotate_secret(ANN, trigger="hook", secret="whsec_c2hvcnQ=")
    assert caught.value.facts["argument"] == "secret"


async def test_what_was_given_up_or_lost_is_sent_again_since_a_time_in_its_order(
    engine: Engine, receiver: Receiver, clock: ManualClock
) -> None:
    await watch(engine, receiver, "*.md")
    receiver.answer(413)
    await save(engine, "early.md", "early")
    await until(engine, state="dead")
    clock.advance(3_600)
    receiver.answer(413, 413)
    for text in ("one", "two"):
        await save(engine, "late.md", text)
        await until(engine, state="dead")
    again = await engine.deliveries.redeliver_since(ANN, since="30m", trigger="hook")
    assert (again["redelivered"], again["more"]) == (2, False)
    received = (await receiver.next(5))[3:]
    assert [one.event["data"]["inputs"][0]["version"] for one in received] == [1, 2]
    while (await engine.deliveries.status())["pending"]:
        await engine.events.wait(engine.head_seq, 0.01)
    assert (await engine.deliveries.status()) == {"pending": 0, "delivered": 2, "dead": 1}
    lost = await engine.deliveries.redeliver_since(ANN, since="2h", state="delivered")
    assert lost["redelivered"] == 2
    ids = {one.message_id for one in received}
    assert {one.message_id for one in await receiver.next(2)} == ids


async def test_a_test_is_not_sent_again_with_what_was_given_up_or_lost(engine: Engine, receiver: Receiver) -> None:
    await watch(engine, receiver, "*.md")
    receiver.answer(204, 500)
    for state in ("delivered", "dead"):
        sent = (await engine.endpoints.send_test(ANN, trigger="hook"))["delivery"]
        while (await engine.deliveries.get_delivery(ANN, delivery=sent))["state"] != state:
            await engine.events.wait(engine.head_seq, 0.01)
        assert (await engine.deliveries.redeliver_since(ANN, since="1h", state=state))["redelivered"] == 0


async def test_many_are_sent_again_in_parts_and_none_of_them_twice(
    engine: Engine, receiver: Receiver, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await watch(engine, receiver, "*.md")
    for name in ("a", "b", "c"):
        await save(engine, f"{name}.md", name)
    await until(engine, state="delivered")
    first_ids = {one.message_id for one in await receiver.next(3)}
    clock.advance(60)
    monkeypatch.setattr("workspace_server.services.automation.deliveries.LIMITS", _few())
    part = await engine.deliveries.redeliver_since(ANN, since="1h", state="delivered")
    assert (part["redelivered"], part["more"]) == (2, True)
    received = list(await receiver.next(2))
    await until(engine, state="delivered")
    clock.advance(60)
    rest = await engine.deliveries.redeliver_since(ANN, since="1h", state="delivered", until=part["until"])
    assert (rest["redelivered"], rest["more"]) == (1, False)
    received += await receiver.next()
    assert {one.message_id for one in received} == first_ids


async def test_what_ended_long_ago_is_forgotten_with_its_attempts(
    folder: Path, receiver: Receiver, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with workspace(folder, clock) as engine:
        await watch(engine, receiver, "*.md")
        receiver.answer(204, 413, 500)
        for name in ("a", "b", "c"):
            await save(engine, f"{name}.md", name)
            await receiver.next()
        while (await engine.deliveries.status()) != {"pending": 1, "delivered": 1, "dead": 1}:
            await engine.events.wait(engine.head_seq, 0.01)
        receiver.gate.clear()  # what is pending stays so
        clock.advance(LIMITS.delivery_kept_s - 1)
        await engine.deliveries.forget_old()
        assert sum((await engine.deliveries.status()).values()) == 3
        clock.advance(2)
        monkeypatch.setattr("workspace_server.services.automation.deliveries.FORGOTTEN_AT_ONCE", 1)
        await engine.deliveries.forget_old()
        assert await engine.deliveries.status() == {"pending": 1, "delivered": 0, "dead": 0}
        assert [one["outcome"] for one in await told(engine, "attention.resolved")] == ["forgotten"]


async def test_wrong_arguments_are_refused(engine: Engine) -> None:
    for call, given, code in (
        (engine.endpoints.list_endpoints, {"limit": 0}, "invalid_argument"),
        (engine.endpoints.list_endpoints, {"cursor": "-1"}, "invalid_argument"),
        (engine.endpoints.enable_endpoint, {"endpoint": "E0"}, "invalid_argument"),
        (engine.endpoints.enable_endpoint, {"endpoint": "E7"}, "not_found"),
        (engine.deliveries.list_deliveries, {"endpoint": "hooks"}, "invalid_argument"),
        (engine.deliveries.get_delivery, {"delivery": "msg_0"}, "not_found"),
        (engine.deliveries.redeliver_since, {"since": "412"}, "invalid_argument"),
        (engine.deliveries.redeliver_since, {"since": "yesterday"}, "invalid_argument"),
        (engine.deliveries.redeliver_since, {"since": "1h", "state": "pending"}, "invalid_argument"),
        (engine.deliveries.redeliver_since, {"since": "1h", "trigger": "none"}, "not_found"),
    ):
        with pytest.raises(WorkspaceError) as caught:
            await call(ANN, **given)
        assert caught.value.code == code


def _few() -> object:
    return type(LIMITS)(redeliveries_max=2)


async def test_a_paused_endpoint_is_sent_nothing_until_it_goes_on(engine: Engine, receiver: Receiver) -> None:
    await watch(engine, receiver, "*.md")
    await save(engine, "a.md", "a")
    await receiver.next()
    await until(engine, state="delivered")
    assert (await engine.endpoints.pause_endpoint(ANN, endpoint="E1"))["state"] == "paused"
    await save(engine, "b.md", "b")
    shown = await engine.endpoints.get_endpoint(ANN, endpoint="E1")
    assert (shown["state"], shown["pending"]) == ("paused", 1)
    assert await engine.deliveries.pending() == 0  # nothing that a server in the background would have to stay for
    with pytest.raises(WorkspaceError) as caught:
        await engine.endpoints.send_test(ANN, trigger="hook")
    assert ":resume" in str(caught.value.hint)
    (held,) = (await engine.deliveries.list_deliveries(ANN, state="pending"))["deliveries"]
    assert held["attempts"] == []
    assert (await engine.endpoints.resume_endpoint(ANN, endpoint="E1"))["state"] == "active"
    (received,) = await receiver.next()
    assert received.message_id == held["delivery"]


async def test_a_delivery_shows_what_it_says(engine: Engine, receiver: Receiver) -> None:
    secret = await watch(engine, receiver, "*.md")
    await save(engine, "a.md", "a")
    (received,) = await receiver.next()
    shown = await engine.deliveries.read_body(ANN, delivery=received.message_id)
    assert shown["body"].encode() == received.body
    assert secret not in shown["body"]
    with pytest.raises(WorkspaceError):
        await engine.deliveries.read_body(Caller(agent="x", scope=everywhere("trigger")), delivery=received.message_id)
    with pytest.raises(WorkspaceError):
        await engine.endpoints.pause_endpoint(ANN, endpoint="E9")
