"""reStructuredText: outline, field and definition lists, tables, links, and the statements in its text."""

import re
from typing import Final

from indexer import normalise, prose
from indexer.collector import Collector
from indexer.document import Line
from indexer.extractors.links import Links
from indexer.extractors.plain import Paragraph
from indexer.extractors.registry import Extractor
from indexer.extractors.rst_tables import (
    GRID_BORDER,
    SIMPLE_BORDER,
    grid_rows,
    list_rows,
    read_table,
    simple_rows,
)
from indexer.limits import INDEXED_BYTES_MAX, LINE_CHARS_MAX
from indexer.vocabulary import words

_ADORNMENTS: Final = frozenset("=-`:'\"~^_*+#<>.")
_FIELD: Final = re.compile(r":(?P<key>[^:`\s][^:`]{0,60}):(?:[ \t]+|$)")
_DIRECTIVE: Final = re.compile(r"(?P<indent> *)\.\.(?: (?P<name>[\w:-]+)::|(?=\s|$))")
_TARGET: Final = re.compile(r"\.\. _(?P<name>[^:`]{1,120}):\s+(?P<target>\S{1,500})\s*")
_LINK: Final = re.compile(r"`(?P<text>[^`<>]{1,120}?)(?:\s+<(?P<target>[^<>\s`]{1,500})>)?`__?(?!\w)")
_OF_CODE: Final = words("param parameter arg argument type return returns rtype raise raises yields var ivar cvar meta")
"""Field names that document code, not the text."""


class _Reader:
    """The lines of one document from top to bottom; *at* is the line that comes next."""

    def __init__(self, out: Collector) -> None:
        self.out = out
        self.lines = list(out.document.lines())
        self.at = 0
        self.links = Links(out)
        self.paragraph = Paragraph(out)
        self.levels: dict[str, int] = {}
        self.targets = {
            normalise.fold(match["name"]): match["target"]
            for line in self.lines
            if line.text.startswith(".. _") and (match := _TARGET.fullmatch(line.text))
        }

    def read(self) -> None:
        while self.at < len(self.lines):
            self.out.tick()
            line = self.lines[self.at]
            self.at += 1
            if not line.text.strip() or len(line.text) > LINE_CHARS_MAX:
                self._end()
            elif not (
                self._heading(line)
                or self._table(line)
                or self._directive(line)
                or self._field(line)
                or self._definition(line)
            ):
                self.paragraph.lines.append(line)
        self._end()

    def _next(self) -> str:
        return self.lines[self.at].text if self.at < len(self.lines) else ""

    def _end(self) -> None:
        """End a paragraph; one that ends with two colons is followed by a block of something else."""
        if not self.paragraph.lines:
            return
        first, last = self.paragraph.lines[0], self.paragraph.lines[-1]
        self._read_links(first.start, last.end)
        self.paragraph.end()
        if last.text.rstrip().endswith("::"):
            self._skip_below(_indent(last.text))

    def _read_links(self, start: int, end: int) -> None:
        text = self.out.document.text[start:end]
        for match in _LINK.finditer(text) if "`_" in text else ():
            target = match["target"] or self.targets.get(normalise.fold(match["text"]), "")
            self.links.add(match["text"], target, start + match.start(), start + match.end())

    def _skip_below(self, indent: int) -> list[Line]:
        """Return the lines that follow and are indented deeper than *indent*, and go on behind them."""
        begin = self.at
        while self.at < len(self.lines) and (not self._next().strip() or _indent(self._next()) > indent):
            self.at += 1
        return self.lines[begin : self.at]

    def _heading(self, line: Line) -> bool:
        """Read a title with a line below, or below and above; the order of the signs tells its level."""
        mark = _adornment(line.text)
        if mark is None:
            return False
        held = self.paragraph.lines
        if len(held) == 1 and not prose.is_item(held[0].text) and len(line.text.rstrip()) >= len(held[0].text.rstrip()):
            self._begin_section(mark, held.pop())
            return True
        below = self.lines[self.at + 1].text if self.at + 1 < len(self.lines) else ""
        if not held and self._next().strip() and _adornment(below) == mark:
            self._begin_section(mark + mark, self.lines[self.at])
            self.at += 2
            return True
        return len(line.text.strip()) >= 4 and not held

    def _begin_section(self, style: str, line: Line) -> None:
        level = self.levels.setdefault(style, len(self.levels) + 1)
        self.paragraph.forget()
        start = line.start + _indent(line.text)
        prose.read_heading(self.out, level, line.text.strip(), start, line.start + len(line.text.rstrip()))

    def _table(self, line: Line) -> bool:
        for border, rows in (SIMPLE_BORDER, simple_rows), (GRID_BORDER, grid_rows):
            if border.fullmatch(line.text):
                self._end()
                begin = self.at - 1
                while self._next().strip():
                    self.at += 1
                read_table(self.out, rows(self.out, self.lines[begin : self.at]))
                return True
        return False

    def _directive(self, line: Line) -> bool:
        """Step over a directive or comment with what is indented below it; a list table is read, a todo kept."""
        match = _DIRECTIVE.match(line.text)
        if match is None:
            return False
        self._end()
        body = self._skip_below(len(match["indent"]))
        if match["name"] == "list-table":
            read_table(self.out, list_rows(self.out, body))
        elif match["name"] == "todo":
            said = [line, *body] if line.text[match.end() :].strip() else [each for each in body if each.text.strip()]
            if said:
                start = line.start + match.end() if said[0] is line else said[0].start
                text = self.out.document.text[start : said[-1].end]
                begin, end = start + len(text) - len(text.lstrip()), start + len(text.rstrip())
                self.out.fact("todo", key="todo", value=normalise.plain(text), start=begin, end=end, entity=False)
        return True

    def _field(self, line: Line) -> bool:
        """Read ``:key: value``, with the indented lines that go on with it."""
        match = _FIELD.match(line.text)
        if match is None or match["key"].split()[0].casefold() in _OF_CODE:
            return False
        self._end()
        last = line
        while self._next().strip() and _indent(self._next()) > 0:
            last = self.lines[self.at]
            self.at += 1
        start, end = line.start + match.end(), last.start + len(last.text.rstrip())
        value = normalise.plain(self.out.document.text[start:end])
        self.out.fact("field", key=normalise.plain(match["key"]), value=value, start=line.start, end=end)
        return True

    def _definition(self, line: Line) -> bool:
        """Read a term with its meaning indented right below it."""
        below = self._next()
        is_term = (
            not self.paragraph.lines and not _indent(line.text) and not line.text.rstrip().endswith((":", ".", ","))
        )
        if not is_term or prose.is_item(line.text) or not below.strip() or not _indent(below):
            return False
        first = self.lines[self.at]
        while self._next().strip() and _indent(self._next()):
            self.at += 1
        last = self.lines[self.at - 1]
        term = normalise.plain(line.text.partition(" : ")[0])
        start, end = first.start + _indent(first.text), last.start + len(last.text.rstrip())
        value = normalise.plain(self.out.document.text[start:end])
        self.out.fact("field", key=term, value=value, start=start, end=end, entity=self.out.subject_is_named)
        return True


def _indent(text: str) -> int:
    return len(text) - len(text.lstrip())


def _adornment(text: str) -> str | None:
    """Return the sign of which all of *text* consists when that may mark a title."""
    marks = text.rstrip()
    is_one = len(marks) >= 3 and marks[0] in _ADORNMENTS and marks == marks[0] * len(marks)
    return marks[0] if is_one else None


def extract_rst(out: Collector) -> None:
    """Read the document top-down."""
    _Reader(out).read()


RST: Final = Extractor(
    name="rst",
    version=2,
    suffixes=(".rst", ".rest"),
    media_types=("text/x-rst", "text/prs.fallenstein.rst"),
    chars_max=INDEXED_BYTES_MAX,
    extract=extract_rst,
)
