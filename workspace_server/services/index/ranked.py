"""Passages by rank: asked of the index, held against the files as they are, and shown where they answer."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from anyio import to_thread

from indexer.highlights import marks
from indexer.limits import FUZZY_CHARS_MIN
from indexer.model import Hit
from indexer.models.fusion import fused
from indexer.questions import Kind, Question, Term, parse_question, words_of
from indexer.spelling import near
from workspace_server.services.folder import Folder
from workspace_server.services.index.answers import fitted, snippet, spread
from workspace_server.services.index.filters import Filters, few
from workspace_server.services.index.indexing import Indexing
from workspace_server.services.recording import Result
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import files

LOOKED_AT = 300
"""Passages that are ranked before they are filtered, spread over files and cut."""
LOOKED_AT_MAX = 3_600
"""Passages that are ranked when too many of the first are not to be shown; an engine weighs a few more."""
LOOKED_AT_STEP = 4
"""How many times as many are ranked then."""
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
        sifted: Whether the best were looked at only, and others than them may pass the filters.
    """

    rows: list[Result]
    cut: bool
    did_you_mean: str = ""
    words_only: bool = False
    sifted: bool = False


@dataclass(frozen=True, slots=True)
class _Where:
    """Where passages are looked for: what may be shown, and by which paths the index finds it, if these are few."""

    filters: Filters
    paths: tuple[str, ...] | None

    @property
    def is_nowhere(self) -> bool:
        return self.paths == ()


class _Live(NamedTuple):
    """Hits in files as they are now; whether the index was not asked to the end, or only for the best."""

    hits: list[Hit]
    cut: bool = False
    sifted: bool = False


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
        where = await self._where(filters)
        hits, cut, sifted = await self._live(question, where, LOOKED_AT, wanted=limit)
        alike = await self._alike(query, question, where)
        ranked = fused(hits, alike) if alike else hits
        chosen = spread(ranked, lambda one: one.path, limit)
        by = await self._folder.db.read(lambda tx: files.authors(tx, {(hit.path, hit.version) for hit in chosen}))
        rows = await to_thread.run_sync(
            lambda: [_row(hit, by[hit.path, hit.version], question, context_lines) for hit in chosen]
        )
        meant = await self._meant(query, question, hits, where) if corrects and not cut else ""
        return Passages(rows=rows, cut=cut, did_you_mean=meant, words_only=alike is None, sifted=sifted)

    async def _where(self, filters: Filters) -> _Where:
        if filters.are_told_by_prefix:
            return _Where(filters, None)
        return _Where(filters, await self._folder.db.read_long(lambda tx: few(tx, filters)))

    async def _alike(self, query: str, question: Question, where: _Where) -> list[Hit] | None:
        """Return the live hits that mean the same, when that is wanted; None when it is, and cannot be found out.

        Who asks for words in a place, or without others, means the words.
        """
        models = self._indexing.models
        if (
            not models.by_meaning
            or where.is_nowhere
            or question.without
            or not all(is_plain(term) for term in question.terms)
        ):
            return []
        near = await models.near(query, path_prefix=where.filters.path_prefix, paths=where.paths or ())
        return None if near is None else await self._standing(near, where.filters)

    async def _live(self, question: Question, where: _Where, looked_at: int, *, wanted: int) -> _Live:
        """Return the best hits in files as they are now, *wanted* at least if there are so many among the best."""
        if where.is_nowhere:
            return _Live([])
        prefix, paths = where.filters.path_prefix, where.paths or ()
        while True:
            found = await self._indexing.passages(question, path_prefix=prefix, paths=paths, limit=looked_at)
            hits = await self._standing(found.hits, where.filters)
            if found.cut or len(hits) >= wanted or len(found.hits) < looked_at:
                return _Live(hits, found.cut)
            if looked_at == LOOKED_AT_MAX:
                return _Live(hits, sifted=True)
            looked_at = min(LOOKED_AT_STEP * looked_at, LOOKED_AT_MAX)

    async def _standing(self, hits: Sequence[Hit], filters: Filters) -> list[Hit]:
        """Return the hits in files as they are now, of those that the search may show."""

        async def live(tx: Transaction) -> set[tuple[str, int]]:
            rows = [await files.by_path(tx, path) for path in {hit.path for hit in hits}]
            return {(row.path, row.version) for row in rows if row is not None and row.live and filters.allow(row)}

        heads = await self._folder.db.read(live)
        return [hit for hit in hits if (hit.path, hit.version) in heads]

    async def _meant(self, query: str, question: Question, hits: Sequence[Hit], where: _Where) -> str:
        """Return *query* with other spellings of the words that stand nowhere; empty when there are none.

        A spelling is taken only from passages that this search may show, so it always finds something, and tells
        nothing of files beside them.
        """
        meant = query
        conditions = tuple(term for term in question.terms if term.place)
        for word in list(_missing(question, hits))[:CORRECTED_MAX]:
            one, like = (replace(question, terms=(*conditions, Term(kind, (word,)))) for kind in _LOOKED_UP)
            present = await self._live(one, where, 1, wanted=1)
            if present.hits or present.cut or present.sifted:
                continue
            alike = await self._live(like, where, ALIKE_LOOKED_AT, wanted=1)
            spelled = _spelling(word, alike.hits)
            if spelled:
                meant = re.sub(rf"(?i)\b{re.escape(word)}\b", spelled, meant)
        return "" if meant == query else meant


def is_plain(term: Term) -> bool:
    """Return whether a term is a word and no more: neither a phrase, a pattern nor bound to a place."""
    return term.kind == "word" and term.place is None


def _row(hit: Hit, by: str, question: Question, context_lines: int) -> Result:
    text, start_line, end_line = snippet(hit.passage, question, context_lines=context_lines)
    row: Result = {"path": hit.path, "version": hit.version, "start_line": start_line, "end_line": end_line}
    row["by"] = by
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
