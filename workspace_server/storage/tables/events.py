"""Rows of the event log."""

import json
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from workspace_server.storage.database import Transaction

_INSERT = "INSERT INTO events (seq, at, type, path, version, agent, data) VALUES (?, ?, ?, ?, ?, ?, ?)"
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class Event(NamedTuple):
    """One committed change.

    `data` holds what the contract's event data names beyond path, version, agent and seq.
    """

    seq: int
    at: float
    type: str
    path: str | None
    version: int | None
    agent: str
    data: dict[str, Any]


class Only(NamedTuple):
    """Which events are asked for: None for all.

    Attributes:
        path_range: Paths p with first <= p < last, and all moves: where those came from is in their data.
    """

    types: Sequence[str] | None = None
    agent: str | None = None
    path_range: tuple[str, str] | None = None


EVERY = Only()


async def append(tx: Transaction, event: Event) -> None:
    """Insert one event; its seq was drawn in the same transaction."""
    await tx.run(_INSERT, *_row(event))


async def append_all(tx: Transaction, some: Iterable[Event]) -> None:
    """Insert events, as `append` does."""
    await tx.many(_INSERT, map(_row, some))


def _row(event: Event) -> Sequence[Any]:
    return (*event[:6], _encode(event.data))


async def after(tx: Transaction, seq: int, *, limit: int, only: Only = EVERY) -> list[Event]:
    """Return events beyond *seq*, oldest first."""
    where, parameters = _filter(only)
    return await _events(tx, f"seq > ?{where} ORDER BY seq LIMIT ?", seq, *parameters, limit)


async def at(tx: Transaction, seq: int) -> Event | None:
    """Return the event of that number, unless retention has removed it."""
    return next(iter(await _events(tx, "seq = ?", seq)), None)


async def newest(tx: Transaction, after_seq: int, *, limit: int, only: Only = EVERY) -> list[Event]:
    """Return the newest events beyond *after_seq*, newest first."""
    where, parameters = _filter(only)
    return await _events(tx, f"seq > ?{where} ORDER BY seq DESC LIMIT ?", after_seq, *parameters, limit)


async def before(tx: Transaction, seq: int, *, limit: int, only: Only = EVERY) -> list[Event]:
    """Return events below *seq*, newest first."""
    where, parameters = _filter(only)
    return await _events(tx, f"seq < ?{where} ORDER BY seq DESC LIMIT ?", seq, *parameters, limit)


async def by_seq(tx: Transaction, seq: int) -> Event | None:
    """Return one event, when it is still kept."""
    found = await _events(tx, "seq = ?", seq)
    return found[0] if found else None


async def by_seqs(tx: Transaction, seqs: Sequence[int]) -> list[Event]:
    """Return the events of those numbers that are still kept, oldest first."""
    return await _events(tx, "seq IN (SELECT value FROM json_each(?)) ORDER BY seq", json.dumps(seqs))


async def led_to(tx: Transaction, firings: Sequence[str], *, types: Sequence[str], limit: int) -> list[Event]:
    """Return the events of some types that name one of these firings as their cause, oldest first."""
    # The index holds the few events that have a cause; SQLite takes it only when the query says that it is one.
    return await _events(
        tx,
        "data ->> '$.cause.firing' IS NOT NULL AND data ->> '$.cause.firing' IN (SELECT value FROM json_each(?))"
        " AND +type IN (SELECT value FROM json_each(?)) ORDER BY seq LIMIT ?",
        json.dumps(firings),
        json.dumps(types),
        limit,
    )


async def following(tx: Transaction, seq: int) -> int | None:
    """Return the seq of the first event beyond *seq*."""
    row = await tx.one("SELECT seq FROM events WHERE seq > ? ORDER BY seq LIMIT 1", seq)
    return None if row is None else int(row[0])


async def first_since(tx: Transaction, at: float, *, after_seq: int) -> int | None:
    """Return the seq of the first event beyond *after_seq* that was not before *at*, in seconds since 1970."""
    row = await tx.one("SELECT seq FROM events WHERE seq > ? AND at >= ? ORDER BY seq LIMIT 1", after_seq, at)
    return None if row is None else int(row[0])


async def before_newest(tx: Transaction, count: int) -> int:
    """Return the seq of the last event before the newest *count*; 0 when there are no more than those."""
    row = await tx.one("SELECT seq FROM events ORDER BY seq DESC LIMIT 1 OFFSET ?", count)
    return 0 if row is None else int(row[0])


async def _events(tx: Transaction, condition: str, *parameters: Any) -> list[Event]:
    rows = await tx.all(f"SELECT seq, at, type, path, version, agent, data FROM events WHERE {condition}", *parameters)
    return [Event._make((*row[:6], json.loads(row[6]))) for row in rows]


def _filter(only: Only) -> tuple[str, list[Any]]:
    where = ""
    parameters: list[Any] = []
    if only.types:
        where += f" AND +type IN ({', '.join('?' * len(only.types))})"  # in the order of the log, so by no other index
        parameters += only.types
    if only.agent is not None:
        where += " AND +agent = ?"
        parameters.append(only.agent)
    if only.path_range is not None:
        where += " AND (path >= ? AND path < ? OR type = 'file.moved')"
        parameters += only.path_range
    return where, parameters
