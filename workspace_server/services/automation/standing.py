"""How triggers stand: their definitions, what is in and what is missing, what they have set off.

However many are shown, the same few queries are made for all of them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from workspace_server.core.access import Caller
from workspace_server.core.joins.deciding import taken_as_in
from workspace_server.core.joins.state import new_join
from workspace_server.core.triggers.definition import Definition
from workspace_server.core.triggers.manifest import ABSENT
from workspace_server.core.triggers.parsing import parse_definition
from workspace_server.core.triggers.targets import Webhook
from workspace_server.delivery.guard import origin
from workspace_server.services.automation.missing import MISSING_SHOWN_MAX, missing_of_all
from workspace_server.services.recording import Result
from workspace_server.services.times import iso
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import deliveries, jobs, joins, schedules, triggers
from workspace_server.storage.tables.joins import JoinRow
from workspace_server.storage.tables.triggers import FiringRow, TriggerRow

KEYS_SHOWN_MAX: Final = 20
"""Most keys of a join that a listing shows, the last used first."""
FAILING_SHOWN_MAX: Final = 20
"""Most files that fail a trigger's checks in a listing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Standing:
    """What the database knows of some triggers, by their ids.

    Attributes:
        fired: (firings, those in flight).
        left: (what is not finished, what failed), of its jobs or of its deliveries.
    """

    fired: Mapping[int, tuple[int, int]]
    left: Mapping[int, tuple[int, int]]
    last: Mapping[int, FiringRow]
    failing: Mapping[int, Sequence[tuple[str, Sequence[str]]]]
    keys: Mapping[int, Sequence[dict[str, Any]]]
    next_at: Mapping[int, float]


async def shown(tx: Transaction, rows: Sequence[TriggerRow], caller: Caller) -> list[Result]:
    """Return triggers as a list shows them to *caller*."""
    rules = {row.trigger_id: parse_definition(row.definition) for row in rows}
    ids = list(rules)
    checked = [trigger_id for trigger_id, rule in rules.items() if rule.checks]
    standing = _Standing(
        fired=await triggers.counts(tx, ids),
        left=await jobs.counts_of(tx, ids) | await deliveries.counts_of(tx, ids),
        last=await triggers.last_firings(tx, ids),
        failing=await joins.failing(tx, checked, limit=FAILING_SHOWN_MAX) if checked else {},
        keys=await _keys(tx, rules, limit=KEYS_SHOWN_MAX),
        next_at=await schedules.next_of(tx, ids),
    )
    return [_shown(row, rules[row.trigger_id], standing, caller) for row in rows]


async def keys_of(
    tx: Transaction, rule: Definition, trigger_id: int, *, limit: int = KEYS_SHOWN_MAX, skip: int = 0
) -> Sequence[dict[str, Any]]:
    """Return the keys that a trigger used last, with what is in and what is missing."""
    return (await _keys(tx, {trigger_id: rule}, limit=limit, skip=skip))[trigger_id]


async def keys_told(tx: Transaction, some: Sequence[tuple[Definition, JoinRow]]) -> list[dict[str, Any]]:
    """Return joins as their triggers' lists show them, with what is in and what is missing, by one query for all."""
    lacking = await missing_of_all(tx, some)
    return [_key(rule, row, missing) for (rule, row), missing in zip(some, lacking, strict=True)]


def _shown(row: TriggerRow, rule: Definition, standing: _Standing, caller: Caller) -> Result:
    fired, in_flight = standing.fired[row.trigger_id]
    pending, failures = standing.left.get(row.trigger_id, (0, 0))
    answer: Result = {
        "trigger": row.name,
        "state": "paused" if row.paused_at is not None and row.state == "active" else row.state,
        **{name: value for name, value in rule.as_mapping().items() if name != "name"},
        "created_by": row.created_by,
        "created_at": iso(row.created_at),
        "fired": fired,
        "in_flight": in_flight,
        "pending": pending,
        "failures": failures,
    }
    if isinstance(rule.target, Webhook) and caller.agent != row.created_by and not caller.scope.is_whole("admin"):
        answer["url"] = origin(rule.target.url)
    last = standing.last.get(row.trigger_id)
    if last is not None:
        inputs = [{"path": one["path"], "version": one["version"]} for one in last.data["inputs"]]
        answer["last_firing"] = {"firing": last.data["firing"], "at": iso(last.at), "inputs": inputs}
    failing = standing.failing.get(row.trigger_id)
    if failing:
        answer["failed_checks"] = [{"path": path, "failures": what} for path, what in failing]
    keys = standing.keys[row.trigger_id]
    if rule.mode == "each":  # every file is a round of its own: what tells something is what has yet to fire
        keys = [key for key in keys if key["in"] or key["missing"]]
    if keys or rule.mode != "each":
        answer["keys"] = keys
    if row.trigger_id in standing.next_at:
        answer["next_at"] = iso(standing.next_at[row.trigger_id])
    return answer


async def _keys(
    tx: Transaction, rules: Mapping[int, Definition], *, limit: int, skip: int = 0
) -> dict[int, list[dict[str, Any]]]:
    """Return the keys that each trigger used last, with what is in and what is missing."""
    rows = await joins.joins_of(tx, list(rules), limit=limit, skip=skip)
    some = [
        (rules[trigger_id], row)
        for trigger_id, used in rows.items()
        for row in (used or ([] if skip else _unseen(trigger_id, rules[trigger_id])))
    ]
    found: dict[int, list[dict[str, Any]]] = {trigger_id: [] for trigger_id in rules}
    for (_, row), told in zip(some, await keys_told(tx, some), strict=True):
        found[row.trigger_id].append(told)
    return found


def _unseen(trigger_id: int, rule: Definition) -> Iterable[JoinRow]:
    """Return the join of a trigger to which nothing has happened yet, when it is clear which that will be."""
    if rule.captures or rule.mode == "each":
        return []
    unseen = replace(new_join(rule.slots({})), problem=None if rule.manifest is None else ABSENT)
    return [JoinRow(join_id=None, trigger_id=trigger_id, key="", captures={}, join=unseen)]


def _key(rule: Definition, row: JoinRow, missing: list[dict[str, Any]]) -> dict[str, Any]:
    """Return one key with what is in and what is missing, and why."""
    waiting = {one.get("path") for one in missing}
    saves = [slot.current for slot in taken_as_in(rule, row.join) if slot.path not in waiting]
    return {
        "key": dict(row.captures),
        "in": [
            {"path": save.path, "version": save.version, "by": save.agent}
            for save in saves[:MISSING_SHOWN_MAX]
            if save is not None
        ],
        "missing": missing,
        "in_flight": row.join.in_flight,
        "fired": row.join.fired,
    }
