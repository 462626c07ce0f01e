"""The search engine that the settings name: each of them answers the same, and one that is not there is refused."""

import sys
from pathlib import Path

import pytest

from workspace_server.config import Settings, load
from workspace_server.core.access import Caller
from workspace_server.errors import InvalidArgument
from workspace_server.services.engine import Engine

pytestmark = pytest.mark.anyio

RITA = Caller(agent="rita")


async def asked(folder: Path, settings: Settings) -> list[str]:
    async with Engine.open(folder, settings=settings) as engine:
        await engine.files.write_file(RITA, path="a.md", content="The relay retries deliveries.\n", overwrite=True)
        seq = int((await engine.files.write_file(RITA, path="b.md", content="A relay.\n", overwrite=True))["seq"])
        answer = await engine.search.search(RITA, query="relay delivery", min_seq=seq)
        return [hit["path"] for hit in answer["hits"]]


async def test_an_index_of_one_engine_is_made_anew_by_another(folder: Path) -> None:
    assert await asked(folder, Settings(search_engine="whoosh")) == ["a.md", "b.md"]
    assert await asked(folder, Settings(search_engine="tantivy")) == ["a.md", "b.md"]


async def test_an_engine_that_is_not_installed_is_refused_with_how_to_get_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tantivy", None)  # as if it were not there

    with pytest.raises(InvalidArgument) as refusal:
        async with Engine.open(folder, settings=Settings(search_engine="tantivy")):
            raise AssertionError

    assert refusal.value.facts["argument"] == "search_engine"
    assert "workspace-server[tantivy]" in str(refusal.value.hint)


def test_an_engine_that_nobody_knows_is_no_setting(folder: Path) -> None:
    with pytest.raises(InvalidArgument):
        load(folder, env={"WORKSPACE_SERVER_SEARCH_ENGINE": "lucene"})
