"""Statements in running text: what is one, and what only looks like one."""

import pytest

from indexer.prose import field_of, marked, named
from tests.indexer.reading import facts, read, said


@pytest.mark.parametrize(
    ("line", "key", "value"),
    [
        ("License: MIT", "License", "MIT"),
        ("- **Default port**: `8765`", "Default port", "`8765`"),
        ("* **Owner:** Dana", "Owner", "Dana"),
        ("1. Minimum Python: 3.9", "Minimum Python", "3.9"),
        ("max_retries: 5", "max_retries", "5"),
        ("  Home page: https://example.org/a", "Home page", "https://example.org/a"),
    ],
)
def test_a_key_and_its_value_are_a_field(line: str, key: str, value: str) -> None:
    assert field_of(line) == (key, value)


@pytest.mark.parametrize(
    "line",
    [
        "Note: this is slow",
        "There are two options: A and B",
        "the port: 80",
        "see https://example.org",
        "We use this: x",
        "some lower words: x",
        "- Fix the build: x",
        "Six words are far too many: x",
        "Step 3: mix",
        "Empty:",
        "Opens: {",
        "List: a:",
        "- **bold** text: not a key",
        "**Bold** and more",
        "Key: **",
        "12:30 is noon",
        "TODO: not a field",
        "<custom>x: y",
    ],
)
def test_a_sentence_with_a_colon_is_no_field(line: str) -> None:
    assert field_of(line) is None


def test_a_field_stands_on_its_line_below_its_headings() -> None:
    (fact,) = facts(read("# httpx\n\n## Limits\n\n- Timeout: 5 s\n"))

    assert (fact.kind, fact.subject, fact.key, fact.value) == ("field", "httpx > Limits", "Timeout", "5 s")
    assert (fact.normal, fact.unit, fact.quote, fact.start_line) == ("5", "s", "Timeout: 5 s", 5)


def test_lines_of_fields_are_fields_and_wrapped_prose_is_none() -> None:
    assert [key for _, key, _ in said(read("Author: A\nLicense: MIT\n"))] == ["Author", "License"]
    assert said(read("This is long prose that wraps before the\nResult: which is no field here.\n")) == []


def test_the_value_of_a_list_item_goes_on_over_its_lines() -> None:
    (fact,) = facts(read("- Reason: it was\n  the cheapest one\n"))

    assert fact.value == "it was the cheapest one"
    assert fact.quote == "Reason: it was\n  the cheapest one"
    assert (fact.start_line, fact.end_line) == (1, 2)


def test_marked_lines_are_decisions_todos_risks_and_questions() -> None:
    text = (
        "Decision: use SQLite.\n\n- TODO(sam): measure it\n\n**Risk:** the disk is full\n\n- [ ] write docs\n"
        "- [x] done already\n\nOpen question: who pays?\n"
    )

    assert [(f.kind, f.value) for f in facts(read(text))] == [
        ("decision", "use SQLite."),
        ("todo", "measure it"),
        ("risk", "the disk is full"),
        ("todo", "write docs"),
        ("question", "who pays?"),
    ]


@pytest.mark.parametrize("line", ["Decision:", "TODO", "Decisions were made", "Risky: no"])
def test_a_mark_without_a_statement_marks_nothing(line: str) -> None:
    assert marked(line) is None


def test_the_items_below_a_heading_of_decisions_are_decisions() -> None:
    text = (
        "# Plan\n\n## Decisions\n\nWe met.\n\n- Use SQLite\n  for everything\n- Ship on Monday\n"
        "\n## Other\n\n- nothing\n"
    )

    assert [(f.kind, f.subject, f.value) for f in facts(read(text))] == [
        ("decision", "Plan > Decisions", "Use SQLite for everything"),
        ("decision", "Plan > Decisions", "Ship on Monday"),
    ]


def test_observations_and_relations_are_read_with_their_category() -> None:
    text = (
        "# Coffee\n\n- [Method] Pour over is clear #brewing (see below)\n- pairs with [[Chocolate|Dark]]\n"
        "- [link](x) no\n"
    )

    assert [(f.kind, f.key, f.value) for f in facts(read(text))] == [
        ("observation", "method", "Pour over is clear #brewing (see below)"),
        ("relation", "pairs with", "Chocolate"),
    ]


@pytest.mark.parametrize(
    ("sentence", "key", "value", "normal", "unit"),
    [
        ("The default timeout is 30 seconds.", "default timeout", "30 seconds", "30", "s"),
        ("Peak memory of the relay was about 1,200 MB.", "Peak memory of the relay", "~ 1,200 MB", "~1200", "MB"),
        ("A write takes at most 2.50 ms on disk.", "write", "<= 2.50 ms", "<=2.5", "ms"),
        ("After 10 minutes the lock ends.", "duration", "10 minutes", "10", "min"),
        ("A 30-second wait is fine.", "duration", "30-second", "30-second", None),
        ("It grew by 12% in May.", "share", "12%", "12", "%"),
        ("Load was < 5 ms there.", "Load", "< 5 ms", "<5", "ms"),
    ],
)
def test_a_quantity_says_of_what_it_is(sentence: str, key: str, value: str, normal: str, unit: str | None) -> None:
    (fact,) = facts(read(f"First one. {sentence} Last one."))

    assert (fact.kind, fact.key, fact.value, fact.normal, fact.unit) == ("quantity", key, value, normal, unit)
    assert fact.quote == sentence


@pytest.mark.parametrize(
    "text",
    [
        "1E-12 s is short.", "Released in the 1990s.", "between 10-20 ms", "version 1.2.3 s", "Python 3 and 4",
        "costs ±5 % more", "at 5 m/s it goes",
        "Python 3.15t runs", "12 34 things", "a1 s", "x" * 500 + " is 5 ms long and has no end",
    ],
)  # fmt: skip
def test_what_only_looks_like_a_quantity_is_none(text: str) -> None:
    assert facts(read(text)) == []


def test_money_has_its_currency() -> None:
    found = facts(read("The plan costs $1,200 a year. Support is 50 EUR."))

    assert [(f.kind, f.key, f.normal, f.unit) for f in found] == [
        ("money", "plan", "1200", "USD"),
        ("money", "Support", "50", "EUR"),
    ]


def test_dates_are_kept_in_one_form() -> None:
    text = "The launch is 2026-03-01. We met on 3 March 2026. Then May 4, 2026 came. Not 32 Foo 2024, nor 99 May 2024."

    assert [(f.kind, f.key, f.value) for f in facts(read(text))] == [
        ("date", "launch", "2026-03-01"),
        ("date", "date", "2026-03-03"),
        ("date", "date", "2026-05-04"),
    ]


def test_a_date_in_an_endless_sentence_is_left_out() -> None:
    assert facts(read("x" * 500 + " on 2026-03-01 it was")) == []


@pytest.mark.parametrize(
    ("before", "key"),
    [
        ("the size of the index is", "size of the index"),
        ("(its default) limit is now", "limit"),
        ("it is", ""),
        ("five", ""),
        ("", ""),
        ("one, two is", "two"),
        ("a b c d e f g is", "c d e f g"),
        ("** is", ""),
    ],
)
def test_the_words_before_a_number_name_it(before: str, key: str) -> None:
    assert named(before) == key


def test_long_lines_and_long_blocks_are_not_read() -> None:
    long_line = "Key: " + "x" * 3_000
    long_block = "\n".join(f"line {n} and the wait is 5 ms here" for n in range(200))

    assert facts(read(long_line)) == []
    assert facts(read(long_block)) == []
    assert facts(read(long_line, "x.txt")) == []
