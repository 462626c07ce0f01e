"""Which other words a question stands for, and what kind of answer it waits for."""

import pytest

from indexer.model import Fact
from indexer.wording import ALTERNATIVES_MAX, Expected, alternatives, expected, is_expected
from tests.indexer.reading import read


def fact(text: str) -> Fact:
    return next(one for one in read(text, "a.md").facts if one.kind != "heading")


@pytest.mark.parametrize(
    ("word", "other"),
    [("cost", "price"), ("costs", "price"), ("fees", "cost"), ("maximum", "limit"), ("ended", "close")],
)
def test_a_word_stands_for_those_that_mean_nearly_the_same(word: str, other: str) -> None:
    assert other in alternatives(word)


def test_most_words_stand_for_themselves_and_none_for_many() -> None:
    assert alternatives("walrus") == alternatives("as") == ()
    assert "target" not in alternatives("target")
    assert len(alternatives("target")) <= ALTERNATIVES_MAX


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("How much is a seat?", "number"),
        ("how long does the retry wait", "number"),
        ("budget of the project", "number"),
        ("When does the contract end?", "date"),
        ("Which day is the launch?", "date"),
        ("Who owns the relay?", "person"),
        ("Whose budget is it?", "person"),
        ("license of httpx", None),
        ("whole wheat", None),
    ],
)
def test_the_words_of_a_question_tell_what_it_waits_for(question: str, kind: str | None) -> None:
    assert expected(question) == kind


@pytest.mark.parametrize(
    ("text", "kind", "is_it"),
    [
        ("# relay\nSeats: 20\n", "number", True),
        ("# relay\nThe default timeout is 5 seconds.\n", "number", True),
        ("# relay\nLicense: MIT\n", "number", False),
        ("# relay\nLaunch: 2026-03-01\n", "date", True),
        ("# relay\nFreeze: 3 March\n", "date", True),
        ("# relay\nDue: soon\n", "date", True),
        ("# relay\nLicense: MIT\n", "date", False),
        ("# relay\nOwner: Dana\n", "person", True),
        ("# relay\n- On-call: Dana\n", "person", True),
        ("# relay\n- In charge: Dana\n", "person", True),
        ("# relay\n- Service charge: Dana\n", "person", False),
        ("# relay\nLicense: MIT\n", "person", False),
        ("# relay\nOwner: Dana\n", None, False),
    ],
)
def test_a_fact_is_what_is_waited_for_by_its_kind_its_key_or_its_value(
    text: str, kind: Expected | None, *, is_it: bool
) -> None:
    assert is_expected(fact(text), kind) is is_it
