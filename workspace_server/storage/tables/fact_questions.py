"""What is asked of the full text of facts, in its language: words, where they must stand, and what each counts."""

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final, NamedTuple

from indexer.questions import Question, Term, cjk_pairs, parse_question, words_of
from indexer.wording import alternatives
from workspace_server.storage import ranking
from workspace_server.storage.tables.fact_rows import word_of_kind

WEIGHED_MAX = 300
"""Rows with the words that are weighed (3 µs each, 2026-11-30)."""
RAREST_MAX = 3
"""Of many words, the rarest that are looked for first: where none has these, none has all (1 of 25 ms, 2026-11-30)."""
OTHER_WORD_SHARE = 0.6
"""What a word counts that was not asked, but means nearly the same."""

_COLUMNS: Final = {"title": "subject", "heading": "subject", "path": "place"}
"""Where a fact has what a question can ask for in a place."""
_LAST_BREAK: Final = re.compile(r".*[/ ._-]", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which facts are looked for.

    Attributes:
        path_range: The first path, and the first beyond the last.
        paths: The only paths; None for all of that range. Then each match is looked at, however many others there are.
        as_of_seq: The moment; None for now.
        limit: How many, best first.
    """

    query: str | None = None
    subject: str | None = None
    key: str | None = None
    kind: str | None = None
    path_range: tuple[str, str] = ("", "\U0010ffff")
    paths: Sequence[str] | None = None
    as_of_seq: int | None = None
    limit: int = 100


class Group(NamedTuple):
    """One thing that is asked for: how it is spelled in its forms, each with its share, and how rare it is."""

    spelled: Sequence[tuple[str, float]]
    rows: int = 0
    rarity: float = 0.0

    @property
    def match(self) -> str:
        """What finds any of its forms."""
        return f"({' OR '.join(text for text, _ in self.spelled)})" if len(self.spelled) > 1 else self.spelled[0][0]


class Match(NamedTuple):
    """What the full text is asked.

    Attributes:
        plan: What each phrase in it counts, as the ranking takes it.
        is_whole: Whether what it finds has all that was asked for.
    """

    text: str
    plan: str
    is_whole: bool = True


class Asked(NamedTuple):
    """What is asked for: what every fact must have, what none may have, and groups, the rarest first once counted."""

    required: Sequence[str]
    without: str
    groups: Sequence[Group]

    @property
    def rarest(self) -> str | None:
        """What finds a fact if any has all the words, and seldom else; None when these are no more than a few."""
        if len(self.groups) <= RAREST_MAX:
            return None
        return self._text(" AND ".join(group.match for group in self.groups[:RAREST_MAX]))

    def matches(self, *, with_all: bool, of_all: bool) -> Iterable[Match]:
        """Yield what to ask, the most telling first: all words where they tell most, all words, then the rarest.

        Args:
            with_all: Whether some fact may have all the words.
            of_all: Whether facts that have none of the rarest are looked at, too, however many have the others.
        """
        there = [group for group in self.groups if group.rows]
        if with_all and len(there) == len(self.groups):
            every = " AND ".join(group.match for group in self.groups)
            if self.groups and min(group.rows for group in self.groups) >= WEIGHED_MAX:
                yield self._match(f"{{subject key}} : ({every})", self.groups)
            yield self._match(every, self.groups)
        if len(self.groups) > 1 and there:
            chosen = there if of_all else _rarest(there)
            some, others = (" OR ".join(group.match for group in part) for part in (chosen, there))
            skipped = sum(len(group.spelled) for group in chosen)
            yield self._match(f"({some}) AND ({others})", there, skipped)._replace(is_whole=False)

    def _match(self, match: str, groups: Sequence[Group], skipped: int = 0) -> Match:
        """Return a match of what is required and *match*, in which *groups* stand after *skipped* other phrases."""
        number = skipped + sum(clause.count('"') // 2 for clause in self.required)
        plan = []
        for group in groups:
            plan.append((group.rarity, [(at, share) for at, (_, share) in enumerate(group.spelled, number)]))
            number += len(group.spelled)
        return Match(self._text(match), ranking.spelled(plan))

    def _text(self, match: str) -> str:
        return f"({' AND '.join([*self.required, *([match] if match else [])])}){self.without}"


def asked_of(wanted: Wanted) -> Asked:
    """Return what is asked for; neither anything required nor a group when there is no word in it."""
    question = parse_question(wanted.query or "")
    groups = [_group(term) for term in question.terms if _is_word(term) and term.place is None]
    return Asked(_required(wanted, question), _without(question), groups)


def _rarest(there: Sequence[Group]) -> Sequence[Group]:
    """Return the rarest group, and the next ones while all they have can be weighed."""
    rows = list(accumulate(group.rows for group in there))
    return there[: max(1, bisect_right(rows, WEIGHED_MAX))]


def _required(wanted: Wanted, question: Question) -> list[str]:
    """Return what every fact must have: words in a column, its kind, and the beginning of its path.

    Only whole words of a path can be asked for, so some others come through.
    """
    places = [f"{_COLUMNS[term.place]} : {_spelled(term)}" for term in question.terms if term.place and _is_word(term)]
    match = _LAST_BREAK.match(wanted.path_range[0])
    path = match[0].replace('"', "") if match else ""
    place = f'place : ^ "{path}"' if any(map(str.isalnum, path)) else ""
    clauses = [_in_column("subject", wanted.subject), _in_column("key", wanted.key), *places]
    if any(clauses) or any(map(_is_word, question.terms)):
        clauses += [place, f'place : "{word_of_kind(wanted.kind)}"' if wanted.kind else ""]
    return [clause for clause in clauses if clause]


def _without(question: Question) -> str:
    words = [_spelled(term) for term in question.without if _is_word(term)]
    return f" NOT ({' OR '.join(words)})" if words else ""


def _group(term: Term) -> Group:
    others = alternatives(term.words[0]) if term.kind == "word" else ()
    return Group([(_spelled(term), 1.0), *((f'"{other}"', OTHER_WORD_SHARE) for other in others)])


def _spelled(term: Term) -> str:
    """Return a term as FTS5 spells it; words are quoted, so that none of them is an operator.

    A word like another (``word~``) is looked for as it is: the index of facts knows endings, not misspellings.
    """
    pairs = cjk_pairs(" ".join(term.words))
    return f'"{" ".join(pairs or term.words)}"' + ("*" if term.kind == "prefix" else "")


def _is_word(term: Term) -> bool:
    return any(letter.isalnum() for word in term.words for letter in word)


def _in_column(column: str, text: str | None) -> str:
    terms = [Term("word", (word,)) for word in words_of(text or "")]
    spelled = [_spelled(term) for term in terms if _is_word(term)]
    return f"{column} : ({' AND '.join(spelled)})" if spelled else ""
