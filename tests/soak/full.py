"""A disk that is really full: a small tmpfs, filled to its last bytes or inodes, under a workspace that is in use."""

import asyncio
import os
import random
from pathlib import Path

from tests.faults.aftermath import faults
from tests.faults.scenes import ANN
from tests.faults.sweep import open_engine
from tests.soak.mounts import CannotMount, tmpfs
from tests.soak.parts import Budget, Report
from workspace_server.errors import Unavailable
from workspace_server.services.engine import Engine
from workspace_server.storage.reserve import Reserve

SEED = 20261121
ROOM_BYTES_MAX = 256 * 1024
"""A disk is filled but for so much at most: from nothing on, everything is tried."""
FILES = 40
OPTIONS = {"bytes": "size=32m", "inodes": "size=64m,nr_inodes=400"}


def _fill(disk: Path, what: str, leave: int) -> None:
    """Leave *leave* bytes, or a hundredth of that many inodes, free on the disk."""
    ballast = disk / "ballast"
    ballast.mkdir()
    if what == "inodes":
        free = os.statvfs(disk).f_ffree - leave // (ROOM_BYTES_MAX // 16)
        for number in range(free - 1):
            (ballast / str(number)).touch()
        return
    with (ballast / "zeros").open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, max(1, os.statvfs(disk).f_bavail * os.statvfs(disk).f_bsize - leave))


def _empty(disk: Path) -> None:
    for path in (disk / "ballast").iterdir():
        path.unlink()
    (disk / "ballast").rmdir()


async def _goes_on(engine: Engine, folder: Path, report: Report, chance: random.Random) -> None:
    """Do what must go on, and what may be refused but must not break anything."""
    for size in (10, 20_000, 200_000):
        text = "".join(chance.choices("abcdefgh\n", k=size))
        try:
            await engine.files.write_file(ANN, path=f"new/{size}.txt", content=text, overwrite=True)
            report.add("writes taken")
        except Unavailable:
            report.add("writes refused")
    content = await (await engine.files.open_content(ANN, path="kept/0.md")).read()
    assert content == b"0\n", content
    await engine.listing.list_files(ANN)
    held = (await engine.locks.list_locks(ANN, mine=True))["locks"]
    if held:
        await engine.locks.unlock_files(ANN, lock=held[0]["lock"])
    present = sorted(path.name for path in (folder / "kept").iterdir() if path.name != "0.md")
    if present:
        await engine.files.delete_file(ANN, path=f"kept/{present[0]}")
    status = await engine.status.status(ANN)
    report.add(f"reserve {status['disk']['reserve']}")
    report.add("reads, unlocks, deletes and states", 4)


async def _round(disk: Path, what: str, leave: int, report: Report, chance: random.Random) -> None:
    folder = disk / "w"
    async with open_engine(folder) as engine:
        for number in range(FILES):
            await engine.files.write_file(ANN, path=f"kept/{number}.md", content=f"{number}\n", overwrite=True)
        await engine.locks.lock_files(ANN, paths=["kept/1.md"])
        _fill(disk, what, leave)
        for _ in range(3):
            await _goes_on(engine, folder, report, chance)
    async with open_engine(folder) as engine:  # a server that starts on a full disk
        await _goes_on(engine, folder, report, chance)
        _empty(disk)
        await engine._refill()
        await engine.files.write_file(ANN, path="new/after.md", content="room\n", overwrite=True)
    async with open_engine(folder) as engine:
        assert await (await engine.files.open_content(ANN, path="new/after.md")).read() == b"room\n"
    report.wrong += [f"{what}, {leave} bytes left: {said}" for said in faults(folder, torn=True)]


def _found_without_reserve(base: Path) -> bool:
    """Return whether the same check fails on the negative control: a server that never gives its reserve up."""
    spend = Reserve.spend
    Reserve.spend = lambda _: None  # type: ignore[method-assign, assignment]
    try:
        with tmpfs(base / "disk", OPTIONS["bytes"]) as disk:
            (disk / "w").mkdir()
            asyncio.run(_round(disk, "bytes", 0, Report(), random.Random(SEED)))
    except Unavailable:
        return True
    finally:
        Reserve.spend = spend  # type: ignore[method-assign]
    return False


def run(base: Path, budget: Budget) -> Report:
    """Fill the disk again and again, with more or less room left."""
    report = Report()
    chance = random.Random(SEED)
    try:
        if not _found_without_reserve(base):
            report.wrong.append("a server without a reserve was not found")
        while budget.left():
            for what, options in OPTIONS.items():
                leave = 0 if chance.random() < 0.25 else chance.randrange(ROOM_BYTES_MAX)
                with tmpfs(base / "disk", options) as disk:
                    (disk / "w").mkdir()
                    report.add(f"disks without {what}")
                    try:
                        asyncio.run(_round(disk, what, leave, report, chance))
                    except Exception as error:  # noqa: BLE001 - whatever it is, it must not be
                        report.wrong.append(f"no {what}, {leave} bytes left: {error!r}")
    except CannotMount as error:
        return Report(why=str(error))
    return report
