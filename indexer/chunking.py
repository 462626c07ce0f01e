"""Passages: a text cut where it parts by itself, each piece with its lines and the headings above it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from indexer.collector import Collector
from indexer.document import Document
from indexer.limits import PASSAGE_CHARS, PASSAGE_CHARS_MAX
from indexer.model import Heading, Passage
from indexer.questions import words_of


@dataclass(frozen=True, slots=True)
class _Piece:
    """An indivisible stretch: a line, part of a very long one, or a block of visible text."""

    text: str
    start_line: int
    end_line: int


def passages_of(out: Collector, passages_max: int, numbers_max: int) -> tuple[Passage, ...]:
    """Return the passages of a document that has been read; headings, and records, begin a new one.

    Args:
        numbers_max: Different words with digits after which no passage follows.
    """
    pieces = _block_pieces(out.document, out.blocks) if out.blocks else _line_pieces(out.document)
    passages: list[Passage] = []
    numbers: set[str] = set()
    outline = sorted([*out.headings, *out.records], key=lambda heading: heading.line)
    for passage in _joined(pieces, outline, out.document):
        if len(passages) == passages_max or len(numbers) >= numbers_max:
            out.notes.append(f"only the first {len(passages)} passages are searchable by rank")
            break
        passages.append(passage)
        numbers.update(word for word in words_of(passage.text) if not word.isalpha())
    return tuple(passages)


def _line_pieces(document: Document) -> Iterator[_Piece]:
    for line in document.lines():
        if len(line.text) <= PASSAGE_CHARS_MAX:
            yield _Piece(line.text, line.number, line.number)
        else:
            yield from (_Piece(part, line.number, line.number) for part in _split(line.text))


def _block_pieces(document: Document, blocks: Sequence[tuple[int, int, str]]) -> Iterator[_Piece]:
    for start, end, text in blocks:
        lines = document.line_of(start), document.line_of(max(start, end - 1))
        yield from (_Piece(part, *lines) for part in _split(text))


def _split(text: str) -> Iterator[str]:
    """Yield *text* in parts that fit a passage, cut at a blank where there is one."""
    at = 0
    while len(text) - at > PASSAGE_CHARS_MAX:
        cut = text.rfind(" ", at + PASSAGE_CHARS // 2, at + PASSAGE_CHARS) + 1 or at + PASSAGE_CHARS
        yield text[at:cut]
        at = cut
    yield text[at:]


def _joined(pieces: Iterable[_Piece], headings: Sequence[Heading], document: Document) -> Iterator[Passage]:
    upcoming = list(reversed(headings))
    pages = frozenset(document.pages)  # a passage stands on one page
    path: list[Heading] = []
    held: list[_Piece] = []
    size, has_body = 0, False
    for piece in pieces:
        is_heading = bool(upcoming) and upcoming[-1].line <= piece.end_line
        full = size + len(piece.text) > PASSAGE_CHARS_MAX or (size >= PASSAGE_CHARS and not piece.text.strip())
        if full or piece.start_line in pages or (is_heading and has_body):  # headings alone go with the text below
            yield from _passage(held, path, document)
            held, size, has_body = [], 0, False
        while upcoming and upcoming[-1].line <= piece.end_line:
            heading = upcoming.pop()
            path = [*(above for above in path if above.level < heading.level), heading]
        held.append(piece)
        size += len(piece.text) + 1
        has_body = has_body or not (is_heading or not piece.text.strip("=-~ \t\r"))
    yield from _passage(held, path, document)


def _passage(held: list[_Piece], path: list[Heading], document: Document) -> Iterator[Passage]:
    while held and not held[0].text.strip():
        held.pop(0)
    while held and not held[-1].text.strip():
        held.pop()
    if held:
        yield Passage(
            text="\n".join(piece.text for piece in held),
            start_line=held[0].start_line,
            end_line=held[-1].end_line,
            heading=" > ".join(heading.title for heading in path),
            page=document.page_of(held[0].start_line),
        )
