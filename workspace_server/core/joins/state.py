"""What a join remembers: its slots, what stands in them, and how far its round is."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

Kind = Literal["named", "listed", "matched", "dropped"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Where a change comes from: the firing that its author worked for, and the chain behind that.

    Attributes:
        firing: The id of the firing.
        root: The first firing of the chain.
        depth: How many firings long the chain is.
    """

    firing: str
    root: str
    depth: int

    def as_json(self) -> dict[str, str | int]:
        """Return the value of `cause` in event data."""
        return {"firing": self.firing, "root": self.root, "depth": self.depth}


@dataclass(frozen=True, slots=True, kw_only=True)
class Save:
    """An event that made a path an input, most often a version that came to stand there.

    Attributes:
        version: What stands there; of what was deleted, the last that stood.
        seq: Of the event. At one path it grows with the versions, and tells the other events apart as well.
        fence: The exclusive lock that covered the path then and has not ended since.
        holder: Who holds that lock.
        cause: What its author worked for.
        index_state: How the index has read that version; None until it has.
    """

    path: str
    version: int
    seq: int
    sha256: str | None
    agent: str
    fence: int | None = None
    holder: str | None = None
    cause: Cause | None = None
    index_state: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """One input of a join.

    Attributes:
        kind: Who wants it: the trigger names it, the manifest lists it, or a pattern matched it. A dropped one is
            listed no more, and remembered only because a firing has consumed it.
        current: What stands at the path; None when nothing does, or nothing that counts ever did.
        consumed: The seq of what the last firing took; 0 before the first.
        failures: Which checks the version failed that stands there; it does not count then.
    """

    path: str
    kind: Kind = "named"
    current: Save | None = None
    consumed: int = 0
    failures: tuple[str, ...] = ()

    @property
    def fresh(self) -> bool:
        """Whether something new stands here."""
        return self.current is not None and self.current.seq > self.consumed


@dataclass(frozen=True, slots=True, kw_only=True)
class Join:
    """The state of one trigger for one key. All times are seconds since 1970.

    Attributes:
        slots: The inputs by path.
        fired: How many firings there were; the number of the last one.
        in_flight: How many of them are not at their end.
        ready_at: Since when the condition holds; None while it does not.
        last_at: When the last input came.
        saves: Saves that counted since the last firing.
        begun_at: When the first fresh input of this round came; None while there is none.
        timed_out: Whether this round's deadline has passed, and was told.
        problem: Why the manifest cannot say what the inputs are; None when it can, or there is none.
        struck_at: The moment of the schedule that nothing was fired for yet; None while there is none.
        missed: How many moments of the schedule before that one had no server to fire for them.
    """

    slots: Mapping[str, Slot]
    fired: int = 0
    in_flight: int = 0
    ready_at: float | None = None
    last_at: float = 0.0
    saves: int = 0
    begun_at: float | None = None
    timed_out: bool = False
    problem: str | None = None
    struck_at: float | None = None
    missed: int = 0

    @property
    def wanted(self) -> list[Slot]:
        """The slots that the condition is about."""
        return [slot for slot in self.slots.values() if slot.kind != "dropped"]


def new_join(paths: Iterable[str], shared: Mapping[str, Slot] | None = None) -> Join:
    """Return a join that has seen nothing but what stands in the slots that it shares with others."""
    known = shared or {}
    named = {path: known.get(path) or Slot(path=path) for path in paths}
    return Join(slots=named | {path: slot for path, slot in known.items() if slot.kind == "matched"})
