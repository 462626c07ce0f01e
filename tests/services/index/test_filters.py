"""A few files among many that say the same: what is asked of them alone is found."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from indexer.model import Found
from workspace_server.config import Settings
from workspace_server.core.access import Caller
from workspace_server.services.engine import Engine

pytestmark = pytest.mark.anyio

RITA, ZOE = Caller(agent="rita"), Caller(agent="zoe")
MANY = 60
NARROW = [
    {"path": "deep/area/rare.txt"},
    {"path": "**/rare.txt"},
    {"path": "**/*.txt"},
    {"path": "*/area/*"},
    {"media_type": "text/plain"},
    {"media_type": "text/", "path": "deep/**/*.txt"},
    {"modified_by": "zoe"},
    {"modified_by": "zoe", "path": "deep/"},
]


@pytest.fixture
async def engine(folder: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Engine]:
    """Many files by rita that say a thing, and one by zoe that says it once."""
    monkeypatch.setattr("workspace_server.services.index.ranked.LOOKED_AT", 10)
    monkeypatch.setattr("workspace_server.services.index.ranked.LOOKED_AT_MAX", 20)
    monkeypatch.setattr("workspace_server.services.index.facts.SIFTED_MIN", 20)
    monkeypatch.setattr("workspace_server.services.index.filters.PAGE_PATHS", 7)
    monkeypatch.setattr("workspace_server.storage.tables.fact_search.WEIGHED_MAX", 10)
    async with Engine.open(folder, settings=Settings()) as engine:
        await save(engine, ZOE, "deep/area/rare.txt", "Of all parts one turbine blade broke.\n\nPort: 9\n")
        for number in range(MANY):
            await save(
                engine, RITA, f"{number % 3}/{number}.md", f"# Turbine blade\n\nTurbine blade.\n\nPort: {number}\n"
            )
        await engine.indexing.reach("passages", MANY + 1, timeout_s=60)
        yield engine


async def save(engine: Engine, caller: Caller, path: str, content: str) -> None:
    await engine.files.write_file(caller, path=path, content=content)


async def found(engine: Engine, query: str, **narrow: Any) -> tuple[set[str], bool]:
    answer = await engine.search.search(RITA, query=query, min_seq=MANY + 1, **narrow)
    return {hit["path"] for hit in answer["hits"]}, answer["complete"]


async def test_the_one_file_that_the_filters_let_through_is_found(engine: Engine) -> None:
    for narrow in NARROW:
        assert await found(engine, "turbine blade", **narrow) == ({"deep/area/rare.txt"}, True), narrow


async def test_filters_that_let_nothing_through_find_nothing_and_that_is_all(engine: Engine) -> None:
    assert await found(engine, "turbine blade", path="*/nowhere/*") == (set(), True)
    assert await found(engine, "turbine", modified_after="2199-01-01") == (set(), True)


async def test_the_facts_of_the_one_file_that_a_pattern_names_are_found(engine: Engine) -> None:
    for narrow in NARROW[:4]:
        for asked in ({"key": "port"}, {"query": "port"}, {"query": "port turbine"}, {"kind": "field"}, {}):
            answer = await engine.search.query_facts(RITA, min_seq=MANY + 1, max_tokens=4_000, **asked, **narrow)  # type: ignore[arg-type]

            assert {fact["cite"].split("@")[0] for fact in answer["facts"]} == {"deep/area/rare.txt"}, (asked, narrow)
            assert answer["complete"]


async def test_the_facts_of_a_file_that_is_gone_are_found_as_they_were(engine: Engine) -> None:
    await engine.search.query_facts(RITA, key="port", min_seq=MANY + 1)
    await engine.files.delete_file(ZOE, path="deep/area/rare.txt")

    for path, expected in (("**/rare.txt", ["deep/area/rare.txt@1:3"]), ("**/*.none", [])):
        answer = await engine.search.query_facts(RITA, key="port", path=path, as_of_seq=MANY + 1)

        assert [fact["cite"] for fact in answer["facts"]] == expected


async def test_more_files_than_can_be_named_are_found_from_among_more_hits(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workspace_server.services.index.filters.SCOPE_PATHS_MAX", 10)

    paths, complete = await found(engine, "turbine blade", path="1/*.md", limit=3)

    assert (len(paths), all(path.startswith("1/") for path in paths), complete) == (3, True, True)


async def test_what_may_be_missing_of_more_files_than_can_be_named_is_told(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workspace_server.services.index.filters.SCOPE_PATHS_MAX", 0)

    hits = await engine.search.search(RITA, query="turbine blade", path="**/rare.txt", min_seq=MANY + 1)
    facts = await engine.search.query_facts(RITA, key="port", path="**/rare.txt", min_seq=MANY + 1)

    assert (hits["complete"], facts["complete"]) == (False, False)
    assert "fewer files" in hits["reason"]
    assert hits["reason"] == facts["reason"]


async def test_facts_are_not_complete_when_the_passages_beside_them_were_cut_short(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def in_vain(*_: object, **__: object) -> Found:
        return Found(cut=True)

    monkeypatch.setattr(engine.indexing, "passages", in_vain)

    beside = await engine.search.query_facts(RITA, query="port", min_seq=MANY + 1)
    alone = await engine.search.query_facts(RITA, key="port", min_seq=MANY + 1)

    assert (beside["complete"], "passages" in beside["reason"], alone["complete"]) == (False, True, True)
