"""A file with many facts takes its place piece by piece, and whatever comes between, its facts are all there once."""

import dataclasses
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import anyio
import pytest

from indexer.extraction import extract
from indexer.model import Change, Indexed
from workspace_server.config import Settings
from workspace_server.core.access import Caller
from workspace_server.core.limits import LIMITS
from workspace_server.services.engine import Engine
from workspace_server.services.index.indexing import Indexing
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import fact_pieces, fact_rows, facts, past_facts

pytestmark = pytest.mark.anyio

RITA = Caller(agent="rita")


@pytest.fixture
async def engine(folder: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Engine]:
    """Return a workspace whose index stands still, in pieces of two facts."""

    async def rest(_: Indexing) -> None:
        await anyio.sleep_forever()

    monkeypatch.setattr(Indexing, "run", rest)
    for room in (fact_pieces, facts):
        monkeypatch.setattr(room, "FACTS_PER_COMMIT", 2)
    async with Engine.open(folder, settings=Settings()) as engine:
        yield engine


def lines(*values: int) -> str:
    return "".join(f"Key {number}: {value}\n\n" for number, value in enumerate(values))


async def saved(engine: Engine, *values: int) -> Indexed:
    """Save a file that says *values*, and return what the index would keep of it."""
    answer = await engine.files.write_file(RITA, path="a.md", content=lines(*values), overwrite=True)
    change = Change(seq=answer["seq"], path="a.md", version=answer["version"])
    extraction = extract(lines(*values).encode(), path="a.md")
    assert len(extraction.facts) == len(values)
    return Indexed(change=change, key=f"k{answer['version']}", extraction=extraction)


async def kept(engine: Engine) -> list[tuple[Any, ...]]:
    """Return version and value of all facts, of which the full text has as many."""

    async def read(tx: Transaction) -> list[tuple[Any, ...]]:
        found = await tx.all("SELECT version, CAST(value AS INTEGER) FROM facts ORDER BY fact_id")
        assert await tx.all("SELECT count(*) FROM facts_text WHERE facts_text MATCH 'key'") == [(len(found),)]
        return found

    return await engine.db.read(read)


def between(monkeypatch: pytest.MonkeyPatch, engine: Engine, do: Callable[[], Awaitable[object]]) -> list[bool]:
    """Let *do* be done once, after the first piece; return a list that grows with each change that stands back."""
    behind: list[bool] = []
    write = engine.db.write

    async def writing(body: Any, **how: Any) -> Any:
        answer = await write(body, **how)
        if how.get("is_behind"):
            behind.append(True)
            if len(behind) == 1:
                await do()
        return answer

    monkeypatch.setattr(engine.db, "write", writing)
    return behind


async def nothing() -> None:
    """Let nothing come between."""


async def test_many_facts_come_in_several_commits_and_then_count(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = await saved(engine, 1, 2, 3, 4, 5)
    commits = between(monkeypatch, engine, nothing)

    await engine.indexing.store.keep([many], progress=None)

    assert await kept(engine) == [(1, 1), (1, 2), (1, 3), (1, 4), (1, 5)]
    assert len(commits) == 3
    before = engine.head_seq
    await engine.indexing.store.keep([many], progress=None)
    assert engine.head_seq == before


async def test_a_file_that_is_saved_between_two_pieces_has_the_facts_of_its_new_version(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = await saved(engine, 1, 2, 3, 4, 5)
    newer: list[Indexed] = []

    async def save() -> None:
        newer.append(await saved(engine, 6, 7, 8))

    between(monkeypatch, engine, save)

    await engine.indexing.store.keep([many], progress=None)
    await engine.indexing.store.keep(newer, progress=None)

    assert await kept(engine) == [(2, 6), (2, 7), (2, 8)]


async def test_who_was_interrupted_begins_anew(engine: Engine) -> None:
    many = await saved(engine, 1, 2, 3, 4, 5)
    assert many.extraction is not None
    rows, words = fact_rows.rows_of(many.change, many.extraction)
    assert await fact_pieces.bring(engine.db, many.change, rows, words) == 4

    await engine.indexing.store.keep([many], progress=None)

    assert await kept(engine) == [(1, 1), (1, 2), (1, 3), (1, 4), (1, 5)]


async def test_what_was_brought_and_is_not_all_there_any_more_is_brought_at_once(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = await saved(engine, 1, 2, 3)

    async def lose() -> None:
        await engine.db.write(lambda tx: fact_pieces.drop(tx, "FROM facts WHERE value = '2'"))

    between(monkeypatch, engine, lose)

    await engine.indexing.store.keep([many], progress=None)

    assert await kept(engine) == [(1, 1), (1, 2), (1, 3)]


@pytest.mark.parametrize("is_deleted", [False, True])
async def test_facts_that_are_too_many_for_the_past_go_in_several_commits(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, is_deleted: bool
) -> None:
    for room in (fact_pieces, past_facts):
        monkeypatch.setattr(room, "LIMITS", dataclasses.replace(LIMITS, past_facts_max=3))
    await engine.indexing.store.keep([await saved(engine, 1, 2, 3, 4, 5)], progress=None)
    if is_deleted:
        deleted = await engine.files.delete_file(RITA, path="a.md")
        newer = Indexed(change=Change(seq=deleted["seq"], path="a.md", version=None))
    else:
        newer = await saved(engine, 6)
    commits = between(monkeypatch, engine, nothing)

    await engine.indexing.store.keep([newer], progress=None)

    assert await kept(engine) == ([] if is_deleted else [(2, 6)])
    assert len(commits) == 4
    assert await engine.db.read(lambda tx: tx.one("SELECT count(*) FROM past_facts")) == (0,)


async def test_the_facts_of_a_version_that_is_back_meanwhile_are_not_taken_away(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    for room in (fact_pieces, past_facts):
        monkeypatch.setattr(room, "LIMITS", dataclasses.replace(LIMITS, past_facts_max=3))
    await engine.indexing.store.keep([await saved(engine, 1, 2, 3, 4, 5)], progress=None)
    gone = Indexed(change=Change(seq=9, path="a.md", version=None))

    await engine.indexing.store.keep([gone], progress=None)

    assert len(await kept(engine)) == 5
