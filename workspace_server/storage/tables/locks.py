"""Rows of locks and of what they cover."""

import json
from collections.abc import Sequence

from workspace_server.core.claims import above
from workspace_server.core.limits import LIMITS
from workspace_server.core.locks import Lock, Mode, State
from workspace_server.core.paths import fold
from workspace_server.core.patterns import Selector
from workspace_server.storage.database import Row, Transaction
from workspace_server.storage.memory import Remembered
from workspace_server.storage.tables import spelled

_LOCK = (
    "l.lock_id, l.handle, l.agent, l.mode, l.fence, l.purpose, l.ttl_s, l.deadline_s, l.granted_seq, l.granted_at,"
    " l.state, l.session, l.used_s, l.on_disk,"
    " (SELECT json_group_array(json_array(s.kind, s.text)) FROM lock_selectors s WHERE s.lock_id = l.lock_id)"
)

_LOCK_AT = _LOCK.replace(
    "l.on_disk",
    "l.on_disk OR EXISTS (SELECT 1 FROM checkouts c WHERE c.lock_id = l.lock_id AND c.path = ? AND c.until_s > ?)",
)
"""The same, as it is for one path: parameters are the path and the time."""


async def _counted(tx: Transaction) -> dict[Mode, int]:
    return dict(await tx.all("SELECT mode, count(*) FROM locks WHERE state = 'live' GROUP BY mode"))


_LIVE = Remembered(_counted)
"""How many live locks there are of each mode: most writes meet none, and then ask nothing."""


def _lock(row: Row) -> Lock:
    return Lock(
        lock_id=row[0],
        handle=row[1],
        agent=row[2],
        mode=row[3],
        fence=row[4],
        purpose=row[5],
        ttl_s=row[6],
        deadline_s=row[7],
        granted_seq=row[8],
        granted_at=row[9],
        state=row[10],
        session=row[11],
        used_s=row[12],
        on_disk=bool(row[13]),
        selectors=spelled.selectors(row[14]),
    )


async def insert(tx: Transaction, lock: Lock) -> None:
    """Record a granted lock."""
    await tx.run(
        "INSERT INTO locks (lock_id, handle, agent, mode, fence, purpose, ttl_s, deadline_s, boot_id, granted_at,"
        " granted_seq, state, session, used_s, on_disk)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'live', ?, ?, ?)",
        lock.lock_id,
        lock.handle,
        lock.agent,
        lock.mode,
        lock.fence,
        lock.purpose,
        lock.ttl_s,
        lock.deadline_s,
        tx.boot_id,
        lock.granted_at,
        lock.granted_seq,
        lock.session,
        lock.used_s,
        int(lock.on_disk),
    )
    for selector in lock.selectors:
        await tx.run(
            "INSERT INTO lock_selectors (lock_id, kind, text, place) VALUES (?, ?, ?, ?)",
            lock.lock_id,
            selector.kind,
            selector.text,
            fold(selector.place),
        )
    tx.remember(_LIVE, await _counted(tx))


async def by_handle(tx: Transaction, handle: str) -> Lock | None:
    """Return the lock of that handle, live or not."""
    row = await tx.one(f"SELECT {_LOCK} FROM locks l WHERE l.handle = ?", handle)
    return None if row is None else _lock(row)


async def by_number(tx: Transaction, lock_id: int) -> Lock | None:
    """Return the lock of that number, live or not."""
    row = await tx.one(f"SELECT {_LOCK} FROM locks l WHERE l.lock_id = ?", lock_id)
    return None if row is None else _lock(row)


async def live(tx: Transaction) -> list[Lock]:
    """Return all live locks, oldest first."""
    rows = await tx.all(
        f"SELECT {_LOCK} FROM locks l WHERE l.state = 'live' AND l.deadline_s > ? ORDER BY l.lock_id", tx.boot_s
    )
    return [_lock(row) for row in rows]


async def page(tx: Transaction, *, after: int, limit: int) -> list[Lock]:
    """Return live locks, oldest first: at most so many of those with a number above *after*."""
    rows = await tx.all(
        f"SELECT {_LOCK} FROM locks l WHERE l.state = 'live' AND l.deadline_s > ? AND l.lock_id > ?"
        " ORDER BY l.lock_id LIMIT ?",
        tx.boot_s,
        after,
        limit,
    )
    return [_lock(row) for row in rows]


async def count_live(tx: Transaction) -> int:
    """Return how many live locks there are."""
    row = await tx.one("SELECT count(*) FROM locks WHERE state = 'live' AND deadline_s > ?", tx.boot_s)
    assert row is not None
    return int(row[0])


async def any_live(tx: Transaction) -> bool:
    """Return whether there is a live lock at all: the cheap question before the others."""
    live = await tx.recall(_LIVE)
    return bool(live)


async def any_intent(tx: Transaction) -> bool:
    """Return whether there is a live intent lock at all."""
    live = await tx.recall(_LIVE)
    return "intent" in live


async def covering(tx: Transaction, path: str, *, overdue: bool = False, barring: bool = False) -> list[Lock]:
    """Return the live locks that cover *path*, oldest first; `on_disk` also when just this path is checked out.

    Args:
        overdue: Return also those whose time has run out and that are not yet marked so.
        barring: Return also those on names that a new file at *path* would take.
    """
    if not await any_live(tx):
        return []
    found = await _around(tx, path, barring=barring)
    if not found:
        return []
    rows = await tx.all(
        f"SELECT {_LOCK_AT} FROM locks l WHERE l.lock_id IN (SELECT value FROM json_each(?)) AND l.state = 'live'"
        " AND l.deadline_s > ? ORDER BY l.lock_id",
        path,
        tx.boot_s,
        json.dumps(found),
        -1.0 if overdue else tx.boot_s,
    )
    return [_lock(row) for row in rows]


async def _around(tx: Transaction, path: str, *, barring: bool) -> list[int]:
    """Return the numbers of the locks of which a part covers *path*, or bars it; only their rows are worth reading."""
    asked = Selector("path", path)
    place = fold(asked.place)
    spots = (place, *above(place))
    where = f"place IN ({', '.join('?' * len(spots))})"
    if barring:  # what begins with the place stands before what begins with its last character's successor
        where += " OR (place > ? AND place < ?)"
        spots += (place, place[:-1] + chr(ord("/") + 1))
    rows = await tx.all(f"SELECT lock_id, kind, text FROM lock_selectors WHERE {where}", *spots)
    concerns = asked.overlaps if barring else lambda part: part.keeps(path)
    return [row[0] for row in rows if concerns(Selector.stored(row[1], row[2]))]


async def intents_over(tx: Transaction, agent: str, paths: Sequence[str]) -> list[Lock]:
    """Return the live intent locks of others than *agent* that cover one of *paths*, oldest first."""
    if not await any_intent(tx):
        return []
    rows = await tx.all(
        f"SELECT {_LOCK} FROM locks l WHERE l.state = 'live' AND l.mode = 'intent' AND l.agent <> ?"
        " AND l.deadline_s > ? ORDER BY l.lock_id",
        agent,
        tx.boot_s,
    )
    return [lock for lock in map(_lock, rows) if any(map(lock.covers, paths))]


async def renew(tx: Transaction, lock_id: int, *, ttl_s: float, deadline_s: float) -> None:
    """Move a live lock's end, because a call named it."""
    await tx.run(
        "UPDATE locks SET ttl_s = ?, deadline_s = ?, used_s = ? WHERE lock_id = ?",
        ttl_s,
        deadline_s,
        tx.boot_s,
        lock_id,
    )


async def prolong(tx: Transaction, lock_id: int, *, deadline_s: float) -> None:
    """Move a live lock's end, because its process lives."""
    await tx.run("UPDATE locks SET deadline_s = ? WHERE lock_id = ?", deadline_s, lock_id)


async def bind(tx: Transaction, lock_id: int, session: str) -> None:
    """Let a lock be kept by the life of this process."""
    await tx.run("UPDATE locks SET session = ? WHERE lock_id = ?", session, lock_id)


async def check_out(tx: Transaction, lock_id: int, path: str, *, until_s: float) -> None:
    """Let edits in the folder of *path*, which a lock covers, be its holder's until then."""
    await tx.run("INSERT OR REPLACE INTO checkouts (lock_id, path, until_s) VALUES (?, ?, ?)", lock_id, path, until_s)


async def check_in(tx: Transaction, lock_id: int, path: str) -> None:
    """End what `check_out` began."""
    await tx.run("DELETE FROM checkouts WHERE lock_id = ? AND path = ?", lock_id, path)


async def of_session(tx: Transaction, session: str) -> list[Lock]:
    """Return the live locks that a process keeps."""
    rows = await tx.all(
        f"SELECT {_LOCK} FROM locks l WHERE l.state = 'live' AND l.deadline_s > ? AND l.session = ?", tx.boot_s, session
    )
    return [_lock(row) for row in rows]


async def end(tx: Transaction, lock_id: int, state: State) -> None:
    """Let a lock go; its row stays, so that its handle is refused with the reason."""
    await tx.run("UPDATE locks SET state = ?, ended_at = ? WHERE lock_id = ?", state, tx.now_s, lock_id)
    await tx.run("DELETE FROM lock_selectors WHERE lock_id = ?", lock_id)
    await tx.run("DELETE FROM checkouts WHERE lock_id = ?", lock_id)
    tx.remember(_LIVE, await _counted(tx))


async def forget_old(tx: Transaction) -> None:
    """Drop the locks that have ended long ago; their handles are then unknown, like any other.

    Of those that an older program or a restore has ended it is not written when; they go so long after this.
    """
    await tx.run("UPDATE locks SET ended_at = ? WHERE state <> 'live' AND ended_at IS NULL", tx.now_s)
    await tx.run("DELETE FROM locks WHERE state <> 'live' AND ended_at <= ?", tx.now_s - LIMITS.lock_ended_kept_s)


async def expired(tx: Transaction) -> list[Lock]:
    """Return the locks whose time has run out and that are not yet marked so."""
    rows = await tx.all(f"SELECT {_LOCK} FROM locks l WHERE l.state = 'live' AND l.deadline_s <= ?", tx.boot_s)
    return [_lock(row) for row in rows]


async def next_deadline(tx: Transaction) -> float | None:
    """Return when the next live lock ends, on the boot clock."""
    row = await tx.one("SELECT min(deadline_s) FROM locks WHERE state = 'live'")
    return None if row is None or row[0] is None else float(row[0])


async def give_fresh_time(tx: Transaction) -> None:
    """Give every live lock at least a fresh TTL, as at a restart: its holder could not renew it meanwhile."""
    await tx.run("DELETE FROM checkouts WHERE lock_id IN (SELECT lock_id FROM locks WHERE boot_id <> ?)", tx.boot_id)
    await tx.run(
        "UPDATE locks SET deadline_s = max(CASE WHEN boot_id = ?1 THEN deadline_s ELSE 0 END, ?2 + ttl_s),"
        " used_s = ?2, boot_id = ?1 WHERE state = 'live'",
        tx.boot_id,
        tx.boot_s,
    )


async def granted_to(tx: Transaction, agent: str, *, since_s: float = 0.0) -> Sequence[Lock]:
    """Return the live locks of *agent* granted at or after *since_s* (seconds since 1970)."""
    rows = await tx.all(
        f"SELECT {_LOCK} FROM locks l"
        " WHERE l.state = 'live' AND l.agent = ? AND l.granted_at >= ? AND l.deadline_s > ?",
        agent,
        since_s,
        tx.boot_s,
    )
    return [_lock(row) for row in rows]
