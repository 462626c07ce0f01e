"""The search index in a process of its own: it answers as one in a thread does, and it may die."""

import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest

from indexer.memory import MemoryFactStore
from indexer.model import Change, Found, Passage
from indexer.ports import IndexAway, IndexDamaged, Searchable, Standing
from indexer.questions import parse_question
from indexer.remote import process
from indexer.remote.process import IndexInProcess
from tests.indexer.following import Log, following, found, running

pytestmark = pytest.mark.anyio
HARBOUR = parse_question("harbour")


def searchable(path: str, *texts: str) -> Searchable:
    passages = [Passage(text=text, start_line=line, end_line=line) for line, text in enumerate(texts, 1)]
    return Searchable(Change(seq=1, path=path, version=1), "Title", passages)


async def asked(index: IndexInProcess) -> list[str]:
    found = await index.query(HARBOUR, path_prefix="", limit=9)
    return sorted(f"{hit.path}:{hit.passage.start_line}" for hit in found.hits)


@asynccontextmanager
async def working(index: IndexInProcess) -> AsyncIterator[IndexInProcess]:
    async with running(index.run):
        yield index


def doing(directory: Path, what: str) -> IndexInProcess:
    """Return an index whose process does *what* instead."""
    return IndexInProcess(directory, command=(sys.executable, "-c", what))


async def is_zombie(pid: int) -> bool:
    """Return whether a process has ended, although nobody has asked how."""
    return not await anyio.Path(f"/proc/{pid}/cmdline").read_bytes()


async def test_it_is_written_asked_replaced_and_verified_as_in_a_thread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "PASSAGES_PER_MESSAGE_MAX", 2)
    async with working(IndexInProcess(tmp_path / "index")) as index:
        assert await index.verify() is None
        await index.begin(serve=False)
        await index.finish()
        await index.write([searchable("a.md", "harbour", "town", "harbour"), searchable("b.md")], 7, coming=False)
        assert await asked(index) == ["a.md:1", "a.md:3"]
        assert (await index.query(HARBOUR, path_prefix="", paths=["b.md"], limit=9)).hits == []
        await index.begin(serve=True)
        await index.write([searchable("c.md", "harbour")], 8, coming=True)
        assert await asked(index) == ["a.md:1", "a.md:3"]
        await index.finish()
        assert await asked(index) == ["c.md:1"]
        await index.write([Searchable(Change(seq=9, path="c.md", version=None))], 9, coming=False)
        assert await asked(index) == []
    async with working(IndexInProcess(tmp_path / "index")) as index:
        assert await index.verify() == Standing(9, is_current=True)


async def test_damage_and_faults_are_told_as_what_they_are(tmp_path: Path) -> None:
    async with working(IndexInProcess(tmp_path / "index")) as index:
        with pytest.raises(IndexAway):  # as for one that was begun with the process before
            await index.write([], 1, coming=False)
        with pytest.raises(IndexDamaged):
            await asked(index)
        with pytest.raises(RuntimeError, match="finish: AssertionError"):
            await index.finish()


async def test_a_write_that_was_interrupted_leaves_nothing_to_the_next(tmp_path: Path) -> None:
    async with working(IndexInProcess(tmp_path / "index")) as index:
        await index.begin(serve=False)
        await index.finish()
        with anyio.CancelScope() as interrupted:
            interrupted.cancel()
            await index.write([searchable("a.md", "harbour")], 1, coming=False)
        await index._say(index._process, [0, "gather", [[[["harbour", 1, 1, "", None]], None]]])
        await index.write([searchable("b.md", "harbour")], 2, coming=False)

        assert await asked(index) == ["b.md:1"]


async def test_a_process_that_is_killed_is_replaced_and_the_log_is_followed_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "_PAUSE_S", 0.01)
    log, store, index = Log(), MemoryFactStore(), IndexInProcess(tmp_path / "index")
    log.save("a.md", "Port: 1\n")
    async with following(log, store, index) as (_, passages):
        assert await passages.progress.reach(1, timeout_s=20)
        first = index.pid
        assert first is not None
        os.kill(first, signal.SIGKILL)
        while index.pid == first:
            assert await index.query(HARBOUR, path_prefix="", limit=9) in (Found(), Found(cut=True))
        assert await passages.progress.reach(log.save("b.md", "Port: 2\n"), timeout_s=20)

        assert sorted(await found(passages, "port")) == [("a.md", 1), ("b.md", 1)]
        assert index.pid not in (None, first)


async def test_the_process_knows_nothing_of_the_servers_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_API_KEY", "secret")
    async with working(IndexInProcess(tmp_path / "index")) as index:
        assert await index.verify() is None
        environment = await anyio.Path(f"/proc/{index.pid}/environ").read_bytes()
    assert b"PATH=" in environment
    assert b"secret" not in environment


async def test_before_there_is_a_process_a_query_finds_nothing_at_once(tmp_path: Path) -> None:
    index = IndexInProcess(tmp_path / "index")

    assert index.pid is None
    assert await index.query(HARBOUR, path_prefix="", limit=9) == Found(cut=True)


async def test_a_query_that_takes_too_long_is_cut_and_a_process_that_hangs_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "QUERY_ANSWER_S_MAX", 0.05)
    monkeypatch.setattr(process, "QUERY_HUNG_S_MAX", 0.1)
    monkeypatch.setattr(process, "_LOOK_S", 0.02)
    monkeypatch.setattr(process, "_PAUSE_S", 0.01)
    monkeypatch.setattr(process, "_ENDING_S", 0.05)
    index = doing(tmp_path, "import time; time.sleep(600)")
    async with working(index):
        await index.ready()
        first = index.pid

        assert await index.query(HARBOUR, path_prefix="", limit=9) == Found(cut=True)

        with pytest.raises(IndexAway):
            await index.write([], 1, coming=False)
        await index.ready()
        assert index.pid != first


@pytest.mark.parametrize("what", ["import time; time.sleep(600)", "import os, time; os.close(0); time.sleep(600)"])
async def test_a_process_that_does_not_listen_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    monkeypatch.setattr(process, "QUERY_HUNG_S_MAX", 0.3)
    monkeypatch.setattr(process, "_PAUSE_S", 0.01)
    monkeypatch.setattr(process, "_ENDING_S", 0.05)
    index = doing(tmp_path, what)
    async with working(index):
        await index.ready()
        first = index.pid
        with pytest.raises(IndexAway):  # more than fits between the two
            await index.write([searchable("a.md", *["harbour " * 100] * 100)] * 20, 1, coming=False)
        await index.ready()
        assert index.pid != first


async def test_an_answer_that_nobody_waits_for_any_more_harms_nothing(tmp_path: Path) -> None:
    async with working(IndexInProcess(tmp_path / "index")) as index:
        await index.ready()
        await index._say(index._process, [99, "verify"])

        assert await index.verify() is None


async def test_what_was_meant_for_a_process_that_was_replaced_is_told_so(tmp_path: Path) -> None:
    async with working(IndexInProcess(tmp_path / "index")) as index:
        await index.ready()
        with pytest.raises(IndexAway):
            await index._say(None, [1, "verify"])


async def test_with_too_many_queries_waiting_the_next_is_cut_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "QUERIES_WAITING_MAX", 1)
    monkeypatch.setattr(process, "_ENDING_S", 0.05)
    index = doing(tmp_path, "import time; time.sleep(600)")
    async with working(index), anyio.create_task_group() as tasks:
        await index.ready()
        tasks.start_soon(lambda: index.query(HARBOUR, path_prefix="", limit=9))
        await anyio.wait_all_tasks_blocked()

        assert await index.query(HARBOUR, path_prefix="", limit=9) == Found(cut=True)
        tasks.cancel_scope.cancel()


@pytest.mark.parametrize("last_words", [b"\xff\xff\xff\xff", b"\x00\x00\x00\x09torn"])
async def test_a_process_that_speaks_nonsense_or_ends_is_away_for_who_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, last_words: bytes
) -> None:
    monkeypatch.setattr(process, "_PAUSE_S", 0.01)
    index = doing(tmp_path, f"import sys; sys.stdin.buffer.read(9); sys.stdout.buffer.write({last_words!r})")
    async with working(index):
        for _ in range(2):
            with pytest.raises(IndexAway):
                await index.verify()
            await index.ready()
        assert await index.query(HARBOUR, path_prefix="", limit=9) == Found(cut=True)


async def test_it_ends_with_the_one_that_started_it(tmp_path: Path) -> None:
    """The starter is killed, so that it cannot say anything any more."""
    starting = (
        "import anyio, pathlib, sys\n"
        "from indexer.remote.process import IndexInProcess\n"
        "async def main():\n"
        f"    index = IndexInProcess(pathlib.Path({str(tmp_path / 'index')!r}))\n"
        "    async with anyio.create_task_group() as tasks:\n"
        "        tasks.start_soon(index.run)\n"
        "        await index.verify()\n"
        "        print(index.pid, flush=True)\n"
        "        await anyio.sleep_forever()\n"
        "anyio.run(main)\n"
    )
    async with await anyio.open_process([sys.executable, "-c", starting]) as starter:
        assert starter.stdout is not None
        pid = int(await starter.stdout.receive())
        assert not await is_zombie(pid)
        starter.kill()
    with anyio.fail_after(20):
        while await anyio.Path(f"/proc/{pid}").exists() and not await is_zombie(pid):  # noqa: ASYNC110 (no event of others)
            await anyio.sleep(0.02)
