"""Why a join has not fired yet whose inputs are all in."""

from dataclasses import dataclass
from typing import Literal

from workspace_server.core.joins.deciding import Idle, Wait, advance
from workspace_server.core.joins.state import Join
from workspace_server.core.triggers.definition import Definition

Reason = Literal["busy", "locked", "rate", "schedule", "settle"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What holds a firing back.

    Attributes:
        reason: Earlier firings are in flight, an input is locked, the trigger has fired as often as it may for now,
            its schedule has not come round, or its inputs have to rest.
        until_s: When that is over at the latest, in seconds since 1970; None when that is not known.
        holders: Who holds locks on inputs.
    """

    reason: Reason
    until_s: float | None = None
    holders: tuple[str, ...] = ()


def held_back(rule: Definition, join: Join, *, now_s: float) -> Held | None:
    """Return what holds the next firing of a join back; None while something is missing for it."""
    join, decision = advance(rule, join, (), now_s=now_s)
    if join.ready_at is None:
        return None
    if isinstance(decision, Wait):
        reason: Reason = "locked" if decision.holders else "settle"
        return Held(reason=reason, until_s=decision.until_s, holders=decision.holders)
    if isinstance(decision, Idle):
        return Held(reason="busy" if join.in_flight >= rule.concurrency else "schedule")
    return Held(reason="rate")  # it would fire, and was not let
