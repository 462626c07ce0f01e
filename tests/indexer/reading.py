"""Short ways to read a text and to look at what was found."""

from indexer.extraction import extract
from indexer.model import Extraction, Fact


def read(text: str | bytes, path: str = "notes.md") -> Extraction:
    data = text.encode() if isinstance(text, str) else text
    return extract(data, path=path)


def said(extraction: Extraction, *kinds: str) -> list[tuple[str, str, str]]:
    """Return (subject, key, value) of the facts of some kinds; of all but headings when none is named."""
    return [(f.subject, f.key, f.value) for f in facts(extraction, *kinds)]


def facts(extraction: Extraction, *kinds: str) -> list[Fact]:
    return [f for f in extraction.facts if f.kind in kinds or (not kinds and f.kind != "heading")]
