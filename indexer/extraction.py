"""From the bytes of one version to all that is known about them."""

import hashlib
import time
from collections.abc import Callable, Iterable

from indexer.chunking import passages_of
from indexer.collector import Collector, Enough, Malformed
from indexer.document import NotText, decode, file_name
from indexer.extractors import REGISTRY, Registry
from indexer.limits import INDEXED_BYTES_MAX
from indexer.model import Change, Extraction, Fact


def extraction_key(change: Change, registry: Registry = REGISTRY) -> str:
    """Return the key under which a content is extracted once: all that the result depends on, and nothing else.

    The file's name is part of it, because it is the subject of statements that name none.
    """
    extractor = registry.choose(change.path, change.media_type)
    return hashlib.sha256(f"{change.sha256} {extractor.identity} {file_name(change.path)}".encode()).hexdigest()


def extract(
    data: bytes,
    *,
    path: str,
    media_type: str = "",
    size_bytes: int | None = None,
    registry: Registry = REGISTRY,
    clock: Callable[[], float] = time.monotonic,
) -> Extraction:
    """Return the facts, outline and passages of *data*.

    Never raises for what a file contains: a file that cannot be read is ``limited`` and says why.

    Args:
        size_bytes: The size of the whole content, when *data* is only its beginning.
    """
    size_bytes = len(data) if size_bytes is None else size_bytes
    extractor = registry.choose(path, media_type)
    try:
        document = decode(data[:INDEXED_BYTES_MAX], path=path, is_cut=size_bytes > INDEXED_BYTES_MAX)
    except NotText:
        return Extraction(
            state="limited", reason="not text: only name and type are known", extractor=extractor.identity
        )
    if not document.text.strip():
        reason = "there are only blanks in it" if size_bytes else "the file is empty"
        return Extraction(state="empty", reason=reason, lines=document.line_count, extractor=extractor.identity)
    out = Collector(document, clock=clock)
    if size_bytes > INDEXED_BYTES_MAX:
        out.notes.append(f"only the first {INDEXED_BYTES_MAX} bytes are indexed")
    if len(document.text) > extractor.chars_max:
        out.notes.append(f"longer than {extractor.chars_max} characters: searchable, without facts")
    else:
        try:
            extractor.extract(out)
        except Enough as reached:
            out.notes.append(str(reached))
        except Malformed as wrong:
            out.facts.clear()
            out.notes.append(str(wrong))
    facts = tuple(exact_facts(out.facts, document.text))
    passages = passages_of(out)
    return Extraction(
        state="limited" if out.notes else "ok",
        reason="; ".join(out.notes),
        title=out.title,
        lines=document.line_count,
        encoding=document.encoding,
        extractor=extractor.identity,
        facts=facts,
        headings=tuple(out.headings),
        passages=passages,
        dropped=out.dropped + len(out.facts) - len(facts),
    )


def exact_facts(facts: Iterable[Fact], text: str) -> Iterable[Fact]:
    """Yield the facts whose quote stands at its span: the invariant that every citation rests on."""
    return (fact for fact in facts if fact.quote and text[fact.start : fact.end] == fact.quote)
