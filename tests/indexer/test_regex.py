"""Regular expressions: which are refused, in which words, and that none takes more than linear time."""

import pytest

from indexer.exact import find_lines
from indexer.regex import BadPattern, Pattern


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("(ab", "a bracket `(` is never closed: `(ab`"),
        ("ab)", "a bracket `)` was never opened: `ab)`"),
        ("[ab", "a bracket `[` is never closed: `[ab`"),
        ("ab\\", "it ends in a lone `\\`"),
        ("*a", "there is nothing before this to repeat: `*`"),
        ("a**", "one repetition follows another: `**`"),
        ("a{2000}", "it repeats something more than 1000 times: `{2000}`"),
        ("[z-a]", "there is no such set of characters: `z-a`"),
        ("\\pL{900}", "it is too large: repeat less, or fewer kinds of letters"),
        ("a(?=b)", "look-arounds such as `(?=` are not there: they take more than linear time"),
        ("(?<!a)b", "look-arounds such as `(?<!` are not there: they take more than linear time"),
        ("(a)\\1", "back-references such as `\\1` are not there: they take more than linear time"),
        ("\\y", "there is no such escape: `\\y`"),
        ("(?z)", "there is no such kind of group: `(?z`"),
        ("a\\nb", "no line can match it: a line end is never part of a match"),
        ("a" * 1_001, "it is longer than 1000 characters"),
        ("\ud800", "half of a surrogate pair stands in no text"),
    ],
)
def test_what_is_no_pattern_is_refused_in_words(pattern: str, reason: str) -> None:
    with pytest.raises(BadPattern) as refusal:
        Pattern(pattern)

    assert str(refusal.value) == reason


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|a)*b", "(.*)(.*)(.*)x$", "(a?){200}a{200}", "(?s)a.*?c|b", "a*"])
def test_patterns_that_make_others_go_back_take_one_pass(pattern: str) -> None:
    data = (b"a" * 2_000 + b"b\n") * 500

    assert len(list(find_lines(data, Pattern(pattern)))) in {0, 500}


def test_upper_and_lower_case_are_told_apart_unless_the_pattern_says_otherwise() -> None:
    data = b"Error\nerror\n"

    assert [m.start_line for m in find_lines(data, Pattern("error"))] == [2]
    assert [m.start_line for m in find_lines(data, Pattern("(?i)error"))] == [1, 2]
