"""Joins of all modes against an oracle that knows neither versions nor slots."""

from dataclasses import replace

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.model.joins_oracle import FILES, HOLD_S, LATE, SHAPES, Oracle, Shape
from workspace_server.core.joins.changes import (
    Change,
    Failed,
    Finished,
    Indexed,
    Listed,
    Removed,
    Saved,
    Unlocked,
)
from workspace_server.core.joins.deciding import Fire, TimedOut, advance, fire, time_out
from workspace_server.core.joins.missing import missing
from workspace_server.core.joins.state import Join, Save, new_join
from workspace_server.core.triggers.definition import Definition
from workspace_server.core.triggers.parsing import parse_definition

PATH = st.sampled_from(FILES)
SOME = st.sets(st.sampled_from(FILES), min_size=1)


class Joins(RuleBasedStateMachine):
    @initialize(
        shape=st.sampled_from(list(SHAPES.values())),
        quiet_s=st.sampled_from([0, 0, 3]),
        concurrency=st.sampled_from([1, 2]),
        on_timeout=st.sampled_from([None, "wait", "escalate", "reset", "fire_partial"]),
        indexed=st.sampled_from([False, False, False, True]),
    )
    def begin(
        self,
        shape: Shape,
        quiet_s: int,
        concurrency: int,
        on_timeout: str | None,
        indexed: bool,
    ) -> None:
        shape = replace(shape, quiet_s=quiet_s, concurrency=concurrency, indexed=indexed)
        if on_timeout is not None and shape.mode != "any":
            shape = replace(shape, within_s=20, on_timeout=on_timeout)
        self.trigger: Definition = parse_definition({"name": "t", "queue": "q", **shape.fields()})
        self.shape, self.oracle = shape, Oracle(shape)
        self.join: Join = new_join(self.trigger.slots({}))
        if shape.manifest:
            self.join = replace(self.join, problem="is not there")
        self.now_s = 1_000
        self.seq = 0
        self.heads: dict[str, Saved] = {}
        self.taken: set[frozenset[tuple[str, int]]] = set()

    def play(self, *changes: Change) -> None:
        expected = self.oracle.settle()
        happened: list[set[str] | str] = []
        left = list(changes)
        while True:
            self.join, decision = advance(self.trigger, self.join, left, now_s=self.now_s)
            left = []
            if self.oracle.paused or not isinstance(decision, (Fire, TimedOut)):
                break
            if isinstance(decision, TimedOut):
                assert missing(self.trigger, self.join, manifest="list.txt"), "a late round misses something"
                self.join = time_out(self.trigger, self.join)
                happened.append(LATE)
            else:
                happened.append(self.check(decision))
                self.join = fire(self.trigger, self.join, decision.inputs)
        assert happened == expected

    def check(self, decision: Fire) -> set[str]:
        """See that a firing takes what stands there, and no set a second time; return its inputs."""
        inputs = frozenset((save.path, save.seq) for save in decision.inputs)
        assert inputs == {(path, self.heads[path].save.seq) for path, _ in inputs}, "a firing sees what stands there"
        assert inputs not in self.taken, "a set fires once"
        self.taken.add(inputs)
        assert bool(decision.holders) == bool(self.oracle.locked & {path for path, _ in inputs})
        lacking = {one.reason for one in missing(self.trigger, self.join, manifest=None)}
        assert decision.partial or lacking <= {"checks", "locked"}, "what fires waits for nothing"
        return {path for path, _ in inputs}

    def saved(self, path: str, *, by: str, counts: bool, locked: bool) -> Saved:
        self.seq += 1
        held = {"fence": FILES.index(path), "holder": by} if locked else {}
        save = Save(path=path, version=self.seq, seq=self.seq, sha256="", agent=by, **held)  # type: ignore[arg-type]  # a number and a name
        self.heads[path] = Saved(save, counts, matched=path in self.shape.matched)
        return self.heads[path]

    @rule(path=PATH, by=st.sampled_from(["ann", "bob"]), locked=st.booleans(), counts=st.booleans())
    def save(self, path: str, by: str, locked: bool, counts: bool) -> None:
        change = self.saved(path, by=by, counts=counts, locked=locked)
        known = counts or path not in self.shape.matched or path in self.join.slots
        self.oracle.save(path, by=by, counts=counts, locked=locked)
        if not known:  # nobody waits for a file that a pattern matches and that does not count
            self.oracle.remove(path)
        self.play(change)

    @rule(path=PATH, to=PATH)
    def move(self, path: str, to: str) -> None:
        if path in self.heads and path != to:
            self.oracle.remove(path)
            self.oracle.save(to)
            self.heads.pop(path)
            self.play(Removed(path), self.saved(to, by="ann", counts=True, locked=False))

    @rule(path=PATH, spoilt=st.booleans())
    def remove(self, path: str, spoilt: bool) -> None:
        self.oracle.remove(path)
        self.heads.pop(path, None)
        matched = path in self.shape.matched
        self.play(Failed(path, ("report: lacks a heading",), matched) if spoilt else Removed(path))

    @rule(path=PATH)
    def unlock(self, path: str) -> None:
        self.oracle.locked.discard(path)
        if path in self.heads:  # a lock that ends is none of what is listed later, either
            saved = self.heads[path]
            self.heads[path] = replace(saved, save=replace(saved.save, fence=None, holder=None))
        self.play(Unlocked(FILES.index(path)))

    @rule(path=PATH)
    def read(self, path: str) -> None:
        if path in self.heads:
            self.oracle.unread.discard(path)
            saved = self.heads[path]
            self.heads[path] = replace(saved, save=replace(saved.save, index_state="ok"))
            self.play(Indexed(path, saved.save.version, "ok"))

    @precondition(lambda self: self.shape.manifest)
    @rule(paths=SOME)
    def relist(self, paths: set[str]) -> None:
        known = {path for path, slot in self.join.slots.items() if slot.kind == "listed"}
        self.oracle.relist(paths)
        found = {path: self.heads[path] for path in paths - known if path in self.heads}
        self.play(Listed(tuple(sorted(paths)), found))

    @precondition(lambda self: self.oracle.flying)
    @rule()
    def finish(self) -> None:
        self.oracle.flying -= 1
        self.play(Finished())

    @rule()
    def pause_or_go_on(self) -> None:
        self.oracle.paused = not self.oracle.paused
        self.play()

    @rule(seconds=st.sampled_from([1, 3, 20, HOLD_S]))
    def wait(self, seconds: int) -> None:
        self.now_s += seconds
        self.oracle.pass_(seconds)
        self.play()

    @invariant()
    def rounds_agree(self) -> None:
        if hasattr(self, "oracle"):
            assert (self.join.fired, self.join.in_flight) == (self.oracle.rounds, self.oracle.flying)


TestJoins = Joins.TestCase
