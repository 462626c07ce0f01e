"""Unified diffs that stay within their bound."""

import difflib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workspace_server.core.diffs import CUT, LINES_MAX, lines_of, unified


def patched(before: str, diff: str) -> str:
    """Apply a unified diff, as `patch` would."""
    old = lines_of(before)
    new: list[str] = []
    at = 0
    lines = [line + "\n" for line in diff.split("\n")[:-1]]
    body = lines[2:]
    for index, line in enumerate(body):
        ends_here = index + 1 < len(body) and body[index + 1].startswith("\\")
        text = line[1:-1] if ends_here else line[1:]
        if line.startswith("@@"):
            first, _, count = line.split(" ")[1][1:].partition(",")
            start = int(first) if count == "0" else int(first) - 1
            new += old[at:start]
            at = start
        elif line.startswith("\\"):
            continue
        elif line.startswith("+"):
            new.append(text)
        else:
            assert old[at] == text
            at += 1
            if line.startswith(" "):
                new.append(text)
    return "".join(new + old[at:])


def test_equal_texts_have_no_diff() -> None:
    assert unified("a\n", "a\n", before_name="a", after_name="b") == ""


def test_a_diff_reads_as_every_tool_writes_it() -> None:
    before, after = "a\nb\nc\nd\ne\nf\ng\n", "a\nb\nc\nX\ne\nf\ng\n"
    expected = "".join(difflib.unified_diff(lines_of(before), lines_of(after), "x@1", "x@2"))
    assert unified(before, after, before_name="x@1", after_name="x@2") == expected


def test_a_missing_final_line_end_is_said() -> None:
    diff = unified("a\nb", "a\nc\n", before_name="x", after_name="y")
    assert diff.endswith("-b\n\\ No newline at end of file\n+c\n")


@given(
    st.text("ab\n\r\u2028\x0c", max_size=60),
    st.text("ab\n\r\u2028\x0c", max_size=60),
    st.integers(0, 20),
)
def test_a_diff_can_be_applied_to_what_it_was_made_from(before: str, after: str, equal_lines: int) -> None:
    around = "same\n" * equal_lines
    before, after = around + before, around + after
    diff = unified(before, after, before_name="x", after_name="y")
    assert patched(before, diff) == after if diff else before == after


@given(st.integers(len(CUT), 400))
def test_a_diff_is_never_longer_than_its_bound(chars_max: int) -> None:
    before = "".join(f"line {number}\n" for number in range(50))
    diff = unified(before, before.replace("line", "LINE"), before_name="x", after_name="y", chars_max=chars_max)
    assert len(diff) <= chars_max
    assert diff.endswith(CUT)


def test_a_changed_line_of_megabytes_is_left_out_whole() -> None:
    diff = unified("a" * 5_000_000, "b" * 5_000_000, before_name="x", after_name="y", chars_max=200)
    assert diff == "--- x\n+++ y\n@@ -1 +1 @@\n" + CUT


def test_texts_that_differ_in_too_many_lines_are_counted_not_compared() -> None:
    before = "same\n" * 10
    after = before + "new\n" * (LINES_MAX + 1)
    diff = unified(before, after, before_name="x", after_name="y")
    assert diff == f"--- x\n+++ y\n… 3 lines became {LINES_MAX + 4} from line 8 on\n"


@pytest.mark.parametrize(("text", "lines"), [("", []), ("a", ["a"]), ("a\n", ["a\n"]), ("\n\nb", ["\n", "\n", "b"])])
def test_only_a_line_feed_ends_a_line(text: str, lines: list[str]) -> None:
    assert lines_of(text) == lines
    assert lines_of("\u2028\r\x0c" + text)[0] == "\u2028\r\x0c" + (lines[0] if lines else "")
