"""Rows of triggers, of their joins, and of firings."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from workspace_server.core.joins import Cause, Join, Rate, Save, Slot
from workspace_server.storage.database import Row, Transaction
from workspace_server.storage.tables import meta

SHARED: Final = ":shared"  # no path has a colon, and no key begins with one
"""The key under which a trigger keeps what all its keys share; no text of captures and no other key is spelled so."""
_EDITION = "triggers"


class TriggerRow(NamedTuple):
    """A trigger, active or not."""

    trigger_id: int
    name: str
    definition: dict[str, Any]
    state: str
    secret: str | None
    created_at: float
    created_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinRow:
    """A join with what finds it; `join_id` is None until it is stored."""

    join_id: int | None
    trigger_id: int
    key: str
    captures: Mapping[str, str]
    join: Join


class FiringRow(NamedTuple):
    """One firing."""

    firing_id: int
    trigger_id: int
    key: str
    number: int
    at: float
    root: str
    depth: int
    data: dict[str, Any]
    in_flight: int


_TRIGGER = "trigger_id, name, definition, state, secret, created_at, created_by"
_FIRING = "firing_id, trigger_id, key, number, at, root, depth, data, in_flight"


async def edition(tx: Transaction) -> str:
    """Return what names the present set of triggers; another set has another name."""
    return await meta.fact(tx, _EDITION) or ""


async def set_edition(tx: Transaction, name: str) -> None:
    """Say that the set of triggers is another one now."""
    await meta.set_fact(tx, _EDITION, name)


async def insert(
    tx: Transaction, *, name: str, definition: Mapping[str, Any], state: str, secret: str | None, agent: str
) -> int:
    """Make a trigger and return its id."""
    row = await tx.one(
        "INSERT INTO triggers (name, definition, state, secret, created_at, created_by) VALUES (?, ?, ?, ?, ?, ?)"
        " RETURNING trigger_id",
        name,
        _json(definition),
        state,
        secret,
        tx.now_s,
        agent,
    )
    assert row is not None
    return int(row[0])


async def by_name(tx: Transaction, name: str) -> TriggerRow | None:
    """Return the trigger of that name."""
    row = await tx.one(f"SELECT {_TRIGGER} FROM triggers WHERE name = ? AND state <> 'deleted'", name)
    return None if row is None else _trigger(row)


async def by_id(tx: Transaction, trigger_id: int) -> TriggerRow:
    """Return a trigger, deleted or not."""
    row = await tx.one(f"SELECT {_TRIGGER} FROM triggers WHERE trigger_id = ?", trigger_id)
    assert row is not None
    return _trigger(row)


async def present(tx: Transaction) -> list[TriggerRow]:
    """Return the triggers that are not deleted, by name."""
    rows = await tx.all(f"SELECT {_TRIGGER} FROM triggers WHERE state <> 'deleted' ORDER BY name")
    return [_trigger(row) for row in rows]


async def count(tx: Transaction) -> int:
    """Return how many triggers there are."""
    row = await tx.one("SELECT count(*) FROM triggers WHERE state <> 'deleted'")
    assert row is not None
    return int(row[0])


async def set_state(tx: Transaction, trigger_id: int, state: str) -> None:
    """Say whether a trigger fires."""
    await tx.run("UPDATE triggers SET state = ? WHERE trigger_id = ?", state, trigger_id)


async def delete(tx: Transaction, trigger_id: int) -> None:
    """Delete a trigger with its joins; its firings stay, so that what they set off can still be told."""
    await tx.run("UPDATE triggers SET state = 'deleted' WHERE trigger_id = ?", trigger_id)
    await tx.run("DELETE FROM joins WHERE trigger_id = ?", trigger_id)


async def rate(tx: Transaction, trigger_id: int) -> Rate:
    """Return how often a trigger fired in its present minute."""
    row = await tx.one("SELECT rate_since, rate_count FROM triggers WHERE trigger_id = ?", trigger_id)
    assert row is not None
    return Rate(*row)


async def set_rate(tx: Transaction, trigger_id: int, value: Rate) -> None:
    """Record how often a trigger fired in its present minute."""
    await tx.run(
        "UPDATE triggers SET rate_since = ?, rate_count = ? WHERE trigger_id = ?",
        value.since_s,
        value.count,
        trigger_id,
    )


_JOIN = "join_id, trigger_id, key, captures, fired, busy, ready_at, last_at, saves"
_SLOT = "path, version, consumed, seq, sha256, agent, fence, holder, cause"


async def join_of(tx: Transaction, trigger_id: int, key: str) -> JoinRow | None:
    """Return the join of a key, if anything happened to it yet."""
    row = await tx.one(f"SELECT {_JOIN} FROM joins WHERE trigger_id = ? AND key = ?", trigger_id, key)
    return None if row is None else await _join(tx, row)


async def joins_of(tx: Transaction, trigger_id: int, *, limit: int) -> list[JoinRow]:
    """Return a trigger's joins, the last used first."""
    rows = await tx.all(
        f"SELECT {_JOIN} FROM joins WHERE trigger_id = ? AND key <> ? ORDER BY last_at DESC, join_id DESC LIMIT ?",
        trigger_id,
        SHARED,
        limit,
    )
    return [await _join(tx, row) for row in rows]


async def keys_of(tx: Transaction, trigger_id: int, *, limit: int) -> list[tuple[str, dict[str, str]]]:
    """Return the keys of a trigger's joins as (key, captures), the newest first."""
    rows = await tx.all(
        "SELECT key, captures FROM joins WHERE trigger_id = ? AND key <> ? ORDER BY join_id DESC LIMIT ?",
        trigger_id,
        SHARED,
        limit,
    )
    return [(row[0], json.loads(row[1])) for row in rows]


async def held_by(tx: Transaction, fence: int) -> list[tuple[int, str]]:
    """Return the joins as (trigger, key) with an input that was written under the lock of that fence."""
    rows = await tx.all(
        "SELECT DISTINCT j.trigger_id, j.key FROM join_slots s JOIN joins j USING (join_id) WHERE s.fence = ?", fence
    )
    return [(row[0], row[1]) for row in rows]


async def due(tx: Transaction, *, limit: int) -> list[tuple[int, str]]:
    """Return the joins as (trigger, key) whose time has come."""
    rows = await tx.all("SELECT trigger_id, key FROM joins WHERE due_at <= ? ORDER BY due_at LIMIT ?", tx.now_s, limit)
    return [(row[0], row[1]) for row in rows]


async def next_due(tx: Transaction) -> float | None:
    """Return when the next join is due, in seconds since 1970."""
    row = await tx.one("SELECT min(due_at) FROM joins WHERE due_at IS NOT NULL")
    return None if row is None or row[0] is None else float(row[0])


async def waiting(tx: Transaction) -> int:
    """Return how many joins wait for their time."""
    row = await tx.one("SELECT count(*) FROM joins WHERE due_at IS NOT NULL")
    assert row is not None
    return int(row[0])


async def look_again_now(tx: Transaction) -> None:
    """Make every waiting join due: the clock may have been set while nobody looked."""
    await tx.run("UPDATE joins SET due_at = ? WHERE due_at > ?", tx.now_s, tx.now_s)


async def save_join(tx: Transaction, row: JoinRow, before: Join | None, *, due_at: float | None) -> None:
    """Store a join; only the slots that differ from *before* are written."""
    join = row.join
    stored = await tx.one(
        "INSERT INTO joins (trigger_id, key, captures, fired, busy, ready_at, last_at, saves, due_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (trigger_id, key) DO UPDATE SET fired = excluded.fired,"
        " busy = excluded.busy, ready_at = excluded.ready_at, last_at = excluded.last_at, saves = excluded.saves,"
        " due_at = excluded.due_at RETURNING join_id",
        row.trigger_id,
        row.key,
        _json(row.captures),
        join.fired,
        int(join.busy),
        join.ready_at,
        join.last_at,
        join.saves,
        due_at,
    )
    assert stored is not None
    for path, slot in join.slots.items():
        if before is None or before.slots.get(path) != slot:
            await _save_slot(tx, int(stored[0]), slot)


async def _save_slot(tx: Transaction, join_id: int, slot: Slot) -> None:
    save = slot.current
    await tx.run(
        "INSERT INTO join_slots (join_id, path, version, consumed, seq, sha256, agent, fence, holder, cause)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (join_id, path) DO UPDATE SET version = excluded.version,"
        " consumed = excluded.consumed, seq = excluded.seq, sha256 = excluded.sha256, agent = excluded.agent,"
        " fence = excluded.fence, holder = excluded.holder, cause = excluded.cause",
        join_id,
        slot.path,
        save and save.version,
        slot.consumed,
        save and save.seq,
        save and save.sha256,
        save and save.agent,
        save and save.fence,
        save and save.holder,
        save and save.cause and _json(save.cause.as_json()),
    )


async def insert_firing(tx: Transaction, row: FiringRow) -> None:
    """Record a firing; a second one of the same number for a key is refused by the database."""
    await tx.run(
        f"INSERT INTO firings ({_FIRING}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", *row[:7], _json(row.data), row.in_flight
    )


async def firing(tx: Transaction, firing_id: int) -> FiringRow | None:
    """Return a firing."""
    row = await tx.one(f"SELECT {_FIRING} FROM firings WHERE firing_id = ?", firing_id)
    return None if row is None else _firing(row)


async def last_firing(tx: Transaction, trigger_id: int) -> FiringRow | None:
    """Return a trigger's last firing."""
    row = await tx.one(
        f"SELECT {_FIRING} FROM firings WHERE trigger_id = ? ORDER BY firing_id DESC LIMIT 1", trigger_id
    )
    return None if row is None else _firing(row)


async def counts(tx: Transaction, trigger_id: int) -> tuple[int, int]:
    """Return (firings, those in flight) of a trigger."""
    row = await tx.one("SELECT count(*), coalesce(sum(in_flight), 0) FROM firings WHERE trigger_id = ?", trigger_id)
    assert row is not None
    return int(row[0]), int(row[1])


async def end_firing(tx: Transaction, firing_id: int) -> tuple[int, str] | None:
    """Take a firing out of flight and return its (trigger, key), or None when it was not in flight."""
    row = await tx.one(
        "UPDATE firings SET in_flight = 0 WHERE firing_id = ? AND in_flight = 1 RETURNING trigger_id, key", firing_id
    )
    return None if row is None else (row[0], row[1])


def cause_of(firing_id: int, root: str, depth: int) -> Cause:
    """Return the chain that the effects of a firing carry."""
    return Cause(firing=firing_name(firing_id), root=root, depth=depth)


def firing_name(firing_id: int) -> str:
    """Return what names a firing."""
    return f"F{firing_id}"


def firing_number(name: str) -> int | None:
    """Return the id behind a firing's name, or None when it cannot be one."""
    digits = name.removeprefix("F")
    return int(digits) if digits != name and digits.isascii() and digits.isdigit() and len(digits) < 19 else None


async def _join(tx: Transaction, row: Row) -> JoinRow:
    slots = await tx.all(f"SELECT {_SLOT} FROM join_slots WHERE join_id = ?", row[0])
    join = Join(
        slots={slot[0]: _slot(slot) for slot in slots},
        fired=row[4],
        busy=bool(row[5]),
        ready_at=row[6],
        last_at=row[7],
        saves=row[8],
    )
    return JoinRow(join_id=row[0], trigger_id=row[1], key=row[2], captures=json.loads(row[3]), join=join)


def _slot(row: Row) -> Slot:
    path, version, consumed, seq, sha256, agent, fence, holder, cause = row
    if version is None:
        return Slot(path=path, consumed=consumed)
    chain = None if cause is None else Cause(**json.loads(cause))
    save = Save(
        path=path, version=version, seq=seq, sha256=sha256, agent=agent, fence=fence, holder=holder, cause=chain
    )
    return Slot(path=path, current=save, consumed=consumed)


def _trigger(row: Row) -> TriggerRow:
    return TriggerRow._make((row[0], row[1], json.loads(row[2]), *row[3:]))


def _firing(row: Row) -> FiringRow:
    return FiringRow._make((*row[:7], json.loads(row[7]), row[8]))


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
