"""Rows of joins: the state of each trigger for each of its keys."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from workspace_server.core.joins.state import Cause, Join, Save, Slot
from workspace_server.storage.database import Row, Transaction

SHARED: Final = ":shared"  # no path has a colon, and no key begins with one
"""The key under which a trigger keeps what all its keys share; no text of captures and no other key is spelled so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinRow:
    """A join with what finds it; `join_id` is None until it is stored."""

    join_id: int | None
    trigger_id: int
    key: str
    captures: Mapping[str, str]
    join: Join


_STATE = (
    *("fired", "in_flight", "ready_at", "last_at", "saves"),
    *("begun_at", "timed_out", "problem", "struck_at", "missed"),
)
"""What is stored of a join's state, by the names of its attributes."""
_JOIN = f"join_id, trigger_id, key, captures, {', '.join(_STATE)}"
_SLOT = "path, kind, consumed, failures, version, seq, sha256, agent, fence, holder, cause, index_state"


async def join_of(tx: Transaction, trigger_id: int, key: str) -> JoinRow | None:
    """Return the join of a key, if anything happened to it yet."""
    rows = await tx.all(f"SELECT {_JOIN} FROM joins WHERE trigger_id = ? AND key = ?", trigger_id, key)
    return next(iter(await _joins(tx, rows)), None)


async def joins_of(
    tx: Transaction, trigger_ids: Sequence[int], *, limit: int, skip: int = 0
) -> dict[int, list[JoinRow]]:
    """Return the joins of each of these triggers, the last used first.

    Args:
        limit: How many of each.
        skip: How many of each to leave out before those.
    """
    found: dict[int, list[JoinRow]] = {trigger_id: [] for trigger_id in trigger_ids}
    rows = await tx.all(
        f"SELECT {_JOIN} FROM (SELECT value AS owner FROM json_each(?)) CROSS JOIN joins WHERE join_id IN"
        " (SELECT j.join_id FROM joins j WHERE j.trigger_id = owner AND j.key <> ?"
        " ORDER BY j.last_at DESC, j.join_id DESC LIMIT ? OFFSET ?) ORDER BY trigger_id, last_at DESC, join_id DESC",
        json.dumps(trigger_ids),
        SHARED,
        limit,
        skip,
    )
    for row in await _joins(tx, rows):
        found[row.trigger_id].append(row)
    return found


async def keys_of(tx: Transaction, trigger_id: int, *, limit: int) -> list[tuple[str, dict[str, str]]]:
    """Return the keys of a trigger's joins as (key, captures), the newest first."""
    rows = await tx.all(
        "SELECT key, captures FROM joins WHERE trigger_id = ? AND key <> ? ORDER BY join_id DESC LIMIT ?",
        trigger_id,
        SHARED,
        limit,
    )
    return [(row[0], json.loads(row[1])) for row in rows]


async def filling(tx: Transaction, *, limit: int, trigger_ids: Sequence[int] | None = None) -> list[JoinRow]:
    """Return joins with something new in them that are not full, the last used first: all, or of some triggers."""
    return await _newest(tx, "begun_at IS NOT NULL AND ready_at IS NULL", limit, trigger_ids)


async def held(tx: Transaction, *, limit: int, trigger_ids: Sequence[int] | None = None) -> list[JoinRow]:
    """Return joins that are full and have not fired, the last used first: all, or of some triggers."""
    return await _newest(tx, "ready_at IS NOT NULL", limit, trigger_ids)


async def _newest(tx: Transaction, where: str, limit: int, trigger_ids: Sequence[int] | None) -> list[JoinRow]:
    chosen = "" if trigger_ids is None else " AND trigger_id IN (SELECT value FROM json_each(?3))"
    rows = await tx.all(
        f"SELECT {_JOIN} FROM joins WHERE {where} AND key <> ?1{chosen} ORDER BY last_at DESC LIMIT ?2",
        SHARED,
        limit,
        *(() if trigger_ids is None else (json.dumps(trigger_ids),)),
    )
    return await _joins(tx, rows)


async def all_of(tx: Transaction, trigger_id: int) -> list[tuple[int, str]]:
    """Return all joins of a trigger as (trigger, key)."""
    rows = await tx.all("SELECT trigger_id, key FROM joins WHERE trigger_id = ? AND key <> ?", trigger_id, SHARED)
    return [(row[0], row[1]) for row in rows]


async def held_by(tx: Transaction, fence: int) -> list[tuple[int, str]]:
    """Return the joins as (trigger, key) with an input that was written under the lock of that fence."""
    rows = await tx.all(
        "SELECT DISTINCT j.trigger_id, j.key FROM join_slots s JOIN joins j USING (join_id) WHERE s.fence = ?", fence
    )
    return [(row[0], row[1]) for row in rows]


async def listing(tx: Transaction, path: str) -> list[tuple[int, str]]:
    """Return the joins as (trigger, key) whose manifest lists *path*."""
    rows = await tx.all(
        "SELECT j.trigger_id, j.key FROM join_slots s JOIN joins j USING (join_id)"
        " WHERE s.path = ? AND s.kind = 'listed'",
        path,
    )
    return [(row[0], row[1]) for row in rows]


async def failing(tx: Transaction, trigger_ids: Sequence[int], *, limit: int) -> dict[int, list[tuple[str, list[str]]]]:
    """Return the files as (path, checks) that stand and fail the checks of each trigger, by path, at most so many."""
    found: dict[int, list[tuple[str, list[str]]]] = {trigger_id: [] for trigger_id in trigger_ids}
    rows = await tx.all(
        "SELECT trigger_id, path, failures FROM (SELECT DISTINCT j.trigger_id, s.path, s.failures, dense_rank() OVER"
        " (PARTITION BY j.trigger_id ORDER BY s.path) AS place FROM join_slots s JOIN joins j USING (join_id)"
        " WHERE j.trigger_id IN (SELECT value FROM json_each(?)) AND s.failures IS NOT NULL) WHERE place <= ?"
        " ORDER BY trigger_id, path",
        json.dumps(trigger_ids),
        limit,
    )
    for row in rows:
        found[row[0]].append((row[1], json.loads(row[2])))
    return found


async def due(tx: Transaction, *, limit: int) -> list[tuple[int, str]]:
    """Return the joins as (trigger, key) whose time has come."""
    rows = await tx.all("SELECT trigger_id, key FROM joins WHERE due_at <= ? ORDER BY due_at LIMIT ?", tx.now_s, limit)
    return [(row[0], row[1]) for row in rows]


async def next_due(tx: Transaction) -> float | None:
    """Return when the next join is due, in seconds since 1970."""
    row = await tx.one("SELECT min(due_at) FROM joins WHERE due_at IS NOT NULL")
    return None if row is None or row[0] is None else float(row[0])


async def next_due_of(tx: Transaction, trigger_id: int) -> float | None:
    """Return when the next join of one trigger is due, in seconds since 1970."""
    row = await tx.one("SELECT min(due_at) FROM joins WHERE trigger_id = ? AND due_at IS NOT NULL", trigger_id)
    return None if row is None or row[0] is None else float(row[0])


async def waiting(tx: Transaction) -> int:
    """Return how many joins wait for their time."""
    row = await tx.one("SELECT count(*) FROM joins WHERE due_at IS NOT NULL")
    assert row is not None
    return int(row[0])


async def look_again_now(tx: Transaction, trigger_id: int | None = None) -> None:
    """Make every waiting join due, as the clock may have been set while nobody looked; or all joins of one trigger."""
    if trigger_id is None:
        await tx.run("UPDATE joins SET due_at = ? WHERE due_at > ?", tx.now_s, tx.now_s)
    else:
        await tx.run("UPDATE joins SET due_at = ? WHERE trigger_id = ? AND key <> ?", tx.now_s, trigger_id, SHARED)


async def save_join(tx: Transaction, row: JoinRow, before: Join | None, *, due_at: float | None) -> None:
    """Store a join; only the slots that differ from *before* are written."""
    join = row.join
    columns = (*_STATE, "due_at")
    stored = await tx.one(
        f"INSERT INTO joins (trigger_id, key, captures, {', '.join(columns)})"
        f" VALUES ({', '.join('?' * (3 + len(columns)))}) ON CONFLICT (trigger_id, key) DO UPDATE SET "
        + ", ".join(f"{name} = excluded.{name}" for name in columns)
        + " RETURNING join_id",
        row.trigger_id,
        row.key,
        _json(row.captures),
        *(getattr(join, name) for name in _STATE),
        due_at,
    )
    assert stored is not None
    known = {} if before is None else before.slots
    for path, slot in join.slots.items():
        if known.get(path) != slot:
            await _save_slot(tx, int(stored[0]), slot)
    for path in known:
        if path not in join.slots:
            await tx.run("DELETE FROM join_slots WHERE join_id = ? AND path = ?", int(stored[0]), path)


async def _save_slot(tx: Transaction, join_id: int, slot: Slot) -> None:
    save = slot.current
    await tx.run(
        f"INSERT OR REPLACE INTO join_slots (join_id, {_SLOT}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        join_id,
        slot.path,
        slot.kind,
        slot.consumed,
        _json(slot.failures) if slot.failures else None,
        save and save.version,
        save and save.seq,
        save and save.sha256,
        save and save.agent,
        save and save.fence,
        save and save.holder,
        save and save.cause and _json(save.cause.as_json()),
        save and save.index_state,
    )


async def _joins(tx: Transaction, rows: Sequence[Row]) -> list[JoinRow]:
    """Return joins with their slots, by two queries for all of them."""
    slots: dict[int, dict[str, Slot]] = {row[0]: {} for row in rows}
    if slots:
        chosen = "join_id IN (SELECT value FROM json_each(?))"
        for row in await tx.all(f"SELECT join_id, {_SLOT} FROM join_slots WHERE {chosen}", json.dumps(list(slots))):
            slots[row[0]][row[1]] = _slot(row[1:])
    return [_join(row, slots[row[0]]) for row in rows]


def _join(row: Row, slots: Mapping[str, Slot]) -> JoinRow:
    state = dict(zip(_STATE, row[4:], strict=True))
    join = Join(slots=slots, **state | {"timed_out": bool(state["timed_out"])})
    return JoinRow(join_id=row[0], trigger_id=row[1], key=row[2], captures=json.loads(row[3]), join=join)


def _slot(row: Row) -> Slot:
    path, kind, consumed, failures, version, seq, sha256, agent, fence, holder, cause, index_state = row
    failed = () if failures is None else tuple(json.loads(failures))
    if version is None:
        return Slot(path=path, kind=kind, consumed=consumed, failures=failed)
    save = Save(
        path=path,
        version=version,
        seq=seq,
        sha256=sha256,
        agent=agent,
        fence=fence,
        holder=holder,
        cause=None if cause is None else Cause(**json.loads(cause)),
        index_state=index_state,
    )
    return Slot(path=path, kind=kind, current=save, consumed=consumed, failures=failed)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
