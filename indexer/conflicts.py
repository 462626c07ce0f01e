"""Which facts contradict each other: same subject and key, different values, in different files.

A false alarm costs more than a missed one, so only what must be single-valued about a named thing is compared.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from indexer.model import Fact, LiveFact
from indexer.normalise import fold
from indexer.vocabulary import GENERIC_NAMES, NEVER_IN_CONFLICT

CONFLICTS_MAX: Final = 3
_VALUE_CHARS_MAX: Final = 60
_KINDS: Final = frozenset({"field", "cell", "observation", "quantity", "money"})


@dataclass(frozen=True, slots=True)
class Conflict:
    """Facts that cannot all be true, one for each value, in the order in which they were given."""

    facts: Sequence[LiveFact]


def conflicts_among(facts: Iterable[LiveFact]) -> list[Conflict]:
    """Return at most three contradictions among *facts*, those of the first facts first."""
    groups: dict[Hashable, list[LiveFact]] = defaultdict(list)
    for live in facts:
        fact = live.fact
        if _is_single_valued(fact):
            groups[fold(fact.subject), fold(fact.key), fact.unit].append(live)
    found = []
    for group in groups.values():
        first = {live.fact.normal: live for live in reversed(group)}
        contradicting = [live for live in group if first[live.fact.normal] is live]
        if len(contradicting) > 1 and _each_file_says_one(group) and _differ(contradicting):
            found.append(Conflict(contradicting))
    return found[:CONFLICTS_MAX]


def _is_single_valued(fact: Fact) -> bool:
    subject, words = fold(fact.subject), fold(fact.key).split()
    return (
        fact.entity
        and fact.kind in _KINDS
        and len(fact.normal) <= _VALUE_CHARS_MAX
        and not all(part in GENERIC_NAMES for part in subject.split(" > "))
        and not NEVER_IN_CONFLICT.intersection(words[:1] + words[-1:])
    )


def _each_file_says_one(group: Sequence[LiveFact]) -> bool:
    """Return whether no file gives several values (a list is no contradiction) and more than one file speaks."""
    values: dict[str, set[str]] = defaultdict(set)
    for live in group:
        values[live.path].add(live.fact.normal)
    return len(values) > 1 and all(len(each) == 1 for each in values.values())


def _differ(facts: Sequence[LiveFact]) -> bool:
    """Return whether the values exclude each other: one that only says more than the other does not."""
    first, *others = (live.fact.normal for live in facts)
    return any(not _says_more(first, other) and not _says_more(other, first) for other in others)


def _says_more(longer: str, shorter: str) -> bool:
    words, fewer = longer.replace("-", " ").split(), shorter.replace("-", " ").split()
    return len(fewer) < len(words) and words[: len(fewer)] == fewer
