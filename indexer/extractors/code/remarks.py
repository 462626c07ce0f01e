"""What comments say: the summary of the symbol below them, and what is still to do."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from tree_sitter import Language as Grammar
from tree_sitter import Node, Query, QueryCursor

from indexer.collector import Collector

SUMMARY_LINES_MAX: Final = 3
"""Lines of a comment that its first sentence may take."""
_MARKS: Final = re.compile(r"[ \t]*(?://[/!]*|/\*[*!]*|\*(?!/)|#+)?[ \t]*(?:[@\\]brief[ \t]+)?(?:</?\w+>[ \t]*)?")
_ENDS: Final = (".", "!", "?", ":")
_CODE_ENDS: Final = (";", "{", "}", ",", "(")
_TODO: Final = re.compile(r"(?:TODO|FIXME)(?:\([^()\n]{1,40}\))?(?::[ \t]*|[ \t]+(?:-[ \t]+)?)(?=\w)")
_CANDIDATES: Final = ("TODO", "FIXME")


def summary(text: str, spans: Sequence[tuple[int, int]]) -> tuple[int, int, str] | None:
    """Return the first sentence of a documentation with its span, or None when its comments say nothing.

    Args:
        spans: Where the comments stand in *text*, in characters.
    """
    said: list[tuple[int, int]] = []
    for start, end in _lines(text, spans):
        line = text[start:end]
        if said and (not line or line.startswith(("@", "\\", "<"))):
            break
        if line and not line.startswith(("@", "\\")):
            said.append((start, end))
            if len(said) == SUMMARY_LINES_MAX or line.endswith(_ENDS):
                break
    value = " ".join(text[start:end] for start, end in said)
    words = [word for word in value.split() if any(letter.isalpha() for letter in word)]
    if len(words) < 2 or value.endswith(_CODE_ENDS) or value.startswith(_CANDIDATES):
        return None
    return said[0][0], said[-1][1], value


def comments_of(root: Node, grammar: Grammar, types: Iterable[str]) -> Iterator[tuple[int, int]]:
    """Yield the spans in bytes of all comments, also those inside functions, in their order."""
    query = Query(grammar, " ".join(f"({each}) @comment" for each in sorted(types)))
    found = QueryCursor(query).captures(root).get("comment", [])
    yield from sorted((node.start_byte, node.end_byte) for node in found)


def may_have_todos(text: str) -> bool:
    """Return whether it is worth looking at the comments."""
    return any(each in text for each in _CANDIDATES)


def innermost(comments: Sequence[tuple[int, int]], owners: Sequence[tuple[int, int, str]]) -> list[str]:
    """Return the name of the innermost owner around each comment, or nothing; both are in their order.

    Args:
        owners: Spans that contain each other or have nothing in common, with their names.
    """
    names: list[str] = []
    around: list[tuple[int, str]] = []
    upcoming = 0
    for start, _ in comments:
        while upcoming < len(owners) and owners[upcoming][0] <= start:
            around.append((owners[upcoming][1], owners[upcoming][2]))
            upcoming += 1
        while around and around[-1][0] <= start:
            around.pop()
        names.append(around[-1][1] if around else "")
    return names


def add_todos(out: Collector, start: int, end: int, subject: str) -> None:
    """Keep the tasks that a comment between two places marks, each as far as its line goes."""
    text = out.document.text
    for begin, stop in _lines(text, [(start, end)]):
        marked = _TODO.match(text, begin, stop)
        if marked:
            value = text[marked.end() : stop]
            out.fact("todo", subject=subject, key="todo", value=value, start=begin, end=stop, entity=False)


def _lines(text: str, spans: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Yield the span of what each line of some comments says, without the marks around it."""
    for start, end in spans:
        for line_start, line_end in _raw_lines(text, start, end):
            said = text[line_start:line_end]
            begin = _MARKS.match(said)
            stop = len(_without_end(said))
            yield line_start + min(begin.end() if begin else 0, stop), line_start + stop


def _without_end(line: str) -> str:
    """Return a line of a comment without the end of the comment, or of the element that it is in."""
    line = line.rstrip()
    if line.endswith("*/"):
        line = line[:-1].rstrip("*").rstrip()
    tag = line.rfind("</")
    return line[:tag].rstrip() if tag >= 0 and line.endswith(">") and line[tag + 2 : -1].isalnum() else line


def _raw_lines(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    while start < end:
        line_end = text.find("\n", start, end)
        line_end = end if line_end < 0 else line_end
        yield start, line_end
        start = line_end + 1
