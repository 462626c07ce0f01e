"""Plain text: paragraphs, underlined headings and the statements in them; and text of any other kind."""

from typing import Final

from indexer import prose
from indexer.collector import Collector
from indexer.document import Line
from indexer.extractors.links import Links
from indexer.extractors.registry import Extractor
from indexer.limits import INDEXED_BYTES_MAX, LINE_CHARS_MAX

_UNDERLINES: Final = {"=": 1, "-": 2, "~": 3}


def underline_level(line: str) -> int | None:
    """Return the level of heading that *line* makes of the line above it, or None when it is no underline."""
    marks = line.strip()
    level = _UNDERLINES.get(marks[:1])
    return level if level and len(marks) >= 3 and marks == marks[0] * len(marks) else None


class Paragraph:
    """Consecutive lines of running text, read item by item once they end.

    An item that stands below another one is about it: its fields are told of ``heading > item above``.
    """

    def __init__(self, out: Collector, links: Links | None = None) -> None:
        self.out = out
        self.lines: list[Line] = []
        self._links = links
        self._above: list[tuple[int, str]] = []

    def end(self) -> None:
        """Read the statements of the lines gathered so far, and forget them."""
        begin = 0
        for index in range(1, len(self.lines) + 1):
            if index == len(self.lines) or prose.begins_block(self.lines[index].text):
                self._read(self.lines[begin], self.lines[index - 1])
                begin = index
        self.lines.clear()

    def _read(self, first: Line, last: Line) -> None:
        indent = len(first.text) - len(first.text.lstrip())
        while self._above and (self._above[-1][0] >= indent):
            self._above.pop()
        under = self._above[-1][1] if self._above else ""
        prose.read_block(self.out, first.start, last.end, under=under)
        if self._links:
            self._links.read(first.start, self.out.document.text[first.start : last.end])
        if prose.is_item(first.text):
            self._above.append((indent, prose.label_of(first.text)))

    @property
    def is_in_list(self) -> bool:
        """Whether what follows may belong to a list item."""
        return bool(self._above) or bool(self.lines)

    def forget(self) -> None:
        """Begin a new list: nothing above it counts any more."""
        self._above.clear()


def extract_text(out: Collector) -> None:
    """Read paragraphs; a short line that is underlined is a heading."""
    paragraph = Paragraph(out)
    for line in out.document.lines():
        level = underline_level(line.text) if len(paragraph.lines) == 1 else None
        if level:
            head = paragraph.lines.pop()
            paragraph.forget()
            prose.read_heading(out, level, head.text.strip(), head.start, head.end)
        elif not line.text.strip() or len(line.text) > LINE_CHARS_MAX:
            paragraph.end()
        else:
            paragraph.lines.append(line)
    paragraph.end()


def extract_nothing(out: Collector) -> None:
    """Find no facts: logs and code of languages that are not taken apart are only searchable."""
    out.tick()


TEXT: Final = Extractor(
    name="text",
    version=3,
    suffixes=(".txt", ".text", ".adoc"),
    names=("readme", "notes", "changelog", "todo", "authors"),
    chars_max=INDEXED_BYTES_MAX,
    extract=extract_text,
)
OTHER: Final = Extractor(name="other", version=1, suffixes=(), chars_max=INDEXED_BYTES_MAX, extract=extract_nothing)
