"""Subscriptions of who may read a part of the workspace: what they tell, and when they end."""

import json

import pytest

from tests.services.subscribing.subscriber import Subscriber
from workspace_server.core.access import Caller
from workspace_server.core.clock import ManualClock
from workspace_server.core.scopes import ALL, parse_scope
from workspace_server.errors import Forbidden
from workspace_server.services.engine import Engine

pytestmark = pytest.mark.anyio
OWNER = Caller(agent="boss", scope=ALL)
SECRET = "zanzibar"


async def token_of(engine: Engine, *allow: str, expires_in_seconds: float | None = None) -> Caller:
    """Return ann by a token of her own."""
    made = await engine.tokens.create_token(OWNER, agent="ann", allow=allow, expires_in_seconds=expires_in_seconds)
    return engine.tokens.bearer(made["token"]).caller("ann")


async def write(engine: Engine, path: str, **given: object) -> None:
    await engine.files.write_file(OWNER, path=path, content="x", overwrite=True, **given)  # type: ignore[arg-type]


async def test_a_part_hears_of_what_it_may_read_and_no_more_of_it(engine: Engine, subscriber: Subscriber) -> None:
    ann = await token_of(engine, "read,trigger:open/**", "read:more/**", "trigger:**")
    part = Caller(agent="ann", scope=parse_scope(["read,trigger:open/**", "read:more/**"]), token=ann.token)
    service = engine.subscribing.subscriptions
    for files in (f"{SECRET}/a.md", "**", "more/*"):
        with pytest.raises(Forbidden):
            await service.subscribe(part, subscriber.asks(arguments={"files": files}))
    await service.subscribe(
        ann, subscriber.asks("workspace.event", arguments={"types": ["file.moved", "file.created"]})
    )
    sources = [{"path": f"{SECRET}/b.md", "version": 1}]
    await write(engine, f"{SECRET}/b.md")
    await write(engine, "open/a.md", sources=sources)
    await engine.files.move_file(OWNER, path=f"{SECRET}/b.md", to="open/b.md")
    said = [(await subscriber.heard())["data"] for _ in range(2)]
    assert [(one["type"], one["path"]) for one in said] == [("file.created", "open/a.md"), ("file.moved", "open/b.md")]
    assert SECRET not in json.dumps(said)
    assert [one["agent"] for one in (await service.list_subscriptions(part))["subscriptions"]] == ["ann"]


async def test_what_may_be_read_and_not_sent_is_not_sent(engine: Engine, subscriber: Subscriber) -> None:
    ann = await token_of(engine, "read:**", "trigger:open/**")
    await engine.subscribing.subscriptions.subscribe(ann, subscriber.asks("workspace.event"))
    await write(engine, f"{SECRET}/b.md")
    await engine.pausing.pause_trigger(OWNER, name=(await named(engine))["trigger"])
    await write(engine, "open/a.md")
    assert (await subscriber.heard())["data"]["path"] == "open/a.md"


async def named(engine: Engine) -> dict[str, str]:
    made: dict[str, str] = await engine.triggers.create_trigger(OWNER, name=SECRET, files=["x.md"], queue="q")
    return made


async def test_it_ends_with_its_token_at_once_and_the_receiver_is_told(engine: Engine, subscriber: Subscriber) -> None:
    ann = await token_of(engine, "read,trigger:open/**")
    await token_of(engine, "read,trigger:**")  # another one of hers is no reason to go on
    await engine.subscribing.subscriptions.subscribe(ann, subscriber.asks())
    await engine.subscribing.settle()
    await engine.tokens.revoke_token(OWNER, token=str(ann.token))
    said = await subscriber.heard()
    assert (said["type"], said["error"]["code"]) == ("terminated", -32012)
    assert (await engine.subscribing.subscriptions.list_subscriptions(OWNER))["subscriptions"] == []


async def test_it_ends_when_its_token_expires_unless_another_has_refreshed_it(
    engine: Engine, subscriber: Subscriber, clock: ManualClock
) -> None:
    service = engine.subscribing.subscriptions
    short = await token_of(engine, "read,trigger:**", expires_in_seconds=60)
    other = await token_of(engine, "read,trigger:open/**")
    await service.subscribe(short, subscriber.asks(arguments={"files": "open/"}))
    await service.subscribe(short, subscriber.asks())
    await service.subscribe(other, subscriber.asks(arguments={"files": "open/"}))
    assert len((await service.list_subscriptions(other))["subscriptions"]) == 2
    clock.advance(61.0)
    await engine.subscribing.settle()
    assert (await subscriber.heard())["type"] == "terminated"
    (left,) = (await service.list_subscriptions(OWNER))["subscriptions"]
    assert left["arguments"] == {"files": "open/"}
    narrow = Caller(agent="ann", scope=parse_scope(["read,trigger:else/**"]))
    assert (await service.list_subscriptions(narrow))["subscriptions"] == []


async def test_what_was_subscribed_to_without_a_token_ends_with_the_first_one(
    engine: Engine, subscriber: Subscriber
) -> None:
    await engine.subscribing.subscriptions.subscribe(Caller(agent="bob"), subscriber.asks())
    await engine.subscribing.settle()
    await token_of(engine, "read:**")
    assert (await subscriber.heard())["type"] == "terminated"
