"""Joins against an oracle that knows neither versions nor slots: only what was written since the last firing."""

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from workspace_server.core.joins.changes import Change, Finished, Removed, Saved, Unlocked
from workspace_server.core.joins.deciding import Fire, advance, fire
from workspace_server.core.joins.state import Join, Save, new_join
from workspace_server.core.triggers.definition import Definition
from workspace_server.core.triggers.parsing import parse_definition

PATHS = ("a", "b", "c")
HOLD_S = 100


class Oracle:
    """Which paths stand, which are new, which are locked, and whether somebody is at work."""

    def __init__(self, refire: str, quiet_s: float) -> None:
        self.refire, self.quiet_s = refire, quiet_s
        self.stands: set[str] = set()
        self.new: set[str] = set()
        self.locked: set[str] = set()
        self.busy = False
        self.rounds = 0
        self.pause_s = 0.0
        self.complete_for_s: float | None = None

    def complete(self) -> bool:
        if self.refire == "any" and self.rounds:
            return self.stands == set(PATHS) and bool(self.new)
        return self.new == set(PATHS)

    def fires(self) -> bool:
        """Whether it fires now; then everything counts as seen."""
        if not self.complete():
            self.complete_for_s = None
            return False
        self.complete_for_s = self.complete_for_s or 0.0
        held = bool(self.locked & self.stands) and self.complete_for_s < HOLD_S
        if self.busy or self.pause_s < self.quiet_s or held:
            return False
        self.new.clear()
        self.busy, self.complete_for_s = True, None
        self.rounds += 1
        return True


class Joins(RuleBasedStateMachine):
    @initialize(refire=st.sampled_from(["all", "any"]), quiet_s=st.sampled_from([0, 3]))
    def begin(self, refire: str, quiet_s: int) -> None:
        settle: Any = {"quiet_ms": quiet_s * 1_000, "max_wait_ms": 3_600_000} if quiet_s else "immediate"
        self.trigger: Definition = parse_definition(
            {
                "name": "t",
                "files": list(PATHS),
                "mode": "all",
                "refire": refire,
                "settle": settle,
                "hold_max_seconds": HOLD_S,
                "queue": "q",
            }
        )
        self.oracle = Oracle(refire, quiet_s)
        self.join: Join = new_join(PATHS)
        self.now_s = 0
        self.seq = 0
        self.heads: dict[str, int] = {}
        self.taken: set[tuple[tuple[str, int], ...]] = set()

    def play(self, *changes: Change) -> None:
        self.join, decision = advance(self.trigger, self.join, changes, now_s=self.now_s)
        assert isinstance(decision, Fire) == self.oracle.fires()
        if isinstance(decision, Fire):
            self.join = fire(self.trigger, self.join, decision.inputs)
            inputs = tuple((save.path, save.version) for save in decision.inputs)
            assert dict(inputs) == {path: self.heads[path] for path in PATHS}, "a firing sees what stands there"
            assert inputs not in self.taken, "a set fires once"
            self.taken.add(inputs)
            assert bool(decision.holders) == bool(self.oracle.locked & self.oracle.stands)

    @rule(path=st.sampled_from(PATHS), locked=st.booleans(), counts=st.booleans())
    def save(self, path: str, locked: bool, counts: bool) -> None:
        self.seq += 1
        self.heads[path] = self.seq
        self.oracle.stands.add(path)
        (self.oracle.locked.add if locked else self.oracle.locked.discard)(path)
        if counts:
            self.oracle.new.add(path)
            self.oracle.pause_s = 0
        save = Save(path=path, version=self.seq, seq=self.seq, sha256="", agent="ann")
        held = Save(
            path=path, version=self.seq, seq=self.seq, sha256="", agent="ann", fence=PATHS.index(path), holder="ann"
        )
        self.play(Saved(held if locked else save, counts))

    @rule(path=st.sampled_from(PATHS))
    def remove(self, path: str) -> None:
        for known in (self.oracle.stands, self.oracle.new, self.oracle.locked):
            known.discard(path)
        self.play(Removed(path))

    @rule(path=st.sampled_from(PATHS))
    def unlock(self, path: str) -> None:
        self.oracle.locked.discard(path)
        self.play(Unlocked(PATHS.index(path)))

    @precondition(lambda self: self.oracle.busy)
    @rule()
    def finish(self) -> None:
        self.oracle.busy = False
        self.play(Finished())

    @rule(seconds=st.sampled_from([1, 3, 50, 100]))
    def wait(self, seconds: int) -> None:
        self.now_s += seconds
        self.oracle.pause_s += seconds
        if self.oracle.complete_for_s is not None:
            self.oracle.complete_for_s += seconds
        self.play()

    @invariant()
    def rounds_agree(self) -> None:
        if hasattr(self, "oracle"):
            assert self.join.fired == self.oracle.rounds


TestJoins = Joins.TestCase
