"""Notebooks (``.ipynb``): the Markdown of their cells, with places in the stored JSON; code and output to search.

The lines of a cell are JSON strings. Their text is read as one Markdown document, and what is found there is quoted as
it stands in the file, escapes included.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from indexer.collector import Collector, Enough
from indexer.document import Document
from indexer.extractors.json_data import json_leaves
from indexer.extractors.leaves import Leaf, add_leaves
from indexer.extractors.markdown import extract_markdown
from indexer.extractors.registry import Extractor
from indexer.limits import INDEXED_BYTES_MAX, OUTPUT_CHARS_MAX

_KEY: Final = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"\s*:\s*(?=")', re.DOTALL)
_LETTER: Final = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\.|.", re.DOTALL
)
_OUTPUTS: Final = frozenset({"text", "text/plain", "evalue"})


@dataclass(slots=True)
class _Cell:
    kind: str = ""
    source: list[Leaf] = field(default_factory=list)
    outputs: list[Leaf] = field(default_factory=list)


@dataclass(slots=True)
class _Piece:
    """One JSON string: where its value begins in the joined text, and where its raw letters stand in the file."""

    at: int
    start: int
    end: int


class _Joined:
    """The Markdown of all cells as one text, which knows where each of its characters stands in the file."""

    def __init__(self, text: str) -> None:
        self._stored = text
        self._pieces: list[_Piece] = []
        self._parts: list[str] = []
        self._size = 0
        self._known: dict[int, list[int]] = {}

    @property
    def text(self) -> str:
        return "".join(self._parts)

    def add(self, leaf: Leaf) -> None:
        """Add what one JSON string says."""
        if leaf.value:
            self._pieces.append(_Piece(self._size, _opening(self._stored, leaf) + 1, leaf.end - 1))
            self.part(leaf.value)

    def part(self, text: str) -> None:
        """Add text that stands nowhere in the file."""
        self._parts.append(text)
        self._size += len(text)

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return where the characters from *start* to *end* of the joined text stand in the file."""
        return self._place(start)[0], self._place(end - 1)[1]

    def _place(self, at: int) -> tuple[int, int]:
        index = bisect_right(self._pieces, at, key=lambda piece: piece.at) - 1
        piece = self._pieces[index]
        if index not in self._known:
            raw = self._stored[piece.start : piece.end]
            letters = [match.start() for match in _LETTER.finditer(raw)] if "\\" in raw else list(range(len(raw)))
            self._known[index] = [*letters, len(raw)]
        letters = self._known[index]
        letter = min(at - piece.at, len(letters) - 2)
        return piece.start + letters[letter], piece.start + letters[letter + 1]


def _opening(text: str, leaf: Leaf) -> int:
    """Return where the string of *leaf* begins, behind its key if it has one."""
    key = _KEY.match(text, leaf.start, leaf.end)
    return key.end() if key else leaf.start


def _cells(leaves: list[Leaf]) -> Iterator[_Cell]:
    found: dict[int, _Cell] = {}
    for leaf in leaves:
        if len(leaf.pointer) < 3 or leaf.pointer[0] != "cells" or not isinstance(leaf.pointer[1], int):
            continue
        cell = found.setdefault(leaf.pointer[1], _Cell())
        if leaf.pointer[2] == "cell_type":
            cell.kind = leaf.value
        elif leaf.pointer[2] == "source":
            cell.source.append(leaf)
        elif leaf.pointer[2] == "outputs" and _OUTPUTS.intersection(str(part) for part in leaf.pointer[4:]):
            cell.outputs.append(leaf)
    yield from found.values()


def _show(out: Collector, cell: _Cell) -> None:
    """Make the lines of a cell, and the beginning of its output, what is searched."""
    for leaf in cell.source:
        out.block(_opening(out.document.text, leaf), leaf.end, leaf.value.removesuffix("\n"))
    left = OUTPUT_CHARS_MAX
    for leaf in cell.outputs:
        if left > 0:
            out.block(_opening(out.document.text, leaf), leaf.end, leaf.value[:left].removesuffix("\n"))
        left -= len(leaf.value)


def _copy(out: Collector, inner: Collector, joined: _Joined) -> None:
    """Keep what was found in the joined text, each with its place in the file."""
    headings = iter(inner.headings)
    for fact in inner.facts:
        start, end = joined.span(fact.start, fact.end)
        if fact.kind == "heading":
            heading = next(headings)
            out.heading(heading.level, heading.title, start, end)
        else:
            out.fact(fact.kind, subject=fact.subject, key=fact.key, value=fact.value, start=start, end=end,
                     pointer=fact.pointer, confidence=fact.confidence, entity=fact.entity)  # fmt: skip


def extract_notebook(out: Collector) -> None:
    """Read the cells from top to bottom; JSON without cells is read as JSON."""
    text = out.document.text
    leaves = json_leaves(out, 0, len(text))
    cells = list(_cells(leaves))
    if not any(cell.kind for cell in cells):
        add_leaves(out, leaves)
        return
    joined = _Joined(text)
    for cell in cells:
        out.tick()
        _show(out, cell)
        if cell.kind == "markdown":
            for leaf in cell.source:
                joined.add(leaf)
            joined.part("\n\n")
    inner = out.over(Document(joined.text, out.document.name))
    try:
        extract_markdown(inner)
    except Enough as reached:
        inner.notes.append(str(reached))
    out.notes += inner.notes
    _copy(out, inner, joined)
    out.title = inner.title
    for leaf in leaves:
        if leaf.pointer == ("metadata", "language_info", "name"):
            out.fact("field", subject=out.document.name, key="language", value=leaf.value, start=leaf.start,
                     end=leaf.end)  # fmt: skip


NOTEBOOK: Final = Extractor(
    name="notebook",
    version=2,
    suffixes=(".ipynb",),
    media_types=("application/x-ipynb+json",),
    chars_max=INDEXED_BYTES_MAX,
    extract=extract_notebook,
)
