"""Passages in Whoosh: a full-text index in one directory, written in batches, checked before it is believed.

Whoosh reads its own files with pickle. So the directory is for the owner alone, and its files are compared with the
checksums of the last commit before any of them is opened; what does not fit is thrown away and built again.
"""

import dataclasses
import heapq
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from indexer.engines.on_disk import OnDisk, Put, Scope
from indexer.engines.weighing import Lexicon, Weighing
from indexer.engines.whoosh_ranking import (
    Matches,
    best,
    expanded,
    having_all,
    having_some,
    matches,
    only,
    rarity,
    weighed,
)
from indexer.engines.whoosh_segments import PATHS, Leaf, PassageWriter, create_files, open_files
from indexer.limits import COMMIT_PASSAGES, COMMIT_TERMS
from indexer.model import Found, Hit, Passage
from indexer.questions import Question, Term, words_of

FORM: Final = 3
"""Raised when what is written changes; an index of another form is built anew."""

_PASSAGE: Final = tuple(field.name for field in dataclasses.fields(Passage))


class WhooshIndex(OnDisk):
    """A `SearchIndex` in Whoosh.

    Args:
        form: What the passages were made with; an index of another form is built anew.
    """

    def __init__(self, directory: Path, *, form: str, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(
            directory,
            form=f"whoosh {FORM} {form}",
            counts=lambda name: name.endswith((".seg", ".toc")),
            changes=lambda name: False,  # noqa: ARG005
            clock=clock,
        )
        self._lexicon = Lexicon(tuple)
        self._files: Any = None
        self._open: _Open | None = None

    def _create(self) -> None:
        self._files = create_files(self._directory)

    def _probe(self) -> None:
        _Open(self._opened()).close()

    def _write(self, changed: Mapping[str, Put | None]) -> None:
        paths = list(changed)
        while paths and not self._given_up.is_set():
            paths = self._write_segment(changed, paths)

    def _write_segment(self, changed: Mapping[str, Put | None], paths: list[str]) -> list[str]:
        """Write a segment of the first of *paths*, as many as fit in memory; return the others."""
        writer = PassageWriter(self._opened())
        taken = 0
        try:
            while taken < len(paths) and not _is_full(writer) and not self._given_up.is_set():
                put = changed[paths[taken]]
                if put is not None:
                    _add(writer, put, self._lexicon)
                taken += 1
            writer.forget([path for path in paths[:taken] if (put := changed[path]) is None or not put.goes_on])
        except BaseException:
            writer.cancel()
            raise
        if self._given_up.is_set():
            writer.cancel()
        else:
            writer.commit()
        return paths[taken:]

    def _find(self, question: Question, scope: Scope, limit: int, is_over: Callable[[], bool]) -> Found:
        return _Search(self._fresh(), question, scope, is_over).found(limit)

    def _close(self) -> None:
        if self._open is not None:
            self._open.close()
        self._files = self._open = None

    def _opened(self) -> Any:
        if self._files is None:
            self._directory.chmod(0o700)
            self._files = open_files(self._directory)
        return self._files

    def _fresh(self) -> "_Open":
        """Return the segments as of the last commit; they are opened again after one, not for every question."""
        if self._open is None or self._stale:
            self._stale = False
            opened = _Open(self._opened())
            if self._open is not None:
                self._open.close()
            self._open = opened
        return self._open


class _Open:
    """The segments of one commit, open for reading."""

    def __init__(self, files: Any) -> None:
        self._reader = files.reader()
        self.leaves = [Leaf(reader) for reader, _ in self._reader.leaf_readers() if reader.doc_count_all()]
        self.passages: int = self._reader.doc_count()

    def within(self, at: int, scope: Scope) -> set[int]:
        """Return the passages of a segment that stand there; a whole directory is one look-up."""
        leaf, prefix = self.leaves[at], scope.path_prefix
        paths = scope.paths or ([prefix] if prefix.endswith("/") else leaf.beginning(PATHS, prefix))
        return {number for path in paths for number in leaf.postings(PATHS, path).numbers}

    def close(self) -> None:
        for leaf in self.leaves:
            leaf.close()
        self._reader.close()


class _Search:
    """One question to the segments of one commit.

    Attributes:
        cut: Whether the time was over before all was looked at.
    """

    def __init__(self, opened: _Open, question: Question, scope: Scope, is_over: Callable[[], bool]) -> None:
        self.cut = False
        self._scope = scope
        self._within: dict[int, set[int]] = {}
        self._leaves = opened.leaves
        self._is_over = is_over
        matched = {term: self._matches(term) for term in question.terms}
        rare = {term: rarity(sum(len(each[0]) for each in of), opened.passages) for term, of in matched.items()}
        self._terms = sorted(((matched[term], rare[term]) for term in matched), key=lambda one: -one[1])
        wishes = sorted((term for term in matched if term.place is None), key=lambda term: -rare[term])
        self._wishes = [matched[term] for term in wishes]
        self._conditions = [matched[term] for term in matched if term.place]
        self._unwanted = [self._matches(term) for term in question.without]
        self._opened = opened

    def found(self, limit: int) -> Found:
        """Return the best hits; those that do not have every term score below those that have."""
        ways = [self._with_all] if len(self._wishes) < 2 else [self._with_all, self._with_some]
        hits: dict[tuple[int, int], Hit] = {}
        for way in ways:
            ranked: list[tuple[float, int, int]] = []
            for at in range(len(self._leaves)):
                if len(hits) < limit and not self._cut():
                    numbers = self._allowed(at, way(at, limit))
                    scores = weighed(numbers, [(of[at], rare) for of, rare in self._terms])
                    ranked += [(score, at, number) for score, number in best(scores, limit)]
            floor = min((hit.score for hit in hits.values()), default=None)
            for score, at, number in heapq.nlargest(limit, ranked, key=lambda one: (one[0], -one[1], -one[2])):
                if len(hits) < limit and (at, number) not in hits:
                    hits[at, number] = self._hit(at, number, score, floor)
        return Found(hits=list(hits.values()), cut=self.cut)

    def _cut(self) -> bool:
        self.cut = self.cut or self._is_over()
        return self.cut

    def _matches(self, term: Term) -> list[Matches]:
        """Return what a term matches in each segment."""
        is_many = term.kind in ("prefix", "fuzzy") and not self._cut()
        tokens = expanded(term, self._leaves) if is_many else []
        return [((), ()) if self._cut() else matches(leaf, term, tokens) for leaf in self._leaves]

    def _with_all(self, at: int, _: int) -> set[int]:
        return having_all([of[at] for of, _ in self._terms])

    def _with_some(self, at: int, limit: int) -> set[int]:
        wishes = [of[at] for of in self._wishes]
        if any(self._scope):  # before the strongest are chosen: those elsewhere would take the places
            wishes = [only(of, self._in_scope(at)) for of in wishes]
        return having_some(wishes, limit)

    def _in_scope(self, at: int) -> set[int]:
        if at not in self._within:
            self._within[at] = self._opened.within(at, self._scope)
        return self._within[at]

    def _allowed(self, at: int, numbers: set[int]) -> set[int]:
        """Return those of some passages of a segment that are there, in scope and where they have to be."""
        numbers = numbers - self._leaves[at].gone
        for of in self._conditions:
            numbers.intersection_update(of[at][0])
        for of in self._unwanted:
            numbers.difference_update(of[at][0])
        return numbers & self._in_scope(at) if any(self._scope) and numbers else numbers

    def _hit(self, at: int, number: int, score: float, floor: float | None) -> Hit:
        path, version, *passage = self._leaves[at].stored(number)
        of = Passage(**dict(zip(_PASSAGE, passage, strict=True)))
        shown = score if floor is None else floor * score / (score + floor + 1)
        return Hit(path=path, version=version, passage=of, score=shown)


def _is_full(writer: PassageWriter) -> bool:
    return writer.doc_count() >= COMMIT_PASSAGES or writer.terms >= COMMIT_TERMS


def _add(writer: PassageWriter, put: Put, lexicon: Lexicon[tuple[str, ...]]) -> None:
    """Add what a file says; its inflected words go with its first passage."""
    change, title, passages, _ = put
    lexicon.make_room()
    weighing = Weighing(lexicon, change.path, title)
    texts = [words_of(passage.text) for passage in passages]
    terms = [
        weighing.terms(passage.heading, words, passage.text) for passage, words in zip(passages, texts, strict=True)
    ]
    inflected = lexicon.inflected([*texts, *(words_of(passage.heading) for passage in passages)])
    for passage, told in zip(passages, terms, strict=True):
        stored = (change.path, change.version, *(getattr(passage, name) for name in _PASSAGE))
        writer.add_passage(stored, told, inflected, change.path)
        inflected = set()


def open_index(directory: Path, *, form: str) -> WhooshIndex:
    """Return the index of *directory*, as the room of engines asks for it."""
    return WhooshIndex(directory, form=form)
