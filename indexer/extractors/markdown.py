"""Markdown: front matter, outline, tables, definition lists, and the statements in its text."""

import re
from typing import Final

from indexer import normalise, prose
from indexer.collector import Collector, Malformed
from indexer.document import Line
from indexer.extractors.leaves import add_leaves
from indexer.extractors.links import Links
from indexer.extractors.plain import Paragraph, underline_level
from indexer.extractors.registry import Extractor
from indexer.extractors.tables import Cell, add_row
from indexer.extractors.yaml_data import yaml_leaves
from indexer.limits import INDEXED_BYTES_MAX, LINE_CHARS_MAX

_FENCE: Final = re.compile(r" {0,3}(`{3,}|~{3,})")
_HASHES: Final = re.compile(r" {0,3}(#{1,6})[ \t]+")
_RULE: Final = re.compile(r"\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*")
_ESCAPED: Final = re.compile(r"\\([!-/:-@\[-`{-~])")
"""A mark that a backslash keeps from being one: documents that become Markdown have it before the dot of ``4.``."""
_FRONT_MATTER_LINES_MAX: Final = 200


class _Reader:
    """The lines of one document from top to bottom; *at* is the line that comes next."""

    def __init__(self, out: Collector) -> None:
        self.out = out
        self.lines = list(out.document.lines())
        self.at = 0
        self.links = Links(out)
        self.paragraph = Paragraph(out, self.links)

    def read(self) -> None:
        self._front_matter()
        while self.at < len(self.lines):
            self.out.tick()
            line = self.lines[self.at]
            self.at += 1
            if line.text.startswith(("    ", "\t")) and not self.paragraph.is_in_list:
                continue  # code
            if len(line.text) > LINE_CHARS_MAX or not line.text.strip() or line.text.lstrip().startswith(("<", ">")):
                self.paragraph.end()
            elif fence := _FENCE.match(line.text):
                self.paragraph.end()
                self._skip_code(fence[1])
            elif not (self._heading(line) or self._table(line) or self._definition(line)):
                self.paragraph.lines.append(line)
        self.paragraph.end()

    def _front_matter(self) -> None:
        """Read the YAML between two lines of ``---`` at the top."""
        if not self.lines or self.lines[0].text.rstrip() != "---":
            return
        for index, line in enumerate(self.lines[1:_FRONT_MATTER_LINES_MAX], 1):
            if line.text.rstrip() in {"---", "..."}:
                start = self.lines[1].start
                try:
                    leaves = list(yaml_leaves(self.out, self.out.document.text[start : line.start], start))
                except Malformed:
                    self.out.notes.append("the front matter is not valid YAML")
                    leaves = []
                titles = [leaf.value for leaf in leaves if leaf.pointer == ("title",)]
                self.out.title = titles[0] if titles else ""
                add_leaves(self.out, leaves)
                self.at = index + 1
                return

    def _skip_code(self, fence: str) -> None:
        while self.at < len(self.lines):
            closing = self.lines[self.at].text.strip()
            self.at += 1
            if closing.startswith(fence) and not closing.strip(fence[0]):
                return

    def _heading(self, line: Line) -> bool:
        if match := _HASHES.match(line.text):
            self.paragraph.end()
            title = line.text[match.end() :].rstrip().rstrip("#")
            self._begin_section(len(match[1]), title, line)
            return True
        level = underline_level(line.text)
        if level is None or level > 2:
            return False
        if len(self.paragraph.lines) == 1 and not prose.is_item(self.paragraph.lines[0].text):
            head = self.paragraph.lines.pop()
            self._begin_section(level, head.text, head)
        else:
            self.paragraph.end()
        return True

    def _begin_section(self, level: int, title: str, line: Line) -> None:
        self.paragraph.forget()
        title = _ESCAPED.sub(r"\1", title)
        prose.read_heading(self.out, level, title, line.start, line.start + len(line.text.rstrip()))

    def _table(self, line: Line) -> bool:
        """Read a table whose header is *line*: the line below must be a rule with as many columns."""
        if "|" not in line.text or self.at >= len(self.lines):
            return False
        rule = self.lines[self.at].text.strip()
        header = [normalise.plain(cell.value) for cell in table_cells(line)]
        if len(rule) > LINE_CHARS_MAX or not _RULE.fullmatch(rule) or rule.strip("|").count("|") + 1 != len(header):
            return False
        self.paragraph.end()
        self.at += 1
        number = 0
        while self.at < len(self.lines) and "|" in self.lines[self.at].text:
            row = self.lines[self.at]
            self.at += 1
            number += 1
            self.links.read(row.start, row.text)
            if len(row.text) <= LINE_CHARS_MAX and len(header) >= 2 and all(header[1:]):
                add_row(self.out, header, table_cells(row), number=number)
        return True

    def _definition(self, line: Line) -> bool:
        """Read ``: meaning`` below a line with the term."""
        if not line.text.startswith((":   ", ": ")) or len(self.paragraph.lines) != 1:
            return False
        term = normalise.plain(self.paragraph.lines.pop().text)
        self.out.fact(
            "field",
            key=term,
            value=normalise.plain(line.text[1:]),
            start=line.start + 2,
            end=line.end,
            entity=self.out.subject_is_named,
        )
        return True


def table_cells(line: Line) -> list[Cell]:
    """Return the cells of a table row; a bar behind a backslash does not part two cells."""
    text = line.text
    begin = len(text) - len(text.lstrip())
    begin += text.startswith("|", begin)
    end = len(text.rstrip())
    end -= end > begin and text[end - 1] == "|"
    cells, start = [], begin
    for at in range(begin, end + 1):
        if at == end or (text[at] == "|" and text[at - 1 : at] != "\\"):
            raw = text[start:at]
            left = start + len(raw) - len(raw.lstrip())
            value = raw.strip()
            cells.append(Cell(value.replace("\\|", "|"), line.start + left, line.start + left + len(value)))
            start = at + 1
    return cells


def extract_markdown(out: Collector) -> None:
    """Read the document top-down."""
    _Reader(out).read()


MARKDOWN: Final = Extractor(
    name="markdown",
    version=3,
    suffixes=(".md", ".markdown", ".mdx"),
    media_types=("text/markdown",),
    chars_max=INDEXED_BYTES_MAX,
    extract=extract_markdown,
)
