"""Every page of the database has a checksum, so that a damaged one is refused and never believed."""

import os
from contextlib import closing
from pathlib import Path

import apsw
import apsw.sqlite_extra
import pytest

from workspace_server.config import Settings
from workspace_server.core.access import Caller
from workspace_server.errors import Unavailable
from workspace_server.services.engine import Engine
from workspace_server.storage import checksums
from workspace_server.storage.database import connect

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


def test_a_database_from_before_checksums_gets_them_and_keeps_its_rows(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    before = filled(path)
    with closing(connect(path)) as connection:
        assert not checksums.are_kept(connection)
        checksums.add(connection)
        assert checksums.are_kept(connection)
        assert connection.execute("SELECT b FROM t WHERE a = 100").fetchall() == [(before,)]
        assert connection.execute("PRAGMA journal_mode").fetchall() == [("wal",)]
    flip(path, path.read_bytes().index(before) + 10)
    with closing(connect(path, read_only=True)) as connection, pytest.raises(apsw.IOError):
        connection.execute("SELECT b FROM t WHERE a = 100").fetchall()


def test_without_the_extension_the_database_works_as_it_did(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checksums.enable.cache_clear()
    monkeypatch.setattr(apsw.sqlite_extra, "has", lambda _name: False)
    try:
        with closing(connect(tmp_path / "new.db")) as connection:
            connection.execute("CREATE TABLE t (a)")
            checksums.add(connection)
            assert not checksums.are_kept(connection)
    finally:
        monkeypatch.undo()
        checksums.enable.cache_clear()
