"""Words without their endings: what an index and the marks in a text compare."""

import warnings
from typing import Final

with warnings.catch_warnings():
    for category in (SyntaxWarning, DeprecationWarning):  # in its own sources, when they are first compiled
        warnings.simplefilter("ignore", category)
    from whoosh.lang.snowball.english import EnglishStemmer

_STEMMED_CHARS_MAX: Final = 64
"""Longer words are no English; the stemmer looks at a word many times over."""
_ENGLISH: Final = EnglishStemmer()


def stem(word: str) -> str:
    """Return *word*, which is in lower case, without its English ending; words of other scripts as they are."""
    has_ending = word.isascii() and not word[-1:].isdigit() and len(word) <= _STEMMED_CHARS_MAX
    return str(_ENGLISH.stem(word)) if has_ending else word
