"""What the indexer reads of a file: the lines that its citations count, and their pages."""

from functools import cache

from indexer.extraction import extract
from indexer.model import Extraction
from tests.eval.workspace import workspace


@cache
def _extraction(path: str) -> Extraction:
    return extract(workspace()[path].content, path=path)


@cache
def lines(path: str) -> list[str]:
    """Return the text that citations count, by lines: the file's own, or what was extracted from a document."""
    return (_extraction(path).text or workspace()[path].text).split("\n")


def page_of(path: str, line: int) -> int | None:
    """Return the page, slide or sheet on which a line of a document stands."""
    return sum(begin <= line for begin in _extraction(path).pages) or None
