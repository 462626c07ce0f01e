"""Whether a join fires, waits, or has waited too long."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from workspace_server.core.joins.changes import Change, changed
from workspace_server.core.joins.state import Cause, Join, Save, Slot
from workspace_server.core.limits import LIMITS
from workspace_server.core.triggers.definition import Definition


@dataclass(frozen=True, slots=True)
class Idle:
    """Nothing to do until something happens."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Look again at `until_s`, or when something happens, such as the end of the locks of *holders* on inputs."""

    until_s: float
    holders: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TimedOut:
    """The deadline of the round has passed, and the set is not complete."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fire:
    """Fire now.

    Attributes:
        inputs: What the firing takes.
        holders: Who still holds an exclusive lock on an input; the firing is unclean when there are any.
        coalesced: Saves that this firing stands for beyond its fresh inputs.
        parent: The longest chain among the fresh inputs.
        partial: Whether something is missing, and the trigger said to fire all the same.
        scheduled_at: The moment of the schedule that it is for, if the trigger has one; seconds since 1970.
        missed: How many earlier moments had no server, and are made up for by this one.
    """

    inputs: tuple[Save, ...]
    holders: tuple[str, ...]
    coalesced: int
    parent: Cause | None
    partial: bool = False
    scheduled_at: float | None = None
    missed: int = 0


Decision = Idle | Wait | TimedOut | Fire
IDLE: Final = Idle()
TIMED_OUT: Final = TimedOut()


def advance(rule: Definition, join: Join, changes: Iterable[Change], *, now_s: float) -> tuple[Join, Decision]:
    """Return the join after *changes*, and what is to be done.

    A `Fire` is a proposal: the caller answers it with `fire` (or `skip`), a `TimedOut` with `time_out`, in the same
    transaction, and then asks again.

    Args:
        changes: What one commit changed, in order: its files come in together. None when only time passed.
        now_s: Seconds since 1970. A clock that was set back starts the pauses anew, and loses nothing.
    """
    for change in changes:
        join = changed(join, change, now_s)
    join = _in_round(join, now_s)
    inputs = _inputs(rule, join)
    if not complete(rule, join):
        # What the schedule has nothing to fire for is over: it does not fire for what is saved later.
        join = replace(join, ready_at=None, struck_at=None, missed=0)
        return join, _overdue(rule, join, now_s)
    if rule.indexed and any(save.index_state is None for save in inputs):
        join = replace(join, ready_at=None)
        return join, _overdue(rule, join, now_s)
    ready_at = now_s if join.ready_at is None else min(join.ready_at, now_s)
    join = replace(join, ready_at=ready_at, last_at=min(join.last_at, now_s))
    return join, _decide(rule, join, ready_at, now_s)


def fire(rule: Definition, join: Join, inputs: Sequence[Save]) -> Join:
    """Return the join once a firing has taken *inputs*."""
    return replace(skip(rule, join, inputs), fired=join.fired + 1, in_flight=join.in_flight + 1)


def skip(rule: Definition, join: Join, inputs: Sequence[Save]) -> Join:
    """Return the join once *inputs* are consumed without a firing (a loop was suppressed, a round was reset)."""
    taken = {save.path: save.seq for save in inputs}
    slots = {path: replace(slot, consumed=max(slot.consumed, taken.get(path, 0))) for path, slot in join.slots.items()}
    if not _keeps_all(rule):  # nobody waits for what a pattern has brought once
        slots = {path: slot for path, slot in slots.items() if slot.kind != "matched" or slot.fresh or slot.failures}
    left = replace(join, slots=slots, ready_at=None, saves=0, begun_at=None, timed_out=False)
    return replace(left, struck_at=None, missed=0)


def time_out(rule: Definition, join: Join) -> Join:
    """Return the join once it was told that its deadline has passed; a reset round is over then."""
    assert rule.deadline is not None
    if rule.deadline.on_timeout == "reset":
        return skip(rule, join, [slot.current for slot in _fresh(join) if slot.current is not None])
    return replace(join, timed_out=True)


def complete(rule: Definition, join: Join) -> bool:
    """Return whether there is something to fire for, if nobody were in the way."""
    if not rule.watched:  # the schedule alone
        return join.struck_at is not None
    fresh = _fresh(join)
    if join.problem is not None or not fresh:
        return False
    if rule.mode in {"each", "any"}:
        return True
    counted = taken_as_in(rule, join)
    enough_agents = len(agents(counted)) >= (rule.distinct_agents or 0)
    if rule.mode == "count":
        return len(counted) >= (rule.count or 0) and enough_agents
    there = {slot.path for slot in counted}
    named = all(slot.path in there for slot in join.wanted if slot.kind != "matched")
    return named and sum(slot.kind == "matched" for slot in counted) >= (rule.count or 0) and enough_agents


def taken_as_in(rule: Definition, join: Join) -> list[Slot]:
    """Return the slots that count as in: the fresh ones, or all that stand once any fresh one makes a new round."""
    if _keeps_all(rule) and join.fired:
        return [slot for slot in join.wanted if slot.current is not None]
    return _fresh(join)


def agents(slots: Iterable[Slot]) -> set[str]:
    """Return whose inputs stand in the slots."""
    return {slot.current.agent for slot in slots if slot.current is not None}


def _keeps_all(rule: Definition) -> bool:
    """Whether a firing takes what stands in every slot, also what an earlier one has taken."""
    return rule.mode == "all" and rule.refire == "any"


def _fresh(join: Join) -> list[Slot]:
    return [slot for slot in join.wanted if slot.fresh]


def _in_round(join: Join, now_s: float) -> Join:
    """Return the join with when its round began; without a fresh input there is none."""
    if not _fresh(join):
        return replace(join, begun_at=None, timed_out=False)
    return replace(join, begun_at=now_s if join.begun_at is None else min(join.begun_at, now_s))


def _inputs(rule: Definition, join: Join) -> tuple[Save, ...]:
    """Return what a firing would take now: named inputs in their order, then matched ones as they came in."""
    slots = [slot for slot in join.wanted if slot.current is not None] if _keeps_all(rule) else _fresh(join)
    named = [slot.current for slot in slots if slot.kind != "matched" and slot.current is not None]
    matched = [slot.current for slot in slots if slot.kind == "matched" and slot.current is not None]
    return (*named, *sorted(matched, key=lambda save: save.seq)[: LIMITS.trigger_inputs_max])


def _overdue(rule: Definition, join: Join, now_s: float) -> Decision:
    """Return what the deadline says of a set that is not complete."""
    if rule.deadline is None or join.begun_at is None:
        return IDLE
    if not join.timed_out:
        due = join.begun_at + rule.deadline.within_seconds
        return TIMED_OUT if now_s >= due else Wait(due)
    if rule.deadline.on_timeout == "fire_partial" and join.in_flight < rule.concurrency:
        return _fire(rule, join, partial=True)
    return IDLE


def _decide(rule: Definition, join: Join, ready_at: float, now_s: float) -> Decision:
    if join.in_flight >= rule.concurrency:
        return IDLE  # `Finished` brings us back
    if rule.schedule is not None and join.struck_at is None:
        return IDLE  # and so does `Struck`
    due = min(join.last_at + rule.settle.quiet_ms / 1_000, ready_at + rule.settle.max_wait_ms / 1_000)
    if now_s < due:
        return Wait(due)
    decision = _fire(rule, join)
    held_until = max(ready_at, join.struck_at or 0.0) + rule.hold_max_seconds
    return Wait(held_until, decision.holders) if decision.holders and now_s < held_until else decision


def _fire(rule: Definition, join: Join, *, partial: bool = False) -> Fire:
    inputs = _inputs(rule, join)
    fresh = [slot.current for slot in _fresh(join) if slot.current is not None]
    causes = [save.cause for save in fresh if save.cause is not None]
    return Fire(
        inputs=inputs,
        holders=tuple(sorted({save.holder for save in inputs if save.fence is not None and save.holder is not None})),
        coalesced=max(0, join.saves - len(fresh)),
        parent=max(causes, key=lambda cause: cause.depth, default=None),
        partial=partial,
        scheduled_at=join.struck_at,
        missed=join.missed,
    )
