"""Facts as of an earlier moment: what stood then is told, with what is not known any more."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import pytest

from workspace_server.config import Settings
from workspace_server.core.access import Caller
from workspace_server.core.limits import LIMITS
from workspace_server.core.scopes import ALL
from workspace_server.errors import InvalidArgument
from workspace_server.services.engine import Engine
from workspace_server.services.upkeep.collecting import Collector
from workspace_server.storage.database import Transaction

pytestmark = pytest.mark.anyio

RITA, SAM = Caller(agent="rita"), Caller(agent="sam")
ADMIN = Caller(agent="op", scope=ALL)


@pytest.fixture
async def engine(folder: Path) -> AsyncIterator[Engine]:
    async with Engine.open(folder, settings=Settings(retention_versions=2)) as engine:
        yield engine


async def indexed(engine: Engine, seq: int) -> int:
    await engine.indexing.reach("facts", seq, timeout_s=30)
    return seq


async def save(engine: Engine, path: str, content: str, caller: Caller = RITA) -> int:
    saved = await engine.files.write_file(caller, path=path, content=content, overwrite=True)
    return await indexed(engine, saved["seq"])


async def told(engine: Engine, seq: int, **asked: Any) -> list[tuple[str, str]]:
    answer = await engine.search.query_facts(SAM, as_of_seq=seq, **(asked or {"query": "relay port"}))
    return [(fact["fact"], fact["cite"]) for fact in answer["facts"]]


async def counted(engine: Engine, table: str) -> int:
    async def read(tx: Transaction) -> int:
        row = await tx.one(f"SELECT count(*) FROM {table}")
        assert row is not None
        return int(row[0])

    return await engine.db.read(read)


async def test_each_moment_has_the_facts_that_stood_then(engine: Engine) -> None:
    none = await save(engine, "other.md", "nothing of it\n")
    first = await save(engine, "a.md", "# relay\nPort: 80\n")
    second = await save(engine, "a.md", "# relay\nPort: 81\n", SAM)
    deleted = await engine.files.delete_file(RITA, path="a.md")
    await indexed(engine, deleted["seq"])
    third = await save(engine, "a.md", "# relay\nPort: 82\n")

    assert await told(engine, none) == []
    assert await told(engine, first) == [("relay · Port: 80", "a.md@1:2")]
    assert await told(engine, second) == [("relay · Port: 81", "a.md@2:2")]
    assert await told(engine, deleted["seq"]) == []
    assert await told(engine, third) == [("relay · Port: 82", "a.md@3:2")]
    for asked in ({"subject": "relay", "key": "port"}, {"kind": "field"}, {"path": "a.md", "query": "port"}):
        assert await told(engine, first, **asked) == [("relay · Port: 80", "a.md@1:2")]
    full = await engine.search.query_facts(SAM, query="relay port", as_of_seq=first, detail="full")
    assert (full["facts"][0]["superseded_seq"], full["facts"][0]["by"]) == (second, "rita")
    assert (full["complete"], full["passages"], "reason" in full) == (True, [], False)
    now = await engine.search.query_facts(SAM, query="relay port", as_of_seq=third, detail="full")
    assert "superseded_seq" not in now["facts"][0]


async def test_a_moved_file_was_at_its_old_place(engine: Engine) -> None:
    before = await save(engine, "old.md", "# relay\nPort: 80\n")
    moved = await engine.files.move_file(RITA, path="old.md", to="new.md")
    after = await indexed(engine, moved["seq"])

    assert await told(engine, before) == [("relay · Port: 80", "old.md@1:2")]
    assert await told(engine, after) == [("relay · Port: 80", "new.md@1:2")]


async def test_contradictions_are_those_of_the_moment(engine: Engine) -> None:
    await save(engine, "a.md", "# relay\nPort: 80\n")
    disputed = await save(engine, "b.md", "# relay\nPort: 81\n")
    settled = await save(engine, "b.md", "# relay\nPort: 80\n")

    async def conflicts(seq: int) -> list[list[str]]:
        found = await engine.search.query_facts(RITA, query="relay", as_of_seq=seq)
        return [[value["cite"] for value in one["values"]] for one in found["conflicts"]]

    assert await conflicts(disputed) == [["a.md@1:2", "b.md@1:2"]]
    assert await conflicts(settled) == []


async def test_a_version_that_nobody_had_read_yet_is_said_to_be_unknown(engine: Engine) -> None:
    first = await save(engine, "x.md", "x")
    second = await save(engine, "a.md", "# relay\nPort: 0\n")
    await save(engine, "a.md", "# relay\nPort: 1\n")

    async def forget(tx: Transaction) -> None:  # as when both came before the index looked
        await tx.run("DELETE FROM index_states WHERE path = 'a.md' AND version = 1")
        await tx.run("DELETE FROM past_versions")
        await tx.run("DELETE FROM past_facts")

    await engine.db.write(forget)
    between = await engine.search.query_facts(RITA, query="port", as_of_seq=second)
    elsewhere = await engine.search.query_facts(RITA, query="port", path="x*", as_of_seq=second)
    before = await engine.search.query_facts(RITA, query="port", as_of_seq=first)

    assert (between["complete"], between["facts"]) == (False, [])
    assert between["reason"] == "not kept as of then: the facts of a.md"
    assert (elsewhere["complete"], before["complete"]) == (True, True)


async def test_only_the_last_versions_of_a_file_are_kept(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workspace_server.storage.tables.past_facts.LIMITS", _bounded(past_fact_versions_max=2))
    seqs = [await save(engine, "a.md", f"# relay\nPort: {number}\n") for number in range(5)]

    for seq, value in zip(seqs[2:], ("2", "3", "4"), strict=True):
        assert [fact for fact, _ in await told(engine, seq)] == [f"relay · Port: {value}"]
    old = await engine.search.query_facts(RITA, query="port", as_of_seq=seqs[1])
    assert (old["facts"], old["complete"]) == ([], False)
    assert (await counted(engine, "past_versions"), await counted(engine, "past_facts")) == (2, 4)


async def test_a_version_with_very_many_facts_is_not_kept(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workspace_server.storage.tables.past_facts.LIMITS", _bounded(past_facts_max=2))
    many = await save(engine, "a.md", "# relay\nPort: 1\nHost: x\n")
    few = await save(engine, "a.md", "Port: 2\n")
    none = await save(engine, "a.md", "nothing\n")
    await save(engine, "a.md", "Port: 3\n")

    complete = [
        (await engine.search.query_facts(RITA, query="port", as_of_seq=seq))["complete"] for seq in (many, few, none)
    ]
    assert complete == [False, True, True]


async def test_what_is_removed_is_gone_from_the_past_too(engine: Engine) -> None:
    leaked = await save(engine, "a.md", "# relay\nPassword: walrus\n")
    await save(engine, "a.md", "# relay\nPort: 80\n")
    assert await told(engine, leaked, query="password") == [("relay · Password: walrus", "a.md@1:2")]

    await engine.upkeep.purge(ADMIN, path="a.md", version=1)

    answer = await engine.search.query_facts(RITA, query="password", as_of_seq=leaked)
    assert (answer["facts"], answer["complete"]) == ([], False)
    assert (await counted(engine, "past_versions"), await counted(engine, "past_facts")) == (0, 0)
    with anyio.fail_after(60):
        while engine.upkeep.is_busy:  # noqa: ASYNC110 - upkeep sends no event
            await anyio.sleep(0.01)


async def test_what_is_beyond_retention_is_gone_from_the_past_too(engine: Engine) -> None:
    seqs = [await save(engine, "a.md", f"# relay\nPort: {number}\n") for number in range(4)]
    await engine.tree.materialiser.finish()

    await Collector(engine.folder, ADMIN, lambda *_: None).run()

    assert await told(engine, seqs[0]) == []
    assert await told(engine, seqs[2]) == [("relay · Port: 2", "a.md@3:2")]


async def test_a_moment_that_has_not_come_is_refused(engine: Engine) -> None:
    with pytest.raises(InvalidArgument) as refusal:
        await engine.search.query_facts(RITA, query="x", as_of_seq=engine.head_seq + 1_000)

    assert refusal.value.facts["argument"] == "as_of_seq"


def _bounded(**bounds: int) -> Any:
    return type(LIMITS)(**bounds)
