"""Long files grow the same way each time, and say what their grammars say."""

import re
from collections import Counter

import pytest

from tests.eval.growing import Grammar, grown_paths, paged
from tests.eval.questions import questions
from tests.eval.workspace import workspace

GROWN = set(grown_paths())


def grown(text: str, *, name: str = "x") -> str:
    return Grammar(name, text).grown()


def test_the_same_grows_from_the_same_grammar() -> None:
    text = ":= start\n{word*40}\n\n:: word\n{1..999}\n{a|b|c}\n"

    assert grown(text) == grown(text)
    assert grown(text) != grown(text, name="y")


def test_no_alternative_comes_again_before_all_have_come() -> None:
    drawn = grown(":= start\n{word*6}\n\n:: word\na\nb\nc\n").split("\n")

    assert sorted(drawn[:3]) == sorted(drawn[3:]) == ["a", "b", "c"]


def test_a_name_is_kept_and_can_be_hidden() -> None:
    one, again, hidden, two = grown(":= start\n{x=word} {x} -{y:=word}- {y}\n\n:: word\na\nb\n").split(" ")

    assert (one, hidden) == (again, "--")
    assert {one, two} == {"a", "b"}


def test_numbers_counters_and_clocks_are_written_as_asked() -> None:
    text = ":@ 2025-01-01T00:00:00\n:= start\n{1000..1000~} {1.5..1.5} {#n:3} {#n} {@60..60 %H:%M} {@ %Y}\n"

    assert grown(text) == "1,000 1.5 001 2 00:01 2025"


def test_blocks_are_parted_by_an_empty_line_when_they_shall() -> None:
    assert grown(":= start\n{a**2}\n{a*2}\n\n:: a\nx\n") == "x\n\nx\nx\nx"


def test_a_rule_that_may_not_repeat_itself_says_when_it_would() -> None:
    with pytest.raises(AssertionError, match="word has not enough words"):
        grown(":= start\n{word*3}\n\n::! word\na\nb\n")


def test_pages_hold_what_fits() -> None:
    pages = paged("word " * 4_000).split("=== page\n")

    assert len(pages) > 1
    assert max(len(line) for page in pages for line in page.split("\n")) <= 96
    assert max(page.count("\n") for page in pages) <= 54


def test_long_files_are_long_and_seldom_say_anything_twice() -> None:
    sentences = Counter[str]()
    for path in GROWN:
        text = workspace()[path].text
        assert len(text.split()) > 4_000, path
        sentences.update(line for line in text.splitlines() if len(re.findall(r"\w+", line)) > 12)

    assert sum(times - 1 for times in sentences.values()) <= sentences.total() / 100


def test_every_long_file_is_asked_about_at_its_places() -> None:
    placed = Counter(one.path for one in questions() if one.placed)

    assert GROWN - set(placed) == {"mail/flood-claim.eml"}, "its lines have other numbers once its head was read"
    assert len(GROWN) >= 20
    assert sum(placed.values()) >= 130
