"""Durable commits inside the engine, without a protocol: one agent, and many at once, beside a bare SQLite floor."""

import itertools
import tempfile
import time
from pathlib import Path

import apsw

from tests.bench.measure import HEADER, Call, Figure, concurrent, figure, sequential
from workspace_server.config import Settings
from workspace_server.core.access import Caller
from workspace_server.services.engine import Engine

AGENTS = 32
CROWDS = (AGENTS, 64)
ROUNDS = 3
CONTENT = "The quick brown fox jumps over the lazy dog. " * 91  # 4,095 bytes


def bare_commits(folder: Path, count: int) -> Figure:
    """Measure one insert of 4 KiB per commit at FULL: what the disk allows."""
    connection = apsw.Connection(str(folder / "floor.db"))
    connection.execute("PRAGMA journal_mode = WAL").fetchall()
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE t (data BLOB)")
    times = []
    started = time.perf_counter()
    for _ in range(count):
        begun = time.perf_counter()
        connection.execute("INSERT INTO t VALUES (?)", (CONTENT.encode(),))
        times.append(time.perf_counter() - begun)
    wall = time.perf_counter() - started
    connection.close()
    return figure("SQLite, one 4 KiB insert a commit (floor)", times, wall)


async def run() -> None:
    """Print the figures."""
    print(f"\nInside the engine, 4 KiB, durable\n{HEADER}")
    with tempfile.TemporaryDirectory() as directory:
        floor = bare_commits(Path(directory), 500)
        print(floor.line())
        async with Engine.open(Path(directory) / "w", settings=Settings()) as engine:
            numbers = itertools.count()

            def writer(agent: str) -> Call:
                caller = Caller(agent=agent)

                async def write(number: int) -> object:
                    return await engine.files.write_file(
                        caller, path=f"bench/{agent}.md", content=f"{CONTENT}{next(numbers)}", overwrite=True
                    )

                return write

            one = writer("one")
            print((await sequential("write_file, one agent", one, count=1_000)).line(floor))
            for agents in CROWDS:
                many = [writer(f"a{number}") for number in range(agents)]
                for _ in range(ROUNDS):
                    print((await concurrent(f"write_file, {agents} agents", many, each=6_400 // agents)).line(floor))
