"""A run: what led to what, put in order from changes, firings, deliveries and jobs."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal["change", "firing", "delivery", "job"]
State = Literal["done", "going", "waiting", "failed"]
"""`waiting` is for a person; `failed` is over, and nobody will try again by himself."""

_WORST: tuple[State, ...] = ("failed", "waiting", "going", "done")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that happened, or that goes on.

    Attributes:
        name: What it goes by: `#12` for the change of that number, else the name of the firing, delivery or job.
        at: When it began, in seconds since 1970.
        after: The steps that it follows from, by their names; some may not be known any more.
        facts: What else is told of it.
    """

    name: str
    kind: Kind
    at: float
    state: State
    after: tuple[str, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A step in its place.

    Attributes:
        depth: How many firings it stands behind, itself counted.
        gap_s: How long after the last of what it follows from, in seconds; None for a beginning.
        beside: How many steps that are left out follow from it directly.
    """

    step: Step
    depth: int
    gap_s: float | None
    beside: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What led to what, each step after what it follows from.

    Attributes:
        wrong: The step that failed first, when one has.
        more: Whether steps were left out.
    """

    steps: tuple[Placed, ...]
    state: State
    wrong: str | None
    more: bool


def put_in_order(steps: Iterable[Step], *, steps_max: int, depth_max: int) -> Run:
    """Return the run that some steps make.

    A step stands below the last one that it follows from: that one completed what it needed. What follows from the
    same step stands by its time. A cause that began later than its effect, as clocks that were set back make it seem,
    is none.

    Args:
        steps: Those that began at the same time in the order in which they did.
        steps_max: Most steps that are kept.
        depth_max: Behind how many firings steps are left out.
    """
    ordered = sorted(steps, key=lambda step: step.at)
    place = {step.name: index for index, step in enumerate(ordered)}
    depths: dict[str, int] = {}
    below: dict[str | None, list[Step]] = {}
    for index, step in enumerate(ordered):
        earlier = [name for name in step.after if place.get(name, index) < index]
        depths[step.name] = max((depths[name] for name in earlier), default=0) + (step.kind == "firing")
        below.setdefault(max(earlier, key=place.__getitem__, default=None), []).append(step)
    kept = _walk(below, depths, steps_max=steps_max, depth_max=depth_max)
    failed = [step for step in ordered if step.state == "failed"]
    states = {step.state for step in ordered}
    return Run(
        steps=tuple(kept),
        state=next((state for state in _WORST if state in states), "done"),
        wrong=failed[0].name if failed else None,
        more=len(kept) < len(ordered),
    )


def _walk(
    below: Mapping[str | None, list[Step]], depths: Mapping[str, int], *, steps_max: int, depth_max: int
) -> list[Placed]:
    """Return the steps from the beginnings on, each followed by all that follows from it."""
    kept: list[Placed] = []
    waiting: list[tuple[Step, float | None]] = [(step, None) for step in reversed(below.get(None, []))]
    while waiting and len(kept) < steps_max:
        step, since = waiting.pop()
        depth, following = depths[step.name], below.get(step.name, [])
        if depth >= depth_max:
            following, left = [], len(following)
        else:
            left = 0
        kept.append(Placed(step=step, depth=depth, gap_s=None if since is None else step.at - since, beside=left))
        waiting += [(one, step.at) for one in reversed(following)]
    return kept
