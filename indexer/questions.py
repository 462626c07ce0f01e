"""What somebody asks for, as a bounded list of terms that any engine can look up.

The language is words, ``"phrases"`` and ``prefix*``; there is nothing to nest, so nothing to blow up.
"""

import re
from dataclasses import dataclass
from typing import Final, Literal

from indexer.limits import PREFIX_CHARS_MIN, PREFIXES_MAX, QUERY_CHARS_MAX, QUERY_TERMS_MAX
from indexer.vocabulary import STOP_WORDS

_PART: Final = re.compile(r'"([^"]*)"|([^\s"]+)')
_WORD: Final = re.compile(r"\w+")
_CJK: Final = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0002fa1f]+")
_CAMEL: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


@dataclass(frozen=True, slots=True)
class Term:
    """One thing to look for: a word, the words of a phrase in order, or the beginning of a word."""

    kind: Literal["word", "phrase", "prefix"]
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Question:
    """The terms that are looked for; none when nothing but blanks and marks was asked."""

    terms: tuple[Term, ...]


def parse_question(text: str) -> Question:
    """Return the terms of *text*, lower case, without stop words unless there is nothing else.

    More terms than the limit are left out, the last ones first.
    """
    terms: dict[Term, bool] = {}
    prefixes = 0
    for match in _PART.finditer(text[:QUERY_CHARS_MAX]):
        if match[1] is not None:
            found = tuple(words_of(match[1]))
            terms[Term("phrase" if len(found) > 1 else "word", found)] = False
            continue
        found = tuple(words_of(match[2]))
        is_prefix = match[2].endswith("*") and len("".join(found[-1:])) >= PREFIX_CHARS_MIN and prefixes < PREFIXES_MAX
        for index, word in enumerate(found):
            if is_prefix and index == len(found) - 1:
                prefixes += 1
                terms[Term("prefix", (word,))] = False
            else:
                terms[Term("word", (word,))] = word in STOP_WORDS
    telling = [term for term, stop in terms.items() if term.words and not stop]
    kept = telling or [term for term in terms if term.words]
    return Question(tuple(kept[:QUERY_TERMS_MAX]))


def words_of(text: str) -> list[str]:
    """Return the words of *text*, folded by case."""
    return [word.lower() for word in _WORD.findall(text)]


def parts_of_words(text: str) -> list[str]:
    """Return what a plain word index misses in *text*: parts of identifiers, and pairs of CJK characters."""
    parts: list[str] = []
    for word in _WORD.findall(text):
        if word.isascii():
            pieces = _CAMEL.findall(word)
            if len(pieces) > 1:
                parts += [piece.lower() for piece in pieces]
        else:
            parts += cjk_pairs(word)
    return parts


def cjk_pairs(text: str) -> list[str]:
    """Return each pair of neighbours in the runs of CJK characters, by which any stretch of two is found."""
    return [run[index : index + 2] for run in _CJK.findall(text) for index in range(max(1, len(run) - 1))]
