"""A file's bytes as text: which encoding, where its lines begin, and under what name it speaks."""

import codecs
import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import PurePosixPath
from typing import Final

from indexer.vocabulary import GENERIC_NAMES

_SNIFFED_BYTES: Final = 8192
_NEWLINE: Final = re.compile("\n")


class NotText(Exception):
    """The bytes are not text in any encoding that is read here."""


class Unreadable(Exception):
    """A document cannot be opened; the message says why, in the words of the index state."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Converted:
    """What a document says, as Markdown.

    Attributes:
        pages: The line, counted from 1, on which each page, slide or sheet begins; empty where there are none.
        notes: What is missing of it.
        cells: Of a sheet: at which offset the text of a cell begins, and the cell's address (``Costs!B3``).
    """

    text: str
    pages: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()
    cells: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Line:
    """One line: its number from 1, its span without the line end, its text."""

    number: int
    start: int
    end: int
    text: str


@dataclass(frozen=True)
class Document:
    """Decoded text with its places.

    Attributes:
        text: As decoded; line ends are kept, a byte order mark is not.
        name: What stands for the file where nothing better names a subject.
        note: Why the text may not be all there is; empty when it is.
        pages: Of a document that was converted: the lines on which its pages begin.
    """

    text: str
    name: str
    suffix: str = ""
    encoding: str = "utf-8"
    note: str = field(default="")
    pages: tuple[int, ...] = ()

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(match.end() for match in _NEWLINE.finditer(self.text))]

    @property
    def line_count(self) -> int:
        """Lines of the text; a last line without its end counts, an empty rest after one does not."""
        return len(self._starts) - (not self.text or self.text.endswith("\n"))

    def line_of(self, offset: int) -> int:
        """Return the number, from 1, of the line on which the character at *offset* stands."""
        return bisect_right(self._starts, offset)

    def page_of(self, line: int) -> int | None:
        """Return the page, from 1, on which *line* stands; None where there are no pages."""
        return max(1, bisect_right(self.pages, line)) if self.pages else None

    def offset_of(self, line: int, column: int = 0) -> int:
        """Return where *line* (from 1) and *column* (from 0) stand in the text."""
        return self._starts[line - 1] + column

    def lines(self) -> Iterator[Line]:
        """Yield the lines in order; only a line feed, with or without a return before it, ends one."""
        text = self.text
        starts = self._starts
        for index in range(self.line_count):
            start = starts[index]
            end = starts[index + 1] - 1 if index + 1 < len(starts) else len(text)
            if end > start and text[end - 1] == "\r":
                end -= 1
            yield Line(index + 1, start, end, text[start:end])


def file_name(path: str) -> str:
    """Return the name under which the file at *path* is a subject: its stem, or its folder when that says more."""
    pure = PurePosixPath(path)
    stem = pure.stem.strip(".") or pure.name
    if stem.casefold().strip("_") in GENERIC_NAMES and pure.parent.name:
        return pure.parent.name
    return stem


def is_binary(data: bytes) -> bool:
    """Return whether *data* cannot be text: a zero among its first bytes, and no mark of UTF-16 before them."""
    return b"\x00" in data[:_SNIFFED_BYTES] and not data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))


def decode(data: bytes, *, path: str, is_cut: bool = False) -> Document:
    """Return the text of *data*: UTF-8, UTF-16 with its mark, or Latin-1 as the last resort.

    Args:
        is_cut: Whether *data* is only the beginning of the content, so that its last character may be torn.

    Raises:
        NotText: The bytes look binary.
    """
    name, suffix = file_name(path), PurePosixPath(path).suffix.lower()
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        text = codecs.getincrementaldecoder("utf-16")(errors="replace").decode(data, final=not is_cut)
        note = "not valid UTF-16 throughout" if "\ufffd" in text else ""
        return Document(text, name, suffix, "utf-16", note)
    if is_binary(data):
        raise NotText("not text: only name and type are known")
    try:
        return Document(codecs.getincrementaldecoder("utf-8-sig")().decode(data, final=not is_cut), name, suffix)
    except UnicodeDecodeError:
        return Document(data.decode("latin-1"), name, suffix, "latin-1", "not UTF-8: read as Latin-1")
