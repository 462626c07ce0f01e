"""Passages follow the facts: restarts, damage, and another index that is made while one answers."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import anyio
import pytest

from indexer import passage_follower, progress
from indexer.extractors import REGISTRY, Registry
from indexer.extractors.plain import OTHER, TEXT
from indexer.follower import FactFollower
from indexer.memory import MemoryFactStore
from indexer.model import Change, Found
from indexer.passage_follower import PassageFollower
from indexer.ports import IndexAway, IndexDamaged, Searchable
from indexer.questions import Question, parse_question
from indexer.searching import IndexInThread
from tests.indexer.following import Kept, Log, following, found, running, values

pytestmark = pytest.mark.anyio


class Watched(IndexInThread):
    """An index that tells what is done to it, and does it only when it may."""

    def __init__(self, directory: Path, **named: Any) -> None:
        super().__init__(directory, **named)
        self.written: list[tuple[list[str], int, bool]] = []
        self.may_begin = anyio.Event()
        self.may_begin.set()
        self.may_write = anyio.Event()
        self.may_write.set()
        self.begun = anyio.Event()
        self.finished = anyio.Event()

    async def begin(self, *, serve: bool) -> None:
        await super().begin(serve=serve)
        self.begun.set()
        await self.may_begin.wait()

    async def finish(self) -> None:
        await super().finish()
        self.finished.set()

    async def write(self, some: Sequence[Searchable], cursor: int, *, coming: bool) -> None:
        await self.may_write.wait()
        await super().write(some, cursor, coming=coming)
        self.written.append(([one.change.path for one in some], cursor, coming))


async def test_what_is_saved_moved_on_and_deleted_is_followed(tmp_path: Path) -> None:
    log, store = Log(), MemoryFactStore()
    log.save("a.md", "Port: 1\n")
    async with following(log, store, IndexInThread(tmp_path / "index")) as (facts, passages):
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


async def test_a_restart_goes_on_where_it_was_and_reads_nothing_again(tmp_path: Path) -> None:
    log, store = Log(), MemoryFactStore()
    async with following(log, store, IndexInThread(tmp_path / "index")) as (_, passages):
        assert await passages.progress.reach(log.save("a.md", "Port: 1\n"), timeout_s=10)
    log.reads.clear()
    index = Watched(tmp_path / "index")
    async with following(log, store, index) as (_, passages):
        assert await passages.progress.reach(log.save("b.md", "Port: 2\n"), timeout_s=10)

        assert log.reads == ["b.md"]
        assert index.written == [(["b.md"], 2, False)]
        assert sorted(await found(passages, "port")) == [("a.md", 1), ("b.md", 1)]


async def test_a_damaged_index_is_noticed_by_the_next_query_and_built_again(tmp_path: Path) -> None:
    log, store = Log(), MemoryFactStore()
    log.save("a.md", "Port: 1\n")
    async with following(log, store, IndexInThread(tmp_path / "index")) as (_, passages):
        assert await passages.progress.reach(1, timeout_s=10)
        shutil.rmtree(tmp_path / "index")

        damaged = await passages.query(parse_question("port"), limit=9)

        assert (damaged.hits, damaged.cut) == ([], True)
        assert await passages.progress.reach(1, timeout_s=10)
        assert await found(passages, "port") == [("a.md", 1)]


async def test_an_index_that_is_damaged_at_the_start_is_built_again_and_the_log_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    log, store = Log(), MemoryFactStore()
    log.save("a.md", "Port: 1\n")
    async with following(log, store, IndexInThread(tmp_path / "index")) as (_, passages):
        assert await passages.progress.reach(1, timeout_s=10)
    [manifest] = (tmp_path / "index").rglob("manifest.json")
    manifest.write_text("{}")
    caplog.clear()
    async with following(log, store, IndexInThread(tmp_path / "index")) as (_, passages):
        assert await passages.progress.reach(1, timeout_s=10)
        assert await found(passages, "port") == [("a.md", 1)]

    assert [record.levelname for record in caplog.records if "built again" in record.message] == ["WARNING"]


async def test_an_index_process_that_was_replaced_is_one_line_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    class Replaced(Watched):
        is_away = False

        async def write(self, some: Sequence[Searchable], cursor: int, *, coming: bool) -> None:
            if self.is_away:
                self.is_away = False
                raise IndexAway
            await super().write(some, cursor, coming=coming)

    log, store, index = Log(), MemoryFactStore(), Replaced(tmp_path / "index")
    async with following(log, store, index) as (_, passages):
        assert await passages.progress.reach(log.save("a.md", "Port: 1\n"), timeout_s=10)
        index.is_away = True
        assert await passages.progress.reach(log.save("b.md", "Port: 2\n"), timeout_s=10)
        assert sorted(await found(passages, "port")) == [("a.md", 1), ("b.md", 1)]

    assert [(record.levelname, record.exc_info) for record in caplog.records] == [("WARNING", None)]


class Failing(Watched):
    """An index of which queries fail as they are told to."""

    faults: list[Exception]

    async def query(self, question: Question, **where: Any) -> Found:
        if self.faults:
            raise self.faults.pop(0)
        return await super().query(question, **where)


async def test_a_fault_that_is_no_damage_is_not_hidden_by_building_again(tmp_path: Path) -> None:
    log, store = Log(), MemoryFactStore()
    log.save("a.md", "Port: 1\n")
    index = Failing(tmp_path / "index")
    index.faults = [IndexDamaged("of our own making")] * 2
    async with following(log, store, index) as (_, passages):
        assert await passages.progress.reach(1, timeout_s=10)

        with pytest.raises(IndexDamaged):
            await passages.query(parse_question("port"), limit=9)


async def test_a_query_that_met_damage_is_cut_when_nobody_works_the_index_any_more(tmp_path: Path) -> None:
    log, store = Log(), MemoryFactStore()
    log.save("a.md", "Port: 1\n")
    index = Failing(tmp_path / "index")
    index.faults = [IndexDamaged("torn"), IndexAway()]
    async with following(log, store, index) as (_, passages):
        assert await passages.progress.reach(1, timeout_s=10)

        assert await passages.query(parse_question("port"), limit=9) == Found(cut=True)
        assert await found(passages, "port") == [("a.md", 1)]


async def test_damage_that_is_met_while_the_index_is_built_again_begins_nothing_anew(tmp_path: Path) -> None:
    class Slow(Failing):
        async def query(self, question: Question, **where: Any) -> Found:
            try:
                return await super().query(question, **where)
            except IndexDamaged:
                passages.progress.advance(progress.NOT_STARTED)  # another query was first
                raise

    log, store = Log(), MemoryFactStore()
    log.save("a.md", "Port: 1\n")
    index = Slow(tmp_path / "index")
    index.faults = [IndexDamaged("torn")]
    async with following(log, store, index) as (_, passages):
        assert await passages.progress.reach(1, timeout_s=10)
        index.written.clear()

        assert (await passages.query(parse_question("port"), limit=9)).cut
        assert await passages.progress.reach(log.save("b.md", "Port: 2\n"), timeout_s=10)

        assert index.written == [(["b.md"], 2, False)]


async def test_before_there_is_an_index_nothing_is_found(tmp_path: Path) -> None:
    log, store = Log(), MemoryFactStore()
    passages = PassageFollower(log, store, IndexInThread(tmp_path / "index"), FactFollower(log, store))

    assert (await passages.query(parse_question("port"), limit=9)).cut


async def test_a_version_that_is_not_yet_read_is_left_to_its_own_change(tmp_path: Path) -> None:
    log, store = Log(), MemoryFactStore()
    log.save("a.md", "Port: 1\n")
    facts, index = FactFollower(log, store), IndexInThread(tmp_path / "index")
    passages = PassageFollower(log, store, index, facts, rhythm_s=0.0)
    facts.progress.advance(1)
    async with running(index.run, passages.run):
        assert await passages.progress.reach(1, timeout_s=10)
        assert await found(passages, "port") == []


async def test_another_index_is_made_while_this_one_answers_and_is_kept_in_step(tmp_path: Path) -> None:
    log, store, index = Log(), MemoryFactStore(), Watched(tmp_path / "index")
    log.save("a.md", "Port: 1\n")
    told: list[int] = []
    async with following(log, store, index) as (_, passages), anyio.create_task_group() as tasks:
        assert await passages.progress.reach(1, timeout_s=10)
        index.begun, index.may_begin = anyio.Event(), anyio.Event()
        tasks.start_soon(passages.renew, told.append)
        await index.begun.wait()
        assert await found(passages, "port") == [("a.md", 1)]
        log.save("b.md", "Port: 2\n")
        index.written.clear()
        index.may_begin.set()

    assert told[-1] == 2
    assert [path for paths, _, coming in index.written for path in paths if not coming] == ["b.md"]
    assert {path for paths, _, coming in index.written for path in paths if coming} == {"a.md", "b.md"}
    async with following(log, store, IndexInThread(tmp_path / "index")) as (_, passages):
        assert await passages.progress.reach(2, timeout_s=10)
        assert sorted(await found(passages, "port")) == [("a.md", 1), ("b.md", 1)]
    assert [path.name for path in (tmp_path / "index").iterdir() if path.is_dir()] == ["2"]


async def test_a_making_that_was_interrupted_leaves_the_old_index_and_is_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Stumbling(Watched):
        faults = 1

        async def finish(self) -> None:
            if self.begun.is_set() and self.written and self.faults:
                self.faults -= 1
                raise IndexAway
            await super().finish()

    monkeypatch.setattr(progress, "RETRY_S", 0.0)
    log, store, index = Log(), MemoryFactStore(), Stumbling(tmp_path / "index")
    log.save("a.md", "Port: 1\n")
    async with following(log, store, index) as (_, passages):
        assert await passages.progress.reach(1, timeout_s=10)

        await passages.renew(lambda _: None)

        assert index.faults == 0
        assert await found(passages, "port") == [("a.md", 1)]


async def test_an_index_of_other_extractors_answers_until_its_successor_is_made(tmp_path: Path) -> None:
    plain = Registry((TEXT,), fallback=OTHER)
    log, store = Log(), MemoryFactStore()
    log.save("a.txt", "Port: 1\n")
    index = IndexInThread(tmp_path / "index", form=plain.fingerprint)
    async with following(log, store, index, registry=plain) as (_, passages):
        assert await passages.progress.reach(1, timeout_s=10)
        assert not passages.is_renewing

    again = Watched(tmp_path / "index", form=REGISTRY.fingerprint)
    again.may_begin = anyio.Event()
    async with following(log, store, again) as (facts, passages):
        await again.begun.wait()
        assert (passages.is_renewing, facts.is_renewing) == (True, False)
        assert await found(passages, "port") == [("a.txt", 1)]
        again.may_begin.set()
        await again.finished.wait()
        assert await passages.progress.reach(log.save("b.txt", "Port: 2\n"), timeout_s=10)

        assert not passages.is_renewing
        assert sorted(await found(passages, "port")) == [("a.txt", 1), ("b.txt", 1)]


async def test_the_old_index_is_kept_in_step_while_new_extractors_still_read(tmp_path: Path) -> None:
    plain = Registry((TEXT,), fallback=OTHER)
    log, store = Log(), MemoryFactStore()
    log.save("a.txt", "Port: 1\n")
    async with following(log, store, IndexInThread(tmp_path / "index", form=plain.fingerprint), registry=plain) as (
        _,
        passages,
    ):
        assert await passages.progress.reach(1, timeout_s=10)

    log.may_tell_heads = anyio.Event()
    async with following(log, store, IndexInThread(tmp_path / "index")) as (facts, passages):
        await log.asked_for_heads.wait()
        assert facts.is_renewing
        assert passages.progress.seq in (progress.NOT_STARTED, 1)
        log.may_tell_heads.set()
        assert await passages.progress.reach(log.save("b.txt", "Port: 2\n"), timeout_s=10)
        await passages.renew(lambda _: None)

        assert not passages.is_renewing
        assert sorted(await found(passages, "port")) == [("a.txt", 1), ("b.txt", 1)]


async def test_an_index_that_must_not_answer_any_more_is_gone_at_once(tmp_path: Path) -> None:
    log, store, index = Log(), MemoryFactStore(), Watched(tmp_path / "index")
    log.save("a.md", "Port: 1\n")
    async with following(log, store, index) as (_, passages), anyio.create_task_group() as tasks:
        assert await passages.progress.reach(1, timeout_s=10)
        index.begun, index.may_begin = anyio.Event(), anyio.Event()
        tasks.start_soon(passages.rebuild)
        await index.begun.wait()

        assert (await passages.query(parse_question("port"), limit=9)).hits == []
        assert list((tmp_path / "index").rglob("*.seg")) == []
        index.may_begin.set()
        assert await passages.progress.reach(1, timeout_s=10)
        assert await found(passages, "port") == [("a.md", 1)]


async def test_who_has_an_index_emptied_need_not_wait_until_it_is_full_again(tmp_path: Path) -> None:
    log, store, index = Log(), MemoryFactStore(), Watched(tmp_path / "index")
    log.save("a.md", "Port: 1\n")
    async with following(log, store, index) as (_, passages):
        assert await passages.progress.reach(1, timeout_s=10)
        index.may_write = anyio.Event()

        async with anyio.create_task_group() as tasks:
            for _ in range(2):
                tasks.start_soon(passages.rebuild)

        assert (passages.progress.seq, await found(passages, "port")) == (0, [])
        assert list((tmp_path / "index").rglob("*.seg")) == []
        index.may_write.set()
        assert await passages.progress.reach(1, timeout_s=10)
        assert await found(passages, "port") == [("a.md", 1)]


async def test_the_newest_can_be_found_while_many_older_ones_still_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passage_follower, "PASSAGE_BATCH_CHANGES", 4)
    monkeypatch.setattr(passage_follower, "PASSAGE_SLICE_CHANGES", 2)
    monkeypatch.setattr(progress, "NEWEST_CHANGES", 2)
    log, store, index = Log(), MemoryFactStore(), Watched(tmp_path / "index")
    async with following(log, store, index) as (facts, passages):
        assert await passages.progress.reach(log.save("0.md", "Port: 0\n"), timeout_s=10)
        index.written.clear()
        index.may_write = anyio.Event()
        for number in range(9):
            log.save(f"{number}.md", f"Harbour: {number}\n")
        assert await facts.progress.reach(10, timeout_s=10)
        log.save("fresh.md", "Harbour: 99\n")
        assert await facts.progress.reach(11, timeout_s=10)
        index.may_write.set()
        assert await passages.progress.reach(11, timeout_s=10)

        order = [path for paths, _, _ in index.written for path in paths]
        assert order.index("fresh.md") < order.index("5.md")
        assert sorted(order) == sorted(set(order)), "nothing is written twice"
        cursors = [cursor for _, cursor, _ in index.written]
        assert cursors == sorted(cursors)


async def test_the_passages_of_long_files_are_written_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passage_follower, "PASSAGE_SLICE_CHARS", 5)
    log, store, index = Log(), MemoryFactStore(), Watched(tmp_path / "index")
    for number in range(3):
        log.save(f"{number}.md", f"Port: {number}\n")
    async with following(log, store, index) as (_, passages):
        assert await passages.progress.reach(3, timeout_s=10)

        assert [paths for paths, _, _ in index.written if paths] == [["0.md"], ["1.md"], ["2.md"]]


async def test_a_gone_file_that_is_told_by_the_log_alone_is_dropped_from_the_coming_index_too(tmp_path: Path) -> None:
    class Late(Log):
        async def heads(self, after_path: str, *, limit: int) -> Sequence[Change]:
            found = await super().heads(after_path, limit=limit)
            if "a.md" in self.files and passages.progress.seq >= 1 and found:
                self.delete("a.md")
            return found

    log, store = Late(), MemoryFactStore()
    log.save("a.md", "Port: 1\n")
    async with following(log, store, IndexInThread(tmp_path / "index")) as (_, passages):
        assert await passages.progress.reach(1, timeout_s=10)

        await passages.renew(lambda _: None)

        assert await passages.progress.reach(2, timeout_s=10)
        assert await found(passages, "port") == []


class OneByOne(Watched):
    """An index of which each write waits until it is let through."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.asked = anyio.Event()
        self.let = anyio.Event()
        self.texts: list[str] = []

    async def write(self, some: Sequence[Searchable], cursor: int, *, coming: bool) -> None:
        self.asked.set()
        await self.let.wait()
        self.texts += [f"{one.change.path}@{one.change.version} {len(one.passages)}" for one in some]
        await super().write(some, cursor, coming=coming)

    async def let_one(self) -> None:
        """Let the write that waits through, and return when the next one waits."""
        self.asked, let, self.let = anyio.Event(), self.let, anyio.Event()
        let.set()
        await self.asked.wait()


def lines(word: str) -> str:
    return "\n\n".join([f"{word} " * 200] * 3)


async def test_what_is_saved_while_a_long_file_is_written_comes_in_between_its_parts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passage_follower, "PASSAGE_PART_CHARS", 5)
    log, store, index = Log(), Kept(), OneByOne(tmp_path / "index")
    async with following(log, store, index) as (facts, passages):
        index.let.set()
        assert await passages.progress.reach(log.happen(), timeout_s=10)
        index.asked, index.let = anyio.Event(), anyio.Event()
        log.save("long.txt", lines("harbour"))
        await index.asked.wait()
        log.save("small.md", "Port: 1\n")
        assert await facts.progress.reach(log.save("long.txt", lines("town")), timeout_s=10)
        index.texts.clear()
        index.written.clear()
        await index.let_one()
        await index.let_one()
        assert await found(passages, "port") == [("small.md", 1)]
        index.let.set()
        assert await passages.progress.reach(4, timeout_s=10)

        assert index.texts[:2] == ["long.txt@1 1", "small.md@1 1"]
        assert [text.split()[0] for text in index.texts[2:]] == ["long.txt@1", "long.txt@1", *["long.txt@2"] * 3]
        assert [cursor for _, cursor, _ in index.written[:3]] == [1, 1, 1], "a file half written does not count"
        assert await found(passages, "harbour") == []
        assert len(await found(passages, "town")) == 3


async def test_what_is_saved_while_another_index_is_made_comes_in_between_the_parts_of_a_long_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passage_follower, "PASSAGE_PART_CHARS", 5)
    log, store, index = Log(), Kept(), OneByOne(tmp_path / "index")
    index.let.set()
    log.save("long.txt", lines("harbour"))
    async with following(log, store, index) as (facts, passages), anyio.create_task_group() as tasks:
        assert await passages.progress.reach(1, timeout_s=10)
        index.asked, index.let = anyio.Event(), anyio.Event()
        tasks.start_soon(passages.renew, lambda _: None)
        await index.asked.wait()
        assert await facts.progress.reach(log.save("small.md", "Port: 1\n"), timeout_s=10)
        await index.let_one()
        await index.let_one()
        assert await found(passages, "port") == [("small.md", 1)]
        index.let.set()

    assert index.written[-1][2]
    async with following(log, store, IndexInThread(tmp_path / "index")) as (_, passages):
        assert await passages.progress.reach(2, timeout_s=10)
        assert await found(passages, "port") == [("small.md", 1)]
        assert len(await found(passages, "harbour")) == 3
