"""Rows of triggers and of firings."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from workspace_server.core.joins.rate import Rate
from workspace_server.core.joins.state import Cause
from workspace_server.storage.database import Row, Transaction
from workspace_server.storage.tables import meta

_EDITION = "triggers"


class TriggerRow(NamedTuple):
    """A trigger, active or not.

    Attributes:
        by_operator: Whether its maker had the verb `admin` for the whole workspace.
    """

    trigger_id: int
    name: str
    definition: dict[str, Any]
    state: str
    secret: str | None
    created_at: float
    created_by: str
    created_seq: int
    paused_at: float | None
    by_operator: bool


class FiringRow(NamedTuple):
    """One firing.

    `agent` is who may finish it by its own word; `visible_until` is when it ends without that.
    """

    firing_id: int
    trigger_id: int
    key: str
    number: int
    at: float
    root: str
    depth: int
    data: dict[str, Any]
    in_flight: int
    agent: str | None = None
    visible_until: float | None = None


_TRIGGER = "trigger_id, name, definition, state, secret, created_at, created_by, created_seq, paused_at, by_operator"
_FIRING = "firing_id, trigger_id, key, number, at, root, depth, data, in_flight, agent, visible_until"


async def edition(tx: Transaction) -> str:
    """Return what names the present set of triggers; another set has another name."""
    return await meta.fact(tx, _EDITION) or ""


async def set_edition(tx: Transaction, name: str) -> None:
    """Say that the set of triggers is another one now."""
    await meta.set_fact(tx, _EDITION, name)


async def insert(
    tx: Transaction,
    *,
    name: str,
    definition: Mapping[str, Any],
    state: str,
    secret: str | None,
    agent: str,
    by_operator: bool = False,
) -> int:
    """Make a trigger and return its id."""
    row = await tx.one(
        "INSERT INTO triggers (name, definition, state, secret, created_at, created_by, created_seq,"
        " by_operator) VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING trigger_id",
        name,
        _json(definition),
        state,
        secret,
        tx.now_s,
        agent,
        await meta.counter(tx, "seq"),
        by_operator,
    )
    assert row is not None
    return int(row[0])


async def by_state(tx: Transaction) -> dict[str, int]:
    """Return how many triggers are there that fire, are held back by a person, and wait for one."""
    row = await tx.one(
        "SELECT coalesce(sum(state = 'active' AND paused_at IS NULL), 0),"
        " coalesce(sum(state = 'active' AND paused_at IS NOT NULL), 0), coalesce(sum(state = 'needs_approval'), 0)"
        " FROM triggers WHERE state <> 'deleted'"
    )
    assert row is not None, "a count is always one row"
    active, paused, needs_approval = (int(number) for number in row)
    return {"active": active, "paused": paused, "needs_approval": needs_approval}


async def by_name(tx: Transaction, name: str) -> TriggerRow | None:
    """Return the trigger of that name."""
    row = await tx.one(f"SELECT {_TRIGGER} FROM triggers WHERE name = ? AND state <> 'deleted'", name)
    return None if row is None else _trigger(row)


async def ever_named(tx: Transaction, name: str) -> list[int]:
    """Return the triggers that have or had that name, deleted ones too; nearly always one."""
    return [row[0] for row in await tx.all("SELECT trigger_id FROM triggers WHERE name = ?", name)]


async def sending_to(tx: Transaction, urls: Sequence[str]) -> list[TriggerRow]:
    """Return the triggers that are not deleted and send webhooks to one of those addresses."""
    rows = await tx.all(
        f"SELECT {_TRIGGER} FROM triggers WHERE state <> 'deleted' AND definition ->> 'url' IN"
        " (SELECT value FROM json_each(?))",
        json.dumps(urls),
    )
    return [_trigger(row) for row in rows]


async def by_id(tx: Transaction, trigger_id: int) -> TriggerRow:
    """Return a trigger, deleted or not."""
    row = await tx.one(f"SELECT {_TRIGGER} FROM triggers WHERE trigger_id = ?", trigger_id)
    assert row is not None
    return _trigger(row)


async def by_ids(tx: Transaction, trigger_ids: Sequence[int]) -> dict[int, TriggerRow]:
    """Return triggers, deleted or not, by their ids."""
    chosen = "trigger_id IN (SELECT value FROM json_each(?))"
    rows = await tx.all(f"SELECT {_TRIGGER} FROM triggers WHERE {chosen}", json.dumps(trigger_ids))
    return {row[0]: _trigger(row) for row in rows}


async def present(tx: Transaction, *, after: str = "", limit: int = -1) -> list[TriggerRow]:
    """Return the triggers that are not deleted, by name.

    Args:
        after: Only those whose names come after this one.
        limit: How many; -1 for all.
    """
    rows = await tx.all(
        f"SELECT {_TRIGGER} FROM triggers WHERE state <> 'deleted' AND name > ? ORDER BY name LIMIT ?", after, limit
    )
    return [_trigger(row) for row in rows]


async def active(tx: Transaction) -> list[tuple[int, bool]]:
    """Return the active triggers as (trigger, paused)."""
    rows = await tx.all("SELECT trigger_id, paused_at IS NOT NULL FROM triggers WHERE state = 'active'")
    return [(row[0], bool(row[1])) for row in rows]


async def by_the_clock(tx: Transaction) -> list[TriggerRow]:
    """Return the active triggers that are not paused and may have a schedule: all that have, and few others."""
    rows = await tx.all(
        f"SELECT {_TRIGGER} FROM triggers WHERE state = 'active' AND paused_at IS NULL"
        " AND definition LIKE '%\"schedule\":%'"
    )
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
    await tx.run("DELETE FROM schedules WHERE trigger_id = ?", trigger_id)


async def set_paused(tx: Transaction, trigger_id: int, *, paused: bool) -> None:
    """Let a trigger take note of what happens and fire nothing, or go on."""
    await tx.run("UPDATE triggers SET paused_at = ? WHERE trigger_id = ?", tx.now_s if paused else None, trigger_id)


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


async def insert_firing(tx: Transaction, row: FiringRow) -> None:
    """Record a firing; a second one of the same number for a key is refused by the database."""
    await tx.run(
        f"INSERT INTO firings ({_FIRING}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", *row[:7], _json(row.data), *row[8:]
    )
    await tx.many(
        "INSERT INTO firing_inputs (seq, firing_id) VALUES (?, ?)",
        [(seq, row.firing_id) for seq in {one["seq"] for one in row.data["inputs"]}],
    )


async def firing(tx: Transaction, firing_id: int) -> FiringRow | None:
    """Return a firing."""
    row = await tx.one(f"SELECT {_FIRING} FROM firings WHERE firing_id = ?", firing_id)
    return None if row is None else _firing(row)


async def last_of_chain(tx: Transaction, root: str) -> FiringRow | None:
    """Return the last firing of the chain that began with *root*."""
    row = await tx.one(f"SELECT {_FIRING} FROM firings WHERE root = ? ORDER BY firing_id DESC LIMIT 1", root)
    return None if row is None else _firing(row)


async def firings(tx: Transaction, firing_ids: Sequence[int]) -> list[FiringRow]:
    """Return the firings that there are of those, the oldest first."""
    chosen = "firing_id IN (SELECT value FROM json_each(?))"
    rows = await tx.all(f"SELECT {_FIRING} FROM firings WHERE {chosen} ORDER BY firing_id", json.dumps(firing_ids))
    return [_firing(row) for row in rows]


async def that_took(tx: Transaction, seqs: Sequence[int], *, limit: int) -> list[int]:
    """Return the firings with an input that one of these changes brought, the oldest first."""
    rows = await tx.all(
        "SELECT DISTINCT firing_id FROM firing_inputs WHERE seq IN (SELECT value FROM json_each(?))"
        " ORDER BY firing_id LIMIT ?",
        json.dumps(seqs),
        limit,
    )
    return [row[0] for row in rows]


async def set_off(tx: Transaction, seqs: Sequence[int]) -> dict[int, list[tuple[int, int]]]:
    """Return the firings that each of these changes has set off, being their newest input, as (trigger, how many)."""
    rows = await tx.all(
        "SELECT i.seq, f.trigger_id, count(*) FROM firing_inputs i JOIN firings f USING (firing_id)"
        " WHERE i.seq IN (SELECT value FROM json_each(?)) AND f.data ->> '$.seq' = i.seq GROUP BY 1, 2",
        json.dumps(seqs),
    )
    found: dict[int, list[tuple[int, int]]] = {}
    for seq, trigger_id, count in rows:
        found.setdefault(seq, []).append((trigger_id, count))
    return found


async def page_of_firings(
    tx: Transaction, *, before: int, limit: int, trigger_id: int | None = None
) -> list[FiringRow]:
    """Return firings, newest first: those of a trigger, or those with which a run began."""
    chosen = "depth = 1" if trigger_id is None else "trigger_id = ?"
    rows = await tx.all(
        f"SELECT {_FIRING} FROM firings WHERE {chosen} AND firing_id < ? ORDER BY firing_id DESC LIMIT ?",
        *(() if trigger_id is None else (trigger_id,)),
        before,
        limit,
    )
    return [_firing(row) for row in rows]


async def newest_firings(tx: Transaction, *, limit: int) -> list[tuple[int, int]]:
    """Return the newest firings as (firing, trigger)."""
    rows = await tx.all("SELECT firing_id, trigger_id FROM firings ORDER BY firing_id DESC LIMIT ?", limit)
    return [(row[0], row[1]) for row in rows]


async def chains(tx: Transaction, roots: Sequence[str]) -> dict[str, list[tuple[int, int, int, int, int]]]:
    """Return of each chain, by trigger, how it does.

    As (trigger, firings, those in flight, jobs that ask a person, jobs and deliveries that failed).
    """
    rows = await tx.all(
        "SELECT f.root, f.trigger_id, count(*), sum(f.in_flight),"
        " sum(EXISTS (SELECT 1 FROM jobs j WHERE j.firing_id = f.firing_id"
        " AND j.state = 'blocked')), sum(EXISTS (SELECT 1 FROM jobs j WHERE j.firing_id = f.firing_id AND j.state IN"
        " ('failed', 'dead')) OR EXISTS (SELECT 1 FROM deliveries d WHERE d.firing_id = f.firing_id AND"
        " d.state = 'dead')) FROM firings f WHERE f.root IN (SELECT value FROM json_each(?)) GROUP BY 1, 2",
        json.dumps(roots),
    )
    found: dict[str, list[tuple[int, int, int, int, int]]] = {}
    for root, *of_trigger in rows:
        found.setdefault(root, []).append(tuple(of_trigger))
    return found


async def last_firings(tx: Transaction, trigger_ids: Sequence[int]) -> dict[int, FiringRow]:
    """Return the last firing of each trigger that has fired."""
    rows = await tx.all(
        f"SELECT {_FIRING} FROM firings WHERE firing_id IN (SELECT (SELECT max(firing_id) FROM firings f WHERE"
        " f.trigger_id = t.value) FROM json_each(?) t)",
        json.dumps(trigger_ids),
    )
    return {row[1]: _firing(row) for row in rows}


async def counts(tx: Transaction, trigger_ids: Sequence[int]) -> dict[int, tuple[int, int]]:
    """Return (firings, those in flight) of each trigger."""
    rows = await tx.all(
        "SELECT t.value, (SELECT count(*) FROM firings f WHERE f.trigger_id = t.value), (SELECT count(*) FROM"
        " firings f WHERE f.trigger_id = t.value AND f.in_flight = 1) FROM json_each(?) t",
        json.dumps(trigger_ids),
    )
    return {row[0]: (row[1], row[2]) for row in rows}


async def names(tx: Transaction, trigger_ids: Sequence[int]) -> dict[int, str]:
    """Return what triggers are called, deleted ones too."""
    rows = await tx.all(
        "SELECT trigger_id, name FROM triggers WHERE trigger_id IN (SELECT value FROM json_each(?))",
        json.dumps(trigger_ids),
    )
    return {row[0]: row[1] for row in rows}


async def end_firing(tx: Transaction, firing_id: int) -> tuple[int, str] | None:
    """Take a firing out of flight and return its (trigger, key), or None when it was not in flight."""
    row = await tx.one(
        "UPDATE firings SET in_flight = 0 WHERE firing_id = ? AND in_flight = 1 RETURNING trigger_id, key", firing_id
    )
    return None if row is None else (row[0], row[1])


async def leave_until(tx: Transaction, firing_id: int, *, until_s: float) -> None:
    """Let a firing end by itself at *until_s*, seconds since 1970, unless its agent has finished it before."""
    await tx.run("UPDATE firings SET visible_until = ? WHERE firing_id = ? AND in_flight = 1", until_s, firing_id)


async def open_of(tx: Transaction, agent: str) -> FiringRow | None:
    """Return the last firing that is left to *agent* and not at its end."""
    # Every write asks this, and nearly always there is nothing: the index holds only such firings.
    row = await tx.one(
        f"SELECT {_FIRING} FROM firings WHERE agent = ? AND in_flight = 1 ORDER BY firing_id DESC LIMIT 1", agent
    )
    return None if row is None else _firing(row)


async def out_of_sight(tx: Transaction) -> list[int]:
    """Return the firings whose agent has not finished them in time."""
    rows = await tx.all("SELECT firing_id FROM firings WHERE in_flight = 1 AND visible_until <= ?", tx.now_s)
    return [row[0] for row in rows]


async def next_out_of_sight(tx: Transaction) -> float | None:
    """Return when the next firing ends that its agent does not finish, in seconds since 1970."""
    row = await tx.one("SELECT min(visible_until) FROM firings WHERE in_flight = 1 AND visible_until IS NOT NULL")
    return None if row is None or row[0] is None else float(row[0])


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


def _trigger(row: Row) -> TriggerRow:
    return TriggerRow._make((row[0], row[1], json.loads(row[2]), *row[3:-1], bool(row[-1])))


def _firing(row: Row) -> FiringRow:
    return FiringRow._make((*row[:7], json.loads(row[7]), *row[8:]))


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
