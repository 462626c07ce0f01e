"""Backup and restore: all of a workspace comes back, from a whole file only, and with numbers that were never given."""

import asyncio
import json
import os
import random
import tarfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import apsw
import pytest

from workspace_server.config import Settings
from workspace_server.core.access import Caller
from workspace_server.core.clock import ManualClock
from workspace_server.core.paths import UNFINISHED
from workspace_server.core.scopes import ALL
from workspace_server.errors import InvalidArgument, LockLost, NotFound, Unavailable, WorkspaceError
from workspace_server.services.engine import Engine
from workspace_server.storage.clock import SystemClock
from workspace_server.storage.database import connect
from workspace_server.storage.upkeep import archive, snapshot
from workspace_server.storage.upkeep.archive import backup
from workspace_server.storage.upkeep.integrity import find_damage
from workspace_server.storage.upkeep.restoring import restore

pytestmark = [pytest.mark.anyio, pytest.mark.blocking]  # both are for processes of their own

ADA = Caller(agent="ada")
LARGE = "a line of a large file\n" * 10_000


async def filled(engine: Engine) -> None:
    await engine.files.write_file(ADA, path="a.md", content="one\n", message="first")
    await engine.files.write_file(ADA, path="a.md", content="two\n", expect_version=1)
    await engine.files.write_file(ADA, path="d/large.txt", content=LARGE)
    await engine.files.write_file(ADA, path="d/large.txt", content="and more\n", append=True)
    await engine.files.write_file(ADA, path="gone.md", content="gone\n")
    await engine.files.delete_file(ADA, path="gone.md")


@pytest.fixture
async def workspace(folder: Path) -> Path:
    async with Engine.open(folder, settings=Settings()) as engine:
        await filled(engine)
    (folder / ".workspace" / "config.toml").write_text('name = "paper"\n')
    return folder


def tables(root: Path, *names: str) -> dict[str, Any]:
    with closing(apsw.Connection(str(root / ".workspace" / "workspace.db"))) as connection:
        return {name: connection.execute(f"SELECT * FROM {name}").fetchall() for name in names}


async def test_everything_comes_back(workspace: Path, tmp_path: Path) -> None:
    steps: list[tuple[str, int, int]] = []
    made = backup(workspace, tmp_path / "b.tar", progress=lambda *step: steps.append(step))
    assert {what for what, _, _ in steps} == {"database", "objects"}
    assert (tmp_path / "b.tar").stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b.tar", "workspace"]
    again = tmp_path / "again"
    assert restore(tmp_path / "b.tar", again, clock=SystemClock()) == made
    kept = ("versions", "contents", "deletions", "sources", "triggers")
    assert tables(again, *kept) == tables(workspace, *kept)
    async with Engine.open(again, settings=Settings()) as engine:
        assert (
            await (await engine.files.open_content(ADA, path="d/large.txt")).read() == (LARGE + "and more\n").encode()
        )
        assert (await engine.files.read_file(ADA, path="a.md", version=1)).text == "one\n"
        assert (await engine.files.restore_file(ADA, path="gone.md"))["version"] == 2
    assert (again / "a.md").read_text() == "two\n"
    assert (again / ".workspace" / "config.toml").read_text() == 'name = "paper"\n'
    assert [finding for finding in find_damage(again) if finding.damage] == []


async def test_the_log_goes_on_above_every_number_that_was_given(workspace: Path, tmp_path: Path) -> None:
    clock = ManualClock()
    backup(workspace, tmp_path / "b.tar")
    restore(tmp_path / "b.tar", tmp_path / "again", clock=clock)
    async with Engine.open(tmp_path / "again", settings=Settings(), clock=clock) as engine:
        events = (await engine.events.list_events(ADA, since_seq=0, squash=False))["events"]
        restored = next(event for event in events if event["type"] == "log.restored")
        assert restored["seq"] == int(clock.wall_s()) * 1000
        assert (await engine.files.write_file(ADA, path="b.md", content="new"))["seq"] > restored["seq"]
        assert (await engine.locks.lock_files(ADA, paths=["b.md"]))["fence"] > int(clock.wall_s()) * 1000


async def test_locks_of_before_are_ended(folder: Path, tmp_path: Path) -> None:
    async with Engine.open(folder, settings=Settings()) as engine:
        await filled(engine)
        lock = (await engine.locks.lock_files(ADA, paths=["a.md"], ttl_seconds=3600))["lock"]
        backup(folder, tmp_path / "b.tar")
    restore(tmp_path / "b.tar", tmp_path / "again", clock=SystemClock())
    async with Engine.open(tmp_path / "again", settings=Settings()) as engine:
        with pytest.raises(LockLost) as refusal:
            await engine.files.write_file(ADA, path="a.md", content="late", lock=lock)
        assert refusal.value.facts["reason"] == "broken"


async def test_share_links_of_before_lead_nowhere(folder: Path, tmp_path: Path) -> None:
    owner = Caller(agent="owner", scope=ALL)
    async with Engine.open(folder, settings=Settings()) as engine:
        await filled(engine)
        made = await engine.links.create_link(owner, path="a.md")
        backup(folder, tmp_path / "b.tar")
    restore(tmp_path / "b.tar", tmp_path / "again", clock=SystemClock())
    async with Engine.open(tmp_path / "again", settings=Settings()) as engine:
        with pytest.raises(NotFound):
            await engine.links.enter(made["url"].rpartition("/")[2])


async def test_a_backup_beside_a_server_is_of_one_moment(folder: Path, tmp_path: Path) -> None:
    async with Engine.open(folder, settings=Settings()) as engine:
        await filled(engine)
        done = asyncio.create_task(asyncio.to_thread(backup, folder, tmp_path / "b.tar"))
        number = 0
        while not done.done():
            number += 1
            await engine.files.write_file(ADA, path=f"{number % 7}.md", content=LARGE + str(number), overwrite=True)
        made = await done
        await engine.files.write_file(ADA, path="later.md", content="later")
    restore(tmp_path / "b.tar", tmp_path / "again", clock=SystemClock())
    restored, original = (tables(root, "versions")["versions"] for root in (tmp_path / "again", folder))
    assert restored == [row for row in original if row[2] <= made.seq]
    assert len(restored) < len(original)
    async with Engine.open(tmp_path / "again", settings=Settings()):
        pass
    assert [finding for finding in find_damage(tmp_path / "again") if finding.damage] == []


async def test_content_without_what_it_rests_on_is_neither_backed_up_nor_restored(
    workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(connect(workspace / ".workspace" / "workspace.db")) as connection:
        connection.execute(
            "UPDATE contents SET form = 'raw', data = NULL, removed_at = 5, removed_why = 'purged'"
            " WHERE form = 'object'"
        )
    with pytest.raises(Unavailable) as refusal:
        backup(workspace, tmp_path / "b.tar")
    assert refusal.value.facts["reason"] == "damaged"
    with monkeypatch.context() as patched:
        patched.setattr(archive, "resting_on_nothing", lambda _: [])
        backup(workspace, tmp_path / "b.tar")
    with pytest.raises(InvalidArgument):
        restore(tmp_path / "b.tar", tmp_path / "again", clock=SystemClock())
    assert not (tmp_path / "again").exists()


async def test_damaged_content_is_not_backed_up(workspace: Path, tmp_path: Path) -> None:
    [large] = [path for path in (workspace / ".workspace" / "objects").rglob("*") if path.is_file()]
    large.write_bytes(large.read_bytes()[:-1] + b"x")
    for damage in (lambda: None, large.unlink):
        damage()
        with pytest.raises(Unavailable):
            backup(workspace, tmp_path / "b.tar")
        assert [path.name for path in tmp_path.iterdir()] == ["workspace"]


@pytest.mark.parametrize("name", [".workspace/b.tar", ".workspace/workspace.db", "b.tar", "../nowhere/b.tar", "../dir"])
async def test_a_backup_never_lies_in_the_workspace_or_where_nothing_can(workspace: Path, name: str) -> None:
    (workspace / "../dir").mkdir()
    before = (workspace / ".workspace" / "workspace.db").read_bytes()
    with pytest.raises(InvalidArgument):
        backup(workspace, workspace / name, force=True)
    assert (workspace / ".workspace" / "workspace.db").read_bytes() == before


async def test_a_file_that_is_there_is_replaced_only_when_asked(workspace: Path, tmp_path: Path) -> None:
    (tmp_path / "b.tar").write_text("precious")
    with pytest.raises(InvalidArgument):
        backup(workspace, tmp_path / "b.tar")
    assert (tmp_path / "b.tar").read_text() == "precious"
    backup(workspace, tmp_path / "b.tar", force=True)
    restore(tmp_path / "b.tar", tmp_path / "again", clock=SystemClock())


async def test_what_is_no_workspace_cannot_be_backed_up(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        backup(tmp_path, tmp_path.parent / "b.tar")


@pytest.mark.parametrize("target", ["full", "workspace", "workspace/below", "file"])
async def test_a_restore_goes_into_an_empty_folder_only(workspace: Path, tmp_path: Path, target: str) -> None:
    backup(workspace, tmp_path / "b.tar")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").write_text("x")
    (tmp_path / "file").write_text("x")
    with pytest.raises(InvalidArgument):
        restore(tmp_path / "b.tar", tmp_path / target, clock=SystemClock())
    assert (tmp_path / "full" / "x").read_text() == "x"
    assert not (workspace / "below").exists()


async def test_what_an_interrupted_restore_left_is_no_hindrance(workspace: Path, tmp_path: Path) -> None:
    backup(workspace, tmp_path / "b.tar")
    (tmp_path / "again" / UNFINISHED).mkdir(parents=True)
    (tmp_path / "again" / UNFINISHED / "workspace.db").write_text("half")
    restore(tmp_path / "b.tar", tmp_path / "again", clock=SystemClock())
    assert not (tmp_path / "again" / UNFINISHED).exists()


def harmed(whole: bytes, count: int) -> Iterator[bytes]:
    """Yield copies of a file with one bit turned, or cut off somewhere."""
    chosen = random.Random(7)
    for _ in range(count):
        at = chosen.randrange(len(whole))
        yield whole[:at] + bytes([whole[at] ^ 1 << chosen.randrange(8)]) + whole[at + 1 :]
        yield whole[: chosen.randrange(len(whole))]


async def test_a_damaged_backup_is_refused_or_gives_the_same(workspace: Path, tmp_path: Path) -> None:
    whole = tmp_path / "b.tar"
    backup(workspace, whole)
    restore(whole, tmp_path / "sound", clock=SystemClock())
    expected = tables(tmp_path / "sound", "versions", "contents", "triggers", "facts")
    refused = 0
    for number, data in enumerate(harmed(whole.read_bytes(), 60)):
        (tmp_path / "harmed.tar").write_bytes(data)
        target = tmp_path / f"t{number}"
        try:
            restore(tmp_path / "harmed.tar", target, clock=SystemClock())
        except InvalidArgument:
            refused += 1
            assert not target.exists()
        else:  # the padding of the archive: nothing of it counts
            assert tables(target, *expected) == expected
    assert refused > 60


async def test_no_backup_takes_the_place_of_a_device_or_a_pipe(workspace: Path, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(InvalidArgument):
        backup(workspace, pipe, force=True)
    assert pipe.is_fifo()


async def test_a_backup_of_a_newer_program_is_refused(
    workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(connect(workspace / ".workspace" / "workspace.db")) as connection:
        connection.execute("PRAGMA user_version = 999")
    monkeypatch.setattr(snapshot, "refuse_newer", lambda _: None)  # as for the program that wrote it
    backup(workspace, tmp_path / "b.tar")
    with pytest.raises(Unavailable):
        restore(tmp_path / "b.tar", tmp_path / "again", clock=SystemClock())
    assert not (tmp_path / "again").exists()


@pytest.mark.parametrize("name", ["../escape", "/etc/escape", "objects/../../escape", "objects/aa/short", "owner.json"])
async def test_an_archive_with_other_names_is_refused(tmp_path: Path, name: str) -> None:
    with tarfile.open(tmp_path / "b.tar", "w") as made:
        archive._add_bytes(made, name, b"data")
        seal = archive._add_bytes(made, "manifest.json", json.dumps({"entries": {}}).encode())
        archive._add_bytes(made, "manifest.sha256", seal.encode())
    with pytest.raises(WorkspaceError):
        restore(tmp_path / "b.tar", tmp_path / "again", clock=SystemClock())
    assert [path.name for path in tmp_path.iterdir()] == ["b.tar"]
