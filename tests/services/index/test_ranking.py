"""Which facts go first: those that answer the question as it was asked, whatever its words."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from workspace_server.config import Settings
from workspace_server.core.access import Caller
from workspace_server.services.engine import Engine

pytestmark = pytest.mark.anyio

RITA = Caller(agent="rita")


@pytest.fixture
async def engine(folder: Path) -> AsyncIterator[Engine]:
    async with Engine.open(folder, settings=Settings()) as engine:
        yield engine


async def save(engine: Engine, **files: str) -> None:
    for name, content in files.items():
        saved = await engine.files.write_file(RITA, path=f"{name}.md", content=content)
    await engine.indexing.reach("facts", saved["seq"], timeout_s=30)


async def told(engine: Engine, query: str, **asked: Any) -> list[str]:
    found = await engine.search.query_facts(RITA, query=query, **asked)
    return [fact["fact"] for fact in found["facts"]]


async def test_other_words_find_the_fact_after_those_with_the_word_itself(engine: Engine) -> None:
    await save(engine, a="# Seat\n- Fee: 40 EUR\n", b="# Seat\n- Cost: 41 EUR\n")

    assert await told(engine, "how much does a seat cost") == ["Seat · Cost: 41 EUR", "Seat · Fee: 40 EUR"]


async def test_the_kind_of_question_decides_between_like_facts(engine: Engine) -> None:
    await save(
        engine,
        a="# Relay\n- Launch plan: quiet\n- Launch budget: 400 EUR\n- Launch owner: Dana\n- Launch: 2026-03-01\n",
    )

    assert (await told(engine, "how much launch"))[0] == "Relay · Launch budget: 400 EUR"
    assert (await told(engine, "who launch"))[0] == "Relay · Launch owner: Dana"
    assert (await told(engine, "when launch"))[0] == "Relay · Launch: 2026-03-01"


async def test_headings_go_last_and_are_found_by_their_kind(engine: Engine) -> None:
    await save(engine, a="# Relay\n\n## Relay port\n\n- Port: 80\n")

    assert (await told(engine, "relay port"))[0].endswith("Port: 80")
    assert "Relay · heading: Relay port" in await told(engine, "relay port", kind="heading")


async def test_a_fact_with_some_of_the_words_fills_up(engine: Engine) -> None:
    await save(engine, a="# Relay\n- Idle timeout: 30 s\n", b="# Valve\n- Idle: no\n", c="# Pump\n- Paint: red\n")

    assert await told(engine, "idle timeout of the relay in production") == ["Relay · Idle timeout: 30 s"]
    assert await told(engine, "idle") == ["Relay · Idle timeout: 30 s", "Valve · Idle: no"]
    assert await told(engine, "nowhere to be found") == []


async def test_the_one_fact_with_all_of_many_words_goes_before_those_with_the_rarest(engine: Engine) -> None:
    words = "amber basalt cobalt dune ember"
    await save(engine, rare="# Amber\n- Basalt: cobalt\n", **{f"n{n}": "# Dune\n- Ember: flint\n" for n in range(3)})
    assert await told(engine, words) == ["Amber · Basalt: cobalt", "Dune · Ember: flint"]

    await save(engine, all="# Dune of ember\n- Amber basalt: gravel and cobalt\n")

    assert (await told(engine, words))[0] == "Dune of ember · Amber basalt: gravel and cobalt"


async def test_words_can_be_asked_for_in_a_place_or_not_at_all(engine: Engine) -> None:
    await save(engine, relay="# Relay\n- Port: 80\n- Host: valve\n", valve="# Valve\n- Port: 81\n")

    assert await told(engine, "port title:valve") == ["Valve · Port: 81"]
    assert await told(engine, "port path:relay") == ["Relay · Port: 80"]
    assert await told(engine, "title:relay -valve", kind="field") == ["Relay · Port: 80"]
    assert await told(engine, "port -valve -____") == ["Relay · Port: 80"]
    assert (await told(engine, "_ port 81~"))[0] == "Valve · Port: 81"
    assert await told(engine, "_") == []


async def test_the_answer_is_found_among_very_many_facts_with_the_words(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, bound in (("WEIGHED_MAX", 8), ("SIFTED_MAX", 16), ("COUNTED_MAX", 10)):
        monkeypatch.setattr(f"workspace_server.storage.tables.fact_search.{name}", bound)
    crowd = {
        f"z{n}": f"# Thing {n}\n" + "".join(f"- Note {i}: port of relay {i}\n" for i in range(9)) for n in range(4)
    }
    await save(engine, a="# Relay\n- Port: 80\n", **crowd)

    assert (await told(engine, "relay port"))[0] == "Relay · Port: 80"
    assert (await told(engine, "relay port", path="a.md")) == ["Relay · Port: 80"]
    assert (await told(engine, "port walrus 80"))[0] == "Relay · Port: 80"


async def test_without_a_question_the_newest_files_are_told(engine: Engine) -> None:
    await save(engine, a="# one\n- Port: 80\n- Host: x\n", b="# two\n- Port: 81\n")

    found = await engine.search.query_facts(RITA, kind="field")
    below = await engine.search.query_facts(RITA, path="a*")

    assert [fact["fact"] for fact in found["facts"]] == ["two · Port: 81", "one · Port: 80", "one · Host: x"]
    assert {fact["cite"].partition("@")[0] for fact in below["facts"]} == {"a.md"}


async def test_who_is_on_call_is_told(engine: Engine) -> None:
    await save(engine, relay="# Relay\n\n- Call limit: 5\n- Calls: three a day\n- On call: Ivo Brandt\n")

    assert (await told(engine, "who is on call"))[0] == "Relay · On call: Ivo Brandt"
