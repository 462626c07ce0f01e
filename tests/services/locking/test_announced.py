"""Intent locks: announced to whoever comes near, in nobody's way."""

import pytest

from workspace_server.core.access import Caller
from workspace_server.core.clock import ManualClock
from workspace_server.core.scopes import everywhere
from workspace_server.errors import LockLost
from workspace_server.services.engine import Engine
from workspace_server.services.locking.announced import INTENTS_SHOWN_MAX, others_intents
from workspace_server.services.recording import Result

pytestmark = pytest.mark.anyio

ANN = Caller(agent="ann")
BOB = Caller(agent="bob")


async def announce(engine: Engine, *paths: str, caller: Caller = ANN, ttl_seconds: float = 600) -> Result:
    return await engine.locks.lock_files(
        caller, paths=paths, mode="intent", purpose="a new outline", ttl_seconds=ttl_seconds
    )


async def heard(engine: Engine, *paths: str, caller: Caller = BOB) -> list[Result]:
    return await engine.db.write(lambda tx: others_intents(tx, caller, paths))


async def test_others_are_told_what_somebody_is_about_to_do(engine: Engine, clock: ManualClock) -> None:
    await announce(engine, "docs/", "*.md")
    clock.advance(100)
    told = {"paths": ["docs/", "*.md"], "agent": "ann", "purpose": "a new outline", "expires_in_seconds": 500}
    assert await heard(engine, "docs/deep/a.txt") == [told]
    assert await heard(engine, "x.txt", "b.md") == [told]
    assert await heard(engine, "x.txt") == []
    assert await heard(engine, "b.md", caller=ANN) == []
    writer = Caller(agent="bob", scope=everywhere("write"))
    assert await heard(engine, "b.md", caller=writer) == [told | {"purpose": None}]


async def test_who_locks_or_announces_near_an_announcement_is_told_of_it(engine: Engine) -> None:
    await announce(engine, "docs/")
    for mode in ("exclusive", "intent"):
        near = await engine.locks.lock_files(BOB, paths=["docs/a.md"], mode=mode)
        assert [one["agent"] for one in near["intents"]] == ["ann"]
        assert "intents" not in await engine.locks.lock_files(BOB, paths=["b.md"], mode=mode)
        renewed = await engine.locks.lock_files(BOB, lock=near["lock"])
        assert [one["purpose"] for one in renewed["intents"]] == ["a new outline"]
        await engine.locks.unlock_files(BOB, lock=near["lock"])
    assert "intents" not in await announce(engine, "docs/")


async def test_an_intent_is_told_of_until_it_is_given_back_or_runs_out(engine: Engine, clock: ManualClock) -> None:
    assert await heard(engine, "a.md") == []
    first = await announce(engine, "a.md")
    await announce(engine, "*.md", caller=Caller(agent="cy"), ttl_seconds=60)
    assert [one["agent"] for one in await heard(engine, "a.md")] == ["ann", "cy"]
    await engine.locks.unlock_files(ANN, lock=first["lock"])
    assert [one["agent"] for one in await heard(engine, "a.md")] == ["cy"]
    clock.advance(60)
    assert await heard(engine, "a.md") == []
    await engine.locks.expire()
    assert await heard(engine, "a.md") == []


async def test_an_intent_is_in_nobodys_way_and_nothing_is_in_its_way(engine: Engine) -> None:
    await engine.locks.lock_files(BOB, paths=["docs/"])
    mine = await announce(engine, "docs/a.md")
    await announce(engine, "docs/a.md", caller=Caller(agent="cy"))
    await engine.locks.lock_files(BOB, paths=["a.md"])
    await announce(engine, "b.md")
    written = await engine.files.write_file(BOB, path="b.md", content="x")
    assert written["version"] == 1
    assert mine["mode"] == "intent"


async def test_an_intent_goes_by_its_handle_like_any_lock(engine: Engine, clock: ManualClock) -> None:
    handle = (await announce(engine, "a.md", ttl_seconds=60))["lock"]
    clock.advance(59)
    await engine.files.write_file(ANN, path="a.md", content="x", lock=handle)
    clock.advance(59)
    assert len(await heard(engine, "a.md")) == 1
    clock.advance(1)
    with pytest.raises(LockLost):
        await engine.files.write_file(ANN, path="a.md", content="y", lock=handle)


async def test_an_answer_carries_so_many_announcements_and_no_more(engine: Engine) -> None:
    for number in range(INTENTS_SHOWN_MAX + 1):
        await announce(engine, "a.md", caller=Caller(agent=f"agent-{number}"))
    assert len(await heard(engine, "a.md")) == INTENTS_SHOWN_MAX
