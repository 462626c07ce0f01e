"""What triggers cost the commits that they watch, and how soon a set fires after its last file.

The floor is the same save in a workspace without any trigger.
"""

import secrets
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.bench.measure import HEADER, Call, percentile, sequential
from workspace_server.config import Settings
from workspace_server.core.access import Caller
from workspace_server.core.triggers.parsing import parse_definition
from workspace_server.services.engine import Engine
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import triggers

MANY = 10_000
SAVES = 500
SETS = 200
ANN, EDITOR = Caller(agent="ann"), Caller(agent="editor")


async def run() -> None:
    """Print the figures."""
    print(f"\nTriggers: one save of a small file\n{HEADER}")
    with tempfile.TemporaryDirectory() as directory:
        async with Engine.open(Path(directory) / "none", settings=Settings()) as engine:
            floor = await sequential("without triggers (floor)", _saving(engine, "research/plan"), count=SAVES)
        print(floor.line())
        async with Engine.open(Path(directory) / "many", settings=Settings()) as engine:
            await _make_many(engine)
            begun = time.perf_counter()
            await engine.files.write_file(ANN, path="first.md", content="x")
            print(f"  the first save after {MANY:,} new triggers        {(time.perf_counter() - begun) * 1e3:9.3f}")
            for path, what in (
                ("elsewhere/plan", "none in its corner"),
                ("research/plan", "all in its folder, none matches"),
                ("research/zz-plan", "one of them fires"),
            ):
                figure = await sequential(f"{MANY:,} triggers, {what}", _saving(engine, path), count=SAVES)
                print(figure.line(floor))
        async with Engine.open(Path(directory) / "sets", settings=Settings()) as engine:
            await _sets(engine)


def _saving(engine: Engine, stem: str) -> Call:
    async def save(number: int) -> object:
        return await engine.files.write_file(ANN, path=f"{stem}.md", content=f"{number}", overwrite=True)

    return save


async def _make_many(engine: Engine) -> None:
    """Make the triggers in one transaction: patterns in one folder, each with a beginning of its own."""

    async def make(tx: Transaction) -> None:
        for number in range(MANY):
            name = "zz-plan" if number == MANY - 1 else f"a{number}"
            fields: dict[str, Any] = {"files": [f"research/{name}*.md"], "queue": "q", "settle": "immediate"}
            rule = parse_definition(
                {"name": f"t{number}", "rate_per_minute": 1_000_000, "concurrency": 1_000, **fields}
            )
            await triggers.insert(
                tx, name=rule.name, definition=rule.as_mapping(), state="active", secret=None, agent="ann"
            )
        await triggers.set_edition(tx, secrets.token_hex(8))

    await engine.db.write(make)


async def _sets(engine: Engine) -> None:
    """Print how long after the last save of three an agent has the job that this makes."""
    files = ["in/{topic}/a.md", "in/{topic}/b.md", "in/{topic}/c.md"]
    await engine.triggers.create_trigger(
        ANN, name="join", files=files, mode="all", queue="join", options={"rate_per_minute": 1_000_000}
    )
    times = []
    for number in range(SETS):
        for part in ("a", "b"):
            await engine.files.write_file(ANN, path=f"in/{number}/{part}.md", content=part)
        begun = time.perf_counter()
        await engine.files.write_file(ANN, path=f"in/{number}/c.md", content="c")
        claimed = await engine.jobs.claim_job(EDITOR, queue="join", wait_seconds=10)
        times.append(time.perf_counter() - begun)
        assert len(claimed["job"]["inputs"]) == len(files)
    p50, p99 = statistics.median(times) * 1e3, percentile(times, 0.99) * 1e3
    print(f"  from the last save of a set to its job claimed{p50:9.3f}{p99:9.3f}")
