"""What a firing says of itself: to its webhook, to its job, and in the log."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Final

from workspace_server.core.joins.deciding import Fire
from workspace_server.core.joins.state import Cause, Save
from workspace_server.core.moments import iso
from workspace_server.core.spans import place_in
from workspace_server.core.triggers.definition import Definition

_BESIDE_INPUTS: Final = ("key", "missing", "unclean", "holders", "coalesced", "scheduled_at", "missed")


def chain(name: str, parent: Cause | None) -> Cause:
    """Return the chain that the effects of the firing *name* carry.

    Args:
        parent: The chain that led to it, if it was not somebody's own idea.
    """
    if parent is None:
        return Cause(firing=name, root=name, depth=1)
    return Cause(firing=name, root=parent.root, depth=parent.depth + 1)


def trace_of(source: str, root: str) -> str:
    """Return the W3C trace id of a chain: it says of which workspace it is, and with which firing it began.

    So who hands the trace on, as instrumented programs do by themselves, says what it works for.

    Args:
        root: The first firing of the chain, or what else it began with.
    """
    number = root.removeprefix("F")
    if number == root or not number.isdecimal():
        return hashlib.sha256(f"{source} {root}".encode()).hexdigest()[:32]
    return _trace_prefix(source) + f"{int(number):016x}"


def root_of(traceparent: str, source: str) -> str | None:
    """Return the first firing of the chain whose trace a `traceparent` carries, or None when it is no chain of ours."""
    place = place_in(traceparent)
    prefix = _trace_prefix(source)
    if place is None or not place.trace.startswith(prefix):
        return None
    return f"F{int(place.trace.removeprefix(prefix), 16)}"


def _trace_prefix(source: str) -> str:
    return hashlib.sha256(source.encode()).hexdigest()[:16]


def firing_data(
    rule: Definition,
    key: Mapping[str, str],
    decision: Fire,
    cause: Cause,
    *,
    seq: int,
    missing: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """Return the data of a firing; the addresses of its inputs are put in when it is sent.

    Args:
        seq: Of the newest event that it takes note of.
        missing: What a partial firing does without.
    """
    data: dict[str, Any] = {
        "trigger": rule.name,
        "firing": cause.firing,
        "key": dict(key),
        "mode": rule.mode,
        "inputs": [_input(rule, save) for save in decision.inputs],
        **({"missing": [dict(one) for one in missing]} if decision.partial else {}),
        **_state(decision),
        "seq": seq,
        "cause": cause.as_json(),
    }
    if rule.instructions is not None:
        data["instructions"] = rule.instructions
    return data


def event_data(rule: Definition, key: Mapping[str, str], decision: Fire, **facts: Any) -> dict[str, Any]:
    """Return the data of the event that tells of a firing, or of one that was suppressed."""
    data = {"trigger": rule.name, "key": dict(key), "inputs": inputs(rule, decision), **_state(decision), **facts}
    if decision.parent is not None:
        data["cause"] = decision.parent.as_json()
    return data


def inputs(rule: Definition, decision: Fire) -> list[dict[str, Any]]:
    """Return the inputs as `{path, version, index_state?}`."""
    return [{"path": save.path, "version": save.version, **_index_state(rule, save)} for save in decision.inputs]


def beside_inputs(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the data of a firing says that its job does not say by itself: under what reserve it was fired."""
    return {name: data[name] for name in _BESIDE_INPUTS if data.get(name)}


def subject(decision: Fire) -> str | None:
    """Return the one path that a firing is about, when it is about one."""
    return decision.inputs[0].path if len(decision.inputs) == 1 else None


def _input(rule: Definition, save: Save) -> dict[str, Any]:
    told = {"path": save.path, "version": save.version, "sha256": save.sha256, "agent": save.agent, "seq": save.seq}
    return told | _index_state(rule, save)


def _index_state(rule: Definition, save: Save) -> dict[str, Any]:
    return {"index_state": save.index_state} if rule.indexed else {}


def _state(decision: Fire) -> dict[str, Any]:
    state: dict[str, Any] = {}
    if decision.holders:
        state |= {"unclean": True, "holders": list(decision.holders)}
    if decision.coalesced:
        state["coalesced"] = decision.coalesced
    if decision.scheduled_at is not None:
        state["scheduled_at"] = iso(decision.scheduled_at)
    if decision.missed:
        state["missed"] = decision.missed
    return state
