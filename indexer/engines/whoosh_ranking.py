"""Which passages of a segment answer to a term, and which of all of them answer best.

A segment is gone through term by term, the rarest first: each passage's score is a sum over arrays, so a common word
costs a tenth of a microsecond per passage that has it.
"""

import heapq
import math
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

PRESENT: Final = 1_024.0
"""Added to a passage's score per term that it has, so that one number tells both how many and how well."""
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


def scores(terms: Sequence[tuple[Matches, float]], allowed: Collection[int] | None) -> dict[int, float]:
    """Return the scores of a segment's passages.

    Args:
        terms: What each term matches, and how rare it is; the rarest first.
        allowed: The only passages that count; None is all.
    """
    found: dict[int, float] = {}
    get = found.get
    for (numbers, impacts), rare in terms:
        worth = rare * _K_PLUS_ONE / IMPACT_MAX
        pairs: Iterable[tuple[int, int]] = zip(numbers, impacts, strict=True)
        if allowed is not None:
            pairs = [pair for pair in pairs if pair[0] in allowed]
        if len(found) < CANDIDATES_MAX:
            for number, of_impact in pairs:
                found[number] = get(number, 0.0) + (PRESENT + worth * of_impact)
        else:
            for number, of_impact in pairs:
                if number in found:
                    found[number] += PRESENT + worth * of_impact
    return found


def best(scored: Iterable[tuple[int, float]], *, terms: int, limit: int) -> list[tuple[bool, float, int]]:
    """Return whether it has all terms, the score and the number of the best passages, those with all of them first."""
    full = PRESENT * terms
    return heapq.nlargest(limit, ((score >= full, score % PRESENT, -number) for number, score in scored))
