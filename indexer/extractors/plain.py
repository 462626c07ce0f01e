"""Plain text: paragraphs, underlined headings and the statements in them; and text of any other kind."""

from typing import Final

from indexer import prose
from indexer.collector import Collector
from indexer.document import Line
from indexer.extractors.registry import Extractor
from indexer.limits import INDEXED_BYTES_MAX, LINE_CHARS_MAX

_UNDERLINES: Final = {"=": 1, "-": 2, "~": 3}


def underline_level(line: str) -> int | None:
    """Return the level of heading that *line* makes of the line above it, or None when it is no underline."""
    marks = line.strip()
    level = _UNDERLINES.get(marks[:1])
    return level if level and len(marks) >= 3 and marks == marks[0] * len(marks) else None


def read_paragraph(out: Collector, lines: list[Line]) -> None:
    """Read the statements of consecutive lines, each list item on its own, and forget the lines."""
    if lines:
        begin = 0
        for index in range(1, len(lines) + 1):
            if index == len(lines) or prose.is_item(lines[index].text):
                prose.read_block(out, lines[begin].start, lines[index - 1].end)
                begin = index
        lines.clear()


def extract_text(out: Collector) -> None:
    """Read paragraphs; a short line that is underlined is a heading."""
    paragraph: list[Line] = []
    for line in out.document.lines():
        level = underline_level(line.text) if len(paragraph) == 1 else None
        if level:
            head = paragraph.pop()
            out.heading(level, head.text.strip(), head.start, head.end)
        elif not line.text.strip() or len(line.text) > LINE_CHARS_MAX:
            read_paragraph(out, paragraph)
        else:
            paragraph.append(line)
    read_paragraph(out, paragraph)


def extract_nothing(out: Collector) -> None:
    """Find no facts: logs and code of languages that are not taken apart are only searchable."""
    out.tick()


TEXT: Final = Extractor(
    name="text",
    version=1,
    suffixes=(".txt", ".text", ".rst", ".adoc"),
    names=("readme", "notes", "changelog", "todo", "authors"),
    chars_max=INDEXED_BYTES_MAX,
    extract=extract_text,
)
OTHER: Final = Extractor(name="other", version=1, suffixes=(), chars_max=INDEXED_BYTES_MAX, extract=extract_nothing)
