"""Every page of the database has a checksum, so that a damaged one is refused and never believed."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import apsw
import pytest
from click.testing import CliRunner

from workspace_server.cli import leave
from workspace_server.cli.verify import verify_command
from workspace_server.config import Settings
from workspace_server.core.access import Caller
from workspace_server.errors import Unavailable
from workspace_server.services.engine import Engine
from workspace_server.storage import checksums
from workspace_server.storage.database import connect
from workspace_server.storage.migrations import steps
from workspace_server.storage.upkeep import checksumming
from workspace_server.storage.upkeep.integrity import find_damage

ADA = Caller(agent="ada")


def flip(path: Path, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


def filled(path: Path) -> bytes:
    """Make a database in the old layout and return what one of its rows holds."""
    with closing(apsw.Connection(str(path))) as connection:
        connection.execute("PRAGMA journal_mode = WAL").fetchall()
        connection.execute("CREATE TABLE t (a INTEGER PRIMARY KEY, b BLOB)")
        for number in range(200):
            connection.execute("INSERT INTO t VALUES (?, ?)", (number, os.urandom(300)))
        found = connection.execute("SELECT b FROM t WHERE a = 100").fetchall()[0][0]
        assert isinstance(found, bytes)
        return found


@pytest.mark.anyio
@pytest.mark.blocking
async def test_no_damaged_byte_of_a_page_is_served(folder: Path) -> None:
    async with Engine.open(folder, settings=Settings()) as engine:
        await engine.files.write_file(ADA, path="a.md", content="the plain words of a file\n")
    database = folder / ".workspace" / "workspace.db"
    flip(database, database.read_bytes().index(b"plain words"))
    with pytest.raises(Unavailable):
        async with Engine.open(folder, settings=Settings()) as engine:
            await engine.files.read_file(ADA, path="a.md")


@pytest.fixture
def without_extension(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(checksums, "enable", lambda: False)
    yield
    monkeypatch.undo()


def schema_3(path: Path) -> None:
    """Make a database in the layout of a program of schema 3."""
    with closing(apsw.Connection(str(path))) as connection:
        for number, sql in steps()[:3]:
            connection.execute(sql)
            connection.execute(f"PRAGMA user_version = {number}")


def kept(path: Path) -> bool:
    with closing(connect(path, read_only=True)) as connection:
        return checksums.are_kept(connection)


async def saved(folder: Path) -> Path:
    async with Engine.open(folder, settings=Settings()) as engine:
        await engine.files.write_file(ADA, path="a.md", content="the plain words of a file\n")
    return folder / ".workspace" / "workspace.db"


def written_by_another_client(database: Path) -> None:
    """In a process of its own, as SQLite's extension is the default file system of this one."""
    code = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute(sys.argv[2]); c.commit(); c.close()"
    sql = "INSERT INTO meta VALUES ('another', 'client')"
    subprocess.run([sys.executable, "-c", code, str(database), sql], check=True)


def test_a_database_from_before_checksums_gets_them_and_keeps_its_rows(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    before = filled(path)
    with closing(connect(path)) as connection:
        assert not checksums.are_kept(connection)
        checksums.write_anew(connection)
        assert checksums.are_kept(connection)
        assert connection.execute("SELECT b FROM t WHERE a = 100").fetchall() == [(before,)]
        assert connection.execute("PRAGMA journal_mode").fetchall() == [("wal",)]
    flip(path, path.read_bytes().index(before) + 10)
    with closing(connect(path, read_only=True)) as connection, pytest.raises(apsw.IOError):
        connection.execute("SELECT b FROM t WHERE a = 100").fetchall()


@pytest.mark.anyio
@pytest.mark.blocking
async def test_an_older_database_is_written_anew_beside_the_event_loop(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / ".workspace").mkdir(parents=True)
    path = folder / ".workspace" / "workspace.db"
    schema_3(path)
    threads: list[threading.Thread] = []
    anew = checksums.write_anew

    def seen(connection: apsw.Connection) -> None:
        threads.append(threading.current_thread())
        anew(connection)

    monkeypatch.setattr(checksums, "write_anew", seen)
    async with Engine.open(folder, settings=Settings()):
        pass
    assert kept(path)
    assert len(threads) == 1
    assert threads[0] is not threading.current_thread()


@pytest.mark.parametrize("trouble", ["room", "vacuum"])
def test_checksums_that_could_not_be_added_are_not_tried_again_unasked(
    folder: Path, monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    (folder / ".workspace").mkdir(parents=True)
    path = folder / ".workspace" / "workspace.db"
    schema_3(path)
    tried: list[int] = []
    anew = checksums.write_anew

    def counted(connection: apsw.Connection) -> None:
        tried.append(1)
        if trouble == "vacuum":
            raise apsw.FullError("database or disk is full")
        anew(connection)

    with monkeypatch.context() as patched:
        patched.setattr(checksums, "write_anew", counted)
        patched.setattr(checksums, "COPIES", 1 << 50)
        for _ in range(2):
            checksumming.upgrade(path)
    assert tried == [1]
    assert not kept(path)
    [note] = [finding for finding in find_damage(folder) if finding.kind == "database"]
    assert not note.damage
    assert "To add them failed: " in note.said
    checksumming.repair(folder)
    assert kept(path)
    assert [finding for finding in find_damage(folder) if finding.kind == "database"] == []


@pytest.mark.anyio
@pytest.mark.blocking
async def test_a_program_without_the_extension_may_read_but_not_write_it(
    folder: Path, request: pytest.FixtureRequest
) -> None:
    path = await saved(folder)
    request.getfixturevalue("without_extension")
    before = path.read_bytes()
    with pytest.raises(Unavailable) as refusal:
        async with Engine.open(folder, settings=Settings()):
            pass
    assert refusal.value.facts["reason"] == "no_checksums"
    assert path.read_bytes() == before
    with closing(connect(path, read_only=True)) as connection:
        assert connection.execute("SELECT path FROM files").fetchall() == [("a.md",)]


@pytest.mark.anyio
@pytest.mark.blocking
async def test_what_another_client_wrote_is_refused_with_the_way_out_which_works(folder: Path) -> None:
    path = await saved(folder)
    written_by_another_client(path)
    with pytest.raises(Unavailable) as refusal:
        async with Engine.open(folder, settings=Settings()):
            pass
    assert "--repair-checksums" in (refusal.value.hint or "")
    shown = CliRunner().invoke(verify_command, ["--dir", str(folder)], standalone_mode=False)
    assert shown.return_value == leave.FAILED
    assert "--repair-checksums" in shown.output
    done = CliRunner().invoke(verify_command, ["--dir", str(folder), "--repair-checksums"], standalone_mode=False)
    assert (done.exception, done.return_value) == (None, 0), done.output
    assert kept(path)
    async with Engine.open(folder, settings=Settings()) as engine:
        assert (await engine.files.read_file(ADA, path="a.md")).header["version"] == 1


@pytest.mark.anyio
@pytest.mark.blocking
async def test_checksums_are_not_written_over_damage(folder: Path) -> None:
    path = await saved(folder)
    flip(path, path.read_bytes().index(b"plain words"))
    before = path.read_bytes()
    with pytest.raises(Unavailable) as refusal:
        checksumming.repair(folder)
    assert "a.md@1" in refusal.value.message
    assert path.read_bytes() == before


@pytest.mark.usefixtures("without_extension")
def test_without_the_extension_a_new_database_works_as_it_did(tmp_path: Path) -> None:
    with closing(connect(tmp_path / "new.db")) as connection:
        connection.execute("CREATE TABLE t (a)")
        assert not checksums.are_kept(connection)
