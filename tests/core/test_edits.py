"""Edits by old and new text: where they apply, where they are refused, and what they leave alone."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workspace_server.core.edits import NEAREST_CHARS_MAX, Edit, apply, nearest
from workspace_server.core.limits import LIMITS
from workspace_server.errors import EditFailed, TooLarge


def edit(old: str, new: str, *, every: bool = False) -> Edit:
    return Edit(old_text=old, new_text=new, all=every)


def test_edits_apply_one_after_the_other() -> None:
    assert apply("one two", [edit("one", "three"), edit("three two", "four")]) == "four"


def test_an_old_text_that_is_not_there_is_refused_with_the_number_of_the_edit() -> None:
    with pytest.raises(EditFailed) as refusal:
        apply("abc", [edit("a", "x"), edit("a", "y")])
    assert refusal.value.facts == {"edit": 1, "matches": 0}
    assert refusal.value.message.startswith("Edit 2 of 2: ")


def test_an_old_text_that_is_there_twice_is_refused_unless_all_are_meant() -> None:
    with pytest.raises(EditFailed) as refusal:
        apply("a b a", [edit("a", "x")])
    assert refusal.value.facts == {"edit": 0, "matches": 2}
    assert apply("a b a", [edit("a", "x", every=True)]) == "x b x"


@pytest.mark.parametrize(
    ("text", "old", "new", "expected"),
    [
        ("a\r\nb\r\nc\r\n", "a\nb", "x\ny\nz", "x\r\ny\r\nz\r\nc\r\n"),
        ("a\r\nb\r\n", "a\r\nb", "x\r\ny", "x\r\ny\r\n"),
        ("a\nb\n", "a\r\nb", "x\r\ny", "x\ny\n"),
        ("a\nb\n", "a", "x\r\ny", "x\ny\nb\n"),
        ("a\r\nb\nc", "b\nc", "x\ny", "a\r\nx\ny"),
        ("a\r\nb\nc", "a\nb", "x\ny", "x\r\ny\nc"),
        ("a\r\nb\nc", "b\r\nc", "x\r\ny", "a\r\nx\ny"),
        ("no end", "no", "a\r\nb", "a\r\nb end"),
    ],
    ids=["crlf-by-lf", "crlf", "lf-by-crlf", "lf-keeps-lf", "mixed-lf", "mixed-crlf", "mixed-by-crlf", "none"],
)
def test_line_ends_match_loosely_and_the_file_keeps_its_own(text: str, old: str, new: str, expected: str) -> None:
    assert apply(text, [edit(old, new)]) == expected


@given(st.text("ab\r\n", max_size=30), st.text("ab\r\n", min_size=1, max_size=3))
def test_an_edit_that_replaces_a_text_by_itself_changes_nothing(text: str, old: str) -> None:
    with contextlib.suppress(EditFailed):
        assert apply(text, [edit(old, old, every=True)]) == text


def test_a_small_edit_cannot_blow_a_file_up() -> None:
    with pytest.raises(TooLarge) as refusal:
        apply("a" * 100_000, [edit("a", "x" * 100_000, every=True)])
    assert refusal.value.facts["limit"] == LIMITS.tool_content_bytes_max
    assert refusal.value.facts["actual"] == 100_000 * 100_000


def test_the_nearest_lines_are_shown_to_whoever_misquotes() -> None:
    text = "# Title\nThe price is 12 euros.\nIt was 10.\nEnd"
    assert nearest("The price is 13 euros.\nIt was 9.", text) == "The price is 12 euros.\nIt was 10."


@pytest.mark.parametrize(("old", "text"), [("  \n", "a"), ("a", ""), ("completely different", "zzzz\nqqqq")])
def test_where_nothing_is_near_nothing_is_shown(old: str, text: str) -> None:
    assert nearest(old, text) is None


def test_what_is_shown_as_nearest_is_bounded() -> None:
    shown = nearest("x" * 5_000, "x" * 100_000)
    assert shown is not None
    assert len(shown) == NEAREST_CHARS_MAX
