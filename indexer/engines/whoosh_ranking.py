"""Which passages of a segment answer to a term, and which of all of them answer best.

A segment is gone through term by term, the rarest first. Which passages have a term is a matter of sets; only those
that can be among the hits are weighed.
"""

import heapq
import math
from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import islice
from typing import Final

from indexer.engines.weighing import FIRST, IMPACT_MAX, ROOM, tokens_of
from indexer.engines.whoosh_segments import TERMS, WORDS, Leaf, Postings
from indexer.limits import CANDIDATES_MAX, FUZZY_EXPANSIONS_MAX, FUZZY_WORDS_MAX, PREFIX_EXPANSIONS_MAX
from indexer.questions import Place, Term, cjk_pairs
from indexer.spelling import near
from indexer.vocabulary import STOP_WORDS

Matches = tuple[Sequence[int], Sequence[int]]
"""The passages that a term matches, in ascending order, and its impact in each."""

_STEPS: Final = 8
"""Postings that are gone through in the time in which one is looked up."""
_K_PLUS_ONE: Final = 2.2


def expanded(term: Term, leaves: Sequence[Leaf]) -> list[tuple[str, float]]:
    """Return the tokens that a ``prefix*`` or ``fuzzy~`` stands for in this index, and what each is worth."""
    text = term.words[0]
    if term.kind == "prefix":
        words = islice(_vocabulary(leaves, text), PREFIX_EXPANSIONS_MAX)
        return [(token, 1.0) for token in dict.fromkeys(token for word in words for token in tokens_of(word))]
    candidates = islice(_vocabulary(leaves, text[0]), FUZZY_WORDS_MAX)
    worth: dict[str, float] = {}
    for word, distance in near(text, candidates, limit=FUZZY_EXPANSIONS_MAX):
        for token in tokens_of(word):
            worth.setdefault(token, 1.0 / (1 + distance))
    return list(worth.items())


def _vocabulary(leaves: Sequence[Leaf], prefix: str) -> Iterator[str]:
    for leaf in leaves:
        for name in (WORDS, TERMS):
            yield from leaf.beginning(name, prefix)


def matches(leaf: Leaf, term: Term, tokens: Sequence[tuple[str, float]]) -> Matches:
    """Return the passages of a segment that a term matches.

    Args:
        tokens: What a prefix or a fuzzy word was expanded to; else empty.
    """
    if term.kind in ("prefix", "fuzzy"):
        return _any(leaf, tokens, term.place)
    words = [word for word in term.words if word not in STOP_WORDS] or term.words
    sought = [token for word in words for token in tokens_of(word)]
    found = [_in_place(leaf.postings(TERMS, token), term.place) for token in sought]
    if len(found) == 1:
        return found[0].numbers, found[0].impacts
    return _all(found, in_order=term.kind == "phrase" and not cjk_pairs(" ".join(words)))


def _in_place(postings: Postings, place: Place | None) -> Postings:
    if place is None:
        return postings
    first = FIRST[place]
    kept = Postings()
    for (number, positions), of_impact in zip(postings.positions_of(), postings.impacts, strict=True):
        within = [position for position in positions if first <= position < first + ROOM]
        if within:
            kept.add(number, of_impact, within)
    return kept


def _any(leaf: Leaf, tokens: Iterable[tuple[str, float]], place: Place | None) -> Matches:
    best: dict[int, int] = {}
    for token, worth in tokens:
        postings = _in_place(leaf.postings(TERMS, token), place)
        for number, of_impact in zip(postings.numbers, postings.impacts, strict=True):
            best[number] = max(best.get(number, 0), int(of_impact * worth))
    numbers = sorted(best)
    return numbers, [best[number] for number in numbers]


def _all(found: Sequence[Postings], *, in_order: bool) -> Matches:
    """Return the passages that have every one of some tokens, one behind the other if that is asked."""
    common = set(min(found, key=lambda each: len(each.numbers)).numbers)
    for postings in found:
        common.intersection_update(postings.numbers)
    if in_order and common:
        starts: dict[int, set[int]] = {}
        for offset, postings in enumerate(found):
            for number, positions in postings.positions_of():
                if number in common:
                    here = {position - offset for position in positions}
                    starts[number] = starts[number] & here if offset else here
        common = {number for number, begins in starts.items() if begins}
    numbers = sorted(common)
    impacts: dict[int, int] = dict.fromkeys(numbers, IMPACT_MAX)
    for postings in found:
        for number, of_impact in zip(postings.numbers, postings.impacts, strict=True):
            if number in common:
                impacts[number] = min(impacts[number], of_impact)
    return numbers, [impacts[number] for number in numbers]


def rarity(found: int, passages: int) -> float:
    """Return what a term is worth that *found* of all passages have."""
    return math.log(1 + (passages - found + 0.5) / (found + 0.5))


def having_all(terms: Sequence[Matches]) -> set[int]:
    """Return the passages that match every term, the rarest of which comes first."""
    found = set(terms[0][0])
    for numbers, _ in terms[1:]:
        found.intersection_update(numbers)
    return found


def having_some(terms: Sequence[Matches], enough: int) -> set[int]:
    """Return passages that match some of the terms, the rarest of which come first, about `CANDIDATES_MAX` at most.

    Once there are *enough*, a word that most passages have brings up no more; before that it brings up those in which
    it says most.
    """
    found: set[int] = set()
    for numbers, impacts in terms:
        if len(found) + len(numbers) <= CANDIDATES_MAX:
            found.update(numbers)
        elif len(found) < enough:
            strongest = heapq.nlargest(CANDIDATES_MAX - len(found), zip(impacts, numbers, strict=True))
            found.update(number for _, number in strongest)
    return found


def only(those: Matches, within: set[int]) -> Matches:
    """Return the part of what a term matches that is *within*."""
    kept = [(number, of_impact) for number, of_impact in zip(*those, strict=True) if number in within]
    return [number for number, _ in kept], [of_impact for _, of_impact in kept]


def weighed(numbers: Collection[int], terms: Sequence[tuple[Matches, float]]) -> dict[int, float]:
    """Return the scores of some passages: what each of the terms says about them, and how rare it is."""
    found = dict.fromkeys(numbers, 0.0)
    for (those, impacts), rare in terms:
        worth = rare * _K_PLUS_ONE / IMPACT_MAX
        if len(found) * _STEPS < len(those):
            for number in found:
                at = bisect_left(those, number)
                if at < len(those) and those[at] == number:
                    found[number] += worth * impacts[at]
        else:
            for number, of_impact in zip(those, impacts, strict=True):
                if number in found:
                    found[number] += worth * of_impact
    return found


def best(scores: dict[int, float], limit: int) -> list[tuple[float, int]]:
    """Return the highest scores with the passages that have them, the earlier one of two."""
    return [(score, -number) for score, number in heapq.nlargest(limit, ((s, -n) for n, s in scores.items()))]
