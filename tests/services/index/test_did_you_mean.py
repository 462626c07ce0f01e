"""Questions with a slip: what was perhaps meant is told when it finds something, and only from what may be shown."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from workspace_server.config import Settings
from workspace_server.core.access import Caller
from workspace_server.services.engine import Engine

pytestmark = pytest.mark.anyio

RITA = Caller(agent="rita")


@pytest.fixture(params=["whoosh", "tantivy"])
async def engine(folder: Path, request: pytest.FixtureRequest) -> AsyncIterator[Engine]:
    async with Engine.open(folder, settings=Settings(search_engine=request.param)) as engine:
        await save(engine, "docs/relay.md", "# Relay\n\nThe relay retries deliveries. Its configuration is short.\n")
        await save(engine, "docs/other.md", "# Other\n\nDeliveries are counted. Deliverers are not.\n")
        await save(engine, "secret/kestrel.md", "# Kestrel\n\nThe kestrel hovers.\n")
        yield engine


async def save(engine: Engine, path: str, content: str) -> None:
    await engine.files.write_file(RITA, path=path, content=content, overwrite=True)


async def asked(engine: Engine, query: str, **more: Any) -> dict[str, Any]:
    answer: dict[str, Any] = await engine.search.search(RITA, query=query, min_seq=engine.events.head_seq, **more)
    return answer


@pytest.mark.parametrize(
    ("query", "meant"),
    [
        ("relay Delvieries", "relay deliveries"),
        ("configuratoin of the relay", "configuration of the relay"),
        ("relya", "relay"),
        ("title:relay retires", "title:relay retries"),
    ],
)
async def test_a_word_that_stands_nowhere_is_told_as_it_was_perhaps_meant(
    engine: Engine, query: str, meant: str
) -> None:
    answer = await asked(engine, query)

    assert answer["did_you_mean"] == meant
    assert (await asked(engine, meant))["hits"]


@pytest.mark.parametrize(
    "query",
    [
        "relay retries",
        "relay hovers",
        "zzzzzz",
        "r2d2 relay",
        "rel",
        '"relya retries"',
        "-relya relay",
        "relya*",
        "title:relay kestrle",
    ],
)
async def test_words_that_are_there_or_resemble_nothing_are_left_alone(engine: Engine, query: str) -> None:
    assert "did_you_mean" not in await asked(engine, query)


async def test_a_spelling_from_beside_what_is_searched_is_not_told(engine: Engine) -> None:
    assert (await asked(engine, "kestrle"))["did_you_mean"] == "kestrel"
    assert "did_you_mean" not in await asked(engine, "kestrle", path="docs/")


async def test_a_spelling_of_what_was_deleted_is_not_told(engine: Engine) -> None:
    await engine.files.delete_file(RITA, path="secret/kestrel.md")

    assert "did_you_mean" not in await asked(engine, "kestrle")


async def test_the_suggestion_is_part_of_the_budget(engine: Engine) -> None:
    answer = await asked(engine, "relya " + "deliveries " * 40, max_tokens=100)

    assert answer["did_you_mean"].startswith("relay deliveries")
    assert len(answer["did_you_mean"]) <= 200
