"""What a passage says, as terms with their weight and their place: where a word stands decides what it counts."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any, Final, TypeVar

from indexer.questions import Place, cjk_pairs, parts_of_words, words_of
from indexer.stemming import stem
from indexer.vocabulary import STOP_WORDS

BOOSTS: Final = {"title": 2.5, "heading": 2.0, "path": 1.5, "body": 1.0, "parts": 0.8}
"""What one occurrence counts; `parts` are pieces of identifiers in the text."""

FIRST: Final[dict[Place, int]] = {"heading": 20_000, "title": 30_000, "path": 40_000}
"""Places are told apart by their positions; the text of a passage is below the first of these."""

ROOM: Final = 10_000
"""Positions of one place; words beyond share the last one."""

_LENGTH: Final = 120.0
"""Terms of a usual passage. A constant, so that what is written never has to be weighed again."""
_K: Final = 1.2
_B: Final = 0.6
IMPACT_MAX: Final = 65_535
"""What an impact of 1 is written as."""

WORDS_KEPT: Final = 65_536
"""Words whose terms are remembered, about 10 MB: finding a stem takes 20 µs."""

Told = list[Any]
"""How much of one term there is in a passage, and behind that the positions at which it stands."""
T = TypeVar("T")


@lru_cache(maxsize=WORDS_KEPT)
def tokens_of(word: str) -> tuple[str, ...]:
    """Return the terms under which *word*, in lower case, is kept and looked up: its stem, or its CJK pairs."""
    return (stem(word),) if word.isascii() else tuple(cjk_pairs(word)) or (word,)


class Lexicon(dict[str, T]):
    """Words with the terms by which a text tells them, none for a stop word; filled as they are asked for.

    Each index that is written has one, for one thread at a time. There are millions of look-ups, and one in a
    dictionary takes half of what a call takes that remembers its answers (2026-11-30).

    Args:
        told: The form in which the terms of a word are wanted.
    """

    def __init__(self, told: Callable[[tuple[str, ...]], T]) -> None:
        super().__init__()
        self._told = told
        self._inflected: set[str] = set()

    def __missing__(self, word: str) -> T:
        tokens = tokens_of(word)
        if word.isascii() and tokens != (word,):
            self._inflected.add(word)
        told = self[word] = self._told(() if word in STOP_WORDS else tokens)
        return told

    def make_room(self) -> None:
        """Forget all when there are too many: between two files, as `inflected` asks for the words of one."""
        if len(self) > WORDS_KEPT:
            self.clear()
            self._inflected.clear()

    def inflected(self, texts: Iterable[Iterable[str]]) -> set[str]:
        """Return the words of a file's texts, all of them asked for before, that are not their own stems.

        By these and by the stems an index knows what a ``prefix*`` or a ``fuzzy~`` may stand for.
        """
        return set().union(*map(self._inflected.intersection, texts))


class Weighing:
    """The terms of the passages of one file; what the file says of itself is prepared once."""

    def __init__(self, lexicon: Lexicon[tuple[str, ...]], path: str, title: str) -> None:
        self._lexicon = lexicon
        self._file: dict[str, Told] = {}
        self._take(self._file, words_of(title), BOOSTS["title"], FIRST["title"])
        self._take(self._file, [*words_of(path), *parts_of_words(path)], BOOSTS["path"], FIRST["path"])

    def terms(self, heading: str, words: Sequence[str], text: str) -> dict[str, Told]:
        """Return the terms of a passage; *words* are those of *text*."""
        told = {term: of[:] for term, of in self._file.items()}
        self._take(told, words_of(heading), BOOSTS["heading"], FIRST["heading"])
        self._take(told, words, BOOSTS["body"], 0)
        for part in parts_of_words(text):
            for token in tokens_of(part):
                told.setdefault(token, [0.0])[0] += BOOSTS["parts"]
        return told

    def _take(self, told: dict[str, Told], words: Iterable[str], boost: float, first: int) -> None:
        get, position, last = told.get, first, first + ROOM - 1
        for found in map(self._lexicon.__getitem__, words):
            for token in found:
                of = get(token)
                if of is None:
                    told[token] = [boost, position]
                else:
                    of[0] += boost
                    of.append(position)
            if found and position < last:
                position += 1


def damping(length: int) -> float:
    """Return what a weight is set against in a passage of *length* terms.

    The impact of a term is ``weight / (weight + damping)``: BM25 without the rarity, which is known only when asked.
    """
    return _K * (1 - _B + _B * length / _LENGTH)


def above(path: str) -> Iterator[str]:
    """Return the directories that a path lies in, each with its slash."""
    at = path.find("/")
    while at >= 0:
        yield path[: at + 1]
        at = path.find("/", at + 1)
