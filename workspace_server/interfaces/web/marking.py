"""Where in a text the words stand that somebody searched for, and the text as HTML with these marked."""

import html
import re
from collections.abc import Iterator, Sequence
from typing import Final

from markupsafe import Markup, escape

from indexer.exact import Needle, Sought
from indexer.highlights import marks
from indexer.questions import parse_question
from indexer.regex import BadPattern, Pattern
from workspace_server.interfaces.web.visible import visible

Span = tuple[int, int]
MARKS_MAX: Final = 500
"""Places that are marked in one text."""
_PIECE: Final = re.compile(r"<[^>]*>|&[#\w]+;|[^<&]+")


def spans(text: str, query: str, mode: str) -> list[Span]:
    """Return where *query* is found in *text*, by the rules of its mode; a malformed one is found nowhere."""
    if mode == "ranked":
        return [(mark.start, mark.end) for mark in marks(text, parse_question(query))][:MARKS_MAX]
    try:
        sought: Sought = Needle(query) if mode == "exact" else Pattern(query)
    except BadPattern:
        return []
    found: list[Span] = []
    at = 0
    for line in text.split("\n"):
        found += [(at + start, at + end) for start, end in _in_line(line, sought)]
        at += len(line) + 1
    return found[:MARKS_MAX]


def marked(text: str, query: str, mode: str) -> Markup:
    """Return *text* as HTML with what was found marked."""
    shown, at = [], 0
    for start, end in spans(text, query, mode):
        shown += [escape(visible(text[at:start])), Markup("<mark>{}</mark>").format(visible(text[start:end]))]
        at = end
    return Markup("").join([*shown, escape(visible(text[at:]))])


def marked_html(line: Markup, query: str, mode: str) -> Markup:
    """Return a line of HTML, whose tags only colour its words, with what was found in its text marked."""
    pieces = _PIECE.findall(line)
    texts = ["" if piece.startswith("<") else html.unescape(piece) for piece in pieces]
    found = spans("".join(texts), query, mode)
    shown: list[str] = []
    at = 0
    for piece, text in zip(pieces, texts, strict=True):
        shown += _piece_marked(text, at, found) if text else piece
        at += len(text)
    return Markup("".join(shown))  # noqa: S704 - tags of the line as they were, and text that is escaped


def _piece_marked(text: str, at: int, found: Sequence[Span]) -> Iterator[str]:
    """Yield a piece of text that begins at *at* as HTML, with those parts of the spans that lie in it marked."""
    done = 0
    for start, end in found:
        first, last = max(start - at, 0), min(end - at, len(text))
        if first < last:
            yield escape(text[done:first])
            yield Markup("<mark>{}</mark>").format(text[first:last])
            done = last
    yield escape(text[done:])


def _in_line(line: str, sought: Sought) -> Iterator[Span]:
    """Yield the places in one line, each from where the last one ended; empty ones are not to be seen."""
    data = line.encode("utf-8", "replace")
    done = done_bytes = 0
    while done_bytes < len(data):
        found = sought.find(data[done_bytes:], 0, lambda: None)
        if found is None or found[0] == found[1]:
            return
        start, end = (done_bytes + edge for edge in found)
        first = done + len(data[done_bytes:start].decode("utf-8", "ignore"))
        done, done_bytes = first + len(data[start:end].decode("utf-8", "ignore")), end
        yield first, done
