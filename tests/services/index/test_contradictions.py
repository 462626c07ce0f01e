"""Who says otherwise: contradictions are told beside a fact, wherever they rank, until a person dismisses them."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from workspace_server.config import Settings
from workspace_server.core.access import Caller
from workspace_server.core.scopes import ALL
from workspace_server.errors import Forbidden, InvalidArgument, NotFound
from workspace_server.services.engine import Engine
from workspace_server.storage.tables import fact_topics

pytestmark = pytest.mark.anyio

RITA = Caller(agent="rita")
ADMIN = Caller(agent="op", scope=ALL)


@pytest.fixture
async def engine(folder: Path) -> AsyncIterator[Engine]:
    async with Engine.open(folder, settings=Settings()) as engine:
        yield engine


async def save(engine: Engine, path: str, content: str) -> None:
    saved = await engine.files.write_file(RITA, path=path, content=content, overwrite=True)
    await engine.indexing.reach("facts", saved["seq"], timeout_s=30)


async def said(engine: Engine, query: str = "relay port", **asked: Any) -> list[list[str]]:
    answer = await engine.search.query_facts(RITA, query=query, **asked)
    return [[value["value"] for value in one["values"]] for one in answer["conflicts"]]


async def test_a_contradiction_is_told_when_only_one_side_was_found(engine: Engine) -> None:
    await save(engine, "a.md", "# Relay\nPort: 80\n")
    await save(engine, "b.md", "# relay\n- port: 81\n")

    assert await said(engine, limit=1) == [["80", "81"]]
    assert await said(engine, path="a.md") == []
    assert await said(engine, query="nothing of this") == []


async def test_at_most_three_contradictions_are_told(engine: Engine) -> None:
    for number in (1, 2):
        text = "".join(f"- {key}: {number}\n" for key in ("Port", "Racks", "Shelves", "Doors"))
        await save(engine, f"{number}/a.md", f"# relay\n{text}")

    assert len(await said(engine, query="relay")) == 3


async def test_a_dismissed_contradiction_comes_back_with_another_value(engine: Engine) -> None:
    await save(engine, "a.md", "# relay\nPort: 80\n")
    await save(engine, "b.md", "# relay\nPort: 81\n")

    dismissed = await engine.contradictions.dismiss_conflict(ADMIN, subject="Relay", key="port", values=["81", "80"])

    assert [value["cite"] for value in dismissed["dismissed"][0]["values"]] == ["a.md@1:2", "b.md@1:2"]
    assert await said(engine) == []
    await save(engine, "b.md", "# relay\n\nPort: 81\n")
    assert await said(engine) == []
    await save(engine, "b.md", "# relay\nPort: 82\n")
    assert await said(engine) == [["80", "82"]]
    await engine.contradictions.dismiss_conflict(ADMIN, subject="relay", key="Port")
    await engine.contradictions.dismiss_conflict(ADMIN, subject="relay", key="Port")
    assert await said(engine) == []


async def test_only_what_was_seen_is_dismissed(engine: Engine) -> None:
    await save(engine, "a.md", "# relay\nPort: 80\n")
    await save(engine, "b.md", "# relay\nPort: 81\n")

    for asked in ({"key": "port", "values": ["80", "79"]}, {"key": "host"}):
        with pytest.raises(NotFound):
            await engine.contradictions.dismiss_conflict(ADMIN, subject="relay", **asked)
    with pytest.raises(Forbidden):
        await engine.contradictions.dismiss_conflict(RITA, subject="relay", key="port")
    assert await said(engine) == [["80", "81"]]


async def listed(engine: Engine, **asked: Any) -> tuple[list[str], str | None]:
    answer = await engine.contradictions.list_conflicts(RITA, **asked)
    return [f"{one['subject']} {one['key']}" for one in answer["conflicts"]], answer.get("next_cursor")


async def test_contradictions_are_listed_newest_first_with_the_words_of_each_side(engine: Engine) -> None:
    await save(engine, "a.md", "# Relay\nPort: 80\nRacks: 4\n")
    await save(engine, "b.md", "# Pump\nPort: 80\n")
    await save(engine, "c.md", "# Relay\n\nRacks: 5\n")
    await save(engine, "d.md", "# Relay\nPort: 81\n")

    answer = await engine.contradictions.list_conflicts(RITA)

    assert answer["complete"]
    assert "next_cursor" not in answer
    assert [(one["subject"], one["key"]) for one in answer["conflicts"]] == [("Relay", "Port"), ("Relay", "Racks")]
    assert [
        (said["quote"], said["path"], said["version"], said["start_line"]) for said in answer["conflicts"][1]["values"]
    ] == [
        ("Racks: 4", "a.md", 1, 3),
        ("Racks: 5", "c.md", 1, 3),
    ]
    about = await engine.contradictions.about(RITA, subject="relay", key="racks")
    assert about["conflicts"] == answer["conflicts"][1:]
    await engine.contradictions.dismiss_conflict(ADMIN, subject="relay", key="racks")
    assert await listed(engine) == (["Relay Port"], None)
    assert (await engine.contradictions.about(RITA, subject="relay", key="racks"))["conflicts"] == []


async def test_the_pages_of_contradictions_follow_on_one_another(engine: Engine) -> None:
    keys = ("Port", "Racks", "Shelves", "Doors", "Lamps")
    for number in (1, 2):
        await save(engine, f"{number}/a.md", "# relay\n" + "".join(f"- {key}: {number}\n" for key in keys))
    found, cursor = await listed(engine, limit=2)
    while cursor is not None:
        more, cursor = await listed(engine, limit=2, cursor=cursor)
        found += more

    assert found == [f"relay {key}" for key in reversed(keys)]
    with pytest.raises(InvalidArgument):
        await listed(engine, cursor="x")


async def test_a_page_of_contradictions_looks_at_no_more_facts_than_it_may(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fact_topics, "LOOKED_AT_MAX", 3)
    await save(engine, "a.md", "# Relay\nPort: 80\n")
    await save(engine, "b.md", "# Relay\nPort: 81\n")
    await save(engine, "c.md", "# Pump\nRacks: 1\nShelves: 2\nDoors: 3\n")

    found, cursor = await listed(engine)
    assert (found, cursor is None) == ([], False)
    assert (await listed(engine, cursor=cursor))[0] == ["Relay Port"]
    monkeypatch.setattr(fact_topics, "TOPICS_MAX", 1)
    assert [len((await listed(engine, cursor=cursor))[0]) for cursor in (cursor, "1")] == [1, 0]
