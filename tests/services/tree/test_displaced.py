"""What a write displaces while another process has it open: whatever that process writes is kept."""

import os
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from tests.services.tree.folders import opened, until, write
from workspace_server.core.limits import LIMITS
from workspace_server.services.engine import Engine
from workspace_server.services.tree import leftovers
from workspace_server.storage.disk import spares

pytestmark = [pytest.mark.anyio, pytest.mark.blocking("it plays the other processes, in the same thread")]


def copies(folder: Path, stem: str) -> set[str]:
    return {path.read_text() for path in folder.glob(f"{stem}.conflict-*")}


async def seen(copied: Callable[[], set[str]], wanted: str) -> None:
    async def there() -> bool:
        return wanted in copied()

    await until(there, timeout_s=10)


def displaced(folder: Path) -> list[Path]:
    return [path for path in (folder / ".workspace/tmp").iterdir() if not path.name.startswith(spares.PREFIX)]


async def gone(engine: Engine, folder: Path) -> bool:
    await engine.tree.materialiser.sync()
    return not displaced(folder)


async def test_a_displaced_edit_is_kept_again_when_its_writer_writes_on(folder: Path) -> None:
    async with opened(folder) as engine:
        await write(engine, "s1.md", "start\n")
        await engine.tree.materialiser.sync()
        with (folder / "s1.md").open("a") as file:
            file.write("A\n")
            file.flush()
            await write(engine, "s1.md", "an agent's\n", overwrite=True)
            await seen(lambda: copies(folder, "s1"), "start\nA\n")
            for _ in range(2):
                await engine.tree.materialiser.sync()
            file.write("B\n")
        await seen(lambda: copies(folder, "s1"), "start\nA\nB\n")
        assert (folder / "s1.md").read_text() == "an agent's\n"
        await until(lambda: gone(engine, folder))


async def test_a_writer_that_outlives_the_server_loses_nothing_to_the_next_one(folder: Path) -> None:
    async with opened(folder) as engine:
        await write(engine, "s1.md", "start\n")
    with (folder / "s1.md").open("a") as file:
        async with opened(folder) as engine:
            await write(engine, "s1.md", "an agent's\n", overwrite=True)
        assert displaced(folder)
        async with opened(folder) as engine:
            await engine.tree.materialiser.sync()
            file.write("late\n")
            file.close()
            await seen(lambda: copies(folder, "s1"), "start\nlate\n")
            await until(lambda: gone(engine, folder))


async def test_the_age_of_a_displaced_file_does_not_matter_while_somebody_has_it_open(folder: Path) -> None:
    (folder / "s1.md").write_text("start\n")
    then = time.time() - 600
    os.utime(folder / "s1.md", (then, then))
    async with opened(folder) as engine:
        with (folder / "s1.md").open("a") as file:
            await write(engine, "s1.md", "an agent's\n", overwrite=True)
            for _ in range(2):
                await engine.tree.materialiser.sync()
            file.write("late\n")
        await seen(lambda: copies(folder, "s1"), "start\nlate\n")


@pytest.mark.parametrize("bound", [{"displaced_open_max": 2}, {"displaced_open_bytes_max": 12}])
async def test_beyond_the_bound_the_oldest_open_file_goes_where_its_bytes_stay(
    folder: Path, bound: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leftovers, "LIMITS", replace(LIMITS, **bound))
    async with opened(folder) as engine:
        with ExitStack() as writers:
            for name in ("1.md", "2.md", "3.md"):
                await write(engine, name, "start\n")
                file = writers.enter_context((folder / name).open("a"))
                writers.callback(file.write, f"late {name}\n")
                await write(engine, name, "an agent's\n", overwrite=True)
            await engine.tree.materialiser.sync()
            assert len(displaced(folder)) == 2
        for name in ("2", "3"):
            await seen(partial(copies, folder, name), f"start\nlate {name}.md\n")
    assert [path.read_text() for path in (folder / ".workspace/lost").iterdir()] == ["start\nlate 1.md\n"]
