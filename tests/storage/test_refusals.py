"""A damaged database is not taken for a full disk: the reserve stays, and nobody is told to try later."""

from contextlib import closing
from pathlib import Path

import apsw
import pytest

from workspace_server.cli import leave
from workspace_server.core.clock import ManualClock
from workspace_server.errors import Unavailable
from workspace_server.storage import refusals
from workspace_server.storage.database import Database, Transaction, connect
from workspace_server.storage.reserve import Reserve

pytestmark = [pytest.mark.anyio, pytest.mark.blocking]


def failed(kind: type[apsw.Error], extended: int) -> apsw.Error:
    error = kind("disk I/O error")
    vars(error)["extendedresult"] = extended
    return error


DAMAGED = [
    failed(apsw.IOError, apsw.SQLITE_IOERR_DATA),
    failed(apsw.IOError, apsw.SQLITE_IOERR_READ),
    failed(apsw.IOError, apsw.SQLITE_IOERR_SHORT_READ),
    failed(apsw.CorruptError, apsw.SQLITE_CORRUPT_INDEX),
    failed(apsw.NotADBError, apsw.SQLITE_NOTADB),
]
FULL = [failed(apsw.FullError, apsw.SQLITE_FULL), failed(apsw.IOError, apsw.SQLITE_IOERR_SHMSIZE)]
PASSING = [failed(apsw.IOError, apsw.SQLITE_IOERR_FSYNC), failed(apsw.BusyError, apsw.SQLITE_BUSY)]


@pytest.mark.parametrize("error", DAMAGED + FULL + PASSING, ids=lambda error: str(error.extendedresult))
async def test_the_reserve_is_spent_on_a_full_disk_only(tmp_path: Path, error: apsw.Error) -> None:
    reserve = Reserve(tmp_path, 4096)
    reserve.open()
    db = Database.open(tmp_path / "workspace.db", clock=ManualClock(), reserve=reserve)

    async def body(_: Transaction) -> None:
        raise error

    with pytest.raises(Unavailable) as refusal:
        await db.write(body, essential=True)
    await db.close()

    assert reserve.state == ("spent" if error in FULL else "kept")
    assert refusal.value.retryable == (error not in DAMAGED)
    assert (leave.refused(refusal.value) == leave.FAILED) == (error in DAMAGED)
    assert ("damaged" in refusal.value.message) == (error in DAMAGED)
    assert ("workspace-server verify" in str(refusal.value.hint)) == (error in DAMAGED)


@pytest.fixture
def damaged(tmp_path: Path) -> Path:
    """A database with one page that does not match its checksum."""
    path = tmp_path / "damaged.db"
    with closing(connect(path)) as connection:
        connection.execute("CREATE TABLE t (n)")
        connection.execute("INSERT INTO t VALUES (?)", ("x" * 3_000,))
        connection.execute("PRAGMA journal_mode = DELETE").fetchall()
    stored = bytearray(path.read_bytes())
    stored[2 * 4096 - 200] ^= 1
    path.write_bytes(stored)
    return path


async def test_sqlite_says_of_a_flipped_bit_what_counts_as_damage(damaged: Path) -> None:
    with closing(apsw.Connection(str(damaged))) as connection, pytest.raises(apsw.Error) as failure:
        connection.execute("SELECT n FROM t").fetchall()
    assert refusals.is_damage(failure.value)
    assert not refusals.is_full(failure.value)
