"""A copy of the database beside a running server is whole, however large both it and the log beside it are."""

import random
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from workspace_server.config import Settings
from workspace_server.core.access import Caller
from workspace_server.errors import Unavailable
from workspace_server.services.engine import Engine
from workspace_server.storage import checksums
from workspace_server.storage.clock import SystemClock
from workspace_server.storage.database import connect
from workspace_server.storage.upkeep.archive import backup
from workspace_server.storage.upkeep.comparison import compare
from workspace_server.storage.upkeep.fork import fork
from workspace_server.storage.upkeep.integrity import find_damage
from workspace_server.storage.upkeep.restoring import restore
from workspace_server.storage.upkeep.snapshot import copy_database

pytestmark = [pytest.mark.anyio, pytest.mark.blocking]  # copies are made by processes of their own

ADA = Caller(agent="ada")
ROWS, ROW_BYTES = 6_000, 2_000
"""More than 10 MB, and more than SQLite keeps in memory of one database."""


@pytest.fixture
def origin(tmp_path: Path) -> Iterator[apsw.Connection]:
    """A database of many pages, half of them newer in the log beside it than in the file; both stay open."""
    some = random.Random(1)
    with closing(connect(tmp_path / "origin.db")) as connection:
        connection.execute("PRAGMA wal_autocheckpoint = 0").fetchall()
        connection.execute("CREATE TABLE meta (n INTEGER PRIMARY KEY, data BLOB)")
        with connection:
            connection.executemany(
                "INSERT INTO meta VALUES (?, ?)", ((n, some.randbytes(ROW_BYTES)) for n in range(ROWS))
            )
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        with connection:
            connection.executemany(
                "UPDATE meta SET data = ? WHERE n = ?", ((some.randbytes(ROW_BYTES), n) for n in range(0, ROWS, 2))
            )
        assert (tmp_path / "origin.db").stat().st_size > 10_000_000
        assert (tmp_path / "origin.db-wal").stat().st_size > 10_000_000
        yield connection


def test_a_large_database_beside_a_server_is_copied_whole(origin: apsw.Connection, tmp_path: Path) -> None:
    steps: list[tuple[str, int, int]] = []
    copy_database(tmp_path / "origin.db", tmp_path / "copy.db", lambda *step: steps.append(step))

    with closing(connect(tmp_path / "copy.db", read_only=True)) as copy:
        assert copy.execute("PRAGMA quick_check").fetchall() == [("ok",)]
        every_row = "SELECT * FROM meta ORDER BY n"
        assert copy.execute(every_row).fetchall() == origin.execute(every_row).fetchall()
    assert steps[-1][1] == steps[-1][2]


def test_a_copy_that_is_not_whole_is_refused(
    origin: apsw.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checksums, "make_room", lambda _: None)  # then pages keep the checksums of older ones
    assert origin.in_transaction is False

    with pytest.raises(Unavailable, match="damaged"):
        copy_database(tmp_path / "origin.db", tmp_path / "copy.db", lambda *_: None)


async def test_a_large_workspace_is_backed_up_and_forked_beside_its_server(folder: Path, tmp_path: Path) -> None:
    some = random.Random(2)
    async with Engine.open(folder, settings=Settings()) as engine:
        for number in range(300):
            content = some.randbytes(22_000).hex()  # below the size of an object file
            await engine.files.write_file(ADA, path=f"{number % 30}.md", content=content, overwrite=True)
        state = folder / ".workspace"
        assert (state / "workspace.db").stat().st_size + (state / "workspace.db-wal").stat().st_size > 10_000_000
        assert (state / "workspace.db-wal").stat().st_size > 0

        backup(folder, tmp_path / "b.tar")
        restore(tmp_path / "b.tar", tmp_path / "restored", clock=SystemClock())
        fork(folder, tmp_path / "forked", at_seq=None)

        for other in ("restored", "forked"):
            assert [found for found in find_damage(tmp_path / other) if found.damage] == []
            assert compare(folder, tmp_path / other).files == []


async def test_a_fork_that_the_disk_refuses_says_so(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Engine.open(folder, settings=Settings()) as engine:
        await engine.files.write_file(ADA, path="a.md", content="a")

    def refused(*_: object) -> None:
        raise apsw.IOError("disk I/O error")

    monkeypatch.setattr("workspace_server.storage.upkeep.fork.copy_database", refused)
    with pytest.raises(Unavailable, match="the fork"):
        fork(folder, tmp_path / "other", at_seq=None)
    assert not (tmp_path / "other").exists()
