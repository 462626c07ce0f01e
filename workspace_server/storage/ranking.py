"""How well the words of a fact answer a question: a function inside SQLite's full-text search.

Its own `bm25` reads every row that has one of the words before it weighs the first one (39 ms for a word that all of
500,000 facts have, 2026-11-30). This one is told how rare the words are, and so costs only the rows that are weighed.
"""

import functools
import json
from collections.abc import Sequence

import apsw

NAME = "fact_rank"
COLUMN_WEIGHTS = (0.9, 1.0, 0.65, 0.5, 0.4)
"""Of a match in subject, key, value, quote and place: more is to be expected of one in the key than in a long quote."""

Plan = Sequence[tuple[float, Sequence[tuple[int, float]]]]
"""For each thing that is asked for: how rare it is, and its phrases by number, each with its share."""


def enable(connection: apsw.Connection) -> None:
    """Let queries of *connection* call `fact_rank(table, plan)`; more is better."""
    connection.register_fts5_function(NAME, _fact_rank)


def spelled(plan: Plan) -> str:
    """Return a plan as the function takes it."""
    return json.dumps(plan)


def _fact_rank(api: apsw.FTS5ExtensionApi, *given: object) -> float:
    score = 0.0
    columns_of = api.phrase_columns
    for phrases in _weights(str(given[0])):
        best = 0.0
        for phrase, weights in phrases:
            for column in columns_of(phrase):
                if weights[column] > best:  # noqa: PLR1730 - max() takes twice the time, and this is called for each row
                    best = weights[column]
        score += best
    return score


@functools.lru_cache(maxsize=64)
def _weights(text: str) -> list[list[tuple[int, list[float]]]]:
    """Return what a match counts: for each thing that is asked for, of each of its phrases, in each column."""
    plan: Plan = json.loads(text)
    return [
        [(phrase, [rarity * share * weight for weight in COLUMN_WEIGHTS]) for phrase, share in phrases]
        for rarity, phrases in plan
    ]
