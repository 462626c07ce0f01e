"""Who says otherwise: contradictions are told beside a fact, wherever they rank, until a person dismisses them."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from workspace_server.config import Settings
from workspace_server.core.access import ALL_VERBS, Caller
from workspace_server.errors import Forbidden, NotFound
from workspace_server.services.engine import Engine

pytestmark = pytest.mark.anyio

RITA = Caller(agent="rita")
ADMIN = Caller(agent="op", verbs=ALL_VERBS)


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

    dismissed = await engine.search.dismiss_conflict(ADMIN, subject="Relay", key="port", values=["81", "80"])

    assert [value["cite"] for value in dismissed["dismissed"][0]["values"]] == ["a.md@1:2", "b.md@1:2"]
    assert await said(engine) == []
    await save(engine, "b.md", "# relay\n\nPort: 81\n")
    assert await said(engine) == []
    await save(engine, "b.md", "# relay\nPort: 82\n")
    assert await said(engine) == [["80", "82"]]
    await engine.search.dismiss_conflict(ADMIN, subject="relay", key="Port")
    await engine.search.dismiss_conflict(ADMIN, subject="relay", key="Port")
    assert await said(engine) == []


async def test_only_what_was_seen_is_dismissed(engine: Engine) -> None:
    await save(engine, "a.md", "# relay\nPort: 80\n")
    await save(engine, "b.md", "# relay\nPort: 81\n")

    for asked in ({"key": "port", "values": ["80", "79"]}, {"key": "host"}):
        with pytest.raises(NotFound):
            await engine.search.dismiss_conflict(ADMIN, subject="relay", **asked)
    with pytest.raises(Forbidden):
        await engine.search.dismiss_conflict(RITA, subject="relay", key="port")
    assert await said(engine) == [["80", "81"]]
