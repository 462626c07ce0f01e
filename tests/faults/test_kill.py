"""A server that is killed at any moment loses no acknowledged write, and the next one finds folder and log at one."""

import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from workspace_server.config import Settings
from workspace_server.services.engine import Engine
from workspace_server.storage.database import Transaction
from workspace_server.storage.disk import spares
from workspace_server.storage.disk.watcher import Dirty
from workspace_server.storage.tables import intents

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.blocking("the folder is checked from outside"),
    pytest.mark.unmeasured,
]

ROUNDS = 3
WRITER = """
import asyncio, json, sys
from functools import partial
from pathlib import Path
from typing import Any
from workspace_server.config import Settings
from workspace_server.core.access import Caller
from workspace_server.services.engine import Engine

async def agent(engine, number, start):
    caller = Caller(agent=f"agent-{number}")
    for count in range(start, start + 100_000):
        path = f"d{number}/{count % 5}.txt"
        content = f"{number} {count}\\n" * (1 + count % 50 * 100)
        done = await engine.files.write_file(caller, path=path, content=content, overwrite=True)
        print(json.dumps([path, done["version"], done["sha256"]]), flush=True)
        if count % 7 == 0:
            done = await engine.files.delete_file(caller, path=path)
            print(json.dumps([path, 0, done["seq"]]), flush=True)

async def main():
    async with Engine.open(Path(sys.argv[1]), settings=Settings()) as engine:
        await asyncio.gather(*[agent(engine, number, int(sys.argv[2])) for number in range(4)])

asyncio.run(main())
"""


def acknowledged(folder: Path, start: int, count: int) -> Iterator[list[object]]:
    """Let four agents write until *count* writes were acknowledged, kill the server, and yield what it said."""
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(folder), str(start)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        text=True,
    )
    assert process.stdout is not None
    with process.stdout:
        for number, line in enumerate(process.stdout):
            if line.endswith("\n"):
                yield json.loads(line)
            if number == count:
                process.send_signal(signal.SIGKILL)
    process.wait()


async def head_of(tx: Transaction, *, path: str, version: int) -> tuple[Any, ...] | None:
    return await tx.one(
        "SELECT f.live, f.version, f.sha256, f.seq, (SELECT v.sha256 FROM versions v"
        " WHERE v.file_id = f.file_id AND v.version = ?) FROM files f WHERE path = ?",
        version,
        path,
    )


async def test_a_killed_server_loses_no_acknowledged_write(folder: Path) -> None:
    chance = random.Random(20261121)
    acks = 0
    for round_ in range(ROUNDS):
        last: dict[str, tuple[int, str]] = {}
        for path, version, sha256 in acknowledged(folder, 1 + round_ * 1000, chance.randrange(20, 300)):
            last[str(path)] = (int(str(version)), str(sha256))
            acks += 1
        async with Engine.open(folder, settings=Settings()) as engine:
            for path, (version, sha256) in last.items():
                # What came after the last acknowledgement may or may not have been committed.
                row = await engine.db.read_long(partial(head_of, path=path, version=version))
                assert row is not None
                live, head, head_sha256, seq, there = row
                assert (seq >= int(sha256)) if version == 0 else (head >= version and there == sha256)
                assert (folder / path).exists() == bool(live)
                if live:
                    assert engine.folder.objects.put((folder / path).read_bytes()).sha256 == head_sha256
            assert engine.tree.reconciler is not None
            assert await engine.tree.reconciler.reconcile(Dirty(True, set())) == 0
            assert await engine.db.read(intents.count) == 0
            temporary = (folder / ".workspace" / "tmp").iterdir()
            assert [path for path in temporary if not path.name.startswith(spares.PREFIX)] == []
            assert not (folder / ".workspace" / "lost").exists()
        assert [name for name in folder.rglob("*conflict*") if ".workspace" not in name.parts] == []
    assert acks > ROUNDS * 20
