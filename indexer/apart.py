"""What a file says several times over, each time of something else: told apart by what stands above it.

Two forms are so common that without this most of a long file's facts would say nothing of what they are about. Tables
of one shape below one heading each (``Night`` is a row of every place), and records: the same keys again and again,
the first of which names what the others are about (``Item 13: Evaporator B``, then its maker, then its age).
"""

import itertools
import re
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from indexer.limits import SUBJECT_CHARS_MAX
from indexer.model import Fact, Heading

RECORDS_MIN: Final = 3
"""Repetitions from which on they are no chance."""
NAME_CHARS_MAX: Final = 60
"""Of what a record is called; a longer first value is cut at its comma, or is no name."""
RECORD_LEVEL: Final = 9
"""Of a record in the outline of passages: below all headings."""
_DIGITS: Final = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class _Record:
    """The facts ``[first:end]`` of a file, of which the first one names what the others are about."""

    name: str
    first: int
    end: int


def told_apart(facts: Sequence[Fact], headings: Sequence[Heading], *, name: str) -> tuple[list[Fact], list[Heading]]:
    """Return *facts*, each about what it is said of, and where records begin, as headings below all others.

    Args:
        name: What stands for the file where no heading does.
    """
    told = list(_rows(facts, headings))
    records = list(_records(told))
    for record in records:
        for at in range(record.first + 1, record.end):
            above = told[record.first].subject
            below = f"{record.name}{told[at].subject.removeprefix(above)}"  # an item may stand between the two
            subject = _below("" if above == name else above, below)
            told[at] = replace(told[at], subject=subject, entity=told[at].kind == "field")
    return told, [Heading(level=RECORD_LEVEL, title=one.name, line=told[one.first].start_line) for one in records]


def _below(above: str, name: str) -> str:
    room = SUBJECT_CHARS_MAX - len(f" > {name}")
    return f"{above[:room]} > {name}" if above and room > 0 else name[:SUBJECT_CHARS_MAX]


def _rows(facts: Sequence[Fact], headings: Sequence[Heading]) -> Iterator[Fact]:
    """Yield the facts, the cells of a row that stands below several headings with the one above them."""
    above = _headings_above(facts, headings)
    places: dict[tuple[str, str], set[str]] = defaultdict(set)
    for fact, heading in zip(facts, above, strict=True):
        if fact.kind == "cell":
            places[fact.subject, fact.key].add(heading)
    for fact, heading in zip(facts, above, strict=True):
        is_many = fact.kind == "cell" and heading and len(places[fact.subject, fact.key]) > 1
        yield replace(fact, subject=_below(heading, fact.subject)) if is_many else fact


def _headings_above(facts: Sequence[Fact], headings: Sequence[Heading]) -> list[str]:
    """Return, for each fact, the title of the last heading before it; nothing where there is none."""
    titles, upcoming, last = [], list(reversed(headings)), ""
    for fact in facts:
        while upcoming and upcoming[-1].line <= fact.start_line:
            last = upcoming.pop().title
        titles.append(last)
    return titles


def _records(facts: Sequence[Fact]) -> Iterator[_Record]:
    begin = 0
    for at in range(len(facts) + 1):
        if at == len(facts) or facts[at].kind == "heading" or not _goes_on(facts[begin], facts[at]):
            yield from _records_of(facts, begin, at)
            begin = at + 1 if at < len(facts) and facts[at].kind == "heading" else at


def _goes_on(first: Fact, fact: Fact) -> bool:
    return fact.subject == first.subject or fact.subject.startswith(f"{first.subject} > ")


def _records_of(facts: Sequence[Fact], begin: int, end: int) -> Iterator[_Record]:
    """Yield the records among the facts of one section, one family of them after the other."""
    said = [(at, _DIGITS.sub("#", facts[at].key.casefold())) for at in range(begin, end) if _is_said(facts[at])]
    places: dict[str, list[int]] = defaultdict(list)
    for place, (_, key) in enumerate(said):
        places[key].append(place)
    place = 0
    while place < len(said):  # every step goes on behind what it has looked at, so that this is linear
        same = places[said[place][1]]
        starts = same[bisect_left(same, place) :] if len(same) >= RECORDS_MIN else []
        if len(starts) < RECORDS_MIN:
            place += 1
            continue
        family = [*itertools.pairwise(starts), (starts[-1], _end_of_last(said, starts))]
        names = [_name(facts[said[first][0]].value) for first, _ in family]
        if "" not in names and len(set(names)) == len(names) and _is_regular(said, family):
            ends = [*(said[first][0] for first in starts[1:]), said[family[-1][1] - 1][0] + 1]
            yield from map(_Record, names, (said[first][0] for first in starts), ends)
        place = family[-1][1]


def _end_of_last(said: Sequence[tuple[int, str]], starts: Sequence[int]) -> int:
    """Return where the last record ends: behind the keys that others have, too, and before one of them comes twice."""
    known = {key for _, key in said[starts[0] + 1 : starts[-1]]}
    end, seen = starts[-1] + 1, set[str]()
    while end < len(said) and said[end][1] in known and said[end][1] not in seen:
        seen.add(said[end][1])
        end += 1
    return end


def _is_said(fact: Fact) -> bool:
    return fact.kind == "field" and fact.pointer is None


def _name(value: str) -> str:
    """Return what a record is called after its first value; nothing when that is no name but an amount or a date."""
    name = value if len(value) <= NAME_CHARS_MAX else value.partition(",")[0]
    return name if len(name) <= NAME_CHARS_MAX and name[:1].isalpha() else ""


def _is_regular(said: Sequence[tuple[int, str]], family: Sequence[tuple[int, int]]) -> bool:
    """Return whether every record has each key once; they need a second key in common unless they are numbered."""
    shared: Counter[str] = Counter()
    for first, end in family:
        own = [key for _, key in said[first + 1 : end]]
        if len(set(own)) < len(own):
            return False
        shared.update(own)
    return "#" in said[family[0][0]][1] or max(shared.values(), default=0) * 2 >= len(family)
