"""Webhooks from a save to a real receiver on loopback, which verifies them with the official package."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from tests.services.receiver import Receiver, receiving
from tests.services.webhooks import ANN, SETTINGS, attempts_made, save, told, until, watch, workspace
from workspace_server.config import Settings
from workspace_server.core.clock import ManualClock
from workspace_server.core.retry import ATTEMPTS_MAX
from workspace_server.errors import Unavailable, WorkspaceError
from workspace_server.services.automation.sending.policy import policy_of
from workspace_server.services.engine import Engine
from workspace_server.storage.tables import deliveries

pytestmark = pytest.mark.anyio


async def test_a_save_reaches_the_receiver_signed(engine: Engine, receiver: Receiver) -> None:
    secret = await watch(engine, receiver, "draft.md", instructions="Edit it.")
    seq = await save(engine, "draft.md", "one")
    (received,) = await receiver.next()
    event = received.verify(secret)
    assert event["id"] == received.message_id
    assert (event["specversion"], event["type"], event["source"]) == ("1.0", "trigger.fired", "workspace://papers")
    assert (event["subject"], event["sequence"]) == ("draft.md", str(seq))
    data = event["data"]
    sha256 = data["inputs"][0].pop("sha256")
    assert len(sha256) == 64
    assert data == {
        "trigger": "hook",
        "firing": "F1",
        "key": {},
        "mode": "each",
        "inputs": [
            {"path": "draft.md", "version": 1, "agent": "ann", "seq": seq, "url": engine.folder.url("draft.md")}
        ],
        "seq": seq,
        "cause": {"firing": "F1", "root": "F1", "depth": 1},
        "instructions": "Edit it.",
    }
    (shown,) = await until(engine, state="delivered")
    assert shown["delivery"] == received.message_id
    assert [(one["status"], one["number"]) for one in shown["attempts"]] == [(204, 1)]
    assert receiver.url not in str(shown), "the path of an address may hold a secret"


async def test_an_own_secret_signs(engine: Engine, receiver: Receiver) -> None:
    secret = "whsec_" + "QUJD" * 10
    made = await engine.triggers.create_trigger(
        ANN, name="t", files=["a.md"], url=receiver.url, settle="immediate", options={"secret": secret}
    )
    assert "secret" not in made
    await save(engine, "a.md", "a")
    (received,) = await receiver.next()
    assert received.verify(secret)["data"]["trigger"] == "t"


async def test_a_failed_attempt_is_made_again_under_the_same_id(
    engine: Engine, receiver: Receiver, clock: ManualClock
) -> None:
    secret = await watch(engine, receiver, "draft.md")
    receiver.answer(500, 302)
    await save(engine, "draft.md", "one")
    for number in range(1, 3):
        shown = await attempts_made(engine, number)
        assert shown["state"] == "pending"
        clock.advance(60)
        engine.deliveries.look()
    received = await receiver.next(3)
    assert len({one.message_id for one in received}) == 1
    assert len({one.headers["webhook-signature"] for one in received}) == 3
    assert received[0].body == received[2].body
    assert received[2].verify(secret)
    (shown,) = await until(engine, state="delivered")
    assert [one["status"] for one in shown["attempts"]] == [500, 302, 204]
    assert shown["attempts"][0]["answer"] == "heard"


async def test_a_busy_endpoint_does_not_keep_the_retries_of_another_waiting(
    engine: Engine, receiver: Receiver, clock: ManualClock
) -> None:
    await watch(engine, receiver, "draft.md")
    receiver.answer(500)
    await save(engine, "draft.md", "one")
    await attempts_made(engine, 1)
    clock.advance(10)
    async with receiving() as busy:
        await watch(engine, busy, "other.md", name="busy")
        await save(engine, "other.md", "x")
        await busy.next()
        assert len(await receiver.next(2)) == 2


async def test_the_receiver_may_ask_for_more_time(engine: Engine, receiver: Receiver, clock: ManualClock) -> None:
    await watch(engine, receiver, "draft.md")
    receiver.answer(429, Retry_After="9")
    await save(engine, "draft.md", "one")
    await attempts_made(engine, 1)
    due = await engine.db.read(lambda tx: tx.one("SELECT next_at FROM deliveries"))
    assert due is not None
    assert due[0] == pytest.approx(clock.wall_s() + 9)


async def test_a_delivery_is_given_up_after_the_whole_schedule_and_can_be_sent_again(
    engine: Engine, receiver: Receiver, clock: ManualClock
) -> None:
    await watch(engine, receiver, "draft.md")
    receiver.answer(*[503] * ATTEMPTS_MAX)
    await save(engine, "draft.md", "one")
    for number in range(1, ATTEMPTS_MAX + 1):
        await attempts_made(engine, number)
        clock.advance(2 * 86_400)
        engine.deliveries.look()
    (shown,) = await until(engine, state="dead")
    assert (shown["reason"], len(shown["attempts"])) == ("HTTP 503", ATTEMPTS_MAX)
    (failed,) = await told(engine, "delivery.failed")
    assert (failed["delivery"], failed["attempts"], failed["trigger"]) == (shown["delivery"], ATTEMPTS_MAX, "hook")
    assert (await engine.triggers.list_triggers(ANN))["triggers"][0]["failures"] == 1
    again = await engine.deliveries.redeliver(ANN, delivery=shown["delivery"])
    assert again == {"delivery": shown["delivery"], "state": "pending"}
    await until(engine, state="delivered")
    assert {one.message_id for one in receiver.received} == {shown["delivery"]}


async def test_a_body_that_the_receiver_calls_too_large_is_given_up_at_once(engine: Engine, receiver: Receiver) -> None:
    await watch(engine, receiver, "draft.md")
    receiver.answer(413)
    await save(engine, "draft.md", "one")
    (shown,) = await until(engine, state="dead")
    assert shown["reason"] == "HTTP 413"


async def test_an_endpoint_that_is_gone_gets_no_more(engine: Engine, receiver: Receiver) -> None:
    await watch(engine, receiver, "*.md")
    receiver.answer(410)
    await save(engine, "a.md", "a")
    await until(engine, state="dead")
    await save(engine, "b.md", "b")
    await save(engine, "b.md", "more b")
    dead = await until(engine, state="dead")
    assert len(dead) == 3
    assert len(receiver.received) == 1
    (disabled,) = await told(engine, "endpoint.disabled")
    assert disabled["address"] == f"http://127.0.0.1:{receiver.port}"
    assert len(await told(engine, "delivery.failed")) == 3
    await engine.deliveries.redeliver(ANN, delivery=dead[0]["delivery"])
    await save(engine, "c.md", "c")
    received = (await receiver.next(3))[1:]
    assert {one.event["subject"] for one in received} == {"b.md", "c.md"}


async def test_what_was_on_its_way_when_the_endpoint_was_disabled_counts_when_it_arrived(
    engine: Engine, receiver: Receiver
) -> None:
    await watch(engine, receiver, "*.md")
    receiver.gate.clear()
    receiver.answer(410, 204, 500)
    for name in ("a", "b", "c"):
        await save(engine, f"{name}.md", name)
        await receiver.next()
    receiver.gate.set()
    async with asyncio.timeout(30):
        while await engine.deliveries.status() != {"pending": 0, "delivered": 1, "dead": 2}:
            await engine.events.wait(engine.head_seq, 0.01)


async def test_a_webhook_never_comes_back_to_the_server_itself(engine: Engine, receiver: Receiver) -> None:
    await watch(engine, receiver, "draft.md")
    engine.automation.listens_on(receiver.port)
    await save(engine, "draft.md", "one")
    shown = await attempts_made(engine, 1)
    assert shown["attempts"][0]["failure"] == "refused"
    assert receiver.received == []
    with pytest.raises(WorkspaceError) as caught:
        await watch(engine, receiver, "other.md", name="other")
    assert caught.value.facts["argument"] == "url"


async def test_a_body_larger_than_a_webhook_may_be_is_given_up_and_said_so(engine: Engine, receiver: Receiver) -> None:
    deep = "/".join(["é" * 110] * 4)
    paths = [f"{number}/{deep}.md" for number in range(100)]
    await watch(engine, receiver, *paths, mode="all")
    changes = [{"op": "write", "path": path, "content": "x"} for path in paths]
    await engine.files.commit_files(ANN, changes=changes)
    (shown,) = await until(engine, state="dead")
    assert shown["reason"] == "the body is larger than a webhook may be"
    assert receiver.received == []


async def test_nothing_overtakes_on_one_path_and_other_paths_go_on(
    engine: Engine, receiver: Receiver, clock: ManualClock
) -> None:
    await watch(engine, receiver, "*.md")
    receiver.answer(500)
    await save(engine, "a.md", "a1")
    await attempts_made(engine, 1)
    await save(engine, "a.md", "a2")
    await save(engine, "b.md", "b1")
    first, second = await receiver.next(2)
    assert [one.event["subject"] for one in (first, second)] == ["a.md", "b.md"]
    clock.advance(10)
    engine.deliveries.look()
    versions = [one.event["data"]["inputs"][0]["version"] for one in await receiver.next(2)]
    assert versions == [1, 2]


async def test_after_three_failures_the_next_firing_need_not_wait(
    engine: Engine, receiver: Receiver, clock: ManualClock
) -> None:
    await watch(engine, receiver, "a.md")
    receiver.answer(500, 500, 500)
    await save(engine, "a.md", "one")
    for number in range(1, 4):
        await attempts_made(engine, number)
        if number == 1:
            await save(engine, "a.md", "two")
        if number < 3:
            assert len(await told(engine, "trigger.fired")) == 1
            clock.advance(60)
            engine.deliveries.look()
    assert len(await told(engine, "trigger.fired")) == 2
    clock.advance(600)
    engine.deliveries.look()
    received = await receiver.next(5)
    assert [one.event["data"]["inputs"][0]["version"] for one in received] == [1, 1, 1, 1, 2]


async def test_no_more_than_sixteen_attempts_fly_to_one_endpoint(engine: Engine, receiver: Receiver) -> None:
    await watch(engine, receiver, "in/*.md", rate_per_minute=1_000)
    receiver.gate.clear()
    for number in range(20):
        await save(engine, f"in/{number}.md", "x")
    await receiver.next(16)
    for _ in range(10):
        engine.deliveries.look()
        await asyncio.sleep(0)
    assert len(receiver.received) == 16
    receiver.gate.set()
    await receiver.next(4)
    assert len(await until(engine, state="delivered")) == 20


async def test_an_attempt_that_a_stop_cut_off_is_made_again_and_counts_as_none(
    folder: Path, receiver: Receiver, clock: ManualClock
) -> None:
    async with workspace(folder, clock) as engine:
        await watch(engine, receiver, "draft.md")
        receiver.gate.clear()
        await save(engine, "draft.md", "one")
        await receiver.next()
    receiver.gate.set()
    async with workspace(folder, clock) as engine:
        (again,) = await receiver.next()
        assert again.message_id == receiver.received[0].message_id
        (shown,) = await until(engine, state="delivered")
        assert [one["number"] for one in shown["attempts"]] == [1]
        assert await engine.automation.due() == []


async def test_what_was_committed_and_never_sent_is_sent_by_the_next_server(
    folder: Path, receiver: Receiver, clock: ManualClock
) -> None:
    async with workspace(folder, clock) as engine:
        secret = await watch(engine, receiver, "draft.md")
        receiver.answer(500)
        await save(engine, "draft.md", "one")
        await attempts_made(engine, 1)
        assert await engine.automation.due() == ["1 webhooks are on their way"]
    clock.advance(10)
    async with workspace(folder, clock) as engine:
        received = await receiver.next(2)
        assert received[1].verify(secret)
        await until(engine, state="delivered")


async def test_nothing_is_sent_while_deliveries_are_off_and_all_of_it_once_they_are_on(
    folder: Path, receiver: Receiver, clock: ManualClock
) -> None:
    async with workspace(folder, clock, replace(SETTINGS, deliveries=False)) as engine:
        secret = await watch(engine, receiver, "*.md")
        await save(engine, "a.md", "one")
        await save(engine, "b.md", "two")
        await engine.automation.settle()
        assert await engine.automation.due() == []
        assert await engine.deliveries.status() == {"pending": 2, "delivered": 0, "dead": 0, "off": True}
    assert receiver.received == []
    async with workspace(folder, clock) as engine:
        assert {one.verify(secret)["subject"] for one in await receiver.next(2)} == {"a.md", "b.md"}
        shown = await until(engine, state="delivered")
        assert [len(one["attempts"]) for one in shown] == [1, 1]
        assert "off" not in await engine.deliveries.status()


async def test_a_receiver_that_nobody_listens_at_is_tried_again(engine: Engine, clock: ManualClock) -> None:
    async with receiving() as receiver:
        await watch(engine, receiver, "draft.md")
    await save(engine, "draft.md", "one")
    shown = await attempts_made(engine, 1)
    assert (shown["state"], shown["attempts"][0]["failure"]) == ("pending", "connection")


async def test_deliveries_are_listed_in_pages(engine: Engine, receiver: Receiver) -> None:
    await watch(engine, receiver, "*.md")
    for number in range(3):
        await save(engine, f"{number}.md", "x")
    await until(engine, state="delivered")
    page = await engine.deliveries.list_deliveries(ANN, limit=2, state="delivered", trigger="hook")
    rest = await engine.deliveries.list_deliveries(ANN, limit=2, cursor=page["next_cursor"])
    assert [one["firing"] for one in page["deliveries"] + rest["deliveries"]] == ["F3", "F2", "F1"]
    assert "next_cursor" not in rest


async def test_wrong_arguments_are_refused(engine: Engine) -> None:
    for given, code in (
        ({"limit": 0}, "invalid_argument"),
        ({"state": "lost"}, "invalid_argument"),
        ({"cursor": "x"}, "invalid_argument"),
        ({"trigger": "\ud800"}, "invalid_argument"),
    ):
        with pytest.raises(WorkspaceError) as caught:
            await engine.deliveries.list_deliveries(ANN, **given)
        assert caught.value.code == code
    with pytest.raises(WorkspaceError) as caught:
        await engine.deliveries.redeliver(ANN, delivery="msg_0")
    assert caught.value.code == "not_found"


async def test_a_malformed_entry_in_the_settings_is_named() -> None:
    with pytest.raises(WorkspaceError) as caught:
        policy_of(Settings(webhooks_allow=("not a host",)))
    assert caught.value.facts["argument"] == "webhooks.allow"


def test_authorities_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    empty = tmp_path / "empty.pem"
    empty.write_text("no certificate")
    for file, reason in ((tmp_path / "absent.pem", "No such file or directory"), (empty, "holds no certificate")):
        with pytest.raises(WorkspaceError) as caught:
            policy_of(Settings(webhooks_ca_file=str(file)))
        assert caught.value.facts == {"argument": "webhooks.ca_file", "reason": reason}


async def test_a_database_that_refuses_the_first_look_ends_neither_server_nor_outbox(
    folder: Path, clock: ManualClock, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed: list[object] = []

    async def refuse(tx: object) -> None:
        failed.append(tx)
        monkeypatch.undo()
        raise Unavailable("The workspace's database refused the change; nothing was changed.")

    monkeypatch.setattr(deliveries, "try_now", refuse)
    async with workspace(folder, clock) as engine:
        await watch(engine, receiver, "*.md")
        await save(engine, "a.md", "one\n")
        await until(engine, state="delivered")
    assert failed
