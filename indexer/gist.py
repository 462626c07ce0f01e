"""The gist of an extraction: the beginning of each list that a description tells, so that it need not unpack all."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from indexer.limits import GIST_FACTS_MAX, GIST_HEADINGS_MAX
from indexer.model import Extraction, Fact

FACTS_PER_TURN: Final = 5
"""Facts of one subject before the other subjects have their turn."""
_TOLD_OTHERWISE: Final = frozenset({"heading", "symbol", "profile", "link"})


def gist_of(extraction: Extraction) -> Extraction:
    """Return *extraction* with no more than the first of its headings, profiles, symbols and telling facts.

    Of each one more stays than the limit says: who comes to that knows that there may be others.
    """
    of_facts = (profiles(extraction.facts), symbols(extraction.facts), telling(extraction.facts))
    return replace(
        extraction,
        headings=extraction.headings[: GIST_HEADINGS_MAX + 1],
        facts=tuple(fact for facts in of_facts for fact in facts[: GIST_FACTS_MAX + 1]),
        passages=(),
        text="",
    )


def profiles(facts: Iterable[Fact]) -> list[Fact]:
    """Return what is told of the columns of tables."""
    return [fact for fact in facts if fact.kind == "profile"]


def symbols(facts: Iterable[Fact]) -> list[Fact]:
    """Return the functions and classes of code."""
    return [fact for fact in facts if fact.kind == "symbol" and fact.key != "summary"]


def telling(facts: Iterable[Fact]) -> list[Fact]:
    """Return what a file says: a few facts of each subject before more of any."""
    seen: dict[str, int] = {}
    turns: list[tuple[int, int, Fact]] = []
    for place, fact in enumerate(facts):
        if fact.kind not in _TOLD_OTHERWISE or fact.key == "summary":
            before = seen.get(fact.subject, 0)
            seen[fact.subject] = before + 1
            turns.append((before // FACTS_PER_TURN, place, fact))
    return [fact for _, _, fact in sorted(turns, key=lambda turn: turn[:2])]
