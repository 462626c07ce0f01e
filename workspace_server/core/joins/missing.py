"""What keeps a join from firing: what is not in yet, and why."""

from dataclasses import dataclass
from typing import Any, Literal

from workspace_server.core.joins.deciding import agents, taken_as_in
from workspace_server.core.joins.state import Join, Slot
from workspace_server.core.triggers.definition import Definition

Reason = Literal["absent", "old", "locked", "indexing", "checks", "manifest", "count", "agents"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """One thing that is missing.

    Attributes:
        path: The input; None when it is not one certain file.
        reason: `absent`: nothing stands there that counts. `old`: the last firing took it. `locked`, `indexing`: it
            is in, but not finished. `checks`: it failed them. `manifest`: that cannot be read. `count`, `agents`: too
            few files have come, or too few agents have brought them.
        facts: What else is known of it.
    """

    path: str | None
    reason: Reason
    facts: dict[str, Any]

    def as_json(self) -> dict[str, Any]:
        """Return it as answers and events show it."""
        return ({} if self.path is None else {"path": self.path}) | {"reason": self.reason, **self.facts}


def missing(rule: Definition, join: Join, *, manifest: str | None) -> list[Missing]:
    """Return what keeps *join* from firing, leaving out what keeps every round waiting: pauses and firings in flight.

    Args:
        manifest: The path of the join's manifest, when it has one.
    """
    found: list[Missing] = []
    if join.problem is not None:
        found.append(Missing(path=manifest, reason="manifest", facts={"problem": join.problem}))
    counted = taken_as_in(rule, join)
    there = {slot.path for slot in counted}
    for slot in join.wanted:
        one = _why_not(rule, slot, counts=slot.path in there)
        if one is not None:
            found.append(one)
    have = len(counted) if rule.mode == "count" else sum(slot.kind == "matched" for slot in counted)
    if rule.count is not None and have < rule.count:
        found.append(Missing(path=None, reason="count", facts={"have": have, "need": rule.count}))
    whose = agents(counted)
    if rule.distinct_agents is not None and len(whose) < rule.distinct_agents:
        facts = {"have": len(whose), "need": rule.distinct_agents, "agents": sorted(whose)}
        found.append(Missing(path=None, reason="agents", facts=facts))
    return found


def _why_not(rule: Definition, slot: Slot, *, counts: bool) -> Missing | None:
    """Return why a slot is not in, or None when it is, or need not be."""
    save = slot.current
    if slot.failures:
        return Missing(path=slot.path, reason="checks", facts={"failures": list(slot.failures)})
    if save is None:
        needed = rule.mode == "all"  # a slot that a pattern made is gone when nothing stands there
        return Missing(path=slot.path, reason="absent", facts={}) if needed else None
    if not counts:
        needed = rule.mode == "all" and slot.kind != "matched"
        return Missing(path=slot.path, reason="old", facts={"version": save.version}) if needed else None
    if save.fence is not None:
        return Missing(path=slot.path, reason="locked", facts={"agent": save.holder})
    if rule.indexed and save.index_state is None:
        return Missing(path=slot.path, reason="indexing", facts={})
    return None
