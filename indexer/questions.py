"""What somebody asks for, as a bounded list of terms that any engine can look up.

The language is words, ``"phrases"``, ``prefix*``, ``fuzzy~``, each of them also as ``title:word``, ``heading:word`` or
``path:word``, and ``-word`` for what must not be there. There is nothing to nest, so nothing to blow up.
"""

import re
from dataclasses import dataclass
from typing import Final, Literal, cast

from indexer.limits import (
    FUZZIES_MAX,
    FUZZY_CHARS_MIN,
    PREFIX_CHARS_MIN,
    PREFIXES_MAX,
    QUERY_CHARS_MAX,
    QUERY_TERMS_MAX,
    WITHOUT_CHARS_MIN,
)
from indexer.vocabulary import STOP_WORDS

Kind = Literal["word", "phrase", "prefix", "fuzzy"]
Place = Literal["title", "heading", "path"]

_PART: Final = re.compile(r'(-)?(?:(title|heading|path|in):)?(?:"([^"]*)"|([^\s"]+))', re.IGNORECASE)
_PLACE_ALONE: Final = re.compile(r"(?:title|heading|path|in):", re.IGNORECASE)
_WORD: Final = re.compile(r"\w+")
_BLANKS: Final = {code: " " for code in range(128) if not (chr(code).isalnum() or chr(code) == "_")}
"""What ends a word in ASCII: by this a text falls apart three times as fast as by a pattern."""
_CJK: Final = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0002fa1f]+")
_CAMEL: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_COMPOSED: Final = re.compile(r"[A-Z0-9_](?:(?<=\w.)|(?<=[0-9_])(?=\w))")
"""A sign inside a word that there is more to it; begins with one set of characters, which is found ten times faster."""
_MARKS: Final[dict[str, Kind]] = {"*": "prefix", "~": "fuzzy"}


@dataclass(frozen=True, slots=True)
class Term:
    """One thing to look for: a word, the words of a phrase in order, the beginning of a word, or a word like it.

    Attributes:
        place: Where alone it counts; None is anywhere. What stands in a place is a condition, never only a wish.
    """

    kind: Kind
    words: tuple[str, ...]
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """The terms that are looked for; none when nothing but blanks and marks was asked.

    Attributes:
        without: Terms that no hit may have.
    """

    terms: tuple[Term, ...]
    without: tuple[Term, ...] = ()


def parse_question(text: str) -> Question:
    """Return the terms of *text*, lower case, without stop words unless there is nothing else.

    More terms than the limit are left out, the last ones first. A dash before a short word is that of an option
    (``rm -rf``), and asks for the word; so does one without any word beside it.
    """
    wanted: dict[Term, bool] = {}
    unwanted: dict[Term, bool] = {}
    for dash, place, phrase, plain in _PART.findall(text[:QUERY_CHARS_MAX]):
        where = cast("Place | None", {"": None, "in": "path"}.get(place.lower(), place.lower()))
        is_without = bool(dash) and len(phrase or plain) >= WITHOUT_CHARS_MIN and not plain.startswith("-")
        (unwanted if is_without else wanted).update(dict.fromkeys(_terms(phrase, plain, where), False))
    if not wanted:
        wanted, unwanted = unwanted, {}
    telling = [term for term in wanted if term.place or term.kind != "word" or term.words[0] not in STOP_WORDS]
    return Question(_bounded(telling or list(wanted)), _bounded(list(unwanted)))


def why_in_vain(text: str) -> str | None:
    """Return why nothing is looked for with *text*, or not what it seems to ask for; None when something is."""
    if _PLACE_ALONE.fullmatch(text.strip()):
        return "names a place, and no word in it"
    terms = parse_question(text).terms
    if not terms:
        return "has no word in it, only blanks and marks"
    mark = text.strip()[-1]
    chars_min = {"*": PREFIX_CHARS_MIN, "~": FUZZY_CHARS_MIN}.get(mark, 0)
    if (
        len(terms) == 1
        and terms[0].kind == "word"
        and len(terms[0].words[0]) < chars_min
        and terms[0].words[0].isascii()
    ):
        return f"has too few letters before the {mark}: {chars_min} at least"
    return None


def _terms(phrase: str, plain: str, place: Place | None) -> list[Term]:
    """Return the terms of one part of a question: a phrase, or what stands between two blanks."""
    words = words_of(phrase or plain)
    if phrase and len(words) > 1:
        return [Term("phrase", tuple(words), place)]
    terms = [Term("word", (word,), place) for word in words]
    kind = _MARKS.get(plain[-1:], "word")
    chars_min = FUZZY_CHARS_MIN if kind == "fuzzy" else PREFIX_CHARS_MIN
    if terms and kind != "word" and len(words[-1]) >= chars_min and not cjk_pairs(words[-1]):
        terms[-1] = Term(kind, (words[-1],), place)
    return terms


def _bounded(terms: list[Term]) -> tuple[Term, ...]:
    """Return the first of *terms*, only so many of which stand for several words; the others for the one they show."""
    left = {"prefix": PREFIXES_MAX, "fuzzy": FUZZIES_MAX}
    kept: dict[Term, None] = {}
    for term in terms[:QUERY_TERMS_MAX]:
        left[term.kind] = left.get(term.kind, QUERY_TERMS_MAX) - 1
        kept[term if left[term.kind] >= 0 else Term("word", term.words, term.place)] = None
    return tuple(kept)


def words_of(text: str) -> list[str]:
    """Return the words of *text*, folded by case."""
    lower = text.lower()
    return lower.translate(_BLANKS).split() if lower.isascii() else _WORD.findall(lower)


def parts_of_words(text: str) -> list[str]:
    """Return what a plain word index misses in *text*: parts of identifiers, and pairs of CJK characters."""
    parts: list[str] = []
    if text.isascii() and not _COMPOSED.search(text):
        return parts  # what most texts are; asking costs a tenth of taking them apart
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
