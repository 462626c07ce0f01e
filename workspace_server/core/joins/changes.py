"""What can happen to a join, and what it knows afterwards."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from workspace_server.core.joins.state import Join, Save, Slot
from workspace_server.core.limits import LIMITS


@dataclass(frozen=True, slots=True)
class Saved:
    """An input was written; one that does not count (an import, the target's own write) makes nothing fresh.

    Attributes:
        matched: Whether a pattern wants it: then nobody has waited for this very path.
    """

    save: Save
    counts: bool = True
    matched: bool = False

    @property
    def path(self) -> str:
        """The slot."""
        return self.save.path


@dataclass(frozen=True, slots=True)
class Failed:
    """A version came to stand that does not pass the checks: what stood there before it stands no more."""

    path: str
    failures: tuple[str, ...]
    matched: bool = False


@dataclass(frozen=True, slots=True)
class Removed:
    """An input was deleted or moved away, or has become something that the trigger does not want."""

    path: str


@dataclass(frozen=True, slots=True)
class Unlocked:
    """A lock ended."""

    fence: int


@dataclass(frozen=True, slots=True)
class Indexed:
    """The index has read a version, well or not."""

    path: str
    version: int
    state: str


@dataclass(frozen=True, slots=True)
class Listed:
    """The manifest says what the inputs are, or why it cannot.

    Attributes:
        found: What stands at the paths that were not listed before.
        problem: Why there is no list; then what was listed is remembered until there is one.
    """

    paths: tuple[str, ...] = ()
    found: Mapping[str, Saved | Failed] = field(default_factory=dict)
    problem: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Struck:
    """A moment has come that the schedule names.

    Attributes:
        at: Which one; seconds since 1970.
        missed: How many of them passed before while no server was there.
    """

    at: float
    missed: int = 0


@dataclass(frozen=True, slots=True)
class Finished:
    """A firing in flight came to its end."""


Change = Saved | Failed | Removed | Unlocked | Indexed | Listed | Struck | Finished


def without_room(join: Join, paths: Iterable[str]) -> list[str]:
    """Return those of *paths* that the join cannot take in, each once: it remembers a bounded number of files."""
    new = [path for path in dict.fromkeys(paths) if path not in join.slots]
    return new[max(0, LIMITS.trigger_slots_max - len(join.slots)) :]


def changed(join: Join, change: Change, now_s: float) -> Join:
    """Return the join after *change*."""
    match change:
        case Saved():
            return _saved(join, change, now_s)
        case Unlocked(fence=fence):
            return _unlocked(join, fence)
        case Listed():
            return _listed(join, change, now_s)
        case Struck(at=at, missed=missed):
            return replace(join, struck_at=at, missed=join.missed + missed)
        case Finished():
            return replace(join, in_flight=max(0, join.in_flight - 1))
        case _:
            return _in_slot(join, change)


def _in_slot(join: Join, change: Failed | Removed | Indexed) -> Join:
    """Return the join after something happened to what stands in one of its slots."""
    slot = _slot(join, change.path, matched=isinstance(change, Failed) and change.matched)
    if slot is None:
        return join
    if isinstance(change, Indexed):
        if slot.current is None or slot.current.version != change.version:
            return join  # something newer stands there, which will be read as well
        return _with(join, replace(slot, current=replace(slot.current, index_state=change.state)))
    return _with(join, replace(slot, current=None, failures=change.failures if isinstance(change, Failed) else ()))


def _unlocked(join: Join, fence: int) -> Join:
    for slot in join.slots.values():
        if slot.current is not None and slot.current.fence == fence:
            join = _with(join, replace(slot, current=replace(slot.current, fence=None, holder=None)))
    return join


def _saved(join: Join, change: Saved, now_s: float) -> Join:
    save, counts = change.save, change.counts
    slot = _slot(join, save.path, matched=change.matched and counts)
    if slot is None or (slot.current is not None and save.seq <= slot.current.seq):
        return join  # not wanted, or what stands there already
    # What does not count moves along: fresh stays fresh, at the newer version; consumed stays consumed.
    consumed = slot.consumed if counts or slot.fresh else max(save.seq, slot.consumed)
    after = replace(slot, current=save, consumed=consumed, failures=())
    join = _with(join, after)
    return replace(join, last_at=now_s, saves=join.saves + 1) if counts and after.fresh else join


def _slot(join: Join, path: str, *, matched: bool) -> Slot | None:
    """Return the slot of *path*; one that a pattern wants is made when there is none, and room for it."""
    slot = join.slots.get(path)
    if slot is None and matched and not without_room(join, [path]):
        return Slot(path=path, kind="matched")
    return slot


def _with(join: Join, slot: Slot) -> Join:
    slots = {**join.slots, slot.path: slot}
    if slot.kind == "matched" and slot.current is None and not slot.failures:
        del slots[slot.path]  # nobody waits for this very path
    return replace(join, slots=slots)


def _listed(join: Join, change: Listed, now_s: float) -> Join:
    """Return the join with other inputs; what a firing has consumed is known again if it is ever listed again."""
    if change.problem is not None:
        return replace(join, problem=change.problem)
    listed = set(change.paths)
    slots = {path: slot for path, slot in join.slots.items() if slot.kind == "named"}
    for path in change.paths:
        slots.setdefault(path, replace(join.slots.get(path) or Slot(path=path), kind="listed"))
    gone = [slot for path, slot in join.slots.items() if path not in slots and path not in listed and slot.consumed]
    for slot in sorted(gone, key=lambda slot: -slot.consumed)[: LIMITS.trigger_slots_max - len(slots)]:
        slots[slot.path] = Slot(path=slot.path, kind="dropped", consumed=slot.consumed)
    join = replace(join, slots=slots, problem=None)
    for found in change.found.values():
        join = changed(join, found, now_s)
    return join
