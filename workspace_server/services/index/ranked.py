"""Passages by rank: asked of the index, held against the files as they are, and shown where they answer."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from anyio import to_thread

from indexer.highlights import marks
from indexer.limits import FUZZY_CHARS_MIN
from indexer.model import Hit
from indexer.models.fusion import fused
from indexer.questions import Kind, Question, Term, parse_question, words_of
from indexer.spelling import near
from workspace_server.services.folder import Folder
from workspace_server.services.index.answers import fitted, snippet, spread
from workspace_server.services.index.exact_search import Filters
from workspace_server.services.index.indexing import Indexing
from workspace_server.services.recording import Result
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import files

LOOKED_AT = 300
"""Passages that are ranked before they are filtered, spread over files and cut."""
HEADING_BYTES_MAX = 200
MISSING_LOOKED_AT = 5
"""Hits in which a word of the question is looked for before the index is asked whether there are any with it."""
CORRECTED_MAX = 2
"""Words of one question for which another spelling is looked for."""
_LOOKED_UP: tuple[Kind, Kind] = ("word", "fuzzy")
ALIKE_LOOKED_AT = 50
"""Passages with words like the one that was asked for, among which its spelling is chosen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Passages:
    """What was found.

    Attributes:
        rows: The passages as an answer lists them.
        cut: Whether the index was not asked to the end.
        did_you_mean: The question as it was perhaps meant, when a word of it stands nowhere; else empty.
        words_only: Whether search by meaning is wanted, and no model answered in time.
    """

    rows: list[Result]
    cut: bool
    did_you_mean: str = ""
    words_only: bool = False


class Ranked:
    """Answer from the passages of the files that are there."""

    def __init__(self, folder: Folder, indexing: Indexing) -> None:
        self._folder = folder
        self._indexing = indexing

    async def find(
        self, query: str, filters: Filters, *, context_lines: int = 0, limit: int, corrects: bool = False
    ) -> Passages:
        """Return the best passages, no more of one file than a few while others have some.

        Args:
            corrects: Whether to look for other spellings of words that stand nowhere.
        """
        question = parse_question(query)
        hits, cut = await self._live(question, filters, LOOKED_AT)
        alike = await self._alike(query, question, filters)
        ranked = fused(hits, alike) if alike else hits
        chosen = spread(ranked, lambda one: one.path, limit)
        rows = await to_thread.run_sync(lambda: [_row(hit, question, context_lines) for hit in chosen])
        meant = await self._meant(query, question, hits, filters) if corrects and not cut else ""
        return Passages(rows=rows, cut=cut, did_you_mean=meant, words_only=alike is None)

    async def _alike(self, query: str, question: Question, filters: Filters) -> list[Hit] | None:
        """Return the live hits that mean the same, when that is wanted; None when it is, and cannot be found out.

        Who asks for words in a place, or without others, means the words.
        """
        models = self._indexing.models
        if not models.by_meaning or question.without or not all(is_plain(term) for term in question.terms):
            return []
        prefix = filters.selector.literal_prefix if filters.selector else ""
        near = await models.near(query, path_prefix=prefix)
        return None if near is None else await self._standing(near, filters)

    async def _live(self, question: Question, filters: Filters, limit: int) -> tuple[list[Hit], bool]:
        """Return the hits in files as they are now, and whether the index was not asked to the end."""
        prefix = filters.selector.literal_prefix if filters.selector else ""
        found = await self._indexing.passages(question, path_prefix=prefix, limit=limit)
        return await self._standing(found.hits, filters), found.cut

    async def _standing(self, hits: Sequence[Hit], filters: Filters) -> list[Hit]:
        """Return the hits in files as they are now, of those that the search may show."""

        async def live(tx: Transaction) -> set[tuple[str, int]]:
            rows = [await files.by_path(tx, path) for path in {hit.path for hit in hits}]
            return {(row.path, row.version) for row in rows if row is not None and row.live and filters.allow(row)}

        heads = await self._folder.db.read(live)
        return [hit for hit in hits if (hit.path, hit.version) in heads]

    async def _meant(self, query: str, question: Question, hits: Sequence[Hit], filters: Filters) -> str:
        """Return *query* with other spellings of the words that stand nowhere; empty when there are none.

        A spelling is taken only from passages that this search may show, so it always finds something, and tells
        nothing of files beside them.
        """
        meant = query
        conditions = tuple(term for term in question.terms if term.place)
        for word in list(_missing(question, hits))[:CORRECTED_MAX]:
            one, like = (replace(question, terms=(*conditions, Term(kind, (word,)))) for kind in _LOOKED_UP)
            present, cut = await self._live(one, filters, 1)
            if present or cut:
                continue
            alike, _ = await self._live(like, filters, ALIKE_LOOKED_AT)
            spelled = _spelling(word, alike)
            if spelled:
                meant = re.sub(rf"(?i)\b{re.escape(word)}\b", spelled, meant)
        return "" if meant == query else meant


def is_plain(term: Term) -> bool:
    """Return whether a term is a word and no more: neither a phrase, a pattern nor bound to a place."""
    return term.kind == "word" and term.place is None


def _row(hit: Hit, question: Question, context_lines: int) -> Result:
    text, start_line, end_line = snippet(hit.passage, question, context_lines=context_lines)
    row: Result = {"path": hit.path, "version": hit.version, "start_line": start_line, "end_line": end_line}
    if hit.passage.page is not None:
        row["page"] = hit.passage.page
    if hit.passage.heading:
        row["heading"] = fitted(hit.passage.heading, HEADING_BYTES_MAX)
    return {**row, "text": text, "score": round(hit.score, 2)}


def _missing(question: Question, hits: Sequence[Hit]) -> Iterator[str]:
    """Yield the words that stand in none of the best hits; what is no plain word has no other spelling."""
    best = [text for hit in hits[:MISSING_LOOKED_AT] for text in (hit.passage.text, hit.passage.heading)]
    seen = {mark.term for text in best for mark in marks(text, question)}
    for number, term in enumerate(question.terms):
        word = term.words[0]
        is_plain = term.kind == "word" and term.place is None and word.isascii() and word.isalpha()
        if is_plain and number not in seen and len(word) >= FUZZY_CHARS_MIN:
            yield word


def _spelling(word: str, hits: Sequence[Hit]) -> str | None:
    """Return the likest word of the hits, of several the one that most passages have."""
    told = Counter(said for hit in hits for said in set(words_of(f"{hit.passage.heading} {hit.passage.text}")))
    alike = near(word, told, limit=len(told))
    return min(alike, key=lambda one: (one[1], -told[one[0]], one[0]))[0] if alike else None
