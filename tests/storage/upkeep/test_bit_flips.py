"""Damage anywhere: `verify` finds it, or the workspace serves exactly what it did without it.

Every file that a workspace stores is damaged in many places, one at a time: a bit turned, or the end cut off. Both at
rest after an orderly end, and as a killed server leaves it, with changes in the database's write-ahead log alone.
"""

import os
import random
import re
import shutil
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from workspace_server.config import Settings
from workspace_server.core.access import Caller
from workspace_server.errors import WorkspaceError
from workspace_server.services.engine import Engine
from workspace_server.storage import checksums
from workspace_server.storage.upkeep import integrity, write_ahead
from workspace_server.storage.upkeep.integrity import find_damage

# Verify is for a process of its own; every place of every file is a workspace to open, and a busy machine takes long.
pytestmark = [pytest.mark.anyio, pytest.mark.blocking]

ADA = Caller(agent="ada")
LARGE = "a line of a large file, which is an object\n" * 3_000
FLIPS, CUTS = 3, 1
Act = Callable[[Path], None]


@pytest.fixture
async def states(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    """Return the same workspace as an orderly end leaves it, and as a kill does."""
    monkeypatch.setattr(integrity, "SETTLE_S", 0.0)
    root = tmp_path / "rested"
    root.mkdir()
    async with Engine.open(root, settings=Settings()) as engine:
        for number in range(12):
            await engine.files.write_file(ADA, path=f"d/{number}.md", content=f"# File {number}\n\nprice: {number}\n")
        await engine.files.write_file(ADA, path="large.txt", content=LARGE)
        await engine.files.write_file(ADA, path="large.txt", content="more\n", append=True)
        await engine.files.delete_file(ADA, path="d/3.md")
        await engine.indexing.reach("passages", engine.head_seq, timeout_s=30)
        await engine.tree.materialiser.finish()
        shutil.copytree(root, tmp_path / "killed", ignore=shutil.ignore_patterns("*.sock"))
    assert (tmp_path / "killed/.workspace/workspace.db-wal").stat().st_size > 100_000
    return {"rested": root, "killed": tmp_path / "killed"}


def flip(at: int, bit: int) -> Act:
    def act(path: Path) -> None:
        found = path.stat()
        with path.open("r+b") as file:
            file.seek(at)
            byte = file.read(1)[0]
            file.seek(at)
            file.write(bytes([byte ^ 1 << bit]))
        os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns))

    return act


def cut(size: int) -> Act:
    return lambda path: os.truncate(path, size)


def acts(path: Path) -> Iterator[Act]:
    """Yield ways to damage a file, spread over all of it; always the same ones for the same name and size."""
    size = path.stat().st_size
    chosen = random.Random(f"{path.name[:6]} {size}")
    if size:
        for part in range(FLIPS):
            first, last = part * size // FLIPS, (part + 1) * size // FLIPS
            yield flip(chosen.randrange(first, max(last, first + 1)) % size, chosen.randrange(8))
        for part in range(CUTS):
            yield cut(part * size // CUTS + (chosen.randrange(max(size // CUTS, 1)) if part else 0))


async def served(root: Path) -> dict[str, Any]:
    """Return all that a server gives of a workspace: every version, who made it, and the log."""
    found: dict[str, Any] = {}
    async with Engine.open(root, settings=Settings()) as engine:
        rows = await engine.db.read(lambda tx: tx.all("SELECT path, version, live FROM files ORDER BY path"))
        for path, newest, live in rows:
            history = (await engine.files.file_history(ADA, path=path))["versions"]
            contents = []
            for version in range(1, newest + 1):
                opened = await engine.files.open_content(ADA, path=path, version=version)
                contents.append(zlib.crc32(await opened.read()))
            found[path] = (live, history, contents, (root / path).read_bytes() if live else None)
        events = await engine.events.list_events(ADA, since_seq=0, squash=False, limit=1000, max_tokens=200_000)
        found["events"] = [event for event in events["events"] if event["type"] != "file.indexed"]
    return found


async def missed(root: Path, scratch: Path, chosen: Callable[[str], bool]) -> tuple[Counter[str], list[str]]:
    """Damage the files that are chosen, each in many places; return what came of it, and what was neither."""
    shutil.copytree(root, scratch)
    sound = await served(scratch)
    outcomes: Counter[str] = Counter()
    failures = []
    for path in sorted(path.relative_to(root) for path in root.rglob("*") if path.is_file() and not path.is_symlink()):
        if not chosen(str(path)):
            continue
        for number, act in enumerate(acts(root / path)):
            shutil.rmtree(scratch)
            shutil.copytree(root, scratch)
            act(scratch / path)
            if list(find_damage(scratch)):
                outcomes["found"] += 1
                continue
            try:
                same = await served(scratch) == sound
            except (WorkspaceError, OSError):
                same = False
            outcomes["harmless" if same else "missed"] += 1
            if not same:
                failures.append(f"{path} #{number}")
    return outcomes, failures


@pytest.mark.parametrize("state", ["rested", "killed"])
async def test_a_turned_bit_or_a_cut_in_any_file_is_found_or_changes_nothing(
    states: dict[str, Path], tmp_path: Path, state: str
) -> None:
    outcomes, failures = await missed(states[state], tmp_path / "scratch", lambda _: True)
    assert failures == []
    assert outcomes["found"] > 50


async def test_this_check_notices_a_verify_that_trusts_the_log(
    states: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(write_ahead, "trouble", lambda _: None)
    _, failures = await missed(states["killed"], tmp_path / "scratch", lambda name: name.endswith("-wal"))
    assert failures


async def test_this_check_notices_a_database_without_checksums(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(integrity, "SETTLE_S", 0.0)
    monkeypatch.setattr(checksums, "enable", lambda: False)
    monkeypatch.setattr(checksums, "are_kept", lambda _: True)
    root = tmp_path / "bare"
    root.mkdir()
    async with Engine.open(root, settings=Settings()) as engine:
        for number in range(40):
            await engine.files.write_file(ADA, path=f"{number}.md", content=f"{number}", message="why " * 60)
    sound = await served(root)
    database = root / ".workspace" / "workspace.db"
    for found in re.finditer(b"why why why", database.read_bytes()):
        flip(found.start(), 1)(database)
    assert list(find_damage(root)) == []
    assert await served(root) != sound
