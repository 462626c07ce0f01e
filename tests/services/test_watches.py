"""A change wakes those whom it concerns, and nobody else."""

import asyncio
from typing import Any

import pytest

from workspace_server.core.access import Caller
from workspace_server.core.patterns import Selector
from workspace_server.services.engine import Engine
from workspace_server.services.watches import Watch, Watches
from workspace_server.storage.tables.events import Event

pytestmark = pytest.mark.anyio

ANN = Caller(agent="ann")


def event(kind: Any, path: str | None = None) -> Event:
    return Event(1, 0.0, kind, path, 1, "ann", {})


async def is_rung(watch: Watch) -> bool:
    """Return whether it was rung since the last look."""
    ringing = asyncio.ensure_future(watch.wait(30))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    if ringing.done():
        return True
    ringing.cancel()
    return False


async def test_a_change_of_a_path_rings_for_who_waits_for_it_or_for_what_covers_it() -> None:
    watches = Watches()
    with (
        watches.watch({"a.md"}, []) as path,
        watches.watch(set(), [Selector.stored("directory", "d/")]) as directory,
        watches.watch(set(), [Selector.stored("pattern", "*.md")]) as pattern,
    ):
        for changed, rung in (("a.md", [1, 0, 1]), ("d/b.txt", [0, 1, 0]), ("c.md", [0, 0, 1]), ("x", [0, 0, 0])):
            watches.notice([event("file.updated", changed)])
            assert [await is_rung(watch) for watch in (path, directory, pattern)] == rung, changed


async def test_the_end_of_a_lock_rings_for_those_whom_a_lock_holds_up() -> None:
    watches = Watches()
    with watches.watch({"a.md"}, []) as held, watches.watch({"a.md"}, []) as other:
        held.held = True
        watches.notice([event("lock.released")])
        assert (await is_rung(held), await is_rung(other)) == (True, False)
        watches.notice([event("lock.acquired")])
        assert not await is_rung(held)


async def test_nothing_is_left_of_a_watch_that_is_over() -> None:
    watches = Watches()
    with watches.watch({"a.md"}, []), watches.watch({"a.md"}, [Selector.stored("directory", "d/")]):
        pass
    assert not watches._by_path
    assert not watches._wide
    assert not watches._all


async def test_a_name_with_a_patterns_characters_is_waited_for_before_it_is_a_path(engine: Engine) -> None:
    waiting = asyncio.ensure_future(engine.waits.wait_for(ANN, files=["a[b].md"]))
    await asyncio.sleep(0.01)
    await engine.files.write_file(ANN, path="a[b].md", content="x")
    assert (await waiting)["status"] == "ready"


async def test_those_who_wait_for_other_files_do_not_look_again(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting = [asyncio.ensure_future(engine.waits.wait_for(ANN, files=[f"{number}.md"])) for number in range(20)]
    await asyncio.sleep(0)
    looked, look = [], engine.waits._look

    async def counted(*arguments: Any) -> Any:
        looked.append(arguments[2].files)
        return await look(*arguments)

    monkeypatch.setattr(engine.waits, "_look", counted)
    await engine.files.write_file(ANN, path="7.md", content="x")
    assert (await waiting[7])["status"] == "ready"
    assert looked == [["7.md"]]
    for task in waiting:
        task.cancel()
