"""One order out of two: of the passages that have the words, and of those that mean the same."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from indexer.model import Hit

_RANK_DAMPING: Final = 60
"""By how much ranks are damped: the usual constant of reciprocal rank fusion, by which no list outweighs the other."""


def fused(*ranked: Sequence[Hit]) -> list[Hit]:
    """Return all hits once, by the sum of the reciprocals of their ranks (1 for the first place of one list)."""
    scores: dict[tuple[str, int, int, str], float] = {}
    hits: dict[tuple[str, int, int, str], Hit] = {}
    for some in ranked:
        for rank, hit in enumerate(some):
            which = (hit.path, hit.version, hit.passage.start_line, hit.passage.text)
            scores[which] = scores.get(which, 0.0) + (_RANK_DAMPING + 1) / (_RANK_DAMPING + 1 + rank)
            hits.setdefault(which, hit)
    order = sorted(scores, key=lambda which: -scores[which])
    return [replace(hits[which], score=scores[which]) for which in order]
