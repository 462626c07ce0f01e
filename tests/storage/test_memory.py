"""What the writer remembers goes the way of the rows: with its body, with its batch, and into the database."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from workspace_server.core.clock import ManualClock
from workspace_server.errors import Conflict, Unavailable
from workspace_server.storage.database import Database, Transaction
from workspace_server.storage.tables import meta

pytestmark = pytest.mark.anyio


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = Database.open(tmp_path / "test.db", clock=ManualClock())
    yield opened
    await opened.close()


async def raised(tx: Transaction) -> int:
    return await meta.raise_counter(tx, "seq")


async def refused(tx: Transaction) -> int:
    await meta.raise_counter(tx, "seq", by=100)
    raise Conflict("no", path="a")


async def breaks_the_commit(tx: Transaction) -> None:
    await meta.raise_counter(tx, "seq", by=1000)
    await tx.run("PRAGMA defer_foreign_keys = 1")
    await tx.run("INSERT INTO versions VALUES (99, 1, 1, 'write', 0, 'a', NULL, 'none', 0, '', NULL, NULL, NULL)")


async def rows(database: Database) -> int:
    """Return where the counter stands in the database itself: a reader has no memory."""
    return await database.read(lambda tx: meta.counter(tx, "seq"))


async def test_a_counter_has_no_gap_over_bodies_that_are_refused(database: Database) -> None:
    bodies = [refused if number % 4 == 1 else raised for number in range(80)]
    answers = await asyncio.gather(*(database.write(body) for body in bodies), return_exceptions=True)
    assert [answer for answer in answers if isinstance(answer, int)] == list(range(1, 61))
    assert await rows(database) == 60


async def test_a_counter_falls_back_with_a_commit_that_fails(database: Database) -> None:
    assert await database.write(raised) == 1
    answers = await asyncio.gather(database.write(breaks_the_commit), database.write(raised), return_exceptions=True)
    assert isinstance(answers[0], Unavailable)
    stood = await rows(database)
    assert stood == (1 if isinstance(answers[1], Unavailable) else 2)
    assert await database.write(raised) == stood + 1 == await rows(database)


async def test_a_counter_goes_on_after_the_database_was_closed(database: Database, tmp_path: Path) -> None:
    await database.write(lambda tx: meta.raise_counter(tx, "fence", by=5))
    await database.close()
    again = Database.open(tmp_path / "test.db", clock=ManualClock())
    try:
        assert await again.write(lambda tx: meta.raise_counter(tx, "fence")) == 6
    finally:
        await again.close()


async def test_a_reader_can_change_nothing_that_is_remembered(database: Database) -> None:
    with pytest.raises(AssertionError):
        await database.read(raised)
