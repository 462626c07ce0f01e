"""Passages in Tantivy: the same answers as Whoosh gives, several times faster, for large workspaces.

Tantivy is compiled code in a package of its own. Its files hold no code that reading them would run, but it checks
nothing before it maps them into memory, so they are compared with the manifest first, as those of Whoosh are.
"""

import dataclasses
import json
import operator
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import tantivy
from tantivy import Document, Occur, Query, TextAnalyzerBuilder, Tokenizer

from indexer.engines.on_disk import OnDisk, Put, Scope
from indexer.engines.weighing import BOOSTS, Lexicon, above, tokens_of
from indexer.limits import FUZZY_EXPANSIONS_MAX, FUZZY_WORDS_MAX, PREFIX_EXPANSIONS_MAX
from indexer.model import Found, Hit, Passage
from indexer.questions import Question, Term, cjk_pairs, parts_of_words, words_of
from indexer.spelling import near
from indexer.vocabulary import STOP_WORDS

FORM: Final = 1
"""Raised when what is written changes; an index of another form is built anew."""

_PASSAGE: Final = tuple(field.name for field in dataclasses.fields(Passage))
_fields_of: Final = operator.attrgetter(*_PASSAGE)
_spelled: Final = json.JSONEncoder(ensure_ascii=False).encode
_FIELDS: Final = tuple(BOOSTS)
_WORDS, _FILE, _ABOVE, _STORED = "words", "file", "above", "stored"
_BLANKS: Final = "blanks"
"""The tokenizer: what is indexed are terms with blanks between them, made by the same rules as for Whoosh, and twice as
fast as by Tantivy's own stemmer, which does not remember a word."""
_WRITER_BYTES: Final = 64 * 1024 * 1024


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    for name in _FIELDS:
        builder.add_text_field(name, tokenizer_name=_BLANKS)
    builder.add_text_field(_WORDS, tokenizer_name=_BLANKS, index_option="basic")
    builder.add_text_field(_FILE, tokenizer_name="raw", index_option="basic")
    builder.add_text_field(_ABOVE, tokenizer_name="raw", index_option="basic")
    builder.add_bytes_field(_STORED, stored=True)
    return builder.build()


_SCHEMA: Final = _schema()


class TantivyIndex(OnDisk):
    """A `SearchIndex` in Tantivy.

    Args:
        form: What the passages were made with; an index of another form is built anew.
    """

    def __init__(self, directory: Path, *, form: str, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(
            directory,
            form=f"tantivy {FORM} {form}",
            counts=lambda name: not name.startswith((".", "manifest.")),
            changes=lambda name: name == "meta.json",
            clock=clock,
        )
        self._lexicon = Lexicon(" ".join)
        self._index: tantivy.Index | None = None

    def _create(self) -> None:
        self._index = _registered(tantivy.Index(_SCHEMA, path=str(self._directory)))

    def _probe(self) -> None:
        self._opened().searcher()

    def _write(self, changed: Mapping[str, Put | None]) -> None:
        writer = self._opened().writer(heap_size=_WRITER_BYTES, num_threads=1)
        for path, put in changed.items():
            if put is None or not put.goes_on:
                writer.delete_documents_by_term("file", path)
            for document in () if put is None else _documents(put, self._lexicon):
                if self._given_up.is_set():
                    writer.rollback()
                    return
                writer.add_document(document)
        writer.commit()
        writer.wait_merging_threads()  # what is merged later would not be in the manifest

    def _find(self, question: Question, scope: Scope, limit: int, is_over: Callable[[], bool]) -> Found:
        index = self._opened()
        if self._stale:
            self._stale = False
            index.reload()
        search = _Search(index.searcher(), question, scope)
        hits: dict[tuple[int, int], Hit] = {}
        for query in search.queries():
            if is_over():
                return Found(hits=list(hits.values()), cut=True)
            floor = min((hit.score for hit in hits.values()), default=None)
            for place, hit in search.hits(query, limit, floor):
                hits.setdefault(place, hit)
            if len(hits) >= limit:
                break
        return Found(hits=list(hits.values())[:limit])

    def _close(self) -> None:
        self._index = None

    def _opened(self) -> tantivy.Index:
        if self._index is None:
            self._directory.chmod(0o700)
            self._index = _registered(tantivy.Index.open(str(self._directory)))
        return self._index


class _Search:
    """One question to the index as of one commit."""

    def __init__(self, searcher: tantivy.Searcher, question: Question, scope: Scope) -> None:
        self._searcher = searcher
        wanted = [(term, self._query(term)) for term in question.terms]
        self._conditions = [query for term, query in wanted if term.place]
        self._wishes = [query for term, query in wanted if not term.place]
        self._frame = [(Occur.MustNot, self._query(term)) for term in question.without]
        if scope.paths:
            within = Query.term_set_query(_SCHEMA, _FILE, list(scope.paths))
            self._frame.append((Occur.Must, Query.const_score_query(within, 0.0)))
        elif scope.path_prefix:
            self._frame.append((Occur.Must, Query.const_score_query(_below(scope.path_prefix), 0.0)))

    def queries(self) -> Iterable[Query]:
        """Return what to ask for: every term, and then some of those that are no condition."""
        yield Query.boolean_query([(Occur.Must, query) for query in (*self._conditions, *self._wishes)] + self._frame)
        if len(self._wishes) > 1:
            conditions = [(Occur.Must, query) for query in (*self._conditions, _any(self._wishes))]
            yield Query.boolean_query(conditions + self._frame)

    def hits(self, query: Query, limit: int, floor: float | None) -> Iterable[tuple[tuple[int, int], Hit]]:
        """Return the best hits with their places; below *floor*, which the hits with every term have at least."""
        for score, address in self._searcher.search(query, limit, count=False).hits:
            path, version, *passage = json.loads(self._searcher.doc(address)[_STORED][0])
            of = Passage(**dict(zip(_PASSAGE, passage, strict=True)))
            shown = score if floor is None else floor * score / (score + floor + 1)
            yield (address.segment_ord, address.doc), Hit(path=path, version=version, passage=of, score=shown)

    def _query(self, term: Term) -> Query:
        if term.kind in ("prefix", "fuzzy"):
            return self._expanded(term)
        told = [word for word in term.words if word not in STOP_WORDS]
        sought = [token for word in told or term.words[:1] for token in tokens_of(word)]
        fields = (term.place,) if term.place else _FIELDS
        if len(sought) > 1 and not cjk_pairs(" ".join(term.words)):
            return _any([Query.phrase_query(_SCHEMA, name, [*sought]) for name in fields])
        return _every([_any([_term(name, token) for name in fields]) for token in sought])

    def _expanded(self, term: Term) -> Query:
        """Return what a ``prefix*`` or ``fuzzy~`` stands for in this index."""
        text = term.words[0]
        if term.kind == "prefix":
            worth = [(word, 0) for word in self._vocabulary(text, PREFIX_EXPANSIONS_MAX)]
        else:
            worth = near(text, self._vocabulary(text[0], FUZZY_WORDS_MAX), limit=FUZZY_EXPANSIONS_MAX)
        found: dict[str, float] = {}
        for word, distance in worth:
            for token in tokens_of(word):
                found.setdefault(token, 1 / (1 + distance))
        fields = (term.place,) if term.place else _FIELDS
        return _any([Query.boost_query(_term(name, token), of) for token, of in found.items() for name in fields])

    def _vocabulary(self, prefix: str, limit: int) -> list[str]:
        found = [
            word
            for name in (_WORDS, *_FIELDS)
            for word, _ in self._searcher.terms_with_prefix(name, prefix, limit=limit)
        ]
        return list(dict.fromkeys(found))[:limit]


def _term(name: str, text: str) -> Query:
    return Query.boost_query(Query.term_query(_SCHEMA, name, text), BOOSTS[name])


def _any(queries: Sequence[Query]) -> Query:
    return Query.boolean_query([(Occur.Should, query) for query in queries])


def _every(queries: Sequence[Query]) -> Query:
    return Query.boolean_query([(Occur.Must, query) for query in queries])


def _below(prefix: str) -> Query:
    """Return what finds the files whose paths begin so; a whole directory is one term."""
    if prefix.endswith("/"):
        return Query.term_query(_SCHEMA, _ABOVE, prefix)
    spelled = "".join(f"\\x{{{ord(letter):x}}}" for letter in prefix)
    return Query.regex_query(_SCHEMA, _FILE, f"(?s){spelled}.*")


def _documents(put: Put, lexicon: Lexicon[str]) -> Iterator[Document]:
    change, title, passages, _ = put
    lexicon.make_room()
    path = _told([*words_of(change.path), *parts_of_words(change.path)], lexicon)
    title = _told(words_of(title), lexicon)
    directories = list(above(change.path))
    texts = [words_of(passage.text) for passage in passages]
    headings = [words_of(passage.heading) for passage in passages]
    told = [(_told(heading, lexicon), _told(text, lexicon)) for heading, text in zip(headings, texts, strict=True)]
    inflected = " ".join(lexicon.inflected([*texts, *headings]))
    for passage, (heading, body) in zip(passages, told, strict=True):
        stored = (change.path, change.version, *_fields_of(passage))
        yield Document(
            file=change.path,
            above=directories,
            title=title,
            heading=heading,
            path=path,
            body=body,
            parts=_told(parts_of_words(passage.text), lexicon),
            words=inflected,
            stored=_spelled(stored).encode("utf-8", "surrogatepass"),
        )
        inflected = ""


def _told(words: Sequence[str], lexicon: Lexicon[str]) -> str:
    """Return the terms of words in their order, with blanks between them."""
    return " ".join(map(lexicon.__getitem__, words))


def _registered(index: tantivy.Index) -> tantivy.Index:
    index.register_tokenizer(_BLANKS, TextAnalyzerBuilder(Tokenizer.whitespace()).build())
    index.config_reader("manual")
    return index


def open_index(directory: Path, *, form: str) -> TantivyIndex:
    """Return the index of *directory*, as the room of engines asks for it."""
    return TantivyIndex(directory, form=form)
