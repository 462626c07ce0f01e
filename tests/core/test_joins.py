"""When a trigger fires: the bugs of known systems, by name, and each rule of the page on triggers."""

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from workspace_server.core.joins.changes import (
    Change,
    Failed,
    Finished,
    Indexed,
    Listed,
    Removed,
    Saved,
    Unlocked,
    without_room,
)
from workspace_server.core.joins.deciding import IDLE, Fire, TimedOut, Wait, advance, fire, skip, time_out
from workspace_server.core.joins.holding import Held, held_back
from workspace_server.core.joins.missing import missing
from workspace_server.core.joins.rate import Rate, admit
from workspace_server.core.joins.state import Cause, Join, Save, new_join
from workspace_server.core.limits import LIMITS
from workspace_server.core.triggers.definition import Definition
from workspace_server.core.triggers.parsing import parse_definition


class Played:
    """A join that is played by hand: each firing is taken as soon as it is due."""

    def __init__(self, *paths: str, **fields: Any) -> None:
        mode = {"mode": "all"} if len(paths) > 1 or "manifest" in fields else {"settle": "immediate"}
        self.rule: Definition = parse_definition({"name": "t", "files": list(paths), "queue": "q", **mode, **fields})
        self.join: Join = new_join(self.rule.slots({}))
        self.firings: list[Fire] = []
        self.late = 0
        self.versions: Counter[str] = Counter()
        self.now_s = 1_000.0
        self.wait: float | None = None

    def play(self, *changes: Change) -> "Played":
        left = changes
        while True:
            self.join, decision = advance(self.rule, self.join, left, now_s=self.now_s)
            self.wait = decision.until_s if isinstance(decision, Wait) else None
            left = ()
            if isinstance(decision, Fire):
                self.join = fire(self.rule, self.join, decision.inputs)
                self.firings.append(decision)
            elif isinstance(decision, TimedOut):
                self.join = time_out(self.rule, self.join)
                self.late += 1
            else:
                return self

    def save(self, path: str, *, counts: bool = True, matched: bool = False, **facts: Any) -> "Played":
        self.versions[path] += 1
        version = self.versions[path]
        save = Save(path=path, version=version, seq=self.versions.total(), sha256="", agent="ann", **facts)
        return self.play(Saved(save, counts, matched))

    def remove(self, path: str) -> "Played":
        return self.play(Removed(path))

    def finish(self) -> "Played":
        return self.play(Finished())

    def after(self, seconds: float) -> "Played":
        self.now_s += seconds
        return self.play()

    @property
    def missing(self) -> list[dict[str, Any]]:
        return [one.as_json() for one in missing(self.rule, self.join, manifest="list.txt")]

    @property
    def fired(self) -> list[list[str]]:
        return [[f"{save.path}@{save.version}" for save in firing.inputs] for firing in self.firings]


def test_each_save_fires() -> None:
    played = Played("draft.md").save("draft.md").finish().save("draft.md").finish()
    assert played.fired == [["draft.md@1"], ["draft.md@2"]]


def test_all_fires_once_when_the_last_input_is_in() -> None:
    played = Played("a", "b", "c").save("b").save("a").save("b").save("c")
    assert played.fired == [["a@1", "b@2", "c@1"]]
    assert played.firings[0].coalesced == 1


def test_it_never_fires_with_fifteen_of_sixteen() -> None:
    paths = [f"part-{number}" for number in range(16)]
    played = Played(*paths)
    for path in paths[:15] * 3:
        played.save(path)
    assert played.fired == []
    assert len(played.save(paths[15]).fired) == 1


def test_an_input_that_arrives_while_the_consumer_runs_is_not_dropped() -> None:
    played = Played("a", "b").save("a").save("b").save("a").save("b").save("b")
    assert len(played.fired) == 1
    assert played.finish().fired[1:] == [["a@2", "b@3"]]
    assert played.firings[1].coalesced == 1


def test_it_does_not_fire_again_without_a_new_input() -> None:
    played = Played("a", "b").save("a").save("b").finish().save("a")
    assert len(played.fired) == 1
    assert played.save("b").fired[1:] == [["a@2", "b@2"]]


def test_refire_any_fires_again_in_the_next_round() -> None:
    played = Played("a", "b", refire="any").save("a").save("a").save("b").finish().save("b").finish()
    assert played.fired == [["a@2", "b@1"], ["a@2", "b@2"]]
    assert played.save("a").fired[2:] == [["a@3", "b@2"]]


def test_the_files_of_one_commit_come_in_together() -> None:
    played = Played("a", "b", refire="any").save("a").save("b").finish()
    saves = [Saved(Save(path=path, version=2, seq=9, sha256="", agent="ann")) for path in ("a", "b")]
    assert played.play(*saves).fired[1:] == [["a@2", "b@2"]]


def test_a_version_that_is_known_already_is_nothing_new() -> None:
    played = Played("a").save("a").finish()
    again = Saved(Save(path="a", version=1, seq=1, sha256="", agent="ann"))
    assert len(played.play(again).fired) == 1


def test_a_new_key_begins_with_what_it_shares() -> None:
    played = Played("a", "b").save("a", counts=True)
    assert new_join(["a", "c"], played.join.slots).slots["a"].fresh


def test_refire_any_still_needs_a_first_complete_set() -> None:
    assert Played("a", "b", refire="any").save("a").finish().save("a").fired == []


def test_refire_any_waits_for_an_input_that_was_deleted() -> None:
    played = Played("a", "b", refire="any").save("a").save("b").finish().remove("a").save("b")
    assert len(played.fired) == 1
    assert played.save("a").fired[1:] == [["a@2", "b@2"]]


def test_a_deleted_input_is_missing_again() -> None:
    played = Played("a", "b").save("a").remove("a").save("b")
    assert played.fired == []
    assert played.save("a").fired == [["a@2", "b@1"]]


def test_an_import_makes_nothing_fresh() -> None:
    played = Played("a", "b").save("a", counts=False).save("b")
    assert played.fired == []
    assert played.save("a").fired == [["a@2", "b@1"]]


def test_what_does_not_count_moves_a_fresh_input_along() -> None:
    played = Played("a", "b").save("a").save("a", counts=False).save("b")
    assert played.fired == [["a@2", "b@1"]]
    assert played.finish().save("a", counts=False).save("b").fired[1:] == []


def test_a_quiet_pause_joins_a_burst_of_saves() -> None:
    played = Played("a", settle={"quiet_ms": 500, "max_wait_ms": 2_000}).save("a").after(0.4).save("a").after(0.4)
    assert played.fired == []
    assert played.wait == pytest.approx(1_000.9)
    assert played.after(0.1).fired == [["a@2"]]


def test_saves_without_a_pause_cannot_put_a_firing_off_forever() -> None:
    played = Played("a", settle={"quiet_ms": 2_000, "max_wait_ms": 3_000}).save("a")
    for _ in range(3):
        played.after(1).save("a")
    assert played.fired == [["a@3"]]


def test_a_future_timestamp_loses_nothing() -> None:
    """The clock ran ahead when the input was written, and was set right before it fired."""
    played = Played("a", settle={"quiet_ms": 500, "max_wait_ms": 900})
    played.now_s += 1e9
    played.save("a")
    played.now_s -= 1e9
    assert played.after(0).wait == pytest.approx(1_000.5)
    assert played.after(0.5).fired == [["a@1"]]


def test_a_firing_waits_until_the_lock_on_its_input_ends() -> None:
    played = Played("a", "b").save("a", fence=7, holder="ann").save("b")
    assert played.fired == []
    assert played.play(Unlocked(6)).fired == []
    assert played.play(Unlocked(7)).fired == [["a@1", "b@1"]]
    assert played.firings[0].holders == ()


def test_a_lock_that_is_never_let_go_makes_the_firing_unclean() -> None:
    played = Played("a", hold_max_seconds=60).save("a", fence=7, holder="ann").after(59)
    assert played.fired == []
    assert played.wait == 1_060
    assert played.after(1).firings[0].holders == ("ann",)


def test_an_input_under_a_lock_may_be_deleted_while_it_is_held() -> None:
    played = Played("a", "b").save("a", fence=7, holder="ann").save("b").remove("a").play(Unlocked(7))
    assert played.fired == []


def test_a_firing_is_caused_by_the_longest_chain_among_its_inputs() -> None:
    long = Cause(firing="F2", root="F1", depth=2)
    played = Played("a", "b").save("a", cause=long).save("b", cause=Cause(firing="F3", root="F3", depth=1))
    assert played.firings[0].parent == long
    assert long.as_json() == {"firing": "F2", "root": "F1", "depth": 2}
    assert played.finish().save("a").save("b").firings[1].parent is None


def test_a_suppressed_firing_consumes_its_inputs() -> None:
    rule = Played("a").rule
    save = Save(path="a", version=1, seq=1, sha256="", agent="ann")
    join, decision = advance(rule, new_join(["a"]), [Saved(save)], now_s=0)
    assert isinstance(decision, Fire)
    join, decision = advance(rule, skip(rule, join, decision.inputs), [], now_s=0)
    assert decision is IDLE
    assert join.fired == 0


def test_firings_beyond_the_rate_wait_for_the_next_minute() -> None:
    rate = Rate()
    for _ in range(2):
        rate, until_s = admit(rate, per_minute=2, now_s=100)
        assert until_s is None
    assert admit(rate, per_minute=2, now_s=130) == (Rate(100, 3), 160)
    assert admit(Rate(100, 3), per_minute=2, now_s=131) == (Rate(100, 3), 160)
    assert admit(rate, per_minute=2, now_s=160) == (Rate(160, 1), None)
    assert admit(rate, per_minute=2, now_s=99) == (Rate(99, 1), None)


def test_any_fires_again_in_the_next_round() -> None:
    played = Played("a", "b", mode="any").save("a").save("b")
    assert played.fired == [["a@1"]]
    assert played.finish().fired[1:] == [["b@1"]]
    assert played.finish().save("a").fired[2:] == [["a@2"]]


def test_registering_what_stands_there_twice_is_one_input() -> None:
    played = Played("a", "b", mode="any").save("a").finish()
    known = played.join.slots["a"].current
    assert known is not None
    assert len(played.play(Saved(known)).fired) == 1


def test_what_a_pattern_brings_is_forgotten_once_it_is_consumed_or_gone() -> None:
    played = Played("in/*", mode="count", count=2)
    played.save("in/a", matched=True).remove("in/a")
    assert played.join.slots == {}
    played.save("in/a", matched=True).save("in/b", matched=True)
    assert played.fired == [["in/a@2", "in/b@1"]]
    assert played.join.slots == {}
    assert played.finish().save("in/a", matched=True, counts=False).join.slots == {}


def test_a_version_that_fails_its_checks_stands_in_the_way_of_the_one_before() -> None:
    played = Played("a", "b").save("a").play(Failed("a", ("report: lacks a heading",))).save("b")
    assert played.fired == []
    assert played.missing == [{"path": "a", "reason": "checks", "failures": ["report: lacks a heading"]}]
    assert played.save("a").fired == [["a@2", "b@1"]]


def test_a_failure_that_a_pattern_brings_is_shown_until_a_version_passes() -> None:
    played = Played("in/*", mode="count", count=1).play(Failed("in/a", ("short",), matched=True))
    assert played.join.slots["in/a"].failures == ("short",)
    assert played.save("in/a", matched=True).fired == [["in/a@1"]]


def test_an_input_that_the_index_has_not_read_holds_the_firing() -> None:
    played = Played("a", "b", indexed=True).save("a").save("a").save("b")
    assert [one["reason"] for one in played.missing] == ["indexing", "indexing"]
    played.play(Indexed("a", 1, "ok"), Indexed("b", 1, "failed"), Indexed("other", 1, "ok"))
    assert played.missing == [{"path": "a", "reason": "indexing"}]
    assert played.play(Indexed("a", 2, "empty")).fired == [["a@2", "b@1"]]
    assert [save.index_state for save in played.firings[0].inputs] == ["empty", "failed"]


def test_a_late_round_is_told_once_and_again_in_the_next() -> None:
    played = Played("a", "b", within_seconds=60).save("a")
    assert played.wait == 1_060
    assert played.after(60).late == 1
    assert played.after(600).late == 1
    assert played.save("b").fired == [["a@1", "b@1"]]
    assert played.finish().save("b").after(60).late == 2


def test_a_round_without_a_new_file_is_never_late() -> None:
    played = Played("a", "b", within_seconds=60).save("a").after(30).remove("a").after(60)
    assert played.late == 0
    assert played.save("a").after(59).late == 0


def test_a_late_round_is_reset() -> None:
    played = Played("a", "b", within_seconds=60, on_timeout="reset").save("a").after(60).save("b")
    assert (played.late, played.fired) == (1, [])
    assert played.save("a").fired == [["a@2", "b@1"]]


def test_a_late_round_fires_with_what_there_is() -> None:
    played = Played("a", "b", within_seconds=60, on_timeout="fire_partial").save("a", fence=7, holder="ann").after(60)
    assert played.fired == [["a@1"]]
    assert (played.firings[0].partial, played.firings[0].holders) == (True, ("ann",))
    played.save("b").after(60)
    assert (played.late, len(played.fired)) == (2, 1), "the first one is still in flight"
    assert played.finish().fired[1:] == [["b@1"]]


def test_a_clock_that_was_set_back_gives_a_round_its_whole_time() -> None:
    played = Played("a", "b", within_seconds=60)
    played.now_s += 1e9
    played.save("a")
    played.now_s -= 1e9
    assert played.after(0).wait == 1_060


def test_the_manifest_says_what_is_waited_for() -> None:
    played = Played(manifest="list.txt").play(Listed(problem="is not there"))
    assert played.missing == [{"path": "list.txt", "reason": "manifest", "problem": "is not there"}]
    played.play(Listed(("a", "b"), {"a": Saved(Save(path="a", version=4, seq=4, sha256="", agent="ann"))}))
    assert played.missing == [{"path": "b", "reason": "absent"}]
    played.versions["b"] = 4
    assert played.save("b").fired == [["a@4", "b@5"]]
    assert played.missing == [
        {"path": "a", "reason": "old", "version": 4},
        {"path": "b", "reason": "old", "version": 5},
    ]


def test_a_manifest_that_breaks_holds_what_is_in() -> None:
    played = Played(manifest="list.txt").play(Listed(("a", "b"))).save("a").play(Listed(problem="lists no path"))
    assert played.save("b").fired == []
    assert played.play(Listed(("a", "b"))).fired == [["a@1", "b@1"]]


def test_what_is_listed_again_is_as_consumed_as_it_was() -> None:
    played = Played(manifest="list.txt").play(Listed(("a",))).save("a").finish()
    taken = played.firings[0].inputs[0]
    played.play(Listed(("b",))).play(Listed(("a",), {"a": Saved(taken)}))
    assert len(played.fired) == 1
    assert played.save("a").fired[1:] == [["a@2"]]


def test_a_file_that_is_listed_no_more_is_forgotten_unless_it_was_consumed() -> None:
    played = Played(manifest="list.txt").play(Listed(("a", "b"))).save("a").play(Listed(("b",)))
    assert list(played.join.slots) == ["b"]
    assert played.save("a").fired == [], "it is not wanted"
    assert played.save("b").fired == [["b@1"]]
    assert [slot.kind for slot in played.play(Listed(("a",))).join.slots.values()] == ["listed", "dropped"]


def test_a_named_file_stays_named_when_the_manifest_lists_it_too() -> None:
    played = Played("cover", manifest="list.txt").play(Listed(("cover", "a")))
    assert {path: slot.kind for path, slot in played.join.slots.items()} == {"cover": "named", "a": "listed"}


def test_too_few_files_or_agents_are_told_as_numbers() -> None:
    played = Played("in/*", mode="count", count=2, distinct_agents=2).save("in/a", matched=True)
    assert played.missing == [
        {"reason": "count", "have": 1, "need": 2},
        {"reason": "agents", "have": 1, "need": 2, "agents": ["ann"]},
    ]
    assert Played("in/*", "b", mode="all", count=2).save("in/a", matched=True).missing == [
        {"path": "b", "reason": "absent"},
        {"reason": "count", "have": 1, "need": 2},
    ]
    assert Played("a", "b", mode="any").missing == []


def test_what_an_earlier_firing_took_need_not_be_told_where_anything_new_will_do() -> None:
    played = Played("a", "b", mode="any").save("a").finish()
    assert played.missing == []


def test_a_locked_input_is_told_with_its_holder() -> None:
    played = Played("a", "b").save("a", fence=7, holder="ann")
    assert played.missing == [{"path": "a", "reason": "locked", "agent": "ann"}, {"path": "b", "reason": "absent"}]


def test_a_join_takes_in_a_bounded_number_of_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workspace_server.core.joins.changes.LIMITS", replace(LIMITS, trigger_slots_max=2))
    played = Played("in/*", mode="count", count=3)
    for path in ("in/a", "in/b", "in/c"):
        played.save(path, matched=True)
    assert list(played.join.slots) == ["in/a", "in/b"]
    assert without_room(played.join, ["in/a", "in/c", "in/c", "in/d"]) == ["in/c", "in/d"]


def test_a_finish_too_many_changes_nothing() -> None:
    assert Played("a").finish().join.in_flight == 0


def held(played: Played) -> Held | None:
    return held_back(played.rule, played.join, now_s=played.now_s)


def test_what_holds_a_full_set_back_is_told() -> None:
    played = Played("a", "b").save("a")
    assert held(played) is None
    assert held(played.save("b")) is None
    assert held(played.save("a").save("b")) == Held(reason="busy")
    assert held(Played("a", "b", schedule="0 9 * * *").save("a").save("b")) == Held(reason="schedule")
    resting = Played("a", settle={"quiet_ms": 500, "max_wait_ms": 2_000}).save("a")
    assert held(resting) == Held(reason="settle", until_s=1_000.5)
    locked = Played("a", hold_max_seconds=60).save("a", fence=7, holder="ann")
    assert held(locked) == Held(reason="locked", until_s=1_060, holders=("ann",))


def test_a_full_set_that_nothing_holds_back_has_met_the_rate() -> None:
    played = Played("a", settle={"quiet_ms": 500, "max_wait_ms": 2_000}).save("a")
    assert held_back(played.rule, played.join, now_s=played.now_s + 1) == Held(reason="rate")
