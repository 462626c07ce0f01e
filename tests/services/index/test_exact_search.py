"""Exact and regex search over the heads of a workspace: every line of every file, and of what documents say."""

import asyncio
import base64
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import pytest

from tests.indexer.files import pdf
from workspace_server.config import Settings
from workspace_server.core.access import Caller
from workspace_server.core.clock import ManualClock
from workspace_server.errors import InvalidArgument, Unavailable
from workspace_server.services.engine import Engine
from workspace_server.services.index.exact_search import Turns
from workspace_server.storage.database import SCANNERS, Transaction

pytestmark = pytest.mark.anyio

RITA = Caller(agent="rita")


@pytest.fixture
async def engine(folder: Path) -> AsyncIterator[Engine]:
    async with Engine.open(folder, settings=Settings()) as engine:
        yield engine


async def save(engine: Engine, path: str, content: str) -> int:
    result = await engine.files.write_file(RITA, path=path, content=content, overwrite=True)
    return int(result["seq"])


async def search(engine: Engine, query: str, mode: str = "regex", **more: Any) -> dict[str, Any]:
    return await engine.search.search(RITA, query=query, mode=mode, **more)  # type: ignore[arg-type]


def places(answer: dict[str, Any]) -> list[tuple[str, int, str]]:
    return [(hit["path"], hit["start_line"], hit["text"]) for hit in answer["hits"]]


async def test_a_pattern_finds_every_line_and_counts_them_all(engine: Engine) -> None:
    await save(engine, "a.py", "def one():\n    pass\n\n\ndef two():\n    return 1\n")
    await save(engine, "b/big.py", "x = 1\n" * 20_000 + "def three():\n")

    answer = await search(engine, r"^def \w+\(", limit=2)

    assert places(answer) == [("a.py", 1, "def one():"), ("a.py", 5, "def two():")]
    assert (answer["total_matches"], answer["complete"]) == (3, True)
    assert places(await search(engine, r"three\(", context_lines=1)) == [("b/big.py", 20_000, "x = 1\ndef three():")]
    assert places(await search(engine, r"^def", path="b/")) == [("b/big.py", 20_001, "def three():")]


async def test_a_pattern_that_matches_nothing_at_all_matches_each_line_once(engine: Engine) -> None:
    await save(engine, "a.txt", "one\n\ntwo\n")

    assert places(await search(engine, "x*")) == [("a.txt", 1, "one"), ("a.txt", 2, ""), ("a.txt", 3, "two")]


async def test_many_matches_stay_within_the_budget_and_are_counted(engine: Engine) -> None:
    await save(engine, "a.txt", "row\n" * 5_000)

    answer = await search(engine, "r.w", limit=100, max_tokens=300)

    assert answer["total_matches"] == 5_000
    assert 0 < len(answer["hits"]) < 100


async def test_a_refused_pattern_says_why_and_what_to_do(engine: Engine) -> None:
    with pytest.raises(InvalidArgument) as refusal:
        await search(engine, "a(?=b)")

    assert refusal.value.facts["argument"] == "query"
    assert str(refusal.value).startswith("query: cannot be used as a regular expression: ")
    assert "look-arounds" in str(refusal.value.facts["reason"])
    assert "RE2" in str(refusal.value.hint)


async def test_a_search_that_takes_too_long_says_that_it_is_not_complete(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    await save(engine, "a.txt", "row\n")
    monkeypatch.setattr("workspace_server.services.index.exact_search.EXACT_S_MAX", -1.0)

    for mode in ("exact", "regex"):
        answer = await search(engine, "row", mode)

        assert (answer["complete"], "total_matches" in answer, answer["hits"]) == (False, False, [])


async def test_a_document_is_searched_in_what_was_extracted_of_it_with_its_pages(engine: Engine) -> None:
    data = base64.b64encode(pdf([["Cover"], ["The fee", "is 12 EUR"]])).decode()
    saved = await engine.files.write_file(RITA, path="report.pdf", content=data, encoding="base64")
    await search(engine, "fee", "ranked", min_seq=saved["seq"])

    for mode, query in (("exact", "12 EUR"), ("regex", r"\d+ EUR$")):
        (hit,) = (await search(engine, query, mode))["hits"]

        assert (hit["path"], hit["page"]) == ("report.pdf", 2)
        assert hit["text"].endswith("is 12 EUR")
    assert (await search(engine, "%PDF", "exact"))["total_matches"] == 0


async def test_a_file_whose_text_was_not_extracted_is_searched_in_its_bytes(engine: Engine) -> None:
    await save(engine, "made.pdf", "select fee\nfrom pumps\n")

    assert places(await search(engine, "^from ")) == [("made.pdf", 2, "from pumps")]


async def test_a_search_in_many_parts_finds_the_same(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        await save(engine, f"{number}.txt", "row one\nrow two\nother\n")
    whole = await search(engine, "row", limit=4)
    monkeypatch.setattr("workspace_server.services.index.exact_search.PART_S", -1.0)

    parts = await search(engine, "row", limit=4)
    assert parts | {"indexed_seq": whole["indexed_seq"]} == whole  # how far the index is, is another matter
    assert (len(whole["hits"]), whole["total_matches"], whole["complete"]) == (4, 6, True)


async def test_what_nearly_every_line_matches_is_not_counted_to_the_end(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workspace_server.services.index.exact_search.COUNTED_MAX", 5)
    await save(engine, "a.txt", "row\n" * 6)

    for pattern in (".", "^", "$"):
        answer = await search(engine, pattern, limit=2)

        assert (len(answer["hits"]), answer["complete"], "total_matches" in answer) == (2, False, False)
        assert answer["reason"].startswith("more than 5 lines match")
    assert (await search(engine, "row", path="b.txt"))["complete"]


async def test_the_time_of_a_search_begins_with_its_turn(folder: Path) -> None:
    clock, held = ManualClock(), threading.Event()

    async def busy(_: Transaction) -> None:
        held.wait(30)

    async with Engine.open(folder, settings=Settings(), clock=clock) as engine:
        await save(engine, "a.txt", "row\n")
        async with anyio.create_task_group() as tasks:
            for _ in range(SCANNERS):
                tasks.start_soon(engine.db.read_scan, busy)
            await anyio.wait_all_tasks_blocked()
            waiting = asyncio.ensure_future(search(engine, "row"))
            await anyio.wait_all_tasks_blocked()
            assert (await engine.search.query_facts(RITA, key="row"))["facts"] == [], "facts do not wait for a search"
            clock.advance(100)
            held.set()

        assert (await waiting)["total_matches"] == 1


async def test_one_agent_searches_once_at_a_time_and_others_need_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workspace_server.services.index.exact_search.WAITING_MAX", 1)
    turns, done = Turns(), list[str]()

    async def take(agent: str) -> None:
        async with turns.of(agent):
            done.append(agent)

    async with anyio.create_task_group() as tasks, turns.of("rita"):
        tasks.start_soon(take, "rita")
        tasks.start_soon(take, "sam")
        await anyio.wait_all_tasks_blocked()
        assert done == ["sam"]
        with pytest.raises(Unavailable):
            await take("rita")
    assert done == ["sam", "rita"]
