"""Quantities, money and dates within sentences, each with the words that say of what it is.

An amount whose sentence does not name it goes under what its unit measures, with the sentence as its quote, and never
takes part in a contradiction.
"""

import calendar
import itertools
import re
from typing import Final

from indexer import normalise
from indexer.collector import Collector
from indexer.limits import QUOTE_CHARS_MAX
from indexer.vocabulary import COMPARING, DETERMINERS, FILLERS, LINKS, NEVER_IN_KEY, PREPOSITIONS

_QUALIFYING: Final[tuple[tuple[str, str], ...]] = (
    ("at most", "<="), ("up to", "<="), ("at least", ">="), ("more than", ">"), ("less than", "<"),
    ("fewer than", "<"), ("over", ">"), ("under", "<"), ("about", "~"), ("around", "~"), ("nearly", "~"),
    ("almost", "~"), ("approximately", "~"), ("roughly", "~"),
)  # fmt: skip

_TO_THE_BRIM: Final = ("fill up to", "filled up to", "top up to", "make up to", "made up to")
"""Where ``up to`` is the amount to be reached."""

_UNIT: Final = "|".join(re.escape(unit) for unit in normalise.unit_spellings() if unit not in "$€£¥")
_COUNTED: Final = r"[A-Za-z]{2,14}(?=/(?:s|min|h)\b|\sper\s(?:second|minute|hour|day)\b)"
_AMOUNT: Final = re.compile(
    r"(?<![\w.,$€£¥±^/+\u2013\u2014-])"
    rf"(?:(?P<currency>{normalise.CURRENCY})\s?)?"
    rf"(?P<range>{normalise.NUMBER}(?:\s?[\u2013-]\s?|\sto\s)[$€£¥]?)?"
    rf"(?P<number>{normalise.NUMBER})(?![\d.,]*\d)(?P<magnitude>{normalise.MAGNITUDE})?"
    rf"(?:(?:\s|-(?=[a-z]))?(?P<unit>{_COUNTED}|(?:{_UNIT})(?![\w^²³])))?(?:{normalise.RATE})?"
    r"(?![\w/^²³]|\s?[×*]\s?\d|\sx\s\d|\s\w\^)"
)
_MISREAD: Final = re.compile(r"[12]\d\d0s|[\d.,]+[tglm]")  # decades; and single letters that name variants and versions
_FACTOR: Final = ("×", "*", " x", "±")
"""What stands before a number that is only part of a measure: ``2 m × 3 m``, ``5 ± 1 s``."""
_LONGER: Final = re.compile(r"\d\s?(?:d|h|m|min)\s$")
_GOES_ON: Final = re.compile(r"\s\d+\s?(?:h|m|min|s|sec)\b")
"""Two numbers that make one duration: ``1 h 30 min``, ``6m 12s``."""

_DATE: Final = re.compile(
    r"(?<![\w/-])(?:(?P<iso>\d{4}-(?:0\d|1[0-2])-(?:[0-2]\d|3[01]))"
    r"|(?P<day>\d{1,2}) (?P<month>[A-Z][a-z]{2,8}) (?P<year>\d{4})"
    r"|(?P<month2>[A-Z][a-z]{2,8}) (?P<day2>\d{1,2}), (?P<year2>\d{4}))(?![\w/-])"
)
_MONTH_NAMES: Final = tuple(calendar.month_name)[1:]
_MONTHS: Final = {name[:length]: number for number, name in enumerate(_MONTH_NAMES, 1) for length in (3, len(name))}
_SENTENCE_END: Final = re.compile(r"[.!?](?=\s)|\n\s*\n")
ITEM: Final = re.compile(r"\s*(?:[-*+•]|\d{1,3}[.)])\s+")
"""What begins a list item."""

_INGREDIENT: Final = re.compile(r"\s(?:of\s)?([^\W\d][\w-]*(?: [^\W\d][\w-]*){0,3})")
_WORD: Final = re.compile(r"\s([a-z]+)\b")
_RELATIVE: Final = frozenset({"that", "which", "who", "whom", "where", "when", "while", "if", "because"})
_TABLE_LINES: Final = 4
_PRONOUNS: Final = frozenset({"they", "it", "this", "these", "that", "those", "he", "she"})
_POINTING: Final = frozenset({"these", "those", "them"})
_POINTING_BACK: Final = frozenset({"one", "ones", "two", "three", "others", "latter", "former"})
_KNOWN_ALREADY: Final = frozenset({"the", "this", "that", "means"})
_OF_WHAT: Final = frozenset({"total", "sum", "credit", "add-on", "maximum", "minimum"})
"""Names that need a thing: ``a total of 5 t``."""

_APART: Final = PREPOSITIONS - {"of"}
_PORTIONED: Final = frozenset({"mass", "volume", "size"})
_NAME_WORDS_MAX: Final = 7
_SPOKEN_WORDS: Final = 24


def read_amounts(out: Collector, start: int, text: str) -> None:
    """Add the quantities and sums of money in *text*, which stands at *start*."""
    for match in _AMOUNT.finditer(text):
        spelling = match["currency"] or match["unit"]
        unit = normalise.canonical_unit(spelling, match["rate"]) if spelling else None
        if unit is None or _MISREAD.fullmatch(match[0]):
            continue
        begin, end = sentence(text, *match.span())
        before = text[begin : match.start()]
        is_part = before.rstrip().endswith(_FACTOR) or _LONGER.search(before[-8:]) or _GOES_ON.match(text, match.end())
        if end - begin > QUOTE_CHARS_MAX or is_part or _is_in_code(text, match):
            continue
        sentence_words = f"{before} {text[match.end() : end]}"
        if not any(letter.isalpha() for letter in sentence_words) or _is_table(text[begin:end]):
            continue
        is_money = unit.partition("/")[0] in normalise.CURRENCIES
        dimension = normalise.dimension(unit)
        key = "" if _compares(text, match.end()) else named(before)
        if not key and dimension in _PORTIONED:
            key = _ingredient(text, begin, match)
        if key.rpartition(" ")[2] in _POINTING_BACK or (not key and _points_back(before, sentence_words)):
            continue
        out.fact(
            "money" if is_money else "quantity",
            key=key or dimension,
            value=_qualifier(before) + match[0],
            start=start + begin,
            end=start + end,
            confidence="pattern",
            entity=bool(key) and out.subject_is_named,
        )


def _is_in_code(text: str, match: re.Match[str]) -> bool:
    """Return whether an amount is part of a longer piece of code, which is an example rather than a statement."""
    line = text.rfind("\n", 0, match.start()) + 1
    opened = text.count("`", line, match.start()) % 2 == 1
    return opened and not (text[match.start() - 1] == "`" and text.startswith("`", match.end()))


def _is_table(sentence: str) -> bool:
    """Return whether a sentence is the rows of a table that has lost its lines: one cell of it says nothing."""
    lines = sentence.split("\n")
    return len(lines) >= _TABLE_LINES and sum(any(map(str.isdigit, line)) for line in lines) >= _TABLE_LINES - 1


def _points_back(before: str, sentence_words: str) -> bool:
    """Return whether a sentence that does not name its amount speaks of what stands before it (``They cost $5``)."""
    spoken, last = sentence_words.casefold().split(), before.casefold().split()[-1:]
    return spoken[0] in _PRONOUNS or not _POINTING.isdisjoint(spoken) or not _KNOWN_ALREADY.isdisjoint(last)


def _compares(text: str, end: int) -> bool:
    """Return whether the amount that ends at *end* is a difference (``14 % more``)."""
    after = _WORD.match(text, end)
    return after is not None and after[1] in COMPARING


def _ingredient(text: str, begin: int, match: re.Match[str]) -> str:
    """Return what an item that begins with its amount has so much of (``- 900 g bread flour``)."""
    opens = begin == match.start() and ITEM.match(text) is not None
    said = _INGREDIENT.match(text, match.end()) if opens else None
    words = said[1].split() if said else []
    for place, word in enumerate(words):
        if word in FILLERS or word in PREPOSITIONS:
            return " ".join(words[:place])
    return " ".join(words)


def sentence(text: str, start: int, end: int) -> tuple[int, int]:
    """Return the span of the sentence around ``text[start:end]``."""
    begin = 0
    for match in _SENTENCE_END.finditer(text, 0, start):
        begin = match.end()
    after = _SENTENCE_END.search(text, end)
    stop = after.start() + 1 if after else len(text)
    begin += len(text[begin:stop]) - len(text[begin:stop].lstrip())
    item = ITEM.match(text, begin)
    return (item.end() if item and item.end() <= start else begin), len(text[:stop].rstrip())


def _qualifier(before: str) -> str:
    tail = " ".join(before.split()).casefold()
    for said, sign in _QUALIFYING:
        if tail.endswith(said):
            return "" if tail.endswith(_TO_THE_BRIM) else sign + " "
    return tail[-1] + " " if tail and tail[-1] in "<>≤≥~≈" else ""


def named(before: str) -> str:
    """Return what the words before a number say that it is (``the default timeout is at most`` → default timeout).

    Nothing when they do not join it to a name, or the name is too long to tell where it begins.
    """
    spoken = before.rstrip("<>≤≥~≈`* ").replace("\n", " \n ").split(" ")[-_SPOKEN_WORDS:]
    links: list[str] = []
    while spoken and (spoken[-1].casefold() in FILLERS or spoken[-1].casefold() in LINKS or not spoken[-1].strip()):
        links += [spoken.pop().casefold()]
    joined = LINKS.intersection(links)
    noun = _noun(spoken, only_of=joined == {"of"}) if joined else []
    while noun and noun[0].casefold() in PREPOSITIONS | DETERMINERS | FILLERS:
        noun.pop(0)
    key = " ".join(noun)
    is_name = any(c.isalpha() for c in key) and not NEVER_IN_KEY.intersection(key.casefold().split())
    holds_amount = any(normalise.value(f"{a} {b}")[1] for a, b in itertools.pairwise(noun))
    needs_thing = joined == {"of"} and key.casefold() in _OF_WHAT
    return key if is_name and not holds_amount and not needs_thing else ""


def _noun(spoken: list[str], *, only_of: bool) -> list[str]:
    """Return the last words that may name a thing; a preposition goes on with what stands before it.

    Args:
        only_of: Whether nothing but ``of`` joins them to the amount; then the name is what stands right before it.
    """
    noun: list[str] = []
    words = [word for word in spoken if word]
    for place in range(len(words) - 1, -1, -1):
        if words[place] == "\n":
            if noun and noun[0][0].isupper():  # a line above is a title rather than the beginning of the name
                break
            continue
        bare, before = normalise.plain(words[place]), words[place - 1].casefold() if place else ""
        ends = not bare[:1].isalnum() or bare[-1] in ",;:.)!?" or (only_of and bare.casefold() in _APART)
        if ends or (bare.casefold() in DETERMINERS and before not in PREPOSITIONS):
            return [] if before in _RELATIVE else noun
        if len(noun) == (_NAME_WORDS_MAX // 2 if only_of else _NAME_WORDS_MAX):
            return noun if only_of else []
        noun.insert(0, bare)
    return noun


def read_dates(out: Collector, start: int, text: str) -> None:
    """Add the days named in *text*, which stands at *start*, in ISO form."""
    for match in _DATE.finditer(text):
        begin, end = sentence(text, *match.span())
        iso = iso_date(match)
        if iso is None or end - begin > QUOTE_CHARS_MAX:
            continue
        out.fact(
            "date",
            key=named(text[begin : match.start()]) or "date",
            value=iso,
            start=start + begin,
            end=start + end,
            confidence="pattern",
            entity=False,
        )


def iso_date(match: re.Match[str]) -> str | None:
    """Return the ISO form of a date that was found, or None when it is none (``32 Foo 2024``)."""
    if match["iso"]:
        return match["iso"]
    month = _MONTHS.get(match["month"] or match["month2"])
    day = int(match["day"] or match["day2"])
    if month is None or not 1 <= day <= 31:
        return None
    return f"{match['year'] or match['year2']}-{month:02}-{day:02}"
