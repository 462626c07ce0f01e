"""Passages in Whoosh: a full-text index in one directory, written in batches, checked before it is believed.

Whoosh reads its own files with pickle. So the directory is for the owner alone, and its files are compared with the
checksums of the last commit before any of them is opened; what does not fit is thrown away and built again.
"""

import dataclasses
import heapq
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from indexer.engines.on_disk import OnDisk, Put
from indexer.engines.weighing import Weighing, lexicon
from indexer.engines.whoosh_ranking import PRESENT, Matches, best, expanded, matches, rarity, scores
from indexer.engines.whoosh_segments import PATHS, Leaf, PassageWriter, create_files, open_files
from indexer.limits import COMMIT_PASSAGES
from indexer.model import Change, Found, Hit, Passage
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
            while taken < len(paths) and writer.doc_count() < COMMIT_PASSAGES and not self._given_up.is_set():
                put = changed[paths[taken]]
                if put is not None:
                    _add(writer, *put)
                taken += 1
            writer.forget(paths[:taken])
        except BaseException:
            writer.cancel()
            raise
        if self._given_up.is_set():
            writer.cancel()
        else:
            writer.commit()
        return paths[taken:]

    def _find(self, question: Question, path_prefix: str, limit: int, is_over: Callable[[], bool]) -> Found:
        return _Search(self._fresh(), question, is_over).found(path_prefix, limit)

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

    def below(self, at: int, prefix: str) -> set[int]:
        """Return the passages of a segment whose paths begin so; a whole directory is one look-up."""
        leaf = self.leaves[at]
        paths = [prefix] if prefix.endswith("/") else leaf.beginning(PATHS, prefix)
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

    def __init__(self, opened: _Open, question: Question, is_over: Callable[[], bool]) -> None:
        self.cut = False
        self._opened = opened
        self._leaves = opened.leaves
        self._is_over = is_over
        self._terms = question.terms
        self._without = question.without
        conditions = sum(term.place is not None for term in question.terms)
        self._least = PRESENT * min(conditions + 1, len(question.terms))

    def found(self, path_prefix: str, limit: int) -> Found:
        """Return the best hits; those that do not have every term score below those that have."""
        wanted = {term: self._matches(term) for term in self._terms}
        unwanted = [self._matches(term) for term in self._without]
        passages = self._opened.passages
        rare = {term: rarity(sum(len(found[0]) for found in each), passages) for term, each in wanted.items()}
        by_rarity = sorted(wanted, key=lambda term: -rare[term])
        candidates: list[tuple[bool, float, int, int]] = []
        for at, leaf in enumerate(self._leaves):
            if self._cut():
                break
            allowed = self._allowed(at, path_prefix, wanted)
            scored = scores([(wanted[term][at], rare[term]) for term in by_rarity], allowed)
            denied = leaf.gone.union(*(each[at][0] for each in unwanted))
            left = (each for each in scored.items() if each[1] >= self._least and each[0] not in denied)
            candidates += [(*each, at) for each in best(left, terms=len(self._terms), limit=limit)]
        return Found(hits=self._hits(heapq.nlargest(limit, candidates)), cut=self.cut)

    def _cut(self) -> bool:
        self.cut = self.cut or self._is_over()
        return self.cut

    def _matches(self, term: Term) -> list[Matches]:
        """Return what a term matches in each segment."""
        is_many = term.kind in ("prefix", "fuzzy") and not self._cut()
        tokens = expanded(term, self._leaves) if is_many else []
        return [((), ()) if self._cut() else matches(leaf, term, tokens) for leaf in self._leaves]

    def _allowed(self, at: int, path_prefix: str, wanted: dict[Term, list[Matches]]) -> Collection[int] | None:
        """Return the only passages that count in a segment; None is all."""
        conditions = [set(found[at][0]) for term, found in wanted.items() if term.place]
        if path_prefix:
            conditions.append(self._opened.below(at, path_prefix))
        return set.intersection(*conditions) if conditions else None

    def _hits(self, ranked: Sequence[tuple[bool, float, int, int]]) -> list[Hit]:
        floor = min((score for is_full, score, _, _ in ranked if is_full), default=None)
        hits = []
        for is_full, score, number, at in ranked:
            path, version, *passage = self._leaves[at].stored(-number)
            shown = score if is_full or floor is None else floor * score / (score + floor + 1)
            of = Passage(**dict(zip(_PASSAGE, passage, strict=True)))
            hits.append(Hit(path=path, version=version, passage=of, score=shown))
        return hits


def _add(writer: PassageWriter, change: Change, title: str, passages: Sequence[Passage]) -> None:
    """Add what a file says; its lexicon goes with its first passage."""
    weighing = Weighing(change.path, title)
    texts = [words_of(passage.text) for passage in passages]
    told = lexicon([*texts, *(words_of(passage.heading) for passage in passages)])
    for passage, words in zip(passages, texts, strict=True):
        stored = (change.path, change.version, *(getattr(passage, name) for name in _PASSAGE))
        writer.add_passage(stored, weighing.terms(passage.heading, words, passage.text), told, change.path)
        told = []


def open_index(directory: Path, *, form: str) -> WhooshIndex:
    """Return the index of *directory*, as the room of engines asks for it."""
    return WhooshIndex(directory, form=form)
