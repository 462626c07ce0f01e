"""The index at work in a workspace: its states, its events, and being made anew while it answers."""

from collections.abc import AsyncIterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import anyio
import pytest

from indexer.model import Change, Found
from indexer.searching import IndexInThread
from workspace_server.config import Settings
from workspace_server.core.access import Caller
from workspace_server.core.scopes import ALL
from workspace_server.errors import Forbidden
from workspace_server.services.engine import Engine
from workspace_server.services.recording import Result
from workspace_server.storage.database import connect
from workspace_server.storage.tables.index_source import WorkspaceSource

pytestmark = pytest.mark.anyio

RITA = Caller(agent="rita")
ADMIN = Caller(agent="op", scope=ALL)


@pytest.fixture
async def engine(folder: Path) -> AsyncIterator[Engine]:
    async with Engine.open(folder, settings=Settings()) as engine:
        yield engine


async def save(engine: Engine, path: str, content: str) -> int:
    return int((await engine.files.write_file(RITA, path=path, content=content, overwrite=True))["seq"])


async def announced(engine: Engine) -> list[tuple[str, int, str]]:
    found = await engine.events.feed(RITA, since_seq=0, types=["file.indexed"], limit=100)
    return [(event["path"], event["version"], event["state"]) for event in found["events"]]


async def done(engine: Engine) -> Result:
    """Return what the upkeep did last, once it has nothing more to do."""
    with anyio.fail_after(60):
        while engine.upkeep.is_busy:  # noqa: ASYNC110 - upkeep sends no event
            await anyio.sleep(0.01)
    last: Result = engine.upkeep.told()["last"]
    return last


async def test_a_wait_for_the_index_ends_with_every_state_and_each_is_announced_once(engine: Engine) -> None:
    await save(engine, "a.md", "Port: 80\n")
    await save(engine, "b.md", "")
    await save(engine, "c.json", "{broken")
    await save(engine, "d.pdf", "%PDF-1.4 and nothing more")

    answer = await engine.waits.wait_for(RITA, files=["a.md", "b.md", "c.json", "d.pdf"], indexed=True)

    assert answer["status"] == "ready"
    states = [
        (await engine.search.describe_file(RITA, path=path))["index_state"] for path in ("a.md", "b.md", "c.json")
    ]
    assert states == ["ok", "empty", "limited"]
    told = await announced(engine)
    assert sorted(told)[:3] == [("a.md", 1, "ok"), ("b.md", 1, "empty"), ("c.json", 1, "limited")]
    assert sorted(told)[3][2] in ("limited", "failed")
    assert len(told) == 4


async def test_a_wait_for_the_index_ends_for_a_file_that_was_read_before_older_ones(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nothing_yet() -> int:
        return 0

    monkeypatch.setattr(engine.waits, "_indexed_seq", nothing_yet)
    await save(engine, "a.md", "Port: 80\n")

    answer = await engine.waits.wait_for(RITA, files=["a.md"], indexed=True)

    assert (answer["status"], answer["missing"]) == ("ready", [])


async def test_what_is_made_anew_answers_the_same_and_announces_nothing_again(engine: Engine) -> None:
    seq = await save(engine, "a.md", "Port: 80\n")
    await save(engine, "b.md", "Owner: Dana\n")
    assert (await engine.search.search(RITA, query="port", min_seq=seq + 1))["complete"]
    before = await engine.search.query_facts(RITA, query="port")
    seq = engine.head_seq

    assert (await engine.upkeep.start_reindex(ADMIN))["running"]["task"] == "reindex"
    outcome = await done(engine)

    assert (outcome["task"], outcome["files"]) == ("reindex", 2)
    after = await engine.search.query_facts(RITA, query="port")
    assert after["facts"] == before["facts"] != []
    assert [hit["path"] for hit in (await engine.search.search(RITA, query="port"))["hits"]] == ["a.md"]
    assert len(await announced(engine)) == 2
    assert engine.head_seq == seq


async def test_only_an_admin_makes_the_index_anew(engine: Engine) -> None:
    with pytest.raises(Forbidden):
        await engine.upkeep.start_reindex(RITA)


async def test_until_new_extractors_have_read_all_the_old_facts_are_told_as_not_complete(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Engine.open(folder, settings=Settings()) as engine:
        seq = await save(engine, "a.md", "Port: 80\n")
        await engine.search.search(RITA, query="port", min_seq=seq)
        seq = engine.head_seq
    with closing(connect(folder / ".workspace" / "workspace.db")) as connection:
        connection.execute("UPDATE index_progress SET seq = ?, fingerprint = 'older@1'", (seq,))
    may_read = anyio.Event()
    heads = WorkspaceSource.heads

    async def slowly(source: WorkspaceSource, after_path: str, *, limit: int) -> Sequence[Change]:
        await may_read.wait()
        return await heads(source, after_path, limit=limit)

    monkeypatch.setattr(WorkspaceSource, "heads", slowly)
    async with Engine.open(folder, settings=Settings()) as engine:
        seq = engine.head_seq
        assert await engine.indexing.reach("facts", seq, timeout_s=10) >= seq
        answer = await engine.search.query_facts(RITA, query="port")
        assert (answer["facts"][0]["cite"], answer["complete"]) == ("a.md@1:1", False)
        assert (await engine.indexing.status())["renewing"]
        may_read.set()
        with anyio.fail_after(20):
            while "renewing" in await engine.indexing.status():  # noqa: ASYNC110 - it sends no event
                await anyio.sleep(0.01)

        assert (await engine.search.query_facts(RITA, query="port"))["complete"]
        assert len(await announced(engine)) == 1


async def test_an_answer_that_the_index_could_not_give_in_time_is_not_complete(folder: Path) -> None:
    class Silent(IndexInThread):
        async def query(self, *_: Any, **__: Any) -> Found:
            return Found(cut=True)

    async with Engine.open(folder, settings=Settings(), open_index=Silent) as engine:
        seq = await save(engine, "a.md", "Port: 80\n")

        answer = await engine.search.search(RITA, query="port", min_seq=seq)

        assert (answer["hits"], answer["complete"], answer["indexed_seq"] >= seq) == ([], False, True)
