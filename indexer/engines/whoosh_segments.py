"""The files of the Whoosh engine: how passages get into a segment, and how their postings get out of it.

Whoosh keeps the files, the dictionary of terms, the stored passages and the list of segments. Its own way to write a
posting takes 25 µs and to score one 2 µs (2026-11-30), for each goes through a dozen calls. So postings are written and
read here as a few arrays per term, and all that is left to compute when somebody asks is a sum.
"""

import struct
import warnings
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any, Final

from indexer.engines.weighing import IMPACT_MAX, Told, above, damping
from indexer.limits import SEGMENT_PASSAGES_MAX, SEGMENT_TERMS_MAX

with warnings.catch_warnings():
    for category in (SyntaxWarning, DeprecationWarning):  # in its own sources, when they are first compiled
        warnings.simplefilter("ignore", category)
    from whoosh import index as indexes
    from whoosh.codec.whoosh3 import W3Codec, W3FieldWriter, W3TermInfo
    from whoosh.fields import STORED, TEXT, Schema
    from whoosh.reading import SegmentReader, TermNotFound
    from whoosh.system import pack_ushort
    from whoosh.writing import SegmentWriter

TERMS: Final = "terms"
"""The field of what passages say: stems, and pairs of CJK characters."""
WORDS: Final = "words"
"""The field of words that are not their own stems, each once per file: what beginnings and likenesses are found by."""
PATHS: Final = "paths"
_PASSAGE: Final = "passage"
_HEAD: Final = struct.Struct("=II")
_PER_TIER: Final = 8
"""Segments of about the same size that are kept apart; one more, and they become one of the next size."""
_TIER_BITS: Final = 3


_SCHEMA: Final = Schema(
    **{TERMS: TEXT(phrase=False), WORDS: TEXT(phrase=False), PATHS: TEXT(phrase=False), _PASSAGE: STORED}
)
"""The fields as Whoosh has to know them; it analyses none of them."""


def create_files(directory: Path) -> Any:
    """Return a new index without passages in an empty directory."""
    return indexes.create_in(str(directory), _SCHEMA)


def open_files(directory: Path) -> Any:
    """Return the index that is there."""
    return indexes.open_dir(str(directory), schema=_SCHEMA)


class Postings:
    """In which passages a term is, in ascending order, with its impact and its positions in each."""

    __slots__ = ("counts", "impacts", "numbers", "positions")

    def __init__(self) -> None:
        self.numbers = array("I")
        self.impacts = array("H")
        self.counts = array("H")
        self.positions = array("H")

    def add(self, number: int, of_impact: int, positions: Sequence[int]) -> None:
        """Append a passage."""
        self.numbers.append(number)
        self.impacts.append(of_impact)
        self.counts.append(len(positions))
        self.positions.extend(positions)

    def add_moved(self, other: "Postings", moved: Sequence[int]) -> None:
        """Append those of another segment's passages that were moved here; -1 is gone."""
        if -1 not in moved:  # a shift, which arrays do by themselves
            shift = moved[0]
            self.numbers.extend([number + shift for number in other.numbers])
            self.impacts.extend(other.impacts)
            self.counts.extend(other.counts)
            self.positions.extend(other.positions)
            return
        at = 0
        for number, of_impact, count in zip(other.numbers, other.impacts, other.counts, strict=True):
            if moved[number] >= 0:
                self.add(moved[number], of_impact, other.positions[at : at + count])
            at += count

    def dump(self) -> bytes:
        """Return the postings as bytes of this machine: an index is never carried to another one."""
        head = _HEAD.pack(len(self.numbers), len(self.positions))
        arrays = (self.numbers, self.impacts, self.counts, self.positions)
        return head + b"".join(each.tobytes() for each in arrays)

    @classmethod
    def load(cls, file: Any, at: int) -> "Postings":
        """Return what was dumped at a place of a file."""
        postings = cls()
        passages, positions = _HEAD.unpack(file.get(at, _HEAD.size))
        at += _HEAD.size
        for into, count in (
            (postings.numbers, passages),
            (postings.impacts, passages),
            (postings.counts, passages),
            (postings.positions, positions),
        ):
            size_bytes = count * into.itemsize
            into.frombytes(file.get(at, size_bytes))
            at += size_bytes
        return postings

    def positions_of(self) -> Iterator[tuple[int, "array[int]"]]:
        """Return each passage with the positions there."""
        at = 0
        for number, count in zip(self.numbers, self.counts, strict=True):
            yield number, self.positions[at : at + count]
            at += count


class _Codec(W3Codec):  # type: ignore[misc]
    """Whoosh's own files, except for how postings are laid out."""

    def field_writer(self, storage: Any, segment: Any) -> Any:
        return _FieldWriter(self, storage, segment)

    def postings_reader(self, dbfile: Any, terminfo: Any, *_: Any, **__: Any) -> Postings:
        return Postings.load(dbfile, terminfo.extent()[0])


class _FieldWriter(W3FieldWriter):  # type: ignore[misc]
    def write_term(self, text: bytes, postings: Postings) -> None:
        """Write a term, after all terms before it in the order of their bytes."""
        offset = self._postfile.tell()
        data = postings.dump()
        self._postfile.write(data)
        info = W3TermInfo(df=len(postings.numbers), minlength=1, maxlength=1)
        info.set_extent(offset, len(data))
        self._tindex.add(pack_ushort(self._fieldid) + text, info.to_bytes())


class PassageWriter(SegmentWriter):  # type: ignore[misc]
    """Writes one new segment, into which small older ones are merged."""

    def __init__(self, files: Any) -> None:
        super().__init__(files, codec=_Codec())
        self._gathered: dict[str, dict[str, Postings]] = {PATHS: {}, TERMS: {}, WORDS: {}}

    @property
    def terms(self) -> int:
        """How many different terms were gathered: each takes about 600 bytes, and 20 µs to be written (2026-11-30)."""
        return sum(map(len, self._gathered.values()))

    def add_passage(self, stored: tuple[Any, ...], terms: Mapping[str, Told], words: Iterable[str], path: str) -> None:
        """Add a passage.

        Args:
            stored: What a hit is made of.
            words: Those that are looked for by their beginning or their likeness.
        """
        number = self._store(stored)
        damped = damping(sum(map(len, terms.values())) - len(terms))
        gathered = self._gathered[TERMS]
        for term, (weight, *positions) in terms.items():
            postings = gathered.get(term)
            if postings is None:
                postings = gathered[term] = Postings()
            postings.add(number, int(IMPACT_MAX * weight / (weight + damped)), positions)
        for name, each in ((WORDS, words), (PATHS, (path, *above(path)))):
            for text in each:
                self._gathered[name].setdefault(text, Postings()).add(number, 0, ())

    def _store(self, stored: tuple[Any, ...]) -> int:
        number: int = self.docnum
        self.perdocwriter.start_doc(number)
        self.perdocwriter.add_field(_PASSAGE, None, stored, 0)
        self.perdocwriter.finish_doc()
        self._added = True
        self.docnum += 1
        return number

    def forget(self, paths: Sequence[str]) -> None:
        """Delete the passages of these files, as they were before this commit."""
        with_passages = [(segment, SegmentReader(self.storage, self.schema, segment)) for segment in self.segments]
        for segment, reader in with_passages:
            leaf = Leaf(reader)
            for path in paths:
                for number in leaf.postings(PATHS, path).numbers:
                    segment.delete_document(number)
            leaf.close()
            reader.close()

    def add_reader(self, reader: Any) -> None:
        """Take in the passages of a segment that are not deleted."""
        moved = [-1] * reader.doc_count_all()
        for number, stored in reader.iter_docs():
            moved[number] = self._store(stored[_PASSAGE])
        leaf = Leaf(reader)
        for name, text, postings in leaf.everything():
            self._gathered[name].setdefault(text, Postings()).add_moved(postings, moved)
        leaf.close()

    def commit(self) -> None:
        """Finish the segment, and make it part of the index."""
        super().commit(mergetype=_merged)

    def _flush_segment(self) -> None:
        self.perdocwriter.close()
        self.newsegment.terms = self.terms  # kept with the list of segments
        for name, terms in self._gathered.items():  # in the order of their names, by which the files are searched
            self.fieldwriter.start_field(name, self.schema[name])
            for text, postings in sorted((_bytes(text), postings) for text, postings in terms.items()):
                if postings.numbers:
                    self.fieldwriter.write_term(text, postings)
            self.fieldwriter.finish_field()
        self.fieldwriter.close()


def _merged(writer: PassageWriter, segments: Sequence[Any]) -> list[Any]:
    """Merge the segments of a size of which there are too many, and those that are mostly deleted; return the others.

    So a passage is written again once per size, and a question looks into a few dozen segments at most.
    """
    crowded = {id(segment) for segment in _crowded(segments)}
    kept = []
    for segment in segments:
        is_worn = segment.deleted_count() > segment.doc_count()
        if segment.doc_count() < SEGMENT_PASSAGES_MAX and (is_worn or id(segment) in crowded):
            reader = SegmentReader(writer.storage, writer.schema, segment)
            writer.add_reader(reader)
            reader.close()
        else:
            kept.append(segment)
    return kept


def _crowded(segments: Sequence[Any]) -> Iterator[Any]:
    """Yield those to merge because there are too many of their size: of these as many as have terms for one segment.

    Those that have half of that already are left alone. So any two of the others fit, and every merging makes fewer.
    """
    tiers: dict[int, list[Any]] = {}
    for segment in segments:
        if _terms_of(segment) <= SEGMENT_TERMS_MAX // 2:
            tiers.setdefault(segment.doc_count().bit_length() // _TIER_BITS, []).append(segment)
    for tier in tiers.values():
        if len(tier) >= _PER_TIER:
            small_first = sorted(tier, key=_terms_of)
            together = accumulate(map(_terms_of, small_first))
            yield from (one for one, terms in zip(small_first, together, strict=True) if terms <= SEGMENT_TERMS_MAX)


def _terms_of(segment: Any) -> int:
    return getattr(segment, "terms", 0)  # an older program did not count them


class Leaf:
    """One segment, open for reading."""

    def __init__(self, reader: Any) -> None:
        self._reader = reader
        self._terms = reader.codec().terms_reader(reader.storage(), reader.segment())
        self.gone = frozenset(reader.segment().deleted_docs())
        self.count: int = reader.doc_count_all()

    def postings(self, name: str, text: str) -> Postings:
        """Return the passages of a term, also those that are gone."""
        try:
            found: Postings = self._terms.matcher(name, _bytes(text), None)
        except TermNotFound:
            return Postings()
        return found

    def beginning(self, name: str, prefix: str) -> Iterator[str]:
        """Return the terms of a field that begin so, in order."""
        begin = _bytes(prefix)
        for field, text in self._terms.terms_from(name, begin):
            if field != name or not text.startswith(begin):
                return
            yield _text(text)

    def everything(self) -> Iterator[tuple[str, str, Postings]]:
        """Return every term of every field."""
        for name, text in self._terms.terms():
            yield name, _text(text), self._terms.matcher(name, text, None)

    def stored(self, number: int) -> tuple[Any, ...]:
        """Return what a hit is made of."""
        found: tuple[Any, ...] = self._reader.stored_fields(number)[_PASSAGE]
        return found

    def close(self) -> None:
        """Close the dictionary; the reader is closed by whoever opened it."""
        self._terms.close()


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogatepass")
