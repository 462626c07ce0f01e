"""How a trigger stands: its definition, what is in and what is missing, what it has set off."""

from dataclasses import replace
from typing import Any, Final

from workspace_server.core.access import Caller
from workspace_server.core.joins.deciding import taken_as_in
from workspace_server.core.joins.state import new_join
from workspace_server.core.triggers.definition import Definition
from workspace_server.core.triggers.manifest import ABSENT
from workspace_server.core.triggers.parsing import parse_definition
from workspace_server.core.triggers.targets import Webhook
from workspace_server.delivery.guard import origin
from workspace_server.services.automation.missing import MISSING_SHOWN_MAX, missing_of
from workspace_server.services.recording import Result
from workspace_server.services.times import iso
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import deliveries, jobs, joins, schedules, triggers
from workspace_server.storage.tables.joins import JoinRow
from workspace_server.storage.tables.triggers import TriggerRow

KEYS_SHOWN_MAX: Final = 20
"""Most keys of a join that a listing shows, the last used first."""
FAILING_SHOWN_MAX: Final = 20
"""Most files that fail a trigger's checks in a listing."""


async def shown(tx: Transaction, row: TriggerRow, caller: Caller) -> Result:
    """Return a trigger as a list shows it to *caller*."""
    rule = parse_definition(row.definition)
    fired, in_flight = await triggers.counts(tx, row.trigger_id)
    counted = deliveries.counts_of if isinstance(rule.target, Webhook) else jobs.counts_of
    pending, failures = await counted(tx, row.trigger_id)
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
    if isinstance(rule.target, Webhook) and caller.agent != row.created_by and "admin" not in caller.verbs:
        answer["url"] = origin(rule.target.url)
    last = await triggers.last_firing(tx, row.trigger_id)
    if last is not None:
        inputs = [{"path": one["path"], "version": one["version"]} for one in last.data["inputs"]]
        answer["last_firing"] = {"firing": last.data["firing"], "at": iso(last.at), "inputs": inputs}
    failing = await joins.failing(tx, row.trigger_id, limit=FAILING_SHOWN_MAX) if rule.checks else []
    if failing:
        answer["failed_checks"] = [{"path": path, "failures": what} for path, what in failing]
    keys = await shown_keys(tx, rule, row.trigger_id)
    if rule.mode == "each":  # every file is a round of its own: what tells something is what has yet to fire
        keys = [key for key in keys if key["in"] or key["missing"]]
    if keys or rule.mode != "each":
        answer["keys"] = keys
    next_at = await schedules.next_of(tx, row.trigger_id)
    if next_at is not None:
        answer["next_at"] = iso(next_at)
    return answer


async def shown_keys(tx: Transaction, rule: Definition, trigger_id: int) -> list[dict[str, Any]]:
    """Return the keys that a trigger used last, with what is in and what is missing."""
    rows = await joins.joins_of(tx, trigger_id, limit=KEYS_SHOWN_MAX)
    if not rows and not rule.captures and rule.mode != "each":
        unseen = replace(new_join(rule.slots({})), problem=None if rule.manifest is None else ABSENT)
        rows = [JoinRow(join_id=None, trigger_id=trigger_id, key="", captures={}, join=unseen)]
    return [await _key(tx, rule, row) for row in rows]


async def _key(tx: Transaction, rule: Definition, row: JoinRow) -> dict[str, Any]:
    """Return one key with what is in and what is missing, and why."""
    missing = await missing_of(tx, rule, row)
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
