"""When a trigger fires: the bugs of known systems, by name, and each rule of the page on triggers."""

from typing import Any

import pytest

from workspace_server.core.joins.changes import Change, Finished, Removed, Saved, Unlocked
from workspace_server.core.joins.deciding import IDLE, Fire, Wait, advance, fire, skip
from workspace_server.core.joins.rate import Rate, admit
from workspace_server.core.joins.state import Cause, Join, Save, new_join
from workspace_server.core.triggers.definition import Definition
from workspace_server.core.triggers.parsing import parse_definition


class Played:
    """A join that is played by hand: each firing is taken as soon as it is due."""

    def __init__(self, *paths: str, **fields: Any) -> None:
        mode = {"mode": "all"} if len(paths) > 1 else {"settle": "immediate"}
        self.rule: Definition = parse_definition({"name": "t", "files": list(paths), "queue": "q", **mode, **fields})
        self.join: Join = new_join(paths)
        self.firings: list[Fire] = []
        self.versions = dict.fromkeys(paths, 0)
        self.now_s = 1_000.0
        self.wait: float | None = None

    def play(self, *changes: Change) -> "Played":
        self.join, decision = advance(self.rule, self.join, changes, now_s=self.now_s)
        self.wait = decision.until_s if isinstance(decision, Wait) else None
        if isinstance(decision, Fire):
            self.join = fire(self.rule, self.join, decision.inputs)
            self.firings.append(decision)
        return self

    def save(self, path: str, *, counts: bool = True, **facts: Any) -> "Played":
        self.versions[path] += 1
        version = self.versions[path]
        return self.play(Saved(Save(path=path, version=version, seq=version, sha256="", agent="ann", **facts), counts))

    def remove(self, path: str) -> "Played":
        return self.play(Removed(path))

    def finish(self) -> "Played":
        return self.play(Finished())

    def after(self, seconds: float) -> "Played":
        self.now_s += seconds
        return self.play()

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
