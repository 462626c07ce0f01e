"""A trigger as its author meant it, and which inputs of which join a path is to it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from workspace_server.core.events import EventType
from workspace_server.core.triggers import targets
from workspace_server.core.triggers.entries import Entry
from workspace_server.core.triggers.filters import Filters
from workspace_server.core.triggers.schedule import Schedule
from workspace_server.core.triggers.targets import Target

Mode = Literal["each", "all", "any", "count"]
Refire = Literal["all", "any"]
Since = Literal["now", "existing"]
OnTimeout = Literal["escalate", "fire_partial", "reset", "wait"]

CONTENT: Final[tuple[EventType, ...]] = ("file.created", "file.updated", "file.moved", "file.restored")
"""What brings a version to a path: what starts a trigger that does not say otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settle:
    """How long saves must pause before a firing, and for how long at most that can put it off.

    Attributes:
        quiet_ms: The pause. Zero is "immediate".
        max_wait_ms: Counted from when the set was complete.
    """

    quiet_ms: int
    max_wait_ms: int

    def as_json(self) -> str | dict[str, int]:
        """Return the value of the field."""
        if self == IMMEDIATE:
            return "immediate"
        return {"quiet_ms": self.quiet_ms, "max_wait_ms": self.max_wait_ms}


IMMEDIATE: Final = Settle(quiet_ms=0, max_wait_ms=0)
QUIET: Final = Settle(quiet_ms=750, max_wait_ms=5_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """How long a set may stay incomplete once its first input is in, and what becomes of it then."""

    within_seconds: int
    on_timeout: OnTimeout


@dataclass(frozen=True, slots=True)
class Place:
    """Which join a path is an input of.

    Attributes:
        key: The values of the captures; None when the input is shared by every key.
        path: The slot: the path itself.
        matched: Whether a pattern with wildcards brought it: then nobody waits for this very path.
    """

    key: Mapping[str, str] | None
    path: str
    matched: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """A trigger; the page on triggers says what each field means.

    Attributes:
        excluded: What `not_files` names.
        manifest: Which file lists the inputs of a join.
        deadline: None when a set may take as long as it likes.
    """

    name: str
    on: tuple[EventType, ...]
    entries: tuple[Entry, ...]
    excluded: tuple[Entry, ...]
    manifest: Entry | None
    mode: Mode
    refire: Refire
    count: int | None
    distinct_agents: int | None
    filters: Filters
    settle: Settle
    hold_max_seconds: int
    indexed: bool
    checks: tuple[str, ...]
    deadline: Deadline | None
    schedule: Schedule | None
    since: Since
    concurrency: int
    rate_per_minute: int
    max_depth: int
    include_own_writes: bool
    instructions: str | None
    target: Target

    @property
    def watched(self) -> tuple[Entry, ...]:
        """All entries whose paths concern the trigger."""
        return self.entries if self.manifest is None else (*self.entries, self.manifest)

    @property
    def captures(self) -> tuple[str, ...]:
        """The names whose values make the key, sorted."""
        return next((entry.captures for entry in self.watched if entry.captures), ())

    @property
    def on_content(self) -> bool:
        """Whether new versions start it; else only what happens to a path does."""
        return not set(CONTENT).isdisjoint(self.on)

    def places(self, path: str) -> list[Place]:
        """Return the joins that a change at *path* concerns, without repeats."""
        if any(entry.capture(path) is not None for entry in self.excluded):
            return []
        found: dict[str | None, Place] = {}
        for entry in self.entries:
            values = entry.capture(path)
            if values is None or (entry.is_wild and self.manifest is not None):
                continue
            key = None if self._is_shared(entry) else values
            place = Place(key, path, entry.is_wild and self.mode != "each")
            name = None if key is None else key_text(key)
            if name not in found or found[name].matched:
                found[name] = place
            if self.mode == "each":
                break
        return list(found.values())

    def slots(self, key: Mapping[str, str]) -> tuple[str, ...]:
        """Return the paths that the join of *key* waits for by their names."""
        return tuple(dict.fromkeys(entry.resolve(key) for entry in self.entries if not entry.is_wild))

    def shared_slots(self) -> tuple[str, ...]:
        """Return the paths that every key waits for alike."""
        return tuple(entry.path for entry in self.entries if entry.path is not None) if self.captures else ()

    def is_watched(self, path: str) -> bool:
        """Return whether *path* is an input or a manifest."""
        if self.manifest is not None and self.manifest.capture(path) is not None:
            return True
        return bool(self.places(path))

    def may_list(self, path: str) -> bool:
        """Return whether the manifest may list *path*: patterns beside it say where its files lie."""
        if any(entry.capture(path) is not None for entry in self.excluded):
            return False
        bounds = [entry for entry in self.entries if entry.is_wild]
        return not bounds or any(entry.capture(path) is not None for entry in bounds)

    def as_mapping(self) -> dict[str, Any]:
        """Return the definition as JSON: equal mappings are equal triggers, whatever the defaults will be."""
        optional = {
            "not_files": [entry.as_json() for entry in self.excluded] or None,
            "manifest": None if self.manifest is None else self.manifest.as_json(),
            "count": self.count,
            "distinct_agents": self.distinct_agents,
            **self.filters.as_mapping(),
            "checks": list(self.checks) or None,
            "instructions": self.instructions,
        }
        return {
            "name": self.name,
            "on": list(self.on),
            "files": [entry.as_json() for entry in self.entries],
            "mode": self.mode,
            "refire": self.refire,
            "settle": self.settle.as_json(),
            "hold_max_seconds": self.hold_max_seconds,
            "indexed": self.indexed,
            "since": self.since,
            "concurrency": self.concurrency,
            "rate_per_minute": self.rate_per_minute,
            "max_depth": self.max_depth,
            "include_own_writes": self.include_own_writes,
            **{name: value for name, value in optional.items() if value is not None},
            **self._times(),
            **targets.as_mapping(self.target),
        }

    def _times(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        if self.deadline is not None:
            found |= {"within_seconds": self.deadline.within_seconds, "on_timeout": self.deadline.on_timeout}
        return found | (self.schedule.as_mapping() if self.schedule is not None else {})

    def _is_shared(self, entry: Entry) -> bool:
        return self.mode != "each" and bool(self.captures) and not entry.captures


def key_text(key: Mapping[str, str]) -> str:
    """Return the one spelling of a key: equal keys have equal texts."""
    return json.dumps(dict(sorted(key.items())), ensure_ascii=False, separators=(",", ":")) if key else ""
