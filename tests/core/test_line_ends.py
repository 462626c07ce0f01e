"""The ends of lines that a text keeps on its way through a browser."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workspace_server.core import line_ends
from workspace_server.core.diffs import LINES_MAX

TEXTS = st.lists(st.sampled_from(["a", "b", "", "\n", "\r\n", "\r"])).map("".join)


@given(TEXTS)
def test_a_text_that_nobody_changed_comes_back_as_it_was(text: str) -> None:
    assert line_ends.kept(text, line_ends.plain(text)) == text
    assert line_ends.kept(text, line_ends.plain(text).replace("\n", "\r\n")) == text


@given(TEXTS, TEXTS)
def test_no_line_is_lost_whatever_was_typed(before: str, typed: str) -> None:
    assert line_ends.plain(line_ends.kept(before, typed)) == line_ends.plain(typed)


@pytest.mark.parametrize(
    ("before", "typed", "after"),
    [
        ("", "a\r\nb\r\n", "a\nb\n"),
        ("a\r\nb\r\n", "a\nnew\nb\n", "a\r\nnew\r\nb\r\n"),
        ("a\r\nb", "a\nb\n", "a\r\nb\r\n"),
        ("a\rb\r", "a\nb\nc\n", "a\rb\rc\r"),
        ("a\nb\r\nc\nd\n", "a\nb\nnew\nc\nd\n", "a\nb\r\nnew\nc\nd\n"),
        ("a\nb\r\nc\r\nd\r\n", "b\nc\nnew\nd\nlast", "b\r\nc\r\nnew\r\nd\r\nlast"),
        ("a\nb\r\nc\r\nd", "x\nb\ny\nd\nz", "x\r\nb\r\ny\r\nd\r\nz"),
    ],
)
def test_a_line_that_stayed_keeps_its_end_and_a_new_one_gets_the_commonest(before: str, typed: str, after: str) -> None:
    assert line_ends.kept(before, typed) == after


def test_what_is_too_much_to_compare_gets_the_commonest_end() -> None:
    before = "first\r\n" + "".join(f"{n}\n" for n in range(LINES_MAX)) + "last\r\n"
    typed = "first\n" + "".join(f"new {n}\n" for n in range(LINES_MAX)) + "last\n"

    after = line_ends.kept(before, typed)

    assert after.startswith("first\r\nnew 0\nnew 1\n")
    assert after.endswith(f"new {LINES_MAX - 1}\nlast\r\n")


def test_the_kinds_of_ends_are_told() -> None:
    assert line_ends.kinds("a\r\nb\n") == {"\r\n", "\n"}
    assert line_ends.kinds("no end") == frozenset()
