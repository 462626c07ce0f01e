"""Following the log: facts and passages in step, restarts, failures and damage."""

import shutil
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import anyio
import pytest

from indexer import follower
from indexer.collector import Collector
from indexer.engines import open_engine
from indexer.engines.whoosh_engine import WhooshIndex
from indexer.extractors import REGISTRY, Extractor, Registry
from indexer.extractors.plain import OTHER, TEXT
from indexer.follower import FactFollower, PassageFollower
from indexer.memory import MemoryFactStore
from indexer.model import Change
from indexer.ports import Batch, IndexDamaged
from indexer.questions import parse_question

pytestmark = pytest.mark.anyio


class Log:
    """A `Source` in memory."""

    def __init__(self) -> None:
        self.events: list[str | None] = []
        self.files: dict[str, tuple[int, bytes]] = {}
        self.reads: list[str] = []
        self.unreadable: set[str] = set()
        self._moved = anyio.Event()

    def save(self, path: str, text: str) -> int:
        self.files[path] = (self.files.get(path, (0, b""))[0] + 1, text.encode())
        return self.happen(path)

    def delete(self, path: str) -> int:
        del self.files[path]
        return self.happen(path)

    def happen(self, path: str | None = None) -> int:
        self.events.append(path)
        self._moved.set()
        self._moved = anyio.Event()
        return len(self.events)

    def _change(self, path: str, seq: int) -> Change:
        if path not in self.files:
            return Change(seq=seq, path=path, version=None)
        version, data = self.files[path]
        return Change(seq=seq, path=path, version=version, sha256=sha256(data).hexdigest(), size_bytes=len(data))

    async def changes(self, after_seq: int, *, limit: int) -> Batch:
        part = self.events[after_seq : after_seq + limit]
        paths = {path: after_seq + number for number, path in enumerate(part, 1) if path}
        return Batch([self._change(path, seq) for path, seq in paths.items()], after_seq + len(part))

    async def heads(self, after_path: str, *, limit: int) -> Sequence[Change]:
        return [self._change(path, 0) for path in sorted(self.files) if path > after_path][:limit]

    async def head_seq(self) -> int:
        return len(self.events)

    async def read(self, change: Change, *, bytes_max: int) -> bytes:
        self.reads.append(change.path)
        if change.path in self.unreadable:
            raise OSError("gone")
        return self.files[change.path][1][:bytes_max]

    async def wait_beyond(self, seq: int) -> None:
        while len(self.events) <= seq:
            await self._moved.wait()


@asynccontextmanager
async def running(*runs: Callable[[], Coroutine[Any, Any, None]]) -> AsyncIterator[None]:
    async with anyio.create_task_group() as tasks:
        for run in runs:
            tasks.start_soon(run)
        yield
        tasks.cancel_scope.cancel()


def both(log: Log, store: MemoryFactStore, folder: Path) -> tuple[FactFollower, PassageFollower]:
    facts = FactFollower(log, store)
    return facts, PassageFollower(log, store, open_engine("whoosh", folder / "index"), facts, rhythm_s=0.0)


def values(store: MemoryFactStore) -> dict[str, list[str]]:
    return {
        path: [fact.value for fact in indexed.extraction.facts if fact.kind == "field"]
        for path, indexed in store.indexed.items()
        if indexed.extraction
    }


async def found(passages: PassageFollower, text: str) -> list[tuple[str, int]]:
    return [(hit.path, hit.version) for hit in (await passages.query(parse_question(text), limit=9)).hits]


async def test_what_is_saved_moved_on_and_deleted_is_followed(tmp_path: Path) -> None:
    log, store = Log(), MemoryFactStore()
    log.save("a.md", "Port: 1\n")
    facts, passages = both(log, store, tmp_path)
    async with running(facts.run, passages.run):
        assert await facts.progress.reach(1, timeout_s=10)
        log.save("a.md", "Port: 2\n")
        seq = log.save("b.md", "Owner: Dana\n")
        assert await passages.progress.reach(seq, timeout_s=10)
        assert values(store) == {"a.md": ["2"], "b.md": ["Dana"]}
        assert await found(passages, "port") == [("a.md", 2)]

        log.delete("a.md")
        seq = log.happen()
        assert await passages.progress.reach(seq, timeout_s=10)

        assert values(store) == {"b.md": ["Dana"]}
        assert await passages.progress.reach(log.happen(), timeout_s=10)
        assert await found(passages, "port") == []


async def test_events_that_need_no_indexing_pass_at_once(tmp_path: Path) -> None:
    log, store = Log(), MemoryFactStore()
    facts, _ = both(log, store, tmp_path)
    async with running(facts.run):
        assert await facts.progress.reach(log.happen(), timeout_s=10)
        assert not await facts.progress.reach(2, timeout_s=0.01)


async def test_a_restart_goes_on_where_it_was_and_reads_nothing_again(tmp_path: Path) -> None:
    log, store = Log(), MemoryFactStore()
    facts, passages = both(log, store, tmp_path)
    async with running(facts.run, passages.run):
        assert await passages.progress.reach(log.save("a.md", "Port: 1\n"), timeout_s=10)
    log.reads.clear()
    facts, passages = both(log, store, tmp_path)
    async with running(facts.run, passages.run):
        assert await passages.progress.reach(log.save("b.md", "Port: 2\n"), timeout_s=10)

        assert log.reads == ["b.md"]
        assert sorted(await found(passages, "port")) == [("a.md", 1), ("b.md", 1)]


async def test_the_same_content_is_never_extracted_twice(tmp_path: Path) -> None:
    log, store = Log(), MemoryFactStore()
    facts, _ = both(log, store, tmp_path)
    async with running(facts.run):
        for path, text in (
            ("x/a.md", "Port: 1\n"),
            ("x/a.md", "Port: 2\n"),
            ("x/a.md", "Port: 1\n"),
            ("y/a.md", "Port: 1\n"),
        ):
            assert await facts.progress.reach(log.save(path, text), timeout_s=10)

        assert log.reads == ["x/a.md", "x/a.md"]
        assert values(store) == {"x/a.md": ["1"], "y/a.md": ["1"]}


async def test_new_extractors_read_every_file_again(tmp_path: Path) -> None:
    log, store = Log(), MemoryFactStore()
    log.save("a.txt", "Port: 1\n")
    facts, _ = both(log, store, tmp_path)
    async with running(facts.run):
        assert await facts.progress.reach(1, timeout_s=10)
    assert log.reads == ["a.txt"]

    plain = Registry((TEXT,), fallback=OTHER)
    assert plain.fingerprint != REGISTRY.fingerprint
    again = FactFollower(log, store, registry=plain)
    async with running(again.run):
        assert await again.progress.reach(1, timeout_s=10)

    assert (await store.progress()) == (1, plain.fingerprint)


async def test_large_batches_are_kept_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follower, "_HOP_BYTES", 5)
    monkeypatch.setattr(follower, "BATCH_BYTES", 20)
    log, store = Log(), MemoryFactStore()
    for number in range(9):
        log.save(f"{number}.md", f"Port: {number}\n")
    facts, _ = both(log, store, tmp_path)
    async with running(facts.run):
        assert await facts.progress.reach(9, timeout_s=10)

    assert values(store) == {f"{number}.md": [str(number)] for number in range(9)}


async def test_what_cannot_be_read_is_failed_and_holds_nothing_up(tmp_path: Path) -> None:
    def break_down(out: Collector) -> None:
        raise RuntimeError(out.document.name)

    broken = Extractor(name="broken", version=1, suffixes=(".bad",), chars_max=99, extract=break_down)
    log, store = Log(), MemoryFactStore()
    log.unreadable.add("gone.txt")
    log.save("gone.txt", "x")
    log.save("a.bad", "x")
    log.save("c.txt", "Port: 3\n")
    facts = FactFollower(log, store, registry=Registry((TEXT, broken), fallback=OTHER))
    async with running(facts.run):
        assert await facts.progress.reach(3, timeout_s=10)

    states = {
        path: (one.extraction.state, one.extraction.reason) for path, one in store.indexed.items() if one.extraction
    }
    assert states == {
        "gone.txt": ("failed", "the content could not be read"),
        "a.bad": ("failed", "the extractor failed: RuntimeError"),
        "c.txt": ("ok", ""),
    }


async def test_a_store_that_fails_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follower, "_RETRY_S", 0.0)

    class Failing(MemoryFactStore):
        failures = 2

        async def keep(self, *args: Any, **named: Any) -> None:
            if self.failures:
                self.failures -= 1
                raise OSError("no space")
            await super().keep(*args, **named)

    log, store = Log(), Failing()
    log.save("a.md", "Port: 1\n")
    facts, _ = both(log, store, tmp_path)
    async with running(facts.run):
        assert await facts.progress.reach(1, timeout_s=10)

    assert values(store) == {"a.md": ["1"]}


async def test_a_damaged_index_is_noticed_by_the_next_query_and_built_again(tmp_path: Path) -> None:
    log, store = Log(), MemoryFactStore()
    log.save("a.md", "Port: 1\n")
    facts, passages = both(log, store, tmp_path)
    async with running(facts.run, passages.run):
        assert await passages.progress.reach(1, timeout_s=10)
        shutil.rmtree(tmp_path / "index")

        damaged = await passages.query(parse_question("port"), limit=9)

        assert (damaged.hits, damaged.cut) == ([], True)
        assert await passages.progress.reach(1, timeout_s=10)
        assert await found(passages, "port") == [("a.md", 1)]


async def test_a_fault_that_is_no_damage_is_not_hidden_by_building_again(tmp_path: Path) -> None:
    class Faulty(WhooshIndex):
        def query(self, *args: Any, **named: Any) -> Any:
            raise IndexDamaged("of our own making")

    log, store = Log(), MemoryFactStore()
    log.save("a.md", "Port: 1\n")
    facts = FactFollower(log, store)
    passages = PassageFollower(log, store, Faulty(tmp_path / "index", form="1"), facts, rhythm_s=0.0)
    async with running(facts.run, passages.run):
        assert await passages.progress.reach(1, timeout_s=10)

        with pytest.raises(IndexDamaged):
            await passages.query(parse_question("port"), limit=9)


async def test_before_there_is_an_index_nothing_is_found(tmp_path: Path) -> None:
    _, passages = both(Log(), MemoryFactStore(), tmp_path)

    assert (await passages.query(parse_question("port"), limit=9)).cut


async def test_a_version_that_is_not_yet_read_is_left_to_its_own_change(tmp_path: Path) -> None:
    log, store = Log(), MemoryFactStore()
    log.save("a.md", "Port: 1\n")
    facts, passages = both(log, store, tmp_path)
    facts.progress.advance(1)
    async with running(passages.run):
        assert await passages.progress.reach(1, timeout_s=10)
        assert await found(passages, "port") == []
