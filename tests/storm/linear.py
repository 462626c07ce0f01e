"""Whether what was seen of one file could have happened one after the other (Wing and Gong 1993, with Lowe's memory).

Each operation must take effect at one moment between its call and its answer; one without an answer at any moment after
its call. The search goes through the orders that the times allow, depth first, and never twice through the same set of
done operations with the same state.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import inf

from tests.storm.history import Record

State = tuple[int, str]
"""Version of the file, and the operation that made it; `(0, "")` before the first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One operation as the search sees it.

    Attributes:
        version: The version that it saw (reads, conflicts) or made (changes).
        op: What made the version that it saw, where it was told; the operation itself for a change.
        expect: The version that a change had to find, or that a conflict must not have found.
    """

    called_ns: float
    answered_ns: float = inf
    kind: str
    version: int
    op: str | None = None
    expect: int | None = None

    def after(self, state: State) -> State | None:
        """Return the state that it leaves, or None when it cannot happen in *state*."""
        version, op = state
        if self.kind == "read":
            return state if version == self.version and self.op in {None, op} else None
        if self.kind == "conflict":
            return state if version == self.version and version != self.expect else None
        fits = version + 1 == self.version and self.expect in {None, version}
        return (self.version, self.op or "") if fits else None


def is_linearizable(steps: Iterable[Step]) -> bool:
    """Whether there is an order of *steps* that their times allow and in which each finds what it saw."""
    todo = sorted(steps, key=lambda step: step.called_ns)
    start: tuple[int, frozenset[int], State] = (0, frozenset(), (0, ""))
    seen, open_ = {start}, [start]
    while open_:
        first, beyond, state = open_.pop()
        if first == len(todo):
            return True
        for index, step in _next(todo, first, beyond):
            after = step.after(state)
            if after is None:
                continue
            at, done = first, beyond | {index}
            while at in done:
                at, done = at + 1, done - {at}
            place = (at, done, after)
            if place not in seen:
                seen.add(place)
                open_.append(place)
    return False


def _next(todo: Sequence[Step], first: int, beyond: frozenset[int]) -> list[tuple[int, Step]]:
    """Return the steps that may come next: those called before any other open one was answered."""
    found: list[tuple[int, Step]] = []
    bound = inf
    for index in range(first, len(todo)):
        if todo[index].called_ns > bound:
            break
        if index not in beyond:
            found.append((index, todo[index]))
            bound = min(bound, todo[index].answered_ns)
    return found


def steps(records: Iterable[Record], made: dict[str, int]) -> list[Step]:
    """Return what one file's records say of its order.

    An operation without an answer is looked up in the history: it made the version that carries it, or nothing.

    Args:
        made: Which version each operation made, by the file's history.
    """
    found = []
    for record in records:
        called, answered = float(record.began_ns), inf if record.ended_ns is None else float(record.ended_ns)
        unknown = record.outcome == "unknown"
        version = int(made.get(record.op, 0) if unknown else record.told.get("version") or 0)
        kind, op, expect = "change", record.op, record.expect
        if record.kind == "read":
            kind, op = "read", record.told.get("last", "")
        elif record.told.get("code") == "conflict" and not unknown:
            kind, op = "conflict", ""
        elif record.outcome == "refused" or record.kind not in {"write", "held", "append"}:
            continue
        if unknown and record.op not in made:
            continue
        found.append(Step(called_ns=called, answered_ns=answered, kind=kind, version=version, op=op, expect=expect))
    return found
