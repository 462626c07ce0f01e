"""Marks in a text: what a question asks for, by the rules of the index."""

import pytest

from indexer.highlights import marks
from indexer.questions import parse_question
from indexer.spelling import distance_of, near


def marked(text: str, query: str) -> str:
    for mark in reversed(marks(text, parse_question(query))):
        text = f"{text[: mark.start]}[{text[mark.start : mark.end]}]{text[mark.end :]}"
    return text


@pytest.mark.parametrize(
    ("text", "query", "expected"),
    [
        ("The relay retries.", "retry of the relay", "The [relay] [retries]."),
        ("maxRetries and max_retries", "retry", "[maxRetries] and [max_retries]"),
        ("Retries retrying rest", "retr*", "[Retries] [retrying] rest"),
        ("retries, retires", "retires~", "[retries], [retires]"),
        ("dead letter, letter dead", '"dead letter"', "[dead letter], letter dead"),
        ("Dead is the letter", '"dead letter"', "[Dead is the letter]"),
        ("dead letter of a letter", '"dead letter" letter', "[dead letter] of a [letter]"),
        ("the end of this", '"of the" end', "the [end] of this"),
        ("東京タワーは高い", "京タワ", "東[京タワ]ーは高い"),
        ("東京 Gruyère", "gruyère", "東京 [Gruyère]"),
        ("the title", "title:title path:the", "the title"),
        ("İstanbul ist", "ist", "İstanbul [ist]"),
        ("nothing", "***", "nothing"),
        ("", "word", ""),
    ],
)
def test_what_is_asked_for_is_marked(text: str, query: str, expected: str) -> None:
    assert marked(text, query) == expected


def test_a_mark_says_which_term_it_answers() -> None:
    found = marks("deliveries of the relay", parse_question("relay delivery"))

    assert [(mark.start, mark.end, mark.term) for mark in found] == [(0, 10, 1), (18, 23, 0)]


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("relay", "relay", 0),
        ("relay", "realy", 1),
        ("relay", "rely", 1),
        ("relay", "relays", 1),
        ("relay", "delay", 1),
        ("relay", "yaler", 3),
        ("", "ab", 2),
        ("abc", "", 3),
        ("configuration", "cnofigurtaion", 2),
    ],
)
def test_words_are_so_many_slips_apart_and_never_told_more_than_one_too_many(
    one: str, other: str, expected: int
) -> None:
    assert distance_of(one, other, most=2) == expected
    assert distance_of(other, one, most=2) == expected


def test_the_likest_words_come_first() -> None:
    assert near("retries", ["retire", "retires", "retries", "tries", "entirely"], limit=2) == [
        ("retries", 0),
        ("retires", 1),
    ]
