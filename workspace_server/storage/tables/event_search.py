"""Events newest first, by what they are, who made them and where: an index answers, however long the log is.

Only a directory or a pattern has none that keeps the order of the log: there a stretch of the log is looked through.
"""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from workspace_server.storage.database import Transaction
from workspace_server.storage.tables.events import Event

_MOVED = "file.moved"


class Sought(NamedTuple):
    """Which events are looked for.

    Attributes:
        types: At least one.
        agent: Who made them; None for anybody.
        path: The file that they are about, which for a move is also where it came from; None for any.
    """

    types: Sequence[str]
    agent: str | None = None
    path: str | None = None


class Stretch(NamedTuple):
    """Events with `after < seq < before`."""

    after: int
    before: int


async def newest(tx: Transaction, sought: Sought, stretch: Stretch, *, limit: int) -> list[Event]:
    """Return the newest events of a stretch that fit, newest first."""
    parts, parameters = _of_path(sought, sought.path) if sought.path is not None else _of_types(sought)
    bounds = [stretch.after, stretch.before, limit]
    # Each part is read in the order of its index, and no further than it may be needed.
    union = " UNION ALL ".join(
        f"SELECT seq FROM (SELECT seq FROM events WHERE {part} AND seq > ? AND seq < ? ORDER BY seq DESC LIMIT ?)"
        for part in parts
    )
    given = [value for own in parameters for value in (*own, *bounds)]
    return await _events(tx, f"seq IN (SELECT seq FROM ({union}) ORDER BY seq DESC LIMIT ?)", *given, limit)


async def between(
    tx: Transaction, sought: Sought, stretch: Stretch, *, first: str, last: str, limit: int
) -> list[Event]:
    """Return the newest events of a stretch with first <= path < last, and all moves, newest first.

    Reads the whole stretch when there are few.
    """
    agent = "" if sought.agent is None else " AND +agent = ?"
    return await _events(
        tx,
        "seq > ? AND seq < ? AND +type IN (SELECT value FROM json_each(?))"
        f" AND (+path >= ? AND +path < ? OR +type = '{_MOVED}'){agent}",
        *(stretch.after, stretch.before, json.dumps(list(sought.types)), first, last),
        *(() if sought.agent is None else (sought.agent,)),
        limit,
        tail=" LIMIT ?",
    )


async def first_since(tx: Transaction, at: float) -> int | None:
    """Return the seq of an event that was not before *at*, in seconds since 1970, and whose predecessor was.

    Halves the log again and again; where the clock was set back there are several such, and it is one of them.
    """
    low, high = await _ends(tx)
    if high is None or (await _at(tx, high))[1] < at:
        return None
    while low < high:
        seq, moment = await _at(tx, (low + high) // 2)
        if moment >= at:
            high = (low + high) // 2
        else:
            low = seq + 1
    return (await _at(tx, low))[0]


async def _ends(tx: Transaction) -> tuple[int, int | None]:
    row = await tx.one("SELECT (SELECT min(seq) FROM events), (SELECT max(seq) FROM events)")
    assert row is not None
    return row[0] or 0, row[1]


async def _at(tx: Transaction, seq: int) -> tuple[int, float]:
    """Return seq and time of the first event from *seq* on; the log has a gap where a backup was restored."""
    row = await tx.one("SELECT seq, at FROM events WHERE seq >= ? ORDER BY seq LIMIT 1", seq)
    assert row is not None, "only up to the last one is asked for"
    return row[0], row[1]


def _of_types(sought: Sought) -> tuple[list[str], list[list[Any]]]:
    who = [] if sought.agent is None else [sought.agent]
    condition = "type = ?" if sought.agent is None else "agent = ? AND type = ?"
    return [condition] * len(sought.types), [[*who, kind] for kind in sought.types]


def _of_path(sought: Sought, path: str) -> tuple[list[str], list[list[Any]]]:
    also = "" if sought.agent is None else " AND +agent = ?"
    who = [] if sought.agent is None else [sought.agent]
    parts = [f"path = ? AND +type IN (SELECT value FROM json_each(?)){also}"]
    parameters = [[path, json.dumps(list(sought.types)), *who]]
    if _MOVED in sought.types:
        parts.append(f"data ->> '$.moved_from.path' = ? AND type = '{_MOVED}'{also}")
        parameters.append([path, *who])
    return parts, parameters


async def _events(tx: Transaction, condition: str, *parameters: Any, tail: str = "") -> list[Event]:
    rows = await tx.all(
        f"SELECT seq, at, type, path, version, agent, data FROM events WHERE {condition} ORDER BY seq DESC{tail}",
        *parameters,
    )
    return [Event._make((*row[:6], json.loads(row[6]))) for row in rows]
