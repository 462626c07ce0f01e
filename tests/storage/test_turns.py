"""Many changes go into one commit, in their order; what stands back goes alone, and not never."""

from dataclasses import dataclass

from workspace_server.storage.turns import BATCH_MAX, BEHIND_S_MAX, Turns


@dataclass(slots=True)
class Change:
    name: str
    is_alone: bool = False
    is_behind: bool = False
    came_s: float = 0.0


def names(turns: Turns[Change], now_s: float = 0.0) -> list[list[str]]:
    taken = []
    while turns:
        taken.append([change.name for change in turns.take(now_s)])
    return taken


def test_changes_go_together_in_their_order_and_what_wants_to_be_alone_between_them() -> None:
    turns: Turns[Change] = Turns()
    turns.add([Change("a"), Change("b"), Change("c", is_alone=True), Change("d")])
    turns.add([Change("e"), Change("f", is_alone=True), Change("g", is_alone=True)])

    assert names(turns) == [["a", "b"], ["c"], ["d", "e"], ["f"], ["g"]]


def test_a_commit_has_a_bound() -> None:
    turns: Turns[Change] = Turns()
    turns.add(Change(str(number)) for number in range(BATCH_MAX + 1))

    assert [len(batch) for batch in names(turns)] == [BATCH_MAX, 1]


def test_what_stands_back_goes_last_and_each_by_itself() -> None:
    turns: Turns[Change] = Turns()
    turns.add([Change("index", is_behind=True), Change("a"), Change("index again", is_behind=True), Change("b")])

    assert names(turns) == [["a", "b"], ["index"], ["index again"]]


def test_what_has_stood_back_for_long_goes_next_although_others_wait() -> None:
    turns: Turns[Change] = Turns()
    turns.add([Change("index", is_behind=True, came_s=1.0), Change("index again", is_behind=True, came_s=2.0)])
    turns.add([Change("a")])

    assert names(turns, now_s=1.0 + 2 * BEHIND_S_MAX) == [["index"], ["a"], ["index again"]]
