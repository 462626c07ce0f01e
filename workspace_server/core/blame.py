"""Who brought a line: followed back from version to version for as long as it stands there unchanged.

The way back is taken one version at a time, so that whoever walks it can stop at any: what is found until then holds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from workspace_server.core import alignment


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """How far the lines of a version were followed. Lines count from 0.

    Attributes:
        pending: Which line of the version that was reached is which of the lines that are followed.
        found: Which step of the way back brought a line; 0 is the version where the way begins.
        steps: How many versions were gone back.
    """

    pending: Mapping[int, int]
    found: Mapping[int, int] = field(default_factory=dict)
    steps: int = 0


def begin(first: int, last: int) -> Trace:
    """Return the trace of the lines from *first* up to, not including, *last* of a version."""
    return Trace(pending={line: line for line in range(first, last)})


def back(trace: Trace, before: Sequence[str], after: Sequence[str]) -> Trace | None:
    """Return the trace gone one version back: lines that *before* lacks were brought by the version it was at.

    None when the two differ in too much to be compared.

    Args:
        before: The lines of the version before; none for the first.
        after: Those of the version that the trace is at.
    """
    aligned = alignment.blocks(before, after)
    if aligned is None:
        return None
    pending: dict[int, int] = {}
    found = dict(trace.found)
    stretch = iter(aligned)
    same, first, begins, stops = False, 0, 0, 0
    for line, followed in trace.pending.items():  # in the order of the lines, as the stretches are
        while line >= stops:
            same, (first, _), (begins, stops) = next(stretch)
        if same:
            pending[first + line - begins] = followed
        else:
            found[followed] = trace.steps
    return Trace(pending=pending, found=found, steps=trace.steps + 1)


def ended(trace: Trace) -> Mapping[int, int]:
    """Return which step brought each line; what is still pending was brought by the version reached, or before it."""
    return {**trace.found, **dict.fromkeys(trace.pending.values(), trace.steps)}


def stretches(steps: Mapping[int, int]) -> list[tuple[int, int, int]]:
    """Return (first line, line after the last, step) of neighbouring lines that the same step brought, in order."""
    joined: list[tuple[int, int, int]] = []
    for line, step in sorted(steps.items()):
        if joined and joined[-1][1:] == (line, step):
            joined[-1] = (joined[-1][0], line + 1, step)
        else:
            joined.append((line, line + 1, step))
    return joined
