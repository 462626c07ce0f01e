"""Where in a text the words of a question stand, by the same rules by which an index finds them."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from indexer.engines.weighing import tokens_of
from indexer.questions import Question, Term, cjk_pairs, parts_of_words
from indexer.spelling import distance_of, slips_of
from indexer.vocabulary import STOP_WORDS

_WORD: Final = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Mark:
    """A stretch of a text that a question asks for.

    Attributes:
        term: Which of the question's terms it answers, counted from 0.
    """

    start: int
    end: int
    term: int


def marks(text: str, question: Question) -> list[Mark]:
    """Return what *question* asks for in *text*, in the order of the text; no two marks overlap.

    Takes time in proportion to the text. What is asked of a place is not marked: it stands elsewhere.
    """
    found = _Marking(question)
    kept: list[Mark] = []
    for mark in sorted(found.in_words(text), key=lambda one: (one.start, -one.end)):
        if not kept or mark.start >= kept[-1].end:
            kept.append(mark)
        elif mark.end > kept[-1].end:  # pairs of CJK characters share one
            kept[-1] = Mark(kept[-1].start, mark.end, kept[-1].term)
    return kept


class _Marking:
    """A question as what it looks for in each word; a word is judged once, however often it stands there."""

    def __init__(self, question: Question) -> None:
        terms = [(number, term) for number, term in enumerate(question.terms) if term.place is None]
        self._pairs = {pair: number for number, term in terms for pair in cjk_pairs(" ".join(term.words))}
        self._terms = [(number, term) for number, term in terms if term.kind != "phrase"]
        self._phrases = [(number, _sequence(term)) for number, term in terms if term.kind == "phrase"]
        self._tokens = {number: frozenset(tokens_of(term.words[0])) for number, term in self._terms}
        self._judged: dict[str, int | None] = {}

    def in_words(self, text: str) -> Iterator[Mark]:
        """Return the marks in no particular order."""
        words = [(match.start(), match.end(), match[0]) for match in _WORD.finditer(text)]
        for start, end, word in words:
            if word.isascii():
                number = self._term_of(word)
                if number is not None:
                    yield Mark(start, end, number)
            else:
                yield from self._in_other_script(start, word)
        telling = [(start, end, word.lower()) for start, end, word in words if word.lower() not in STOP_WORDS]
        for number, sequence in self._phrases:
            yield from _in_order(telling, sequence, number)

    def _term_of(self, word: str) -> int | None:
        if word not in self._judged:
            tokens = {token for part in (word.lower(), *parts_of_words(word)) for token in tokens_of(part)}
            self._judged[word] = next(
                (number for number, term in self._terms if self._is_meant(term, number, word.lower(), tokens)), None
            )
        return self._judged[word]

    def _is_meant(self, term: Term, number: int, word: str, tokens: set[str]) -> bool:
        asked = term.words[0]
        if term.kind == "prefix":
            return word.startswith(asked)
        if term.kind == "fuzzy":
            slips = slips_of(asked)
            return word[0] == asked[0] and distance_of(asked, word[: len(asked) + slips + 1], most=slips) <= slips
        return bool(tokens & self._tokens[number])

    def _in_other_script(self, first: int, word: str) -> Iterator[Mark]:
        number = self._term_of(word)
        if number is not None and not cjk_pairs(word):
            yield Mark(first, first + len(word), number)
        for index, pair in enumerate(one + other for one, other in pairwise(word)):
            if pair in self._pairs:
                yield Mark(first + index, first + index + 2, self._pairs[pair])


def _sequence(term: Term) -> list[str]:
    return [word for word in term.words if word not in STOP_WORDS]


def _in_order(words: Sequence[tuple[int, int, str]], sequence: Sequence[str], number: int) -> Iterator[Mark]:
    """Yield each stretch in which the words of a phrase follow one another."""
    asked = [tokens_of(word) for word in sequence]
    if not asked:
        return
    said = [tokens_of(word) for _, _, word in words]
    for index in range(len(said) - len(asked) + 1):
        if said[index] == asked[0] and said[index : index + len(asked)] == asked:
            yield Mark(words[index][0], words[index + len(asked) - 1][1], number)
