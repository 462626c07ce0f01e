"""The rows of facts and of their full text. They are made before the writer is asked: everybody waits behind that."""

import functools
from collections.abc import Sequence
from typing import Final

from indexer.conflicts import topic_of
from indexer.model import Change, Extraction, Fact
from indexer.questions import parts_of_words

COLUMNS: Final = (
    "path, version, kind, subject, key, value, normal, unit, quote, start_char, end_char, start_line, end_line,"
    " pointer, extractor, confidence, entity, page, topic"
)
"""Of a fact, present or past, in the order in which it is inserted."""
MARKS: Final = ", ".join("?" * len(COLUMNS.split(",")))
INSERT_FACTS: Final = f"INSERT INTO facts (fact_id, {COLUMNS}) VALUES (?, {MARKS})"
INSERT_WORDS: Final = "INSERT INTO facts_text (rowid, subject, key, value, quote, place) VALUES (?, ?, ?, ?, ?, ?)"

Row = tuple[object, ...]


def rows_of(change: Change, extraction: Extraction) -> tuple[list[Row], list[Row]]:
    """Return the rows of the facts of a version, and of their full text, without their ids."""
    place = words_of_path(change.path)
    rows: list[Row] = [
        (change.path, change.version, *_columns(fact, extraction.extractor)) for fact in extraction.facts
    ]
    words: list[Row] = [
        words_of_fact(fact.kind, fact.subject, fact.key, fact.value, fact.quote, place=place)
        for fact in extraction.facts
    ]
    return rows, words


def numbered(rows: Sequence[Row], first: int) -> list[Row]:
    """Return *rows* with their ids before them."""
    return [(number, *row) for number, row in enumerate(rows, first)]


def words_of_path(path: str) -> str:
    """Return what a fact can be found by because of where it stands."""
    return " ".join([path, *_parts(path)])


def word_of_kind(kind: str) -> str:
    """Return the word by which the full text knows facts of a kind; nobody writes it."""
    return f"kindof{kind}"


def words_of_fact(kind: str, subject: str, key: str, value: str, quote: str, *, place: str) -> tuple[str, ...]:
    """Return the columns of the full text of a fact.

    Args:
        place: The words of its path.
    """
    said = quote if key in quote else f"{key} {quote}"
    return subject, key, value, quote, " ".join([place, word_of_kind(kind), *_parts(subject), *parts_of_words(said)])


@functools.lru_cache(maxsize=1024)
def _parts(text: str) -> tuple[str, ...]:
    """Return the parts of words of what many facts have in common."""
    return tuple(parts_of_words(text))


def _columns(fact: Fact, extractor: str) -> Row:
    return (
        fact.kind,
        fact.subject,
        fact.key,
        fact.value,
        fact.normal,
        fact.unit,
        fact.quote,
        fact.start,
        fact.end,
        fact.start_line,
        fact.end_line,
        fact.pointer,
        extractor,
        fact.confidence,
        int(fact.entity),
        fact.page,
        topic_of(fact),
    )
