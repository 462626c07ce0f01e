"""Facts follow the log: restarts, failures, large files, and the newest first."""

from collections.abc import Sequence
from typing import Any

import anyio
import pytest

from indexer import follower, progress, waiting
from indexer.collector import Collector
from indexer.extracting import InThread
from indexer.extractors import REGISTRY, Extractor, Registry
from indexer.extractors.plain import OTHER, TEXT
from indexer.follower import FactFollower
from indexer.memory import MemoryFactStore
from indexer.model import Extraction
from indexer.ports import Content
from tests.indexer.following import Kept, Log, running, values

pytestmark = pytest.mark.anyio


async def test_events_that_need_no_indexing_pass_at_once() -> None:
    log, store = Log(), MemoryFactStore()
    facts = FactFollower(log, store)
    async with running(facts.run):
        assert await facts.progress.reach(log.happen(), timeout_s=10)
        assert not await facts.progress.reach(2, timeout_s=0.01)


async def test_the_same_content_is_never_extracted_twice() -> None:
    log, store = Log(), MemoryFactStore()
    facts = FactFollower(log, store)
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


async def test_new_extractors_read_every_file_again() -> None:
    log, store = Log(), MemoryFactStore()
    log.save("a.txt", "Port: 1\n")
    facts = FactFollower(log, store)
    async with running(facts.run):
        assert await facts.progress.reach(1, timeout_s=10)
    assert log.reads == ["a.txt"]

    plain = Registry((TEXT,), fallback=OTHER)
    assert plain.fingerprint != REGISTRY.fingerprint
    again = FactFollower(log, store, registry=plain)
    async with running(again.run):
        assert await again.progress.reach(1, timeout_s=10)
        await again.whole()

    assert log.reads == ["a.txt", "a.txt"]
    assert (await store.progress()) == (1, plain.fingerprint)


async def test_what_cannot_be_read_is_failed_and_holds_nothing_up() -> None:
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


async def test_a_store_that_fails_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "RETRY_S", 0.0)

    class Failing(MemoryFactStore):
        failures = 2

        async def keep(self, *args: Any, **named: Any) -> None:
            if self.failures:
                self.failures -= 1
                raise OSError("no space")
            await super().keep(*args, **named)

    log, store = Log(), Failing()
    log.save("a.md", "Port: 1\n")
    facts = FactFollower(log, store)
    async with running(facts.run):
        assert await facts.progress.reach(1, timeout_s=10)

    assert values(store) == {"a.md": ["1"]}


class Held(InThread):
    """Extracts what it is given, but large contents only one at a time, when each is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.extracted: list[str] = []
        self.large: list[str] = []
        self.asked = anyio.Event()
        self.through = anyio.Event()
        self.may_go = anyio.Semaphore(0)

    async def extract(self, contents: Sequence[Content]) -> Sequence[Extraction]:
        if len(contents[0].data) > 100 or contents[0].change.path.endswith(".pdf"):
            self.large.append(contents[0].change.path)
            self.asked.set()
            await self.may_go.acquire()
            self.through.set()
        self.extracted += [content.change.path for content in contents]
        return await super().extract(contents)


LARGE = "Port: 7\n\n" + "word " * 40


@pytest.fixture
def _small_is_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follower, "QUICK_BYTES_MAX", 100)


async def test_what_is_large_together_is_kept_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follower, "SLICE_BYTES", 20)
    log, store = Log(), MemoryFactStore()
    for number in range(9):
        log.save(f"{number}.md", f"Port: {number}\n")
    facts = FactFollower(log, store)
    async with running(facts.run):
        assert await facts.progress.reach(9, timeout_s=10)

    assert values(store) == {f"{number}.md": [str(number)] for number in range(9)}


async def test_the_same_content_that_comes_twice_at_once_is_extracted_once() -> None:
    log, store, held = Log(), Kept(), Held()
    for folder in "xyz":
        log.save(f"{folder}/a.md", "Port: 1\n")
    facts = FactFollower(log, store, extracting=held)
    async with running(facts.run):
        assert await facts.progress.reach(3, timeout_s=10)

    assert held.extracted == ["x/a.md"]
    assert values(store) == {f"{folder}/a.md": ["1"] for folder in "xyz"}


async def test_what_is_still_being_kept_is_not_extracted_again(monkeypatch: pytest.MonkeyPatch) -> None:
    class Slow(Kept):
        async def keep(self, *args: Any, **named: Any) -> None:
            await anyio.sleep(0.01)
            await super().keep(*args, **named)

    monkeypatch.setattr(follower, "SLICE_CHANGES", 1)
    log, store, held = Log(), Slow(), Held()
    facts = FactFollower(log, store, extracting=held)
    async with running(facts.run):
        assert await facts.progress.reach(log.save("a.md", "Port: 1\n"), timeout_s=10)
        for folder in "xyz":
            log.save(f"{folder}/b.md", "Port: 2\n")
        assert await facts.progress.reach(4, timeout_s=10)

    assert held.extracted == ["a.md", "x/b.md"]
    assert values(store) == {"a.md": ["1"]} | {f"{folder}/b.md": ["2"] for folder in "xyz"}


@pytest.mark.usefixtures("_small_is_small")
async def test_a_large_file_holds_up_no_small_one_and_the_cursor_waits_for_it() -> None:
    log, store, held = Log(), Kept(), Held()
    facts = FactFollower(log, store, extracting=held)
    async with running(facts.run):
        assert await facts.progress.reach(log.save("a.md", "Port: 1\n"), timeout_s=10)
        log.save("big.md", LARGE)
        log.save("b.md", "Port: 2\n")
        await held.asked.wait()
        await store.reach("b.md")
        assert (facts.progress.seq, await store.progress()) == (1, (1, REGISTRY.fingerprint))
    again = FactFollower(log, store, extracting=held)
    async with running(again.run):
        held.may_go.release()
        assert await again.progress.reach(3, timeout_s=10)
        await store.mark(3)

    assert values(store) == {"a.md": ["1"], "b.md": ["2"], "big.md": ["7"]}
    assert await store.progress() == (3, REGISTRY.fingerprint)
    assert held.extracted == ["a.md", "b.md", "big.md"], "what was done before its turn is not done twice"


async def test_how_far_it_is_is_not_kept_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("indexer.follower.MARK_S", 1_000.0)
    log, store = Log(), Kept()
    facts = FactFollower(log, store, rhythm_s=0.0)
    async with running(facts.run):
        for number in range(1, 5):
            assert await facts.progress.reach(log.save("a.md", f"Port: {number}\n"), timeout_s=10)

    assert (await store.progress())[0] < 4, "each time is a commit, for which others wait"


async def test_a_document_waits_apart_however_small_it_is() -> None:
    log, store, held = Log(), Kept(), Held()
    log.save("a.pdf", "%PDF")
    log.save("b.md", "Port: 2\n")
    facts = FactFollower(log, store, extracting=held)
    async with running(facts.run):
        await held.asked.wait()
        await store.reach("b.md")
        assert held.extracted == ["b.md"]
        held.may_go.release()
        assert await facts.progress.reach(2, timeout_s=10)

    assert "a.pdf" in store.indexed


@pytest.mark.usefixtures("_small_is_small")
async def test_of_the_large_files_the_newest_and_the_oldest_are_read_first() -> None:
    log, store, held = Log(), Kept(), Held()
    facts = FactFollower(log, store, extracting=held)
    async with running(facts.run):
        await facts.whole()
        assert await facts.progress.reach(log.save("a.md", "Port: 1\n"), timeout_s=10)
        for number in range(5):
            log.save(f"{number}.md", f"{LARGE} {number}")
        for _ in range(5):
            held.may_go.release()
        assert await facts.progress.reach(6, timeout_s=10)

    assert sorted(held.large[:2]) == ["0.md", "4.md"]
    assert sorted(held.large) == [f"{number}.md" for number in range(5)]


@pytest.mark.usefixtures("_small_is_small")
async def test_a_large_file_that_is_saved_again_meanwhile_is_told_as_it_is_now() -> None:
    log, store, held = Log(), Kept(), Held()
    facts = FactFollower(log, store, extracting=held)
    async with running(facts.run):
        log.save("a.md", LARGE)
        await held.asked.wait()
        log.save("a.md", "Port: 8\n")
        assert await facts.progress.reach(2, timeout_s=10)
        held.may_go.release()
        await held.through.wait()
        assert await facts.progress.reach(log.happen(), timeout_s=10)

    assert values(store) == {"a.md": ["8"]}


@pytest.mark.usefixtures("_small_is_small")
async def test_the_same_large_content_is_read_by_one_reader_only() -> None:
    log, store, held = Log(), Kept(), Held()
    facts = FactFollower(log, store, extracting=held)
    async with running(facts.run):
        for folder in "xyz":
            log.save(f"{folder}/a.md", LARGE)
        held.may_go.release()
        assert await facts.progress.reach(3, timeout_s=10)

    assert len(held.extracted) == 1
    assert values(store) == {f"{folder}/a.md": ["7"] for folder in "xyz"}


@pytest.mark.usefixtures("_small_is_small")
async def test_with_too_many_large_files_waiting_the_newest_small_one_is_read_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(waiting, "SLOW_CHANGES_MAX", 2)
    log, store, held = Log(), Kept(), Held()
    facts = FactFollower(log, store, extracting=held, rhythm_s=0.0)
    async with running(facts.run):
        assert await facts.progress.reach(log.save("a.md", "Port: 1\n"), timeout_s=10)
        for number in range(3):
            log.save(f"{number}.md", f"{LARGE} {number}")
        await held.asked.wait()
        log.save("4.md", LARGE)
        log.save("fresh.md", "Port: 9\n")
        await store.reach("fresh.md")
        assert facts.progress.seq == 1
        for _ in range(4):
            held.may_go.release()
        assert await facts.progress.reach(6, timeout_s=10)

    assert set(values(store)) == {"a.md", "0.md", "1.md", "2.md", "4.md", "fresh.md"}


@pytest.mark.usefixtures("_small_is_small")
async def test_a_walk_waits_while_too_many_large_files_do_and_the_newest_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(waiting, "SLOW_CHANGES_MAX", 1)
    monkeypatch.setattr(follower, "SLICE_CHANGES", 1)
    log, store, held = Log(), Kept(), Held()
    for number in range(3):
        log.save(f"{number}.md", f"{LARGE} {number}")
    facts = FactFollower(log, store, extracting=held, rhythm_s=0.0)
    async with running(facts.run):
        await held.asked.wait()
        log.save("fresh.md", "Port: 9\n")
        await store.reach("fresh.md")
        assert facts.is_renewing
        for _ in range(3):
            held.may_go.release()
        await facts.whole()
        assert await facts.progress.reach(4, timeout_s=10)

    assert set(values(store)) == {"0.md", "1.md", "2.md", "fresh.md"}


async def test_the_newest_is_read_before_the_many_that_came_earlier(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follower, "BATCH_CHANGES", 4)
    monkeypatch.setattr(follower, "SLICE_CHANGES", 2)
    monkeypatch.setattr(progress, "NEWEST_CHANGES", 2)
    log, store, held = Log(), Kept(), Held()
    facts = FactFollower(log, store, extracting=held)
    async with running(facts.run):
        assert await facts.progress.reach(log.save("a.md", "Port: 1\n"), timeout_s=10)
        for number in range(20):
            log.save(f"{number}.md", f"Port: {number}\n")
        log.save("fresh.md", "Port: 99\n")
        assert await facts.progress.reach(22, timeout_s=10)

    assert held.extracted.index("fresh.md") <= 3
    assert len(held.extracted) == len(set(held.extracted)) == 22


@pytest.mark.usefixtures("_small_is_small")
async def test_the_first_walk_reads_large_files_too_before_it_says_that_all_is_read() -> None:
    log, store, held = Log(), Kept(), Held()
    log.save("big.md", LARGE)
    log.save("a.md", "Port: 1\n")
    facts = FactFollower(log, store, extracting=held, rhythm_s=0.0)
    async with running(facts.run):
        await held.asked.wait()
        log.save("fresh.md", "Port: 9\n")
        await store.reach("fresh.md")
        assert (facts.progress.seq, facts.is_renewing) == (0, True)
        held.may_go.release()
        await facts.whole()
        assert await facts.progress.reach(3, timeout_s=10)
        await store.mark(3)

    assert values(store) == {"a.md": ["1"], "big.md": ["7"], "fresh.md": ["9"]}
    assert await store.progress() == (3, REGISTRY.fingerprint)
    assert sorted(held.extracted) == ["a.md", "big.md", "fresh.md"]


async def test_all_files_can_be_extracted_again_while_the_log_is_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follower, "SLICE_CHANGES", 2)
    log, store, held, told = Log(), Kept(), Held(), list[int]()
    for number in range(3):
        log.save(f"{number}.md", f"Port: {number}\n")
    facts = FactFollower(log, store, extracting=held)
    async with running(facts.run):
        assert await facts.progress.reach(3, timeout_s=10)
        await facts.renew(told.append)
        await facts.renew(told.append)
        assert not facts.is_renewing
        assert await facts.progress.reach(log.save("b.md", "Port: 2\n"), timeout_s=10)

    assert store.anew == ["0.md", "1.md", "2.md"] * 2
    assert told == [2, 3, 3, 2, 3, 3]
    assert held.extracted == [*store.anew[:3] * 3, "b.md"]


async def test_a_walk_that_is_interrupted_by_a_failure_begins_again(monkeypatch: pytest.MonkeyPatch) -> None:
    class Failing(MemoryFactStore):
        failures = 1

        async def keep(self, *args: Any, anew: bool = False, **named: Any) -> None:
            if anew and self.failures:
                self.failures -= 1
                raise OSError("no space")
            await super().keep(*args, **named)

    monkeypatch.setattr(progress, "RETRY_S", 0.0)
    log, store, held = Log(), Failing(), Held()
    log.save("a.md", "Port: 1\n")
    facts = FactFollower(log, store, extracting=held)
    async with running(facts.run):
        assert await facts.progress.reach(1, timeout_s=10)
        await facts.renew(lambda _: None)

    assert held.extracted == ["a.md"] * 3


async def test_what_was_taken_ahead_is_forgotten_when_it_gets_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "AHEAD_PATHS_MAX", 1)
    log, ahead = Log(), progress.Ahead()
    for name in "abc":
        log.save(name, name)
    changes = await ahead.newest(log, 0)
    ahead.note(changes[:2])
    assert [change.path for change in ahead.without(changes)] == ["c"]

    ahead.note(changes[2:])

    assert [change.path for change in ahead.without(changes)] == ["a", "b"]
