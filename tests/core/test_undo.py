"""What a file would be without one agent's changes: the rule, on states that are single letters."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workspace_server.core.undo import (
    COLLIDES,
    CREATED,
    DELETED,
    Done,
    Left,
    State,
    Step,
    Stretch,
    Target,
    Undid,
    followed,
    stretches,
    taken_back,
    together,
    undone,
)


def no_merge(base: str, mine: str, theirs: str) -> str | None:
    raise AssertionError(f"nothing is to be merged: {base} {mine} {theirs}")


def collide(*_: str) -> None:
    return None


def joined(base: str, mine: str, theirs: str) -> str:
    return f"({mine}-{base}+{theirs})"


def steps(said: str) -> list[Step]:
    """Return the steps of `A:b` (mine, then b stands there), `o:b` (another's) and `A:` (deleted), between blanks."""
    found = []
    for one in said.split():
        who, _, after = one.partition(":")
        found.append(Step(mine=who == "A", after=after or None))
    return found


@pytest.mark.parametrize(
    ("before", "happened", "target"),
    [
        ("x", "A:y", "x"),
        ("x", "A:y A:z", "x"),
        (None, "A:y", None),
        ("x", "A:", "x"),
        (None, "A:y A:", None),
        ("x", "o:y A:z", "y"),
        ("x", "A:y o:x", "x"),  # another one has put back what was before
        ("x", "A:y A:x", "x"),
        (None, "A:y o:", None),
        ("x", "A:y o:", None),  # deleted by another one: its word stands
        ("x", "A: o:x", "x"),
        ("x", "o:y", "y"),
        ("x", "", "x"),
        ("x", "o:y A:x", "y"),
    ],
)
def test_what_needs_no_merge_becomes_what_was_before(before: State, happened: str, target: State) -> None:
    assert undone(before, steps(happened), no_merge) == Target(target)


@pytest.mark.parametrize(
    ("before", "happened", "reason"),
    [(None, "A:y o:z", CREATED), ("x", "A: o:z", DELETED), ("x", "A:y o:z", COLLIDES), (None, "A:y o:z A:w", CREATED)],
)
def test_what_cannot_be_told_apart_is_left(before: State, happened: str, reason: str) -> None:
    assert undone(before, steps(happened), collide) == Left(reason)


def test_stretches_are_merged_out_newest_first_each_from_what_it_made() -> None:
    assert undone("a", steps("A:b o:c A:d o:e"), joined) == Target("((e-d+c)-b+a)")
    assert undone("a", steps("A:b o:c A:d"), joined) == Target("(c-b+a)")


def test_a_file_that_another_one_moved_away_is_named_with_its_new_place() -> None:
    moved = Step(mine=False, after=None, moved_to="b.md")

    assert undone("x", [Step(mine=True, after="y"), moved], no_merge) == Left("it was moved to b.md since")
    assert undone("x", [moved], no_merge) == Target(None)


def test_stretches_are_what_one_agent_did_without_another_in_between() -> None:
    assert stretches("a", steps("A:b A:c o:d A:e")) == [Stretch("d", "e"), Stretch("a", "c")]
    assert stretches("a", steps("o:b")) == []


def test_a_move_takes_the_changes_of_others_back_with_it() -> None:
    went, came = [Stretch("x", None)], [Stretch(None, "x")]

    assert followed(went, came, "y", no_merge) == ("y", None)
    assert followed(went, [Stretch("old", "x")], "y", no_merge) == ("y", "old")
    assert followed(went, [Stretch(None, "x2")], "y", joined) == ("(y-x2+x)", None)
    assert followed(went, [Stretch(None, "x2")], "y", collide) == (None, "y")


@pytest.mark.parametrize(
    ("went", "came", "current"),
    [
        ([Stretch("x", None)], [Stretch(None, "x"), Stretch(None, "z")], "y"),
        ([], [Stretch(None, "x")], "y"),
        ([Stretch(None, None)], [Stretch(None, "x")], "y"),
        ([Stretch("x", "z")], [Stretch(None, "x")], "y"),
        ([Stretch("x", None)], [Stretch("x", None)], "y"),
        ([Stretch("x", None)], [Stretch(None, "x")], None),
    ],
)
def test_a_move_that_is_not_plain_stays(went: list[Stretch], came: list[Stretch], current: State) -> None:
    assert followed(went, came, current, no_merge) == (None, current)


def test_both_ends_of_a_move_are_taken_back_or_none() -> None:
    left = together([("a", "b"), ("b", "c"), ("x", "y")], {"c": "is locked"})

    assert left["c"] == "is locked"
    assert set(left) == {"a", "b", "c"}
    assert "c" in left["b"]


STATES = st.one_of(st.none(), st.sampled_from("abc"))


@given(STATES, st.lists(st.tuples(st.booleans(), STATES), max_size=8))
def test_an_agent_that_was_last_leaves_what_stood_before_it(before: State, happened: list[tuple[bool, State]]) -> None:
    past = [Step(mine=mine, after=after) for mine, after in happened]
    verdict = undone(before, past, collide)

    first = next((index for index, step in enumerate(past) if step.mine), None)
    if first is not None and all(step.mine for step in past[first:]):
        assert verdict == Target(past[first - 1].after if first else before)
    if not any(step.mine for step in past):
        assert verdict == Target(past[-1].after if past else before)


def test_what_an_undo_took_back_counts_as_taken_back_until_that_undo_is_undone() -> None:
    ann = [Done(1, "ann"), Done(2, "ann"), Done(5, "ann")]
    first = Done(3, "pat", Undid("ann", 1, 2))
    assert taken_back(ann) == set()
    assert taken_back([*ann, first]) == {2}
    assert taken_back([*ann, first, Done(4, "pat", Undid("pat", 2, 3))]) == {3}
    assert taken_back([*ann, first, Done(4, "pat", Undid("bob", 0, 3))]) == {2}
