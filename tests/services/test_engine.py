"""A workspace is opened as a whole, and closed as a whole."""

from pathlib import Path

import anyio
import pytest

from workspace_server.config import Settings
from workspace_server.core.access import Caller
from workspace_server.core.clock import ManualClock
from workspace_server.errors import NotFound, Unavailable
from workspace_server.services.engine import Engine
from workspace_server.services.upkeep.purging import Purging

pytestmark = pytest.mark.anyio

ANN = Caller(agent="ann")


async def test_a_refusal_leaves_the_block_as_it_is(folder: Path) -> None:
    with pytest.raises(NotFound):
        async with Engine.open(folder, settings=Settings(), clock=ManualClock()) as engine:
            await engine.files.read_file(ANN, path="none.md")


async def test_a_closed_workspace_takes_no_more_writes(folder: Path) -> None:
    async with Engine.open(folder, settings=Settings(), clock=ManualClock()) as engine:
        await engine.files.write_file(ANN, path="a.md", content="x")
    with pytest.raises(Unavailable):
        await engine.files.write_file(ANN, path="a.md", content="y", overwrite=True)


async def test_what_was_written_is_there_when_it_is_opened_again(folder: Path) -> None:
    for number in range(3):
        async with Engine.open(folder, settings=Settings(), clock=ManualClock()) as engine:
            assert engine.head_seq == (await engine.status.status(ANN))["seq"]
            answer = await engine.files.write_file(ANN, path="a.md", content=f"{number}", overwrite=True)
            assert answer["version"] == number + 1


async def test_background_work_that_fails_ends_no_server_and_is_tried_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = anyio.Event()
    again = anyio.Event()

    async def is_due(_self: object) -> bool:
        if failed.is_set():
            again.set()
            return False
        failed.set()
        raise Unavailable("The workspace's database cannot be read here.")

    monkeypatch.setattr(Purging, "is_due", is_due)
    async with Engine.open(folder, settings=Settings(), clock=ManualClock()) as engine:
        with anyio.fail_after(10):
            await again.wait()
        await engine.files.write_file(ANN, path="a.md", content="x")


async def test_the_status_counts_what_is_there(folder: Path) -> None:
    async with Engine.open(folder, settings=Settings(name="demo"), clock=ManualClock()) as engine:
        await engine.files.write_file(ANN, path="a.md", content="x" * 10)
        await engine.files.write_file(ANN, path="b.md", content="x" * 5)
        await engine.files.delete_file(ANN, path="b.md")
        await engine.locks.lock_files(ANN, paths=["a.md"])
        status = await engine.status.status(ANN)
    assert {name: status[name] for name in ("workspace", "files", "bytes", "locks")} == {
        "workspace": "demo",
        "files": 1,
        "bytes": 10,
        "locks": 1,
    }


async def test_the_status_says_who_stores_how_much(folder: Path) -> None:
    async with Engine.open(folder, settings=Settings(), clock=ManualClock()) as engine:
        for agent, content in (("ann", "12345"), ("ann", "123"), ("bob", "1234")):
            await engine.files.write_file(Caller(agent=agent), path=f"{agent}.md", content=content, overwrite=True)
        stored = (await engine.status.status(ANN))["stored_by"]
        await engine.files.write_file(Caller(agent="bob"), path="b.md", content="12345")
        later = (await engine.status.status(ANN))["stored_by"]
        for _ in range(3):  # of an append only its tail is stored
            await engine.files.write_file(Caller(agent="cy"), path="log.txt", content="more", append=True)
            await engine.files.write_file(Caller(agent="dee"), path="log.txt", content="x" * 100_000, append=True)
        appended = {one["agent"]: one["bytes"] for one in (await engine.status.status(ANN))["stored_by"]}
    assert appended["cy"] < 200_000, "neither what stood there before nor what came after it"
    assert stored == [{"agent": "ann", "versions": 2, "bytes": 8}, {"agent": "bob", "versions": 1, "bytes": 4}]
    assert later == [{"agent": "bob", "versions": 2, "bytes": 9}, {"agent": "ann", "versions": 2, "bytes": 8}]
