"""Rows of the line that waits for locks."""

from collections.abc import Sequence

from workspace_server.core.lock_queue import Place
from workspace_server.core.locks import Mode
from workspace_server.core.patterns import Selector
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import spelled


async def waiting(tx: Transaction) -> int:
    """Return how many places in the line there are."""
    row = await tx.one("SELECT count(*) FROM lock_waits")
    assert row is not None, "a count is always one row"
    return int(row[0])


async def line(tx: Transaction) -> list[Place]:
    """Return all places, the first one first, also those on which no call waits now."""
    rows = await tx.all(
        "SELECT wait_id, agent, mode, selectors, purpose, waiting, since FROM lock_waits ORDER BY wait_id"
    )
    return [
        Place(
            number=row[0],
            agent=row[1],
            mode=row[2],
            selectors=spelled.selectors(row[3]),
            purpose=row[4],
            waiting=row[5],
            since=row[6],
        )
        for row in rows
    ]


async def enter(tx: Transaction, agent: str, mode: Mode, selectors: Sequence[Selector], purpose: str | None) -> int:
    """Note that one more call waits for this, at its old place if that is still kept; return the place's number."""
    row = await tx.one(
        "INSERT INTO lock_waits (agent, mode, selectors, purpose, waiting, kept_until_s, since)"
        " VALUES (?, ?, ?, ?, 1, 0, ?) ON CONFLICT (agent, mode, selectors)"
        " DO UPDATE SET waiting = waiting + 1, purpose = excluded.purpose RETURNING wait_id",
        agent,
        mode,
        spelled.spelled(selectors),
        purpose,
        tx.now_s,
    )
    assert row is not None
    return int(row[0])


async def leave(tx: Transaction, number: int, *, kept_until_s: float) -> None:
    """Note that a call no longer waits at this place, which is kept until *kept_until_s* on the boot clock."""
    await tx.run(
        "UPDATE lock_waits SET waiting = max(0, waiting - 1), kept_until_s = ? WHERE wait_id = ?", kept_until_s, number
    )


async def remove(tx: Transaction, number: int) -> None:
    """Take a place out of the line: its request is granted."""
    await tx.run("DELETE FROM lock_waits WHERE wait_id = ?", number)


async def drop_unkept(tx: Transaction) -> None:
    """Take out the places that are kept no longer."""
    await tx.run("DELETE FROM lock_waits WHERE waiting = 0 AND kept_until_s <= ?", tx.boot_s)


async def leave_all(tx: Transaction, *, kept_s: float) -> None:
    """Note that nobody waits, as at a start: the calls of the last process are gone; keep their places for *kept_s*."""
    await tx.run("UPDATE lock_waits SET waiting = 0, kept_until_s = ?", tx.boot_s + kept_s)
