"""Which facts contradict each other: same subject and key, different values, in different files.

A false alarm costs more than a missed one, so only what must be single-valued about a named thing is compared.
"""

import functools
import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from indexer.model import Fact, LiveFact
from indexer.normalise import fold, value
from indexer.vocabulary import GENERIC_NAMES, NEVER_IN_CONFLICT, words

CONFLICTS_MAX: Final = 3
"""Contradictions in one answer."""
_VALUE_CHARS_MAX: Final = 60
_VALUE_WORDS_MAX: Final = 6
"""A longer value is a sentence, and two sentences about one thing are seldom a contradiction."""
_KINDS: Final = frozenset({"field", "cell", "observation", "quantity", "money"})

_UNSAID: Final = words("unknown none n/a na tbd tba todo ? - – — … ... varies various nil null")
"""Values that say that there is none yet."""
_ALIKE: Final = {"true": "yes", "on": "yes", "enabled": "yes", "false": "no", "off": "no", "disabled": "no"}
_ORDINALS: Final = words(
    "row rows run test case step item entry sample trial day week month quarter sprint phase part option variant round "
    "iteration example total sum average mean median min max other others all jan feb mar apr may jun jul aug sep "
    "sept oct nov dec january february march april june july august september october november december monday "
    "tuesday wednesday thursday friday saturday sunday q1 q2 q3 q4 h1 h2 free basic standard pro premium plus starter "
    "business enterprise team plan tier default current previous new old before after baseline control small medium "
    "large read reads write writes get put post p50 p90 p95 p99"
)
"""Words that tell a row from its neighbours and name nothing in the world."""
_PROPERTIES: Final = words("owner trial")
"""Keys that are compared all the same: alone, they say of a thing whose it is and how long it may be tried."""
_NAME: Final = re.compile(r"[^\W\d_]{2,}")
_ASKING: Final = re.compile(r"(?:.*: )?(?:what|which|how|why|who|when|where) ")
"""The beginning of a heading that says what is told below it (``What is not included``), or of its second half."""
_NUMBER: Final = re.compile(r"(?:<=|>=|[<>~])?(-?\d{1,30}(?:\.\d{1,30})?)")
_ISSUE: Final = re.compile(
    r"(?<![a-z0-9])(?:(?:19|20)\d\d(?:[-_.]?\d\d){0,2}|q[1-4]|(?:week|w|kw|sprint|day|v)[-_ ]?\d{1,4}(?:\.\d{1,4})*"
    r"|(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6})(?![a-z0-9])"
)
"""What tells one issue of a report from the next in its path: a date, a week, a version."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """Facts that cannot all be true, one for each value, in the order in which they were given."""

    facts: Sequence[LiveFact]

    @property
    def topic(self) -> int | None:
        """What they are about."""
        return topic_of(self.facts[0].fact)

    @property
    def mark(self) -> str:
        """The same for the same subject, key and set of values, and for no other: by it one is dismissed."""
        said = sorted(_said(live.fact)[0] for live in self.facts)
        return hashlib.sha256("\0".join([str(self.topic), *said]).encode("utf-8", "replace")).hexdigest()


def topic_of(fact: Fact) -> int | None:
    """Return a number that facts with the same subject and key share (64 bits, signed); None: it is never compared."""
    return topic_named(fact.subject, fact.key) if _is_single_valued(fact) else None


def topic_named(subject: str, key: str) -> int:
    """Return the number of all facts about *key* of *subject*, however these are spelled."""
    text = f"{_thing(subject)}\0{fold(key)}"
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).digest(), signed=True)


def conflicts_among(facts: Iterable[LiveFact]) -> list[Conflict]:
    """Return the contradictions among *facts*, those of the first facts first."""
    groups: dict[tuple[int, str | None], list[tuple[str, LiveFact]]] = defaultdict(list)
    for live in facts:
        topic = topic_of(live.fact)
        if topic is not None:
            said, unit = _said(live.fact)
            groups[topic, unit].append((said, live))
    found = []
    for group in groups.values():
        first: dict[str, LiveFact] = {}
        for said, live in group:
            first.setdefault(said, live)
        if len(first) > 1 and _each_file_says_one(group) and _differ(list(first), key=group[0][1].fact.key):
            found.append(Conflict(list(first.values())))
    return found


def _said(fact: Fact) -> tuple[str, str | None]:
    """Return what is compared, and its unit: the number of a value that goes on in words (``21 days, for free``)."""
    number, _, rest = fact.value.partition(", ")
    if fact.unit is None and rest and not any(letter.isdigit() for letter in rest):
        said, unit = value(number)
        if unit is not None:
            return said, unit
    return fact.normal, fact.unit


def _is_single_valued(fact: Fact) -> bool:
    if not fact.entity or fact.kind not in _KINDS or not _is_short(fact.normal) or fact.normal in _UNSAID:
        return False
    if fact.kind == "observation" and _number(fact.normal) is None:
        return False  # one may observe many things of a kind
    key = fold(fact.key).partition(" per ")[0]
    ends = [key.partition(" ")[0], key.rpartition(" ")[2]]
    is_telling = NEVER_IN_CONFLICT.isdisjoint(ends) and not _ORDINALS.issuperset(key.split())
    return (is_telling or key in _PROPERTIES) and bool(_thing(fact.subject))


@functools.lru_cache(maxsize=1024)
def _thing(subject: str) -> str:
    """Return what a subject names, without the headings that only say what kind of text stands below them."""
    return " > ".join(part for part in fold(subject).split(" > ") if not _is_generic(part))


def _is_short(text: str) -> bool:
    return len(text) <= _VALUE_CHARS_MAX and text.count(" ") < _VALUE_WORDS_MAX


def _is_generic(name: str) -> bool:
    """Return whether a name is that of a section, or of a row that is one size, step or tier among others."""
    first, *others = name.split() or [""]
    return (
        name in GENERIC_NAMES
        or _ASKING.match(name) is not None
        or not any(letter.isalpha() for letter in first)
        or all(word in _ORDINALS or not any(letter.isalpha() for letter in word) for word in (first, *others))
    )


def _each_file_says_one(group: Sequence[tuple[str, LiveFact]]) -> bool:
    """Return whether no file gives several values (a list is no contradiction) and more than one file speaks.

    Issues of one report, such as those of two months, speak of different times.
    """
    values: dict[str, set[str]] = defaultdict(set)
    for said, live in group:
        values[live.path].add(said)
    series = {_ISSUE.sub("#", path.casefold()) for path in values}
    return len(values) > 1 and len(series) == len(values) and all(len(each) == 1 for each in values.values())


def _differ(values: Sequence[str], *, key: str) -> bool:
    """Return whether the values exclude each other: one that only says more than the other does not."""
    agree = _may_be_one if fold(key) == "owner" else _agree
    first, *others = values
    return any(not agree(first, other) for other in others)


def _may_be_one(one: str, other: str) -> bool:
    """Return whether two names may be of one person or team: ``@ivo`` and ``I. Brandt`` are ``Ivo Brandt``."""
    return not set(_NAME.findall(one)).isdisjoint(_NAME.findall(other))


def _agree(one: str, other: str) -> bool:
    first, second = _number(one), _number(other)
    if first is not None and second is not None:
        about = "~" in (one[0], other[0])
        return _is_rounded(first, second, about=about) or _is_rounded(second, first, about=about)
    if _ALIKE.get(one, one) == _ALIKE.get(other, other):
        return True
    return _says_more(one, other) or _says_more(other, one)


def _number(normal: str) -> Decimal | None:
    match = _NUMBER.fullmatch(normal)
    return Decimal(match[1]) if match else None


def _is_rounded(short: Decimal, long: Decimal, *, about: bool) -> bool:
    """Return whether *short* is *long* with fewer decimals; a whole number counts as rounded when it says *about*."""
    decimals = -int(short.as_tuple().exponent)
    tolerance = Decimal(5).scaleb(-decimals - 1) if decimals or about else Decimal(0)
    return abs(short - long) <= tolerance


def _says_more(longer: str, shorter: str) -> bool:
    """Return whether *longer* begins with all of *shorter*, or lists the same and more."""
    many, fewer = _parts(longer), _parts(shorter)
    if len(many) > 1 and set(fewer) <= set(many):
        return True
    spoken, said = longer.replace("-", " ").split(), shorter.replace("-", " ").split()
    return len(said) < len(spoken) and spoken[: len(said)] == said


def _parts(text: str) -> list[str]:
    return [part.strip() for part in re.split(r"[,;/&+]| and | or ", text)]
