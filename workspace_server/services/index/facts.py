"""Which facts answer a question, what contradicts them, and how they fill the budget of an answer."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from indexer.conflicts import CONFLICTS_MAX, Conflict, conflicts_among, topic_of
from indexer.model import LiveFact
from workspace_server.core.patterns import Selector
from workspace_server.services.history.moment import view_of
from workspace_server.services.index import contradictions
from workspace_server.services.index.answers import Budget, Detail, conflict_row, distinct, fact_row, spread
from workspace_server.services.index.filters import Filters, few
from workspace_server.services.recording import Result
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import fact_search, past_facts
from workspace_server.storage.tables.fact_questions import Wanted

LOOKED_AT_PER_FACT = 3
"""Facts that are ranked for each one that is wanted, so that several files can have their turn."""
LOOKED_AT_MIN = 60
SIFTED_MIN = 1_000
"""Facts that are ranked when they are held against a pattern that more files match than can be named."""
CONFLICTS_SHARE = 0.5
"""Of the room, the most that contradictions take from the facts."""
PASSAGES_SHARE = 0.4
"""Of the room, the most that facts leave to passages: what stands in no fact is found there, also on a small budget."""
PASSAGES_KEPT = 2
"""Passages for which they leave it."""
BESIDE_MAX = 300
"""Facts that stand beside the lines of one page."""
TOPICS_AT_ONCE = 8
"""What they are about, at a time: of each time only so many others that speak of the same are looked at."""
UNKNOWN_MAX = 1_000
"""Files without facts of a moment that are looked through for one that was asked about."""


@dataclass(frozen=True, slots=True)
class Findings:
    """What was found: facts, the best first, and contradictions in which one of them has a part.

    Attributes:
        sifted: Whether only the best were looked at, and others may stand in the files that were asked about.
        unknown: A file whose facts at the asked moment are not kept; None when all are known.
    """

    facts: Sequence[LiveFact]
    conflicts: Sequence[Conflict]
    unknown: str | None = None
    sifted: bool = False


def path_range(selector: Selector | None) -> tuple[str, str]:
    """Return the bounds of the paths that a selector can cover."""
    prefix = selector.literal_prefix if selector else ""
    return prefix, prefix + "\U0010ffff"


async def look_up(tx: Transaction, wanted: Wanted, filters: Filters) -> Findings:
    """Return the facts that are wanted, of several files, and who says otherwise.

    Raises:
        InvalidArgument: The log does not go as far as the asked moment.
    """
    await view_of(tx, wanted.as_of_seq)
    wanted = replace(wanted, paths=await few(tx, filters, ever=wanted.as_of_seq is not None))
    sifts = wanted.paths is None and not filters.are_told_by_prefix
    more = replace(wanted, limit=SIFTED_MIN if sifts else max(LOOKED_AT_MIN, LOOKED_AT_PER_FACT * wanted.limit))
    looked_at = await fact_search.find(tx, more)
    found = [live for live in looked_at if filters.covers(live.path)]
    chosen = spread(distinct(found), lambda live: live.path, wanted.limit)
    topics = {topic for live in chosen if (topic := topic_of(live.fact)) is not None}
    said = await fact_search.about(tx, topics, wanted)
    others = [live for live in said if filters.covers(live.path)]
    conflicts = await contradictions.undismissed(tx, conflicts_among([*chosen, *others]))
    sifted = sifts and len(looked_at) >= SIFTED_MIN and len(found) < wanted.limit
    return Findings(chosen, conflicts, await _unknown(tx, wanted, filters), sifted)


async def beside(tx: Transaction, path: str, version: int, lines: tuple[int, int], filters: Filters) -> Findings:
    """Return the facts that begin on these lines of a version, and who says otherwise."""
    found = await fact_search.on_lines(tx, path, version, lines, limit=BESIDE_MAX)
    topics = sorted({topic for live in found if (topic := topic_of(live.fact)) is not None})
    others: list[LiveFact] = []
    for at in range(0, len(topics), TOPICS_AT_ONCE):
        said = await fact_search.about(tx, topics[at : at + TOPICS_AT_ONCE], Wanted())
        others += [live for live in said if live.path != path and filters.covers(live.path)]
    return Findings(found, await contradictions.undismissed(tx, conflicts_among([*found, *others])))


async def _unknown(tx: Transaction, wanted: Wanted, filters: Filters) -> str | None:
    if wanted.as_of_seq is None:
        return None
    paths = await past_facts.unknown_at(tx, wanted.as_of_seq, wanted.path_range, limit=UNKNOWN_MAX)
    if filters.is_whole and (len(paths) == UNKNOWN_MAX or filters.selector is None):
        return paths[0] if paths else None
    return next((path for path in paths if filters.covers(path)), None)


def fill(result: Result, found: Findings, detail: Detail, max_tokens: int, *, beside: Sequence[Result] = ()) -> Budget:
    """Put as many facts and their contradictions into the answer as fit; return the room that is left.

    Args:
        beside: Passages that are to find some room, too.
    """
    chosen = found.facts
    while True:
        budget = Budget(max_tokens, {**result, "facts": [], "conflicts": []})
        budget.set_aside(beside[:PASSAGES_KEPT], share=PASSAGES_SHARE)
        topics = {topic_of(live.fact) for live in chosen} if found.conflicts else set()
        rows = [conflict_row(one) for one in found.conflicts if one.topic in topics][:CONFLICTS_MAX]
        conflicts = [row for row in rows if budget.take(row, share=CONFLICTS_SHARE)]
        facts = [fact_row(live, detail) for live in chosen]
        fit = 0
        while fit < len(facts) and budget.take(facts[fit]):
            fit += 1
        if fit == len(facts):
            result["facts"], result["conflicts"] = facts, conflicts
            budget.set_free()
            return budget
        chosen = chosen[:fit]
