"""Webhook subscriptions: who may have one, what it costs to get it, how long it lives, and what its receiver hears."""

import asyncio
from dataclasses import replace
from typing import Any

import anyio
import pytest

from tests.services.subscribing.conftest import Reopen
from tests.services.subscribing.subscriber import ANN, Subscriber
from workspace_server.core.access import ANONYMOUS, Caller
from workspace_server.core.clock import ManualClock
from workspace_server.core.cursors import cursor, seq_of
from workspace_server.core.limits import LIMITS, Limits
from workspace_server.core.scopes import NOTHING, everywhere
from workspace_server.delivery.signing import new_secret
from workspace_server.errors import Forbidden, InvalidArgument, NotFound, QuotaExceeded, RateLimited, Unavailable
from workspace_server.services.engine import Engine
from workspace_server.services.subscribing import asked, matching, subscriptions

pytestmark = pytest.mark.anyio
OPERATOR = Caller(agent="root", scope=everywhere("read", "admin"))
NOBODY = Caller(agent="ann", scope=NOTHING)


async def write(engine: Engine, path: str, content: str = "x", caller: Caller = ANN) -> int:
    answer = await engine.files.write_file(caller, path=path, content=content, overwrite=True)
    return int(answer["seq"])


async def listed(engine: Engine) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await engine.subscribing.subscriptions.list_subscriptions(OPERATOR))["subscriptions"]
    return found


async def settled(engine: Engine, **wanted: Any) -> dict[str, Any]:
    """Return the one subscription once it is as *wanted*."""
    async with asyncio.timeout(20):
        while True:
            [shown] = await listed(engine)
            if all(shown.get(name) == value for name, value in wanted.items()):
                return shown
            await engine.events.wait(engine.head_seq, 0.01)


async def test_a_receiver_is_asked_once_and_then_gets_signed_events(engine: Engine, subscriber: Subscriber) -> None:
    granted = await subscriber.subscribe(engine, arguments={"files": "*.md"})
    [challenge] = subscriber.challenges
    assert challenge.verify(subscriber.secret)["type"] == "verification"
    assert challenge.message_id.startswith("msg_verification_")
    assert challenge.headers["X-MCP-Subscription-Id"] == granted["id"]
    assert granted["truncated"] is False
    assert "deliveryStatus" not in granted
    await write(engine, "a.txt")
    seq = await write(engine, "a.md")
    [received] = await subscriber.next()
    event = received.verify(subscriber.secret)
    assert received.message_id == event["eventId"] == f"evt_{seq}"
    assert received.headers["X-MCP-Subscription-Id"] == granted["id"]
    assert set(event) == {"eventId", "name", "timestamp", "data", "cursor"}
    assert (event["name"], event["data"]["path"], seq_of(event["cursor"])) == ("file.created", "a.md", seq)
    await subscriber.subscribe(engine, "file.updated")
    assert len(subscriber.challenges) == 1


async def test_a_receiver_is_asked_again_once_its_word_is_old(
    engine: Engine, subscriber: Subscriber, clock: ManualClock
) -> None:
    await subscriber.subscribe(engine)
    clock.advance(LIMITS.verification_kept_s - 1.0)
    await subscriber.subscribe(engine, "file.updated")
    assert len(subscriber.challenges) == 1
    clock.advance(1.0)
    await subscriber.subscribe(engine, "file.deleted")
    assert len(subscriber.challenges) == 2


async def test_subscribing_again_is_the_same_subscription(engine: Engine, subscriber: Subscriber) -> None:
    first = await subscriber.subscribe(engine, arguments={"agent": "bob", "files": ["a.md"]})
    other = await write(engine, "other.md")
    again = await subscriber.subscribe(engine, arguments={"files": ["a.md"], "agent": "bob"}, cursor=cursor(0))
    assert again["id"] == first["id"]
    assert again["deliveryStatus"] == {"active": True, "lastDeliveryAt": None, "lastError": None}
    assert [one["subscription"] for one in await listed(engine)] == [first["id"]]
    await engine.subscribing.settle()
    assert (seq_of(again["cursor"]) or 0) >= (seq_of(first["cursor"]) or 0)
    moved = await subscriber.subscribe(engine, arguments={"files": ["a.md"], "agent": "bob"})
    assert (seq_of(moved["cursor"]) or 0) >= other


async def test_each_client_has_its_own_and_answers_for_its_own_receiver(engine: Engine, subscriber: Subscriber) -> None:
    await subscriber.subscribe(engine)
    bob = Caller(agent="bob")
    await engine.subscribing.subscriptions.subscribe(bob, subscriber.asks())
    assert len(subscriber.challenges) == 2
    assert len(await listed(engine)) == 2
    mine = await engine.subscribing.subscriptions.list_subscriptions(bob)
    assert [one["agent"] for one in mine["subscriptions"]] == ["bob"]


async def test_a_secret_is_changed_by_refreshing_and_both_sign_for_a_day(
    engine: Engine, subscriber: Subscriber, clock: ManualClock
) -> None:
    await subscriber.subscribe(engine, ttl_s=10 * 86_400.0)
    old, subscriber.secret = subscriber.secret, new_secret()
    await subscriber.subscribe(engine, ttl_s=10 * 86_400.0)
    await write(engine, "a.md")
    [received] = await subscriber.next()
    assert received.verify(old) == received.verify(subscriber.secret)
    await settled(engine, pending=0)
    clock.advance(LIMITS.secret_overlap_s + 1.0)
    await write(engine, "b.md")
    [received] = await subscriber.next()
    assert len(received.headers["webhook-signature"].split(" ")) == 1


async def test_a_subscription_lives_as_long_as_it_is_refreshed(
    engine: Engine, subscriber: Subscriber, clock: ManualClock
) -> None:
    await subscriber.subscribe(engine, ttl_s=100.0)
    clock.advance(90.0)
    await subscriber.subscribe(engine, ttl_s=100.0)
    clock.advance(90.0)
    await write(engine, "a.md")
    assert (await subscriber.heard())["data"]["path"] == "a.md"
    clock.advance(20.0)
    await write(engine, "b.md")
    await engine.subscribing.settle()
    assert await listed(engine) == []
    granted = await subscriber.subscribe(engine, cursor=cursor(0))
    assert "deliveryStatus" not in granted
    again = [(await subscriber.heard())["data"]["path"] for _ in range(2)]
    assert sorted(again) == ["a.md", "b.md"]


async def test_one_without_an_end_is_only_for_who_asks_for_it(engine: Engine, subscriber: Subscriber) -> None:
    granted = await subscriber.subscribe(engine, for_ever=True)
    assert granted["refreshBefore"] is None
    assert (await subscriber.subscribe(engine))["refreshBefore"] is not None
    [shown] = await listed(engine)
    assert shown["refresh_before"]


async def test_a_subscription_outlives_the_server(reopen: Reopen, subscriber: Subscriber, clock: ManualClock) -> None:
    async with reopen() as engine:
        granted = await subscriber.subscribe(engine)
        await write(engine, "a.md")
        await subscriber.heard()
        await settled(engine, pending=0)
    async with reopen(deliveries=False) as engine:
        await write(engine, "b.md")
    async with reopen() as engine:
        assert (await subscriber.heard())["data"]["path"] == "b.md"
        await settled(engine, pending=0, subscription=granted["id"])
    assert len(subscriber.challenges) == 1
    assert [received.event.get("eventId") for received in subscriber.received] == [
        received.message_id for received in subscriber.received
    ]


async def test_the_cursor_never_passes_an_event_that_has_not_arrived(
    engine: Engine, subscriber: Subscriber, clock: ManualClock
) -> None:
    await subscriber.subscribe(engine)
    subscriber.answer(500)
    first = await write(engine, "a.md")
    await subscriber.next()
    second = await write(engine, "b.md")
    [ahead] = await subscriber.next()
    assert (ahead.event["eventId"], seq_of(ahead.event["cursor"])) == (f"evt_{second}", first - 1)
    status = (await subscriber.subscribe(engine))["deliveryStatus"]
    assert seq_of((await subscriber.subscribe(engine))["cursor"]) == first - 1
    assert status["lastError"] in {"http_5xx", None}
    await settled(engine, pending=1)
    clock.advance(60.0)
    engine.deliveries.look()
    [late] = await subscriber.next()
    assert (late.event["eventId"], seq_of(late.event["cursor"])) == (f"evt_{first}", first)
    await settled(engine, pending=0)
    assert (seq_of((await subscriber.subscribe(engine))["cursor"]) or 0) >= second


@pytest.mark.parametrize("status", [410, 413])
async def test_an_event_that_a_receiver_will_not_have_is_not_repeated_and_the_others_come(
    engine: Engine, subscriber: Subscriber, status: int
) -> None:
    await subscriber.subscribe(engine)
    subscriber.answer(status)
    await write(engine, "a.md")
    await subscriber.next()
    shown = await settled(engine, pending=0)
    assert shown["last_error"] == "http_4xx"
    await write(engine, "b.md")
    assert (await subscriber.heard())["data"]["path"] == "b.md"
    shown = await settled(engine, pending=0, last_error=None)
    assert shown["active"] is True
    assert (await engine.events.feed(ANN, types=["delivery.failed", "endpoint.disabled"]))["events"] == []


async def test_unsubscribing_ends_it_and_can_be_repeated_for_a_day(
    engine: Engine, subscriber: Subscriber, clock: ManualClock
) -> None:
    service = engine.subscribing.subscriptions

    async def unsubscribe(name: str = "file.created", caller: Caller = ANN) -> dict[str, Any]:
        return await service.unsubscribe(caller, name=name, arguments={}, url=subscriber.url)

    await subscriber.subscribe(engine)
    assert await unsubscribe() == {}
    assert await unsubscribe() == {}
    await write(engine, "a.md")
    await engine.subscribing.settle()
    assert (await engine.deliveries.list_deliveries(ANN))["deliveries"] == []
    for wrong in ({"name": "file.updated"}, {"caller": Caller(agent="bob")}):
        with pytest.raises(NotFound):
            await unsubscribe(**wrong)
    clock.advance(LIMITS.subscription_ended_kept_s + 1.0)
    await engine.subscribing.forget_old()
    with pytest.raises(NotFound):
        await unsubscribe()


async def test_what_was_on_its_way_is_given_up_when_its_client_unsubscribes(
    engine: Engine, subscriber: Subscriber
) -> None:
    await subscriber.subscribe(engine)
    subscriber.answer(500)
    await write(engine, "a.md")
    await subscriber.next()
    await engine.subscribing.subscriptions.unsubscribe(ANN, name="file.created", arguments={}, url=subscriber.url)
    [delivery] = (await engine.deliveries.list_deliveries(ANN))["deliveries"]
    assert (delivery["state"], delivery["reason"]) == ("dead", "the subscription has ended")
    with pytest.raises(Forbidden):
        await engine.subscribing.subscriptions.end_subscription(ANN, subscription="sub_x")


async def test_the_operator_ends_a_subscription_and_its_receiver_is_told(
    engine: Engine, subscriber: Subscriber
) -> None:
    granted = await subscriber.subscribe(engine)
    service = engine.subscribing.subscriptions
    await service.end_subscription(OPERATOR, subscription=granted["id"])
    [received] = await subscriber.next()
    said = received.verify(subscriber.secret)
    assert received.message_id.startswith("msg_terminated_")
    assert (said["type"], said["error"]["code"]) == ("terminated", -32012)
    assert await listed(engine) == []
    with pytest.raises(NotFound):
        await service.end_subscription(OPERATOR, subscription=granted["id"])


async def test_who_may_read_no_more_is_told_once_and_hears_nothing(engine: Engine, subscriber: Subscriber) -> None:
    await subscriber.subscribe(engine)
    engine.subscribing.standing = lambda agent, _token: Caller(agent=agent, scope=NOTHING)
    await write(engine, "secret.md")
    await write(engine, "secret-too.md")
    said = await subscriber.heard()
    assert (said["type"], said["error"]["code"]) == ("terminated", -32012)
    await engine.subscribing.settle()
    assert await listed(engine) == []
    assert len(subscriber.received) == 1


async def test_what_is_still_on_its_way_is_not_sent_to_who_may_read_no_more(
    engine: Engine, subscriber: Subscriber, clock: ManualClock
) -> None:
    await subscriber.subscribe(engine)
    subscriber.answer(500)
    await write(engine, "a.md")
    await subscriber.next()
    await settled(engine, last_error="http_5xx")
    engine.subscribing.standing = lambda agent, _token: Caller(agent=agent, scope=NOTHING)
    clock.advance(60.0)
    engine.deliveries.look()
    await settled(engine, pending=0)
    [delivery] = (await engine.deliveries.list_deliveries(ANN))["deliveries"]
    assert (delivery["state"], delivery["reason"]) == ("dead", "ann may not read any more")
    assert len(subscriber.received) == 1


async def test_an_event_that_retention_took_meanwhile_is_given_up(
    engine: Engine, subscriber: Subscriber, clock: ManualClock
) -> None:
    await subscriber.subscribe(engine)
    subscriber.answer(500)
    await write(engine, "a.md")
    await subscriber.next()
    await settled(engine, last_error="http_5xx")
    await engine.db.write(lambda tx: tx.run("DELETE FROM events WHERE path = 'a.md'"))
    clock.advance(60.0)
    engine.deliveries.look()
    await settled(engine, pending=0)
    [delivery] = (await engine.deliveries.list_deliveries(ANN))["deliveries"]
    assert (delivery["state"], delivery["reason"]) == ("dead", "the event is not kept any more")


async def test_what_was_found_for_other_subscriptions_than_there_are_by_now_is_looked_for_again(
    engine: Engine, subscriber: Subscriber
) -> None:
    following = matching.Matching(
        engine.folder,
        engine.events,
        numbers=engine.subscribing.numbers,
        standing=engine.subscribing.standing,
        due=engine.deliveries.due,
    )
    await subscriber.subscribe(engine)
    await engine.subscribing.settle()
    found = await engine.db.read(following._look)
    assert found is not None
    await subscriber.subscribe(engine, "file.updated")
    assert await engine.db.write(lambda tx: following._write(tx, found)) is False


async def test_too_much_on_its_way_becomes_a_gap(
    engine: Engine, subscriber: Subscriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(matching, "LIMITS", Limits(subscription_pending_max=2))
    await subscriber.subscribe(engine)
    subscriber.answer(500, 500)
    await write(engine, "a.md")
    await write(engine, "b.md")
    await subscriber.next(2)
    await settled(engine, pending=2)
    await write(engine, "c.md")
    said = [received.verify(subscriber.secret) for received in await subscriber.next(2)]
    [gap] = [one for one in said if one.get("type") == "gap"]
    [event] = [one for one in said if "eventId" in one]
    assert event["data"]["path"] == "c.md"
    assert seq_of(gap["cursor"]) is not None
    await settled(engine, pending=0)


async def test_events_that_retention_took_before_they_were_looked_at_become_a_gap(
    reopen: Reopen, subscriber: Subscriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with reopen() as engine:
        await subscriber.subscribe(engine)
        await write(engine, "a.md")
        await subscriber.heard()
        await settled(engine, pending=0)
    with monkeypatch.context() as patched:
        patched.setattr(matching.Matching, "run", lambda _: anyio.sleep_forever())
        async with reopen() as engine:
            await write(engine, "b.md")
            # Whatever follows the first event goes: the index may have told of it in between, or not yet.
            await engine.db.write(lambda tx: tx.run("DELETE FROM events WHERE seq > 1"))
            await write(engine, "c.md")
    async with reopen() as engine:
        said = [received.verify(subscriber.secret) for received in await subscriber.next(2)]
        await settled(engine, pending=0)
    assert {one.get("type", "event") for one in said} == {"gap", "event"}
    assert {one["data"]["path"] for one in said if "data" in one} == {"c.md"}


async def test_a_subscription_that_begins_in_the_past_is_told_what_happened_since(
    engine: Engine, subscriber: Subscriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(matching, "ROWS_AT_ONCE", 2)
    for number in range(5):
        await write(engine, f"{number}.md")
    granted = await subscriber.subscribe(engine, cursor=cursor(0))
    assert (granted["truncated"], seq_of(granted["cursor"])) == (False, 0)
    await write(engine, "now.md")
    found = {(await subscriber.heard())["data"]["path"] for _ in range(6)}
    assert found == {"0.md", "1.md", "2.md", "3.md", "4.md", "now.md"}
    await settled(engine, pending=0)
    stale = await subscriber.subscribe(engine, "file.deleted", cursor="stale")
    assert stale["truncated"] is True


async def test_a_subscription_goes_back_over_so_many_events(
    engine: Engine, subscriber: Subscriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    await write(engine, "a.md")
    await write(engine, "b.md")
    for most, kind, is_cut in ((1_000, "file.moved", False), (1, "file.deleted", True)):
        monkeypatch.setattr(subscriptions, "LIMITS", Limits(subscription_replay_max=most))
        granted = await subscriber.subscribe(engine, kind, cursor=cursor(0))
        assert granted["truncated"] is is_cut


async def test_one_without_an_end_ends_when_nothing_arrives_for_too_long(
    engine: Engine, subscriber: Subscriber, clock: ManualClock
) -> None:
    await subscriber.subscribe(engine, for_ever=True)
    subscriber.answer(410)
    await write(engine, "a.md")
    await subscriber.next()
    await settled(engine, last_error="http_4xx")
    clock.advance(LIMITS.subscription_silent_s_max + 1.0)
    await engine.subscribing.settle()
    [received] = await subscriber.next()
    assert received.event["error"] == {
        "code": -32015,
        "message": "Nothing has arrived at the receiver for a long time.",
        "data": {"reason": "http_4xx"},
    }
    assert await listed(engine) == []


async def test_an_event_too_large_to_send_is_given_up(engine: Engine, subscriber: Subscriber) -> None:
    await subscriber.subscribe(engine)
    await engine.files.write_file(ANN, path="a.md", content="x", message="m")
    await subscriber.heard()
    await settled(engine, pending=0)

    async def grown(tx: Any) -> None:
        await tx.run("UPDATE events SET data = json_set(data, '$.message', ?) WHERE path = 'b.md'", "x" * 300_000)

    subscriber.answer(500)
    await write(engine, "b.md")
    await subscriber.next()
    await settled(engine, last_error="http_5xx")
    await engine.db.write(grown)
    [late, _] = (await engine.deliveries.list_deliveries(ANN))["deliveries"]
    await engine.deliveries.redeliver(ANN, delivery=late["delivery"])
    shown = await settled(engine, pending=0)
    assert shown["last_error"] == "http_5xx"
    [late, _] = (await engine.deliveries.list_deliveries(ANN))["deliveries"]
    assert late["reason"] == "the body is larger than a webhook may be"


async def test_a_receiver_that_does_not_send_the_challenge_back_gets_nothing(
    engine: Engine, subscriber: Subscriber
) -> None:
    echoes: tuple[Any, ...] = ({"challenge": "another"}, {"challenge": 7}, {}, [], "text")
    for echo in echoes:
        subscriber.echo = echo
        with pytest.raises(Unavailable) as refused:
            await subscriber.subscribe(engine)
        assert refused.value.facts["reason"] == "challenge_failed", echo
    for status, reason in ((404, "http_4xx"), (500, "http_5xx"), (307, "challenge_failed")):
        subscriber.answer(status, location="https://elsewhere.example/")
        with pytest.raises(Unavailable) as refused:
            await subscriber.subscribe(engine)
        assert refused.value.facts["reason"] == reason
    assert await listed(engine) == []


async def test_a_receiver_that_nobody_vouches_for_or_that_is_away_is_told_apart(
    reopen: Reopen, subscriber: Subscriber
) -> None:
    async with reopen(webhooks_ca_file=None) as engine:
        with pytest.raises(Unavailable) as refused:
            await subscriber.subscribe(engine)
        assert refused.value.facts["reason"] == "tls_error"
        with pytest.raises(Unavailable) as refused:
            await subscriber.subscribe(engine, url="https://127.0.0.1:9/hook")
        assert refused.value.facts["reason"] == "connection_refused"


async def test_a_receiver_that_the_operator_lists_is_not_asked(reopen: Reopen, subscriber: Subscriber) -> None:
    async with reopen(webhooks_allow=("127.0.0.1",)) as engine:
        await subscriber.subscribe(engine)
        await write(engine, "a.md")
        await subscriber.heard()
    assert subscriber.challenges == []


async def test_one_host_is_asked_so_many_times_a_minute(
    engine: Engine, subscriber: Subscriber, clock: ManualClock
) -> None:
    subscriber.echo = {}
    for _ in range(LIMITS.verifications_per_minute):
        with pytest.raises(Unavailable):
            await subscriber.subscribe(engine)
    with pytest.raises(RateLimited):
        await subscriber.subscribe(engine)
    clock.advance(61.0)
    subscriber.echo = None
    await subscriber.subscribe(engine)


async def test_only_a_named_caller_who_may_read_can_subscribe(engine: Engine, subscriber: Subscriber) -> None:
    service = engine.subscribing.subscriptions
    for caller in (Caller(agent=ANONYMOUS), NOBODY, replace(ANN, scope=everywhere("read"))):
        with pytest.raises(Forbidden):
            await service.subscribe(caller, subscriber.asks())
        with pytest.raises(Forbidden):
            await service.unsubscribe(caller, name="file.created", arguments={}, url=subscriber.url)
    assert subscriber.challenges == []


async def test_what_can_never_be_sent_is_refused_before_anybody_is_asked(
    engine: Engine, subscriber: Subscriber
) -> None:
    wrong: tuple[tuple[dict[str, Any], str], ...] = (
        ({"url": "http://example.com/hook"}, "delivery.url"),
        ({"url": "https://example.com/hook#part"}, "delivery.url"),
        ({"url": "https://10.0.0.1/hook"}, "delivery.url"),
        ({"url": "https://user:word@example.com/hook"}, "url"),
        ({"url": "ftp://example.com"}, "url"),
        ({"secret": "whsec_c2hvcnQ="}, "secret"),
        ({"arguments": {"files": 7}}, "files"),
        ({"arguments": {"agent": float("nan")}}, "arguments"),
        ({"arguments": {"files": ["a" * 1000] * 20}}, "arguments"),
    )
    for more, argument in wrong:
        with pytest.raises(InvalidArgument) as refused:
            await subscriber.subscribe(engine, **more)
        assert refused.value.facts["argument"] == argument, more
    assert subscriber.challenges == []


async def test_one_agent_has_a_bounded_number_and_all_together_too(
    engine: Engine, subscriber: Subscriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    await subscriber.subscribe(engine)
    for bound in ({"subscriptions_per_agent_max": 1}, {"subscriptions_max": 1}):
        monkeypatch.setattr(asked, "LIMITS", Limits(**bound))
        with pytest.raises(QuotaExceeded) as refused:
            await subscriber.subscribe(engine, "file.updated")
        assert refused.value.facts["most"] == 1
        await subscriber.subscribe(engine)  # what is there is refreshed all the same


async def test_nobody_who_subscribes_costs_the_log_nothing(engine: Engine) -> None:
    await write(engine, "a.md")
    await engine.subscribing.settle()
    assert await listed(engine) == []
