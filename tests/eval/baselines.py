"""What an agent without an index reads until it has the answer: whole files, or slices around what grep found."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from indexer.vocabulary import STOP_WORDS
from tests.eval.questions import Question
from tests.eval.workspace import File, workspace
from workspace_server.core import tokens

GREP_LINES_MAX, GREP_LINE_CHARS_MAX = 40, 200
"""What an agent's grep shows of its findings before it says that there are more."""
SLICE_LINES = 20
SLICES_MAX = 5
"""Slices that an agent reads before it gives up and asks in another way."""
_WORD = re.compile(r"[\w-]{3,}")


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read for one question, in tokens, and whether the answer stood in it."""

    tokens: int
    found: bool


def _tokens(text: str) -> int:
    return tokens.of_bytes(len(text.encode()))


def gold_file(question: Question) -> Reading:
    """Read the one file that holds the answer: only somebody who knows where it stands can do that."""
    return Reading(_tokens(workspace()[question.path].text), found=True)


def files_in_turn(question: Question) -> Reading:
    """Read whole files, those with most of the question's words first, until the one with the answer was read."""
    words = telling_words(question)
    counted = {path: sum(word in low for word in words) for path, low in _lowered().items()}
    read = 0
    for path in sorted(counted, key=lambda one: (-counted[one], one)):
        read += _tokens(workspace()[path].text)
        if path == question.path:
            break
    return Reading(read, found=True)


def grep_with_slices(question: Question) -> Reading:
    """Grep for the telling words with `-n -i`, then read slices around the lines that hold most of them.

    The words are looked for by their stems, as a careful agent would write the pattern, and documents are read as if
    their text lay beside them. Reading ends with the slice in which the answer stands.
    """
    words = telling_words(question)
    held = Counter(place for word in words for place in _lines_with(word))
    matches = sorted(held, key=lambda place: (-held[place], place))
    shown = [f"{path}:{at + 1}:{_source(path)[at][:GREP_LINE_CHARS_MAX]}" for path, at in matches[:GREP_LINES_MAX]]
    read = _tokens("\n".join(shown))
    seen: Counter[str] = Counter()
    for path, at in matches:
        if sum(seen.values()) == SLICES_MAX:
            break
        if seen[f"{path}:{at // SLICE_LINES}"]:
            continue
        seen[f"{path}:{at // SLICE_LINES}"] += 1
        begin = max(0, at - SLICE_LINES // 2)
        part = "\n".join(_source(path)[begin : begin + SLICE_LINES])
        read += _tokens(part)
        if path == question.path and question.answered_by(part) and _reaches(question, begin):
            return Reading(read, found=True)
    return Reading(read, found=False)


def _reaches(question: Question, begin: int) -> bool:
    return not question.placed or begin < question.line <= begin + SLICE_LINES


def telling_words(question: Question) -> list[str]:
    """Return the stems of the words that tell what is asked, without those that questions are asked with."""
    words = dict.fromkeys(word.lower() for word in _WORD.findall(question.text))
    return [word[: max(4, len(word) - 2)] for word in words if word not in STOP_WORDS]


@cache
def _source(path: str) -> list[str]:
    return workspace()[path].text.split("\n")


@cache
def _lowered() -> dict[str, str]:
    return {path: _named(file).lower() for path, file in workspace().items()}


@cache
def _lines_with(word: str) -> list[tuple[str, int]]:
    """Return every line with *word*, as its path and its number from 0."""
    return [(path, at) for path, low in _lowered_texts().items() for at in _places(low, word)]


def _places(low: str, word: str) -> Iterator[int]:
    at, line, counted = low.find(word), 0, 0
    while at >= 0:
        line += low.count("\n", counted, at)
        counted = at
        yield line
        end = low.find("\n", at)
        at = low.find(word, end) if end >= 0 else -1


@cache
def _lowered_texts() -> dict[str, str]:
    return {path: file.text.lower() for path, file in workspace().items()}


def _named(file: File) -> str:
    return f"{file.path}\n{file.text}"


def all_tokens() -> int:
    """Return the tokens of the whole workspace."""
    return sum(_tokens(file.text) for file in workspace().values())


def shared_words(question: Question) -> float:
    """Return the share of a question's telling words that stand on the line of its answer."""
    words = telling_words(question)
    line = _source(question.path)[question.line - 1].lower()
    return sum(word in line for word in words) / max(1, len(words))
