"""Passages in Whoosh: a full-text index in one directory, written in batches, checked before it is believed.

Whoosh reads its own files with pickle. So the directory is for the owner alone, and its files are compared with the
checksums of the last commit before any of them is opened; what does not fit is thrown away and built again.
"""

import dataclasses
import itertools
import json
import shutil
import threading
import time
import warnings
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from indexer.limits import PREFIX_EXPANSIONS_MAX, QUERY_S_MAX
from indexer.model import Change, Found, Hit, Passage
from indexer.ports import IndexDamaged
from indexer.questions import Question, Term, cjk_pairs, parts_of_words
from indexer.vocabulary import STOP_WORDS

with warnings.catch_warnings():
    for category in (SyntaxWarning, DeprecationWarning):  # in its own sources, when they are first compiled
        warnings.simplefilter("ignore", category)
    from whoosh import index as whoosh_files
    from whoosh import query as queries
    from whoosh.analysis import SpaceSeparatedTokenizer, StemmingAnalyzer
    from whoosh.codec import whoosh3 as _codec  # noqa: F401 (else imported late, by the first writer)
    from whoosh.collectors import WrappingCollector
    from whoosh.fields import ID, NUMERIC, STORED, TEXT, Schema

FORM: Final = 2
"""Raised when the schema changes; an index of another form is built anew."""

_PASSAGE: Final = tuple(field.name for field in dataclasses.fields(Passage))
_MANIFEST: Final = "manifest.json"
_WRITER_MB: Final = 32
_BOOSTS: Final = {"title": 2.5, "heading": 2.0, "place": 1.5, "body": 1.0, "parts": 0.8}


def _schema() -> Any:
    stemmed = StemmingAnalyzer(expression=r"\w+", stoplist=STOP_WORDS, minsize=1, cachesize=20_000)
    return Schema(
        path=ID(stored=True, unique=True),
        version=NUMERIC(int, bits=64, stored=True, signed=False),
        title=TEXT(analyzer=stemmed, phrase=False, field_boost=1.0),
        heading=TEXT(analyzer=stemmed, phrase=False),
        place=TEXT(analyzer=stemmed, phrase=False),
        body=TEXT(analyzer=stemmed, phrase=True),
        parts=TEXT(analyzer=SpaceSeparatedTokenizer(), phrase=False),
        passage=STORED,
    )


class WhooshIndex:
    """A `SearchIndex` under one directory, which it owns and may empty.

    Args:
        form: What the passages were made with; an index of another form is built anew.
    """

    def __init__(self, directory: Path, *, form: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._form = f"whoosh {FORM} {form}"
        self._directory = directory
        self._clock = clock
        self._changed: dict[str, tuple[Change, str, Sequence[Passage]] | None] = {}
        self._files: Any = None
        self._searcher: Any = None
        self._reading = threading.Lock()
        self._given_up = threading.Event()

    def put(self, change: Change, title: str, passages: Sequence[Passage]) -> None:
        """Make *passages* all that the index knows of the path, at the next commit."""
        self._changed[change.path] = (change, title, passages)

    def drop(self, path: str) -> None:
        """Forget the path, at the next commit."""
        self._changed[path] = None

    def commit(self, cursor: int) -> None:
        """Write what was put and dropped, then the manifest that makes it believable.

        Raises:
            IndexDamaged: The index could not be written; it has to be reset.
        """
        changed, self._changed = self._changed, {}
        with _damage():
            if changed:
                writer = self._opened().writer(limitmb=_WRITER_MB)
                try:
                    for path, put in changed.items():
                        writer.delete_by_term("path", path)
                        for document in () if put is None else _documents(*put):
                            if self._given_up.is_set():
                                writer.cancel()
                                return
                            writer.add_document(**document)
                except BaseException:
                    writer.cancel()
                    raise
                writer.commit()
            self._write_manifest(cursor)

    def give_up(self) -> None:
        """Let a commit that is under way, and all others, change nothing: the server ends, and they can be repeated."""
        self._given_up.set()

    def query(self, question: Question, *, path_prefix: str = "", limit: int = 50) -> Found:
        """Return the best passages: those with every term first, then those with some, until *limit* or the deadline.

        Raises:
            IndexDamaged: The index cannot be read.
        """
        with self._reading, _damage():
            searcher = self._fresh_searcher()
            per_term = [self._term_query(searcher, term) for term in question.terms]
            if not per_term:
                return Found()
            scope = set(searcher.docs_for_query(queries.Prefix("path", path_prefix))) if path_prefix else None
            ends_at = self._clock() + QUERY_S_MAX
            hits, cut = self._search(searcher, queries.And(per_term), scope, limit, ends_at)
            if len(per_term) > 1 and len(hits) < limit and not cut:
                more, cut = self._search(searcher, queries.Or(per_term), scope, limit, ends_at)
                floor = min((hit.score for hit in hits.values()), default=None)
                for document, hit in more.items():
                    hits.setdefault(document, hit if floor is None else _below(hit, floor))
            return Found(hits=list(hits.values())[:limit], cut=cut)

    def verify(self) -> int | None:
        """Return the cursor of the last commit when every file is as it was then; None asks for a reset."""
        try:
            manifest = json.loads((self._directory / _MANIFEST).read_text("utf-8"))
            if manifest.pop("crc") != _crc(manifest):
                return None
            if manifest["form"] != self._form or not self._is_as_written(manifest):
                return None
            with _damage():
                self._opened().doc_count()
            return int(manifest["cursor"])
        except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexDamaged):
            return None

    def reset(self) -> None:
        """Begin anew with an empty index."""
        with self._reading:
            self._close()
            self._changed.clear()
            shutil.rmtree(self._directory, ignore_errors=True)
            self._directory.mkdir(mode=0o700)
            self._files = whoosh_files.create_in(str(self._directory), _schema())
            self._write_manifest(0)

    def close(self) -> None:
        """Close what is open, after a query that is under way; the index on disk stays. Blocks."""
        with self._reading:
            self._close()

    def _close(self) -> None:
        if self._searcher is not None:
            self._searcher.close()
        if self._files is not None:
            self._files.close()
        self._files = self._searcher = None

    def _opened(self) -> Any:
        if self._files is None:
            self._directory.chmod(0o700)
            self._files = whoosh_files.open_dir(str(self._directory), schema=_schema())
        return self._files

    def _fresh_searcher(self) -> Any:
        if self._searcher is None:
            self._searcher = self._opened().searcher()
        else:
            self._searcher = self._searcher.refresh()
        return self._searcher

    def _search(self, searcher: Any, query: Any, scope: Any, limit: int, ends_at: float) -> tuple[dict[int, Hit], bool]:
        collector = _BoundedCollector(searcher.collector(limit=limit), scope, self._clock, ends_at)
        searcher.search_with_collector(query, collector)
        return {hit.docnum: _hit(hit) for hit in collector.results()}, collector.cut

    def _term_query(self, searcher: Any, term: Term) -> Any:
        if term.kind == "phrase":
            return self._phrase(searcher, term.words)
        if term.kind == "prefix":
            return _prefix(searcher, term.words[0])
        word = term.words[0]
        pairs = cjk_pairs(word)
        if pairs:
            return queries.And([queries.Term("parts", pair) for pair in pairs])
        fields = [
            queries.Term(name, text, boost=_BOOSTS[name])
            for name in ("title", "heading", "place", "body")
            for text in _analysed(searcher, name, word)
        ]
        return queries.Or([*fields, queries.Term("parts", word, boost=_BOOSTS["parts"])])

    def _phrase(self, searcher: Any, words: Sequence[str]) -> Any:
        pairs = cjk_pairs(" ".join(words))
        if pairs:
            return queries.And([queries.Term("parts", pair) for pair in pairs])
        analysed = _analysed(searcher, "body", " ".join(words))
        return (
            queries.Phrase("body", analysed)
            if len(analysed) > 1
            else queries.Or([queries.Term("body", text) for text in analysed])
        )

    def _write_manifest(self, cursor: int) -> None:
        """Record what the files of this commit look like; files that are already recorded are not read again."""
        try:
            known = json.loads((self._directory / _MANIFEST).read_text("utf-8"))["files"]
        except (OSError, ValueError, KeyError):
            known = {}
        files = {
            path.name: known.get(path.name) or [path.stat().st_size, zlib.crc32(path.read_bytes())]
            for path in self._index_files()
        }
        manifest = {"form": self._form, "cursor": cursor, "files": files}
        temporary = self._directory / (_MANIFEST + ".new")
        temporary.write_text(json.dumps({"crc": _crc(manifest), **manifest}), "utf-8")
        temporary.replace(self._directory / _MANIFEST)

    def _index_files(self) -> list[Path]:
        return [path for path in self._directory.iterdir() if path.suffix in {".seg", ".toc"}]

    def _is_as_written(self, manifest: dict[str, Any]) -> bool:
        """Compare the files with the manifest.

        A crash between Whoosh's commit and the manifest leaves a newer table of contents: then files of the manifest
        may be gone by merging, and what came later is replayed from the older cursor.
        """
        present = {path.name: path for path in self._index_files()}
        recorded: dict[str, list[int]] = manifest["files"]
        is_newer = any(name.endswith(".toc") and name not in recorded for name in present)
        if not is_newer and not recorded.keys() <= present.keys():
            return False
        return all(
            [path.stat().st_size, zlib.crc32(path.read_bytes())] == recorded[name]
            for name, path in present.items()
            if name in recorded
        )


def _crc(manifest: dict[str, Any]) -> int:
    return zlib.crc32(json.dumps(manifest).encode())


class _BoundedCollector(WrappingCollector):  # type: ignore[misc]
    """Keeps to a set of documents and to a deadline; Whoosh's own two collectors for that undo one another."""

    def __init__(self, child: Any, scope: set[int] | None, clock: Callable[[], float], ends_at: float) -> None:
        super().__init__(child)
        self._scope = scope
        self._clock = clock
        self._ends_at = ends_at
        self.cut = False

    def collect_matches(self) -> None:
        """Collect what is in scope until the time is over."""
        for document in self.child.matches():
            if self.cut or self._clock() > self._ends_at:
                self.cut = True
                return
            if self._scope is None or self.offset + document in self._scope:
                self.child.collect(document)


def open_index(directory: Path, *, form: str) -> WhooshIndex:
    """Return the index of *directory*, as the room of engines asks for it."""
    return WhooshIndex(directory, form=form)


@contextmanager
def _damage() -> Iterator[None]:
    """Turn whatever Whoosh raises over files that it cannot make sense of into one error.

    It checks little of what it reads, so a damaged file surfaces as anything from KeyError to MemoryError.
    """
    try:
        yield
    except Exception as error:
        raise IndexDamaged(type(error).__name__) from error


def _documents(change: Change, title: str, passages: Sequence[Passage]) -> Iterator[dict[str, Any]]:
    return (_document(change, title, passage) for passage in passages)


def _document(change: Change, title: str, passage: Passage) -> dict[str, Any]:
    return {
        "path": change.path,
        "version": change.version,
        "title": title,
        "heading": passage.heading,
        "place": " ".join([change.path, *parts_of_words(change.path)]),
        "body": passage.text,
        "parts": " ".join(parts_of_words(passage.text)),
        "passage": dataclasses.astuple(passage),
    }


def _hit(hit: Any) -> Hit:
    passage = Passage(**dict(zip(_PASSAGE, hit["passage"], strict=True)))
    return Hit(path=hit["path"], version=hit["version"], passage=passage, score=float(hit.score))


def _below(hit: Hit, floor: float) -> Hit:
    """Return a hit with some of the terms, scored below every hit with all of them."""
    return Hit(
        path=hit.path, version=hit.version, passage=hit.passage, score=floor * hit.score / (hit.score + floor + 1)
    )


def _analysed(searcher: Any, field: str, text: str) -> list[str]:
    return [token.text for token in searcher.schema[field].analyzer(text, mode="query")] or [text]


def _prefix(searcher: Any, beginning: str) -> Any:
    """Return the words that begin so, as many as the limit allows; the rest of the dictionary is not walked."""
    expanded = (
        queries.Term(name, text.decode() if isinstance(text, bytes) else text)
        for name in ("body", "parts")
        for text in searcher.reader().expand_prefix(name, beginning)
    )
    found = list(itertools.islice(expanded, PREFIX_EXPANSIONS_MAX))
    return queries.Or(found) if found else queries.NullQuery
