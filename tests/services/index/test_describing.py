"""What a description spares: the columns of a table and the pages of a document need not be read to be known."""

import base64
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.indexer import files
from workspace_server.config import Settings
from workspace_server.core import tokens
from workspace_server.core.access import Caller
from workspace_server.services.engine import Engine

pytestmark = pytest.mark.anyio

RITA = Caller(agent="rita")


@pytest.fixture
async def engine(folder: Path) -> AsyncIterator[Engine]:
    async with Engine.open(folder, settings=Settings()) as engine:
        yield engine


async def save(engine: Engine, path: str, content: str, **more: str) -> None:
    saved = await engine.files.write_file(RITA, path=path, content=content, **more)  # type: ignore[arg-type]
    await engine.indexing.reach("facts", saved["seq"], timeout_s=60)


async def test_a_table_is_described_by_its_columns(engine: Engine) -> None:
    rows = "".join(f"part {number},{number * 3},{'red' if number % 2 else 'blue'}\n" for number in range(40))
    await save(engine, "parts.csv", f"part,stock,paint\n{rows}")

    told = await engine.search.describe_file(RITA, path="parts.csv")

    assert told["profile"]["rows"].startswith("40 rows; columns: part, stock, paint")
    assert "max 117" in told["profile"]["stock"]
    assert {fact["kind"] for fact in told["facts"]} == {"cell"}
    assert tokens.bytes_of(told) <= 400 * tokens.BYTES_PER_TOKEN


async def test_each_table_of_a_file_has_its_own_columns(engine: Engine) -> None:
    listed = ", ".join(f'{{"name": "n{number}", "size": {number}}}' for number in range(5))
    await save(engine, "two.json", f'{{"parts": [{listed}], "tools": [{listed}]}}')

    told = await engine.search.describe_file(RITA, path="two.json", max_tokens=2_000)
    short = await engine.search.describe_file(RITA, path="two.json", max_tokens=60)

    assert {name.rpartition(" · ")[2] for name in told["profile"]} >= {"rows", "size"}
    assert len({name.partition(" · ")[0] for name in told["profile"]}) == 2
    assert len(short.get("profile", {})) < len(told["profile"])
    assert tokens.bytes_of(short) <= 60 * tokens.BYTES_PER_TOKEN


async def test_a_document_is_described_with_its_pages(engine: Engine) -> None:
    slides = files.pptx([("Relay", ["Port: 80"]), ("Valve", ["Pressure: 8 bar"])])
    await save(engine, "deck.pptx", base64.b64encode(slides).decode(), encoding="base64")

    told = await engine.search.describe_file(RITA, path="deck.pptx")

    assert told["pages"] == 2
    assert [fact["page"] for fact in told["facts"] if "Pressure" in fact["fact"]] == [2]
    assert [line.split(" :")[0].split()[-1] for line in told["outline"]] == ["p.1", "p.2"]


async def test_a_document_without_headings_is_described_by_where_its_pages_begin(engine: Engine) -> None:
    plan = files.pdf([["Owner: Ada Meyer"], ["Budget: 40 EUR"], ["Due date: 3 March 2026"]])
    await save(engine, "plan.pdf", base64.b64encode(plan).decode(), encoding="base64")

    told = await engine.search.describe_file(RITA, path="plan.pdf")

    assert told["outline"] == ["page 1 :1", "page 2 :3", "page 3 :5"]


async def test_what_is_kept_ready_changes_no_description(engine: Engine) -> None:
    parts = "".join(f"## Part {n}\n\n- Port: {n}\n- Owner: agent {n}\n\nIt cost {n} EUR.\n" for n in range(600))
    rows = "".join(f"pump {n},{n} bar,agent {n}\n" for n in range(600))
    functions = "".join(f'def f{n}(a: int) -> int:\n    """Return what {n} is."""\n' for n in range(400))
    contents = {"a.md": parts, "a.csv": f"name,pressure,owner\n{rows}", "a.py": functions}
    for path, content in contents.items():
        await save(engine, path, content)
    asked = [(path, max_tokens) for path in contents for max_tokens in (100, 400, 2_000, 20_000)]

    async def told() -> list[object]:
        return [await engine.search.describe_file(RITA, path=path, max_tokens=most) for path, most in asked]

    ready = await told()
    kept = await engine.db.read(lambda tx: tx.all("SELECT gist FROM extractions WHERE gist IS NOT NULL"))
    await engine.db.write(lambda tx: tx.run("UPDATE extractions SET gist = NULL"))

    assert len(kept) == len(contents)
    assert ready == await told()
