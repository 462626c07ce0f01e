"""How the log is cut: of its oldest part only what still holds stays, which is a snapshot in the order of its events.

What holds is the last event of each file that is there, that of each live lock, and of each open entry of what needs a
person. So a replay from 0 still gives the present state; what it no longer tells is how it came about.
"""

import json
from typing import NamedTuple

from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import meta

_FLOOR = "log_floor"
_HOLDS = (
    "EXISTS (SELECT 1 FROM files f WHERE f.path = e.path AND f.live = 1 AND f.seq = e.seq)"
    " OR (e.type = 'lock.acquired' AND EXISTS"
    " (SELECT 1 FROM locks l WHERE l.state = 'live' AND l.fence = e.data ->> 'fence'))"
    " OR (e.type = 'attention.added' AND EXISTS"
    " (SELECT 1 FROM attention a WHERE a.ended_at IS NULL AND 'A' || a.attention_id = e.data ->> 'attention'))"
)


class Floor(NamedTuple):
    """Up to where the log was cut: the seq, and the time of the last event up to there. 0 where it never was."""

    seq: int
    at: float


async def floor(tx: Transaction) -> Floor:
    """Return up to where the log was cut."""
    spelled = await meta.fact(tx, _FLOOR)
    return Floor(0, 0.0) if spelled is None else Floor(*json.loads(spelled))


async def set_floor(tx: Transaction, at: Floor) -> None:
    """Say up to where the log is cut: before anything goes, so that nobody takes what is left for all there was."""
    await meta.set_fact(tx, _FLOOR, json.dumps(list(at)))


async def last_before(tx: Transaction, at_s: float, *, upto_seq: int) -> Floor | None:
    """Return the last event up to a seq that is older than a time; never one in the middle of a commit of several."""
    row = await tx.one(
        "SELECT seq, at, data ->> 'commit' FROM events WHERE at < ? AND seq <= ? ORDER BY seq DESC LIMIT 1",
        at_s,
        upto_seq,
    )
    if row is None:
        return None
    following = await tx.one("SELECT data ->> 'commit' FROM events WHERE seq > ? ORDER BY seq LIMIT 1", row[0])
    if row[2] is None or following is None or following[0] != row[2]:
        return Floor(row[0], row[1])
    whole = await tx.one(
        "SELECT seq, at FROM events WHERE seq < ? AND data ->> 'commit' IS NOT ? ORDER BY seq DESC LIMIT 1",
        row[0],
        row[2],
    )
    return None if whole is None else Floor(whole[0], whole[1])


async def part(tx: Transaction, after_seq: int, upto_seq: int, *, limit: int) -> int | None:
    """Return the seq that the next *limit* events beyond *after_seq* end at; None when there are none up to the end."""
    row = await tx.one(
        "SELECT max(seq) FROM (SELECT seq FROM events WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?)",
        after_seq,
        upto_seq,
        limit,
    )
    return None if row is None or row[0] is None else int(row[0])


async def cut(tx: Transaction, after_seq: int, upto_seq: int) -> int:
    """Remove the events beyond *after_seq* up to *upto_seq* that hold no longer; return how many."""
    gone = await tx.all(
        f"DELETE FROM events AS e WHERE e.seq > ? AND e.seq <= ? AND NOT ({_HOLDS}) RETURNING seq", after_seq, upto_seq
    )
    return len(gone)
