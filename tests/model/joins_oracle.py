"""What joins should do, told by sets of paths and spans of time: no versions, no slots, no clocks."""

from dataclasses import dataclass, field
from typing import Any

FILES = ("a", "b", "c", "d")
PATHS = FILES[:3]
HOLD_S = 100
LATE = "late"
"""What is told of a round whose time is over."""


@dataclass(kw_only=True)
class Shape:
    """Which trigger it is: the fields of its definition that the oracle understands."""

    mode: str = "all"
    refire: str = "all"
    count: int = 0
    agents: int = 0
    named: frozenset[str] = frozenset(PATHS)
    matched: frozenset[str] = frozenset()
    manifest: bool = False
    quiet_s: float = 0
    concurrency: int = 1
    within_s: float | None = None
    on_timeout: str = "wait"
    indexed: bool = False

    def fields(self) -> dict[str, Any]:
        """Return the trigger's fields, for files whose names are those of the oracle."""
        found: dict[str, Any] = {"mode": self.mode, "refire": self.refire, "hold_max_seconds": HOLD_S}
        found["files"] = [*sorted(self.named), *(["[b-d]"] if self.matched else [])]
        settle = {"quiet_ms": int(self.quiet_s * 1_000), "max_wait_ms": 3_600_000} if self.quiet_s else "immediate"
        found |= {"settle": settle, "concurrency": self.concurrency, "indexed": self.indexed}
        if self.manifest:
            found["manifest"] = "list.txt"
        if self.count:
            found["count"] = self.count
        if self.agents:
            found["distinct_agents"] = self.agents
        if self.within_s is not None:
            found |= {"within_seconds": int(self.within_s), "on_timeout": self.on_timeout}
        return found


SHAPES = {
    "all": Shape(),
    "all, refired by any": Shape(refire="any"),
    "all, from two agents": Shape(agents=2),
    "any": Shape(mode="any"),
    "count": Shape(mode="count", count=2, named=frozenset("a"), matched=frozenset("bcd")),
    "count, from two agents": Shape(mode="count", count=2, agents=2, named=frozenset(), matched=frozenset("bcd")),
    "all, with a pattern": Shape(count=2, named=frozenset("a"), matched=frozenset("bcd")),
    "all, with a pattern, refired by any": Shape(refire="any", count=2, named=frozenset("a"), matched=frozenset("bcd")),
    "manifest": Shape(named=frozenset(), manifest=True),
    "manifest, refired by any": Shape(named=frozenset(), manifest=True, refire="any"),
}


@dataclass
class Oracle:
    """Which paths stand, which are new, which are locked or unread, and how many firings are in flight."""

    shape: Shape
    stands: set[str] = field(default_factory=set)
    new: set[str] = field(default_factory=set)
    locked: set[str] = field(default_factory=set)
    unread: set[str] = field(default_factory=set)
    uncounted: set[str] = field(default_factory=set)
    """Where what stands was brought by a save that does not count."""
    by: dict[str, str] = field(default_factory=dict)
    listed: set[str] | None = None
    flying: int = 0
    paused: bool = False
    rounds: int = 0
    pause_s: float = 0.0
    complete_for_s: float | None = None
    new_for_s: float | None = None
    told: bool = False

    @property
    def wanted(self) -> set[str]:
        """The paths that the condition is about."""
        return set(self.shape.named | self.shape.matched) | (self.listed or set())

    def save(self, path: str, *, by: str = "ann", counts: bool = True, locked: bool = False) -> None:
        """A version comes to stand."""
        self.stands.add(path)
        self.by[path] = by
        self.unread.add(path)
        (self.locked.add if locked else self.locked.discard)(path)
        (self.uncounted.discard if counts else self.uncounted.add)(path)
        if counts:
            self.new.add(path)
            self.pause_s = 0 if path in self.wanted else self.pause_s
        elif path not in self.wanted:
            self.new.discard(path)

    def remove(self, path: str) -> None:
        """Nothing that counts stands there any more."""
        for known in (self.stands, self.new, self.locked, self.unread, self.uncounted):
            known.discard(path)

    def relist(self, paths: set[str]) -> None:
        """The manifest names other files."""
        added = paths - (self.listed or set())
        self.listed = paths
        self.new -= added & self.uncounted
        if added & self.new:
            self.pause_s = 0

    def pass_(self, seconds: float) -> None:
        """Time passes."""
        self.pause_s += seconds
        if self.complete_for_s is not None:
            self.complete_for_s += seconds
        if self.new_for_s is not None:
            self.new_for_s += seconds

    def takes(self) -> set[str]:
        """What a firing would see now."""
        again = self.shape.mode == "all" and self.shape.refire == "any"
        return (self.stands if again else self.new) & self.wanted

    def complete(self) -> bool:
        """Whether enough is in."""
        again = self.shape.mode == "all" and self.shape.refire == "any" and self.rounds > 0
        inside = (self.stands if again else self.new) & self.wanted
        if not self.new & self.wanted or (self.shape.manifest and not self.listed):
            return False
        if len({self.by[path] for path in inside}) < self.shape.agents:
            return False
        if self.shape.mode == "any":
            return True
        if self.shape.mode == "count":
            return len(inside) >= self.shape.count
        named = self.wanted - self.shape.matched
        return named <= inside and len(inside - named) >= self.shape.count

    def settle(self) -> list[set[str] | str]:
        """Return what happens now, in order: the inputs of each firing, or that a round is late."""
        happened: list[set[str] | str] = []
        while True:
            if not self.new & self.wanted:
                self.new_for_s, self.told = None, False
            elif self.new_for_s is None:
                self.new_for_s = 0.0
            next_ = self._next()
            if next_ is None or self.paused:
                return happened
            happened.append(self._late() if next_ == LATE else self._fire())

    def fires(self) -> int:
        """Return how many times it fires now."""
        return sum(one != LATE for one in self.settle())

    def _next(self) -> str | None:
        free = self.flying < self.shape.concurrency
        if not self.complete() or (self.shape.indexed and self.unread & self.takes()):
            self.complete_for_s = None
            if self.shape.within_s is None or self.new_for_s is None:
                return None
            if not self.told:
                return LATE if self.new_for_s >= self.shape.within_s else None
            return "fire" if self.shape.on_timeout == "fire_partial" and free else None
        self.complete_for_s = self.complete_for_s or 0.0
        held = bool(self.locked & self.takes()) and self.complete_for_s < HOLD_S
        return "fire" if free and self.pause_s >= self.shape.quiet_s and not held else None

    def _late(self) -> str:
        if self.shape.on_timeout == "reset":
            self.new -= self.wanted
        else:
            self.told = True
        return LATE

    def _fire(self) -> set[str]:
        taken = self.takes()
        self.new -= taken
        self.flying += 1
        self.rounds += 1
        self.complete_for_s, self.new_for_s, self.told = None, None, False
        return taken
