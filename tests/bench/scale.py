"""Large workspaces: a folder of 100,000 files, a directory of 10,000, a history of a million versions."""

import hashlib
import itertools
import os
import tempfile
import time
from pathlib import Path

from tests.bench.engine import CONTENT, bare_commits
from tests.bench.measure import HEADER, sequential
from workspace_server.config import Settings
from workspace_server.core.access import Caller
from workspace_server.services.engine import Engine
from workspace_server.storage.database import Transaction
from workspace_server.storage.disk.watcher import Dirty
from workspace_server.storage.tables import files

FILES = 100_000
PER_DIRECTORY = 1_000
LISTED = 10_000
FEW, MANY = 1_000, 1_000_000
PER_COMMIT = 50_000
AGED_S = 3_600
"""The files are made to look an hour old: younger ones are read more than once."""
ANN = Caller(agent="ann")


def make(root: Path, count: int, *, per_directory: int) -> None:
    """Write *count* small files, all of them different."""
    then = time.time() - AGED_S
    for number in range(count):
        path = root / f"d{number // per_directory}" / f"{number}.txt"
        if number % per_directory == 0:
            path.parent.mkdir(parents=True)
        path.write_bytes(b"%d\n" % number)
        os.utime(path, (then, then))


def walk(root: Path) -> float:
    """Return how many seconds one `scandir` walk with a stat of each file takes: what a comparison costs at least."""
    begun = time.perf_counter()
    seen = 0
    for here, _, names in os.walk(root):
        for name in names:
            seen += os.stat(f"{here}/{name}").st_ino > 0  # noqa: PTH116 - a floor is to be fast
    assert seen >= FILES
    return time.perf_counter() - begun


def read_all(root: Path) -> float:
    """Return how many seconds it takes to read every file once: what taking a folder in costs at least."""
    begun = time.perf_counter()
    for here, _, names in os.walk(root):
        for name in names:
            with open(f"{here}/{name}", "rb") as file:  # noqa: PTH123 - a floor is to be fast
                file.read()
    return time.perf_counter() - begun


def row(name: str, seconds: float, floor: float) -> str:
    """Return a figure of one long step."""
    return f"  {name:<44}{seconds:9.2f} s {'':>18}  {seconds / floor:6.2f}×"


async def large_folder() -> None:
    """Print what opening and comparing 100,000 files takes."""
    print(f"\nA folder of {FILES:,} files\n{HEADER}")
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory) / "w"
        make(root, FILES, per_directory=PER_DIRECTORY)
        floor = read_all(root)
        print(row("read every file once (floor)", floor, floor))
        begun = time.perf_counter()
        async with Engine.open(root, settings=Settings()):
            print(row("open for the first time: take all in", time.perf_counter() - begun, floor))
        floor = walk(root)
        print(row("walk with a stat of each file (floor)", floor, floor))
        begun = time.perf_counter()
        async with Engine.open(root, settings=Settings()) as engine:
            print(row("open again", time.perf_counter() - begun, floor))
            reconciler = engine.tree.reconciler
            assert reconciler is not None
            begun = time.perf_counter()
            assert await reconciler.reconcile(Dirty(True, set())) == 0
            print(row("compare, nothing has changed", time.perf_counter() - begun, floor))


async def large_directory() -> None:
    """Print what the first page of a directory of 10,000 files takes."""
    print(f"\nA directory of {LISTED:,} files\n{HEADER}")
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory) / "w"
        make(root, LISTED, per_directory=LISTED)
        begun = time.perf_counter()
        with os.scandir(root / "d0") as entries:
            assert sum(entry.stat().st_size > 0 for entry in entries) == LISTED
        floor = (time.perf_counter() - begun) * 1e3
        print(f"  {'scandir with a stat of each (floor)':<44}{floor:9.3f}")
        async with Engine.open(root, settings=Settings()) as engine:

            async def brief(_: int) -> object:
                return await engine.listing.list_files(ANN, path="d0")

            async def full(_: int) -> object:
                return await engine.listing.list_files(ANN, path="d0", detail="full")

            for name, page in (("list_files, first page", brief), ("the same, detail full", full)):
                print((await sequential(name, page, count=50, warm_up=3)).line())


async def many_versions() -> None:
    """Print what a write takes beside 1,000 and beside 1,000,000 versions."""
    print(f"\nA replacing write of 4 KiB, one agent\n{HEADER}")
    with tempfile.TemporaryDirectory() as directory:
        floor = bare_commits(Path(directory), 300)
        print(floor.line())
        numbers = itertools.count()
        async with Engine.open(Path(directory) / "w", settings=Settings()) as engine:
            numbers = itertools.count()

            async def write(_: int) -> object:
                content = f"{CONTENT}{next(numbers)}"
                return await engine.files.write_file(ANN, path="bench/a.md", content=content, overwrite=True)

            history = History()
            for versions in (FEW, MANY):
                while history.length < versions:
                    await engine.db.write(history.grow)
                print((await sequential(f"at {versions:,} versions", write, count=600)).line(floor))


class History:
    """Versions of a thousand files, of which nothing but the history is left.

    Attributes:
        length: How many versions there are.
    """

    def __init__(self) -> None:
        self.length = 0
        self._file_ids: list[int] = []

    async def grow(self, tx: Transaction) -> None:
        """Add the next versions: a thousand at first, then many more."""
        for number in range(self.length, self.length + (PER_COMMIT if self.length else FEW)):
            if number < FEW:
                name = f"past/{number}.md"
                self._file_ids.append(await files.insert(tx, name, name))
            sha256 = hashlib.sha256(b"%d" % number).hexdigest()
            await tx.run(
                "INSERT INTO contents (sha256, size_bytes, form, data) VALUES (?, 64, 'raw', ?)",
                sha256,
                sha256.encode(),
            )
            await tx.run(
                "INSERT INTO versions (file_id, version, seq, op, at, agent, sha256, size_bytes, media_type)"
                " VALUES (?, ?, 0, 'write', 0, 'ann', ?, 64, 'text/markdown')",
                self._file_ids[number % FEW],
                number // FEW + 1,
                sha256,
            )
        self.length += PER_COMMIT if self.length else FEW
