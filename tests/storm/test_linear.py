"""The linearizability check itself: it must accept every order that the times allow, and refuse all else."""

from itertools import permutations
from math import inf

from hypothesis import given
from hypothesis import strategies as st

from tests.storm.linear import Step, is_linearizable


def read(called: float, answered: float, version: int, op: str) -> Step:
    return Step(called_ns=called, answered_ns=answered, kind="read", version=version, op=op)


def change(called: float, answered: float, version: int, op: str, expect: int | None = None) -> Step:
    return Step(called_ns=called, answered_ns=answered, kind="change", version=version, op=op, expect=expect)


def test_reads_beside_a_write_may_see_it_or_not() -> None:
    assert is_linearizable([change(0, 10, 1, "a"), read(1, 9, 0, ""), read(2, 9, 1, "a")])


def test_a_read_that_begins_after_a_write_was_acknowledged_must_see_it() -> None:
    assert not is_linearizable([change(0, 1, 1, "a"), read(2, 3, 0, "")])


def test_a_read_may_not_go_back_behind_another_one() -> None:
    assert not is_linearizable([change(0, 10, 1, "a"), read(1, 2, 1, "a"), read(3, 4, 0, "")])


def test_two_writes_may_not_both_follow_the_same_version() -> None:
    assert not is_linearizable([change(0, 9, 1, "a", expect=0), change(0, 9, 1, "b", expect=0)])


def test_a_write_without_an_answer_may_come_late() -> None:
    assert is_linearizable([change(0, inf, 1, "a"), read(5, 6, 0, ""), read(7, 8, 1, "a")])


def test_a_conflict_says_what_stood_there() -> None:
    seen = Step(called_ns=2, answered_ns=3, kind="conflict", version=1, expect=0)
    assert is_linearizable([change(0, 1, 1, "a"), seen])
    assert not is_linearizable([seen])


def by_hand(steps: list[Step]) -> bool:
    """The definition itself: some order of all steps obeys the times and the file."""
    for order in permutations(steps):
        state: tuple[int, str] | None = (0, "")
        for index, step in enumerate(order):
            late = any(later.answered_ns < step.called_ns for later in order[index + 1 :])
            state = None if state is None or late else step.after(state)
        if state is not None:
            return True
    return False


@st.composite
def steps(draw: st.DrawFn) -> Step:
    called = draw(st.integers(0, 12))
    answered = draw(st.integers(called + 1, 14) | st.just(inf))
    kind = draw(st.sampled_from(["read", "change", "change", "conflict"]))
    version = draw(st.integers(1 if kind == "change" else 0, 3))
    op = draw(st.sampled_from(["a", "b"])) if kind == "change" or (kind == "read" and version) else ""
    expect = draw(st.none() | st.just(version - 1)) if kind == "change" else draw(st.integers(0, 3))
    return Step(called_ns=called, answered_ns=answered, kind=kind, version=version, op=op, expect=expect)


@given(st.lists(steps(), max_size=5))
def test_it_says_what_trying_all_orders_says(seen: list[Step]) -> None:
    assert is_linearizable(seen) == by_hand(seen)
