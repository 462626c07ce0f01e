"""Two texts side by side: what both share, which lines answer to each other, and which words changed."""

import difflib
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workspace_server.core.alignment import (
    ANCHORED_LINES_MAX,
    PAIRS_MAX,
    WORDS_MAX,
    Block,
    Part,
    blocks,
    pairs,
    parts,
)
from workspace_server.core.diffs import LINES_MAX

LINES = st.lists(st.sampled_from("abcdef"), max_size=12)


@given(LINES, LINES, st.sampled_from([1, 60]))
def test_the_stretches_cover_both_texts_and_the_shared_ones_are_the_same(
    letters: list[str], others: list[str], length: int
) -> None:
    old, new = ([f"{letter}{line}" for letter in side for line in range(length)] for side in (letters, others))
    found = blocks(old, new)
    assert found is not None
    assert [line for same, (first, last), _ in found for line in old[first:last]] == old
    assert [line for same, _, (first, last) in found for line in new[first:last]] == new
    for same, (first, last), (begins, stops) in found:
        assert (old[first:last] == new[begins:stops]) == same
    assert all(one.same != other.same for one, other in itertools.pairwise(found))


def test_what_differs_in_too_much_is_not_compared() -> None:
    old = [str(number) for number in range(LINES_MAX)]
    assert blocks(old, [*old[:1], "x", *old[2:]]) == [
        Block(True, (0, 1), (0, 1)),
        Block(False, (1, 2), (1, 2)),
        Block(True, (2, LINES_MAX), (2, LINES_MAX)),
    ]
    assert blocks(old, [f"other {line}" for line in old]) is None


def test_few_changes_far_apart_are_found_in_a_very_long_text() -> None:
    old = [str(number) for number in range(10 * LINES_MAX)]
    new = ["first", *old[1:50_000], "one", "more", *old[50_000:-1], "last"]
    found = blocks(old, new)
    assert found is not None
    assert [(block.old, block.new) for block in found if not block.same] == [
        ((0, 1), (0, 1)),
        ((50_000, 50_000), (50_000, 50_002)),
        ((99_999, 100_000), (100_001, 100_002)),
    ]


def test_texts_that_differ_over_very_many_lines_are_not_compared() -> None:
    old = [str(number) for number in range(ANCHORED_LINES_MAX // 2 + 1)]
    assert blocks(["first", *old, "last"], ["1", *old, "2"]) is None
    assert blocks([*old, "last"], [*old, "2"]) is not None


def test_what_comes_again_between_lines_that_do_not_is_shared_with_them() -> None:
    old = [line for number in range(200) for line in (str(number), "")]
    assert blocks(old, [*old[:200], "new", *old[201:]]) == [
        Block(True, (0, 200), (0, 200)),
        Block(False, (200, 201), (200, 201)),
        Block(True, (201, 400), (201, 400)),
    ]
    both_ends = blocks(["first", *old, "last"], ["1", *old, "2"])
    assert both_ends is not None
    assert [block.same for block in both_ends] == [False, True, False]


def test_a_long_stretch_of_what_comes_again_and_again_is_not_compared() -> None:
    old, new = ["a", "b"] * LINES_MAX, ["b", "a", "c"] * LINES_MAX
    assert blocks(["1", *old, "2", "3"], ["x", "1", *new, "2", "y"]) is None


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (["one two three"], ["one two four"], [(0, 0)]),
        (["one two three"], ["quite another thing"], [(0, None), (None, 0)]),
        (["a b c", "d e f"], ["new here", "a b x", "d e y"], [(None, 0), (0, 1), (1, 2)]),
        (["gone away", "a b c"], ["a b x"], [(0, None), (1, 0)]),
        ([], ["a"], [(None, 0)]),
        ([""], [" "], [(0, 0)]),
    ],
)
def test_changed_lines_answer_to_those_that_share_their_words(
    old: list[str], new: list[str], expected: list[tuple[int | None, int | None]]
) -> None:
    assert pairs(old, new) == expected


def test_very_many_changed_lines_answer_in_their_order() -> None:
    found = pairs(["x"] * (PAIRS_MAX + 1), ["y"])
    assert found[:2] == [(0, 0), (1, None)]
    assert len(found) == PAIRS_MAX + 1
    assert pairs(["y"], ["x"] * (PAIRS_MAX + 1))[1] == (None, 1)


@given(st.lists(st.sampled_from(["a b", "a c", "d", "e f g"]), max_size=6), st.lists(st.sampled_from("ad"), max_size=6))
def test_every_changed_line_is_told_once_and_in_order(old: list[str], new: list[str]) -> None:
    found = pairs(old, new)
    assert [before for before, _ in found if before is not None] == list(range(len(old)))
    assert [after for _, after in found if after is not None] == list(range(len(new)))


def test_the_words_that_changed_are_told() -> None:
    assert parts("It takes six weeks.", "It takes seven long weeks.") == (
        [Part("It takes ", False), Part("six", True), Part(" weeks.", False)],
        [Part("It takes ", False), Part("seven long", True), Part(" weeks.", False)],
    )


def test_lines_with_nothing_in_common_and_very_long_ones_are_not_taken_apart() -> None:
    assert parts("one two", "three four") is None
    assert parts("a " * WORDS_MAX, "b") is None
    assert parts("", "") == ([], [])


@given(st.text("ab .\t", max_size=30), st.text("ab .\t", max_size=30))
def test_the_parts_of_a_line_are_the_line(old: str, new: str) -> None:
    found = parts(old, new)
    if found is not None:
        assert ("".join(part.text for part in found[0]), "".join(part.text for part in found[1])) == (old, new)
        kept = ["".join(part.text for part in side if not part.changed) for side in found]
        assert kept[0] == kept[1]
    else:
        assert difflib.SequenceMatcher(None, old, new).ratio() < 1
