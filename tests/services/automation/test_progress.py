"""Firings to come: what fills, and what is full and held back."""

from typing import Any

import pytest

from tests.services.automation.acting import ANN, claim, finish, save, turn, watch
from workspace_server.core.access import Caller
from workspace_server.core.clock import ManualClock
from workspace_server.core.scopes import everywhere
from workspace_server.errors import Forbidden, InvalidArgument
from workspace_server.services.engine import Engine

pytestmark = pytest.mark.anyio


async def told(engine: Engine, part: str, **given: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await engine.automation.progress.show_progress(ANN, **given))[part]
    return found


async def test_a_firing_that_waits_for_an_earlier_one_is_told_until_it_comes(engine: Engine) -> None:
    await watch(engine, ["{name}.md"], mode="all")
    await save(engine, "a.md", "one")
    job = await claim(engine)
    assert await told(engine, "held") == []
    await save(engine, "a.md", "two")

    [held] = await told(engine, "held")
    assert (held["trigger"], held["key"], held["reason"], held["in_flight"]) == ("editor", {"name": "a"}, "busy", 1)
    assert held["in"] == [{"path": "a.md", "version": 2, "by": "ann"}]
    await finish(engine, job)
    assert await told(engine, "held") == []


async def test_a_lock_that_holds_a_firing_back_is_told_with_its_holder(engine: Engine, clock: ManualClock) -> None:
    await watch(engine, ["draft.md"], hold_max_seconds=600)
    lock = (await engine.locks.lock_files(ANN, paths=["draft.md"]))["lock"]
    await save(engine, "draft.md", "one", lock=lock)

    [held] = await told(engine, "held")
    assert (held["reason"], held["holders"], "until" in held) == ("locked", ["ann"], True)
    await turn(engine, clock, 600)
    assert await told(engine, "held") == []


async def test_files_that_rest_and_a_pause_hold_back(engine: Engine) -> None:
    await watch(engine, ["draft.md"], settle={"quiet_ms": 60_000, "max_wait_ms": 120_000})
    await save(engine, "draft.md", "one")
    assert [one["reason"] for one in await told(engine, "held")] == ["settle"]
    await engine.pausing.pause_trigger(ANN, name="editor")
    assert [one["reason"] for one in await told(engine, "held")] == ["paused"]


async def test_what_fills_is_told_the_last_used_first_and_so_many(engine: Engine) -> None:
    await watch(engine, ["{name}/a.md", "{name}/b.md"], mode="all")
    await watch(engine, ["x.md"], name="other", settle={"quiet_ms": 60_000, "max_wait_ms": 120_000})
    for name in ("one", "two", "three"):
        await save(engine, f"{name}/a.md", "text")
    await save(engine, "one/b.md", "text")

    assert [(one["key"], one["missing"][0]["path"]) for one in await told(engine, "filling")] == [
        ({"name": "three"}, "three/b.md"),
        ({"name": "two"}, "two/b.md"),
    ]
    assert [one["key"] for one in await told(engine, "filling", limit=1)] == [{"name": "three"}]
    with pytest.raises(InvalidArgument):
        await told(engine, "held", limit=0)
    with pytest.raises(Forbidden):
        await engine.automation.progress.show_progress(Caller(agent="reader", scope=everywhere("read")))
