"""From the bytes of one version to all that is known about them."""

import dataclasses
import hashlib
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import PurePosixPath

from indexer.apart import told_apart
from indexer.chunking import passages_of
from indexer.collector import Collector, Enough, Malformed
from indexer.document import Converted, Document, NotText, Unreadable, decode, file_name
from indexer.extractors import REGISTRY, Extractor, Registry
from indexer.limits import CONVERTED_CHARS_MAX, DOCUMENT_BYTES_MAX, INDEXED_BYTES_MAX
from indexer.model import Change, Extraction, Fact


def extraction_key(change: Change, registry: Registry = REGISTRY) -> str:
    """Return the key under which a content is extracted once: all that the result depends on, and nothing else.

    The file's name is part of it, because it is the subject of statements that name none; and so are the extractors
    that convert, because one of them may know the content for its own whatever the file is called.
    """
    identity = f"{registry.choose(change.path, change.media_type).identity} {registry.converting}"
    return hashlib.sha256(f"{change.sha256} {identity} {file_name(change.path)}".encode()).hexdigest()


def bytes_needed(change: Change, registry: Registry = REGISTRY) -> int:
    """Return how many of a content's bytes extraction looks at, at most: text by its beginning, documents whole."""
    return DOCUMENT_BYTES_MAX if registry.may_convert(change.path, change.media_type) else INDEXED_BYTES_MAX


def extract(
    data: bytes,
    *,
    path: str,
    media_type: str = "",
    size_bytes: int | None = None,
    registry: Registry = REGISTRY,
    clock: Callable[[], float] = time.thread_time,
) -> Extraction:
    """Return the facts, outline and passages of *data*.

    Never raises for what a file contains: a file that cannot be read is ``limited`` or ``failed`` and says why.

    Args:
        size_bytes: The size of the whole content, when *data* is only its beginning.
    """
    size_bytes = len(data) if size_bytes is None else size_bytes
    extractor = registry.choose_for(path, media_type, data)
    state = Extraction(state="failed", extractor=extractor.identity)
    if not size_bytes:
        return dataclasses.replace(state, state="empty", reason="the file is empty")
    try:
        if extractor.convert is not None and size_bytes > len(data):
            raise NotText(f"a document of more than {len(data)} bytes: only name and type are known")
        converted = None if extractor.convert is None else extractor.convert(data)
        is_cut = converted is None and size_bytes > INDEXED_BYTES_MAX
        document = _document(data, converted, path=path, is_cut=is_cut)
    except NotText as wrong:
        return dataclasses.replace(state, state="limited", reason=str(wrong))
    except Unreadable as wrong:
        return dataclasses.replace(state, reason=str(wrong))
    if not document.text.strip():
        reason = "there are only blanks in it" if converted is None else "; ".join(("no text in it", *converted.notes))
        return dataclasses.replace(state, state="empty", reason=reason, lines=document.line_count)
    out = Collector(document, clock=clock, is_cut=is_cut)
    out.notes += _notes(converted, size_bytes, called=registry.choose(path, media_type), taken=extractor)
    _read(out, extractor)
    out.facts, out.records = told_apart(out.facts, out.headings, name=document.name)
    facts = tuple(exact_facts(out.facts, document.text))
    passages = passages_of(out, extractor.passages_max, extractor.numbers_max)
    return dataclasses.replace(
        state,
        state="limited" if out.notes else "ok",
        reason="; ".join(out.notes),
        title=out.title,
        lines=document.line_count,
        encoding=document.encoding,
        facts=facts if converted is None else tuple(_placed(facts, document, converted.cells)),
        headings=tuple(out.headings),
        passages=passages,
        dropped=out.dropped + len(out.facts) - len(facts),
        text="" if converted is None else document.text,
        pages=document.pages,
    )


def _document(data: bytes, converted: Converted | None, *, path: str, is_cut: bool) -> Document:
    if converted is None:
        return decode(data[:INDEXED_BYTES_MAX], path=path, is_cut=is_cut)
    text = converted.text[:CONVERTED_CHARS_MAX]
    return Document(text, file_name(path), PurePosixPath(path).suffix.lower(), pages=converted.pages)


def _notes(converted: Converted | None, size_bytes: int, *, called: Extractor, taken: Extractor) -> Iterable[str]:
    """Yield why the text may not be all that the file says."""
    if converted is None:
        if called.convert is not None and called is not taken:
            yield "its bytes are text, and not what its name says"
        if size_bytes > INDEXED_BYTES_MAX:
            yield f"only the first {INDEXED_BYTES_MAX} bytes are indexed"
        return
    if len(converted.text) > CONVERTED_CHARS_MAX:
        yield f"only the first {CONVERTED_CHARS_MAX} characters are indexed"
    yield from converted.notes


def _read(out: Collector, extractor: Extractor) -> None:
    """Let the extractor put what it finds into *out*, as far as the limits go."""
    if len(out.document.text) > extractor.chars_max:
        out.notes.append(f"longer than {extractor.chars_max} characters: searchable, without facts")
        return
    try:
        extractor.extract(out)
    except Enough as reached:
        out.notes.append(str(reached))
    except Malformed as wrong:
        out.facts.clear()
        out.notes.append(str(wrong))


def _placed(facts: Iterable[Fact], document: Document, cells: Mapping[int, str]) -> Iterable[Fact]:
    """Yield the facts of a document with their page, and with the cell of the sheet in which they stand."""
    for fact in facts:
        pointer = cells.get(fact.start, fact.pointer)
        yield dataclasses.replace(fact, page=document.page_of(fact.start_line), pointer=pointer)


def exact_facts(facts: Iterable[Fact], text: str) -> Iterable[Fact]:
    """Yield the facts whose quote stands at its span: the invariant that every citation rests on."""
    return (fact for fact in facts if fact.quote and text[fact.start : fact.end] == fact.quote)
