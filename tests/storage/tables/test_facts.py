"""What the database keeps of the index: never of a version that has moved on, never more than is needed."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from indexer.extraction import extract
from indexer.model import Change, Indexed
from workspace_server.config import Settings
from workspace_server.core.access import Caller
from workspace_server.services.engine import Engine
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables.index_source import read_content

pytestmark = pytest.mark.anyio

RITA = Caller(agent="rita")


@pytest.fixture
async def engine(folder: Path) -> AsyncIterator[Engine]:
    async with Engine.open(folder, settings=Settings()) as engine:
        yield engine


async def rows(engine: Engine, sql: str) -> list[tuple[object, ...]]:
    async def read(tx: Transaction) -> list[tuple[object, ...]]:
        return await tx.all(sql)

    return await engine.db.read(read)


async def save(engine: Engine, path: str, content: str) -> None:
    saved = await engine.files.write_file(RITA, path=path, content=content, overwrite=True)
    await engine.search.query_facts(RITA, query="x", min_seq=saved["seq"])


def indexed(version: int, text: str, key: str = "k") -> Indexed:
    change = Change(seq=1, path="a.md", version=version, sha256="aa")
    return Indexed(change=change, key=key, extraction=extract(text.encode(), path="a.md"))


async def test_what_was_read_of_a_version_that_moved_on_is_forgotten(engine: Engine) -> None:
    await save(engine, "a.md", "Port: 1\n")
    await save(engine, "a.md", "Port: 2\n")

    await engine.indexing.store.keep([indexed(1, "Port: 1\n")], progress=None)

    assert await rows(engine, "SELECT version, value FROM facts") == [(2, "2")]


async def test_a_version_that_was_read_is_not_announced_again(engine: Engine) -> None:
    await save(engine, "a.md", "Port: 1\n")
    ((key,),) = await rows(engine, "SELECT key FROM index_states")
    before = engine.head_seq

    await engine.indexing.store.keep([indexed(1, "Port: 1\n", str(key))], progress=None)

    assert engine.head_seq == before


async def test_facts_and_their_words_go_together(engine: Engine) -> None:
    for number in range(3):
        await save(engine, "a.md", f"Port: {number}\n")
    assert await rows(engine, "SELECT count(*) FROM facts_text WHERE facts_text MATCH 'port'") == [(1,)]

    deleted = await engine.files.delete_file(RITA, path="a.md")
    await engine.search.query_facts(RITA, query="x", min_seq=deleted["seq"])

    assert await rows(engine, "SELECT count(*) FROM facts") == [(0,)]
    assert await rows(engine, "SELECT count(*) FROM facts_text WHERE facts_text MATCH 'port'") == [(0,)]


async def test_the_extractions_of_a_file_that_is_written_often_do_not_pile_up(engine: Engine) -> None:
    for number in range(12):
        await save(engine, "log.md", f"Port: {number}\n")

    ((count,),) = await rows(engine, "SELECT count(*) FROM extractions")
    assert isinstance(count, int)
    assert 1 <= count <= 6


async def test_an_extraction_that_another_head_has_is_kept(engine: Engine) -> None:
    await save(engine, "x/log.md", "Port: 0\n")
    for number in range(12):
        await save(engine, "log.md", f"Port: {number}\n")

    kept = "SELECT count(*) FROM extractions JOIN index_states USING (key) WHERE path = 'x/log.md'"
    assert await rows(engine, kept) == [(1,)]


async def test_a_file_with_many_facts_and_one_after_it_are_kept_in_two_commits(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workspace_server.storage.tables.facts.UNPACKED_AT_ONCE_BYTES", 0)
    table = "k,v\n" + "".join(f"r{n},{n}\n" for n in range(700))
    await engine.files.commit_files(
        RITA,
        changes=[
            {"op": "write", "path": "a.csv", "content": table},
            {"op": "write", "path": "b.md", "content": "Port: 1\n"},
        ],
    )
    await engine.search.query_facts(RITA, query="x", min_seq=engine.head_seq)

    counted = "SELECT path, count(*) FROM facts WHERE kind <> 'profile' GROUP BY path"
    assert await rows(engine, counted) == [("a.csv", 700), ("b.md", 1)]
    assert (await engine.search.describe_file(RITA, path="a.csv"))["index_state"] == "ok"


async def test_damaged_content_is_an_error_of_reading(engine: Engine) -> None:
    await save(engine, "a.md", "Port: 1\n" * 200)

    async def harm(tx: Transaction) -> str:
        row = await tx.one("UPDATE contents SET data = x'00' WHERE form = 'zstd' RETURNING sha256")
        assert row is not None
        return str(row[0])

    sha256 = await engine.db.write(harm)

    with pytest.raises(OSError, match="damaged"):
        await read_content(
            engine.db, engine.folder.objects, Change(seq=1, path="a.md", version=1, sha256=sha256), bytes_max=99
        )
