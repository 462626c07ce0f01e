"""When a trigger fires: one state machine per trigger and key, driven by what the log says.

A join is level-triggered. Each slot remembers the version that the last firing consumed; it is fresh while the version
that stands there is beyond that. So an input that arrives before anybody waits, or while the consumer is at work, is
never dropped: it is simply still fresh when the join is looked at again.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from workspace_server.core.triggers.definition import Definition


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
    """A version that came to stand at a path.

    Attributes:
        fence: The exclusive lock that covered the path then and has not ended since.
        holder: Who holds that lock.
        cause: What its author worked for.
    """

    path: str
    version: int
    seq: int
    sha256: str
    agent: str
    fence: int | None = None
    holder: str | None = None
    cause: Cause | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """One input of a join.

    Attributes:
        current: What stands at the path; None when nothing does, or nothing that counts ever did.
        consumed: The version that the last firing took; 0 before the first.
    """

    path: str
    current: Save | None = None
    consumed: int = 0

    @property
    def fresh(self) -> bool:
        """Whether something new stands here."""
        return self.current is not None and self.current.version > self.consumed


@dataclass(frozen=True, slots=True, kw_only=True)
class Join:
    """The state of one trigger for one key.

    Attributes:
        slots: The inputs by path.
        fired: How many firings there were; the number of the last one.
        busy: Whether the last firing is still in flight.
        ready_at: Since when the condition holds; None while it does not. Seconds since 1970.
        last_at: When the last input came.
        saves: Saves that counted since the last firing.
    """

    slots: Mapping[str, Slot]
    fired: int = 0
    busy: bool = False
    ready_at: float | None = None
    last_at: float = 0.0
    saves: int = 0


@dataclass(frozen=True, slots=True)
class Idle:
    """Nothing to do until something happens."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Look again at `until_s`, or when something happens."""

    until_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Fire:
    """Fire now.

    Attributes:
        inputs: What stands in every slot.
        holders: Who still holds an exclusive lock on an input; the firing is unclean when there are any.
        coalesced: Saves that this firing stands for beyond its fresh inputs.
        parent: The longest chain among the fresh inputs.
    """

    inputs: tuple[Save, ...]
    holders: tuple[str, ...]
    coalesced: int
    parent: Cause | None


Decision = Idle | Wait | Fire
IDLE: Final = Idle()


@dataclass(frozen=True, slots=True)
class Saved:
    """An input was written; one that does not count (an import, the target's own write) makes nothing fresh."""

    save: Save
    counts: bool = True


@dataclass(frozen=True, slots=True)
class Removed:
    """An input was deleted or moved away."""

    path: str


@dataclass(frozen=True, slots=True)
class Unlocked:
    """A lock ended."""

    fence: int


@dataclass(frozen=True, slots=True)
class Finished:
    """The firing in flight came to its end."""


Change = Saved | Removed | Unlocked | Finished


def new_join(paths: Iterable[str], shared: Mapping[str, Slot] | None = None) -> Join:
    """Return a join that has seen nothing but what stands in the slots that it shares with others."""
    known = shared or {}
    return Join(slots={path: known.get(path) or Slot(path=path) for path in paths})


def advance(rule: Definition, join: Join, changes: Iterable[Change], *, now_s: float) -> tuple[Join, Decision]:
    """Return the join after *changes*, and what is to be done.

    A `Fire` is a proposal: the caller answers it with `fire` (or `skip`), in the same transaction.

    Args:
        changes: What one commit changed, in order: its files come in together. None when only time passed.
        now_s: Seconds since 1970. A clock that was set back starts the pauses anew, and loses nothing.
    """
    for change in changes:
        join = _changed(join, change, now_s)
    if not _complete(rule, join):
        return replace(join, ready_at=None), IDLE
    ready_at = now_s if join.ready_at is None else min(join.ready_at, now_s)
    join = replace(join, ready_at=ready_at, last_at=min(join.last_at, now_s))
    return join, _decide(rule, join, ready_at, now_s)


def fire(join: Join) -> Join:
    """Return the join once a firing has taken what stands in its slots."""
    return replace(skip(join), fired=join.fired + 1, busy=True)


def skip(join: Join) -> Join:
    """Return the join once its inputs are consumed without a firing (a loop was suppressed)."""
    taken = {
        path: replace(slot, consumed=slot.current.version) if slot.current is not None else slot
        for path, slot in join.slots.items()
    }
    return replace(join, slots=taken, ready_at=None, saves=0)


def _changed(join: Join, change: Change, now_s: float) -> Join:
    match change:
        case Saved(save=save, counts=counts):
            slot = join.slots[save.path]
            if slot.current is not None and save.version <= slot.current.version:
                return join  # the file that stands there already
            # What does not count moves along: fresh stays fresh, at the newer version; consumed stays consumed.
            consumed = slot.consumed if counts or slot.fresh else save.version
            join = _with(join, replace(slot, current=save, consumed=consumed))
            return replace(join, last_at=now_s, saves=join.saves + 1) if counts else join
        case Removed(path=path):
            return _with(join, replace(join.slots[path], current=None))
        case Unlocked(fence=fence):
            for slot in join.slots.values():
                if slot.current is not None and slot.current.fence == fence:
                    join = _with(join, replace(slot, current=replace(slot.current, fence=None, holder=None)))
            return join
        case _:
            return replace(join, busy=False)


def _with(join: Join, slot: Slot) -> Join:
    return replace(join, slots={**join.slots, slot.path: slot})


def _complete(rule: Definition, join: Join) -> bool:
    """Whether there is something to fire for, if nobody were in the way."""
    slots = join.slots.values()
    if rule.refire == "any" and join.fired:
        return all(slot.current is not None for slot in slots) and any(slot.fresh for slot in slots)
    return all(slot.fresh for slot in slots)


def _decide(rule: Definition, join: Join, ready_at: float, now_s: float) -> Decision:
    if join.busy:
        return IDLE  # `Finished` brings us back
    due = min(join.last_at + rule.settle.quiet_ms / 1_000, ready_at + rule.settle.max_wait_ms / 1_000)
    if now_s < due:
        return Wait(due)
    inputs = tuple(slot.current for slot in join.slots.values() if slot.current is not None)
    holders = tuple(sorted({save.holder for save in inputs if save.fence is not None and save.holder is not None}))
    held_until = ready_at + rule.hold_max_seconds
    if holders and now_s < held_until:
        return Wait(held_until)
    fresh = [slot.current for slot in join.slots.values() if slot.fresh and slot.current is not None]
    causes = [save.cause for save in fresh if save.cause is not None]
    return Fire(
        inputs=inputs,
        holders=holders,
        coalesced=max(0, join.saves - len(fresh)),
        parent=max(causes, key=lambda cause: cause.depth, default=None),
    )


@dataclass(frozen=True, slots=True)
class Rate:
    """How many firings a trigger had in the minute that began at `since_s`; one too many once one was put off."""

    since_s: float = 0.0
    count: int = 0


def admit(rate: Rate, *, per_minute: int, now_s: float) -> tuple[Rate, float | None]:
    """Count one more firing, or return when there is room again.

    Over the limit nothing is lost: the inputs stay fresh, and one firing takes them all when the minute is over.
    """
    if not rate.since_s <= now_s < rate.since_s + 60:
        return Rate(now_s, 1), None
    if rate.count >= per_minute:
        return replace(rate, count=per_minute + 1), rate.since_s + 60
    return replace(rate, count=rate.count + 1), None
