"""JSON and JSON Lines, read with the place of every leaf (the standard parser does not tell places)."""

import json
import re
from typing import Final

from indexer.collector import Collector, Malformed
from indexer.extractors.leaves import Leaf, Pointer, add_leaves
from indexer.extractors.registry import Extractor
from indexer.limits import INDEXED_BYTES_MAX, NESTING_MAX, STRUCTURED_CHARS_MAX

_BLANKS: Final = re.compile(r"[ \t\r\n]*")
_SCALAR: Final = re.compile(
    r'(?P<string>"[^"\\]*+(?:\\.[^"\\]*+)*+")|(?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|(?P<word>true|false|null)',
    re.DOTALL,
)


class _Scanner:
    """One pass over a JSON text from *at*; depth is bounded, so recursion is too."""

    def __init__(self, out: Collector, text: str, at: int, end: int) -> None:
        self.out, self.text, self.at, self.end = out, text, at, end
        self.leaves: list[Leaf] = []

    def read(self, pointer: Pointer) -> list[Leaf]:
        """Return the leaves of the one value that the text holds."""
        self._value(pointer, self._next())
        if self._next() < self.end:
            raise self._wrong()
        return self.leaves

    def _wrong(self) -> Malformed:
        return Malformed(f"not valid JSON at line {self.out.document.line_of(self.at)}")

    def _next(self) -> int:
        found = _BLANKS.match(self.text, self.at, self.end)
        self.at = found.end() if found else self.at
        return self.at

    def _takes(self, mark: str) -> bool:
        if self.text.startswith(mark, self._next(), self.end):
            self.at += 1
            return True
        return False

    def _scalar(self) -> tuple[str, bool]:
        """Return the next scalar as text, and whether it was a string."""
        match = _SCALAR.match(self.text, self._next(), self.end)
        if match is None:
            raise self._wrong()
        self.at = match.end()
        if match["string"] is None:
            return match[0], False
        if "\\" not in match[0]:
            return match[0][1:-1], True
        try:
            said = str(json.loads(match[0], strict=False))
            return said.encode("utf-8", "replace").decode(), True  # half of a pair of surrogates is no character
        except ValueError:
            raise self._wrong() from None

    def _value(self, pointer: Pointer, quote_start: int) -> None:
        self.out.tick()
        if len(pointer) > NESTING_MAX:
            raise Malformed(f"nested deeper than {NESTING_MAX} levels")
        if self._takes("{"):
            self._object(pointer)
        elif self._takes("["):
            self._array(pointer)
        else:
            value, is_string = self._scalar()
            if is_string or value != "null":
                self.leaves.append(Leaf(pointer, value, quote_start, self.at))

    def _object(self, pointer: Pointer) -> None:
        if self._takes("}"):
            return
        while True:
            start = self._next()
            key, is_string = self._scalar()
            if not is_string or not self._takes(":"):
                raise self._wrong()
            self._value((*pointer, key), start)
            if self._takes("}"):
                return
            if not self._takes(","):
                raise self._wrong()

    def _array(self, pointer: Pointer) -> None:
        if self._takes("]"):
            return
        index = 0
        while True:
            self._value((*pointer, index), self._next())
            index += 1
            if self._takes("]"):
                return
            if not self._takes(","):
                raise self._wrong()


def json_leaves(out: Collector, start: int, end: int, pointer: Pointer = ()) -> list[Leaf]:
    """Return the leaves of the one JSON value that stands from *start* to *end*.

    Raises:
        Malformed: It is not JSON, or nests too deep.
    """
    return _Scanner(out, out.document.text, start, end).read(pointer)


def extract_json(out: Collector) -> None:
    """Add the leaves of one JSON value."""
    add_leaves(out, json_leaves(out, 0, len(out.document.text)))


def extract_json_lines(out: Collector) -> None:
    """Add the leaves of each line's value; a line that is not JSON is left out and counted."""
    leaves: list[Leaf] = []
    bad = 0
    for line in out.document.lines():
        if out.is_late:
            out.notes.append(f"only the first {line.number - 1} lines were read in time")
            break
        if line.text.strip():
            try:
                leaves += json_leaves(out, line.start, line.end, (line.number - 1,))
            except Malformed:
                bad += 1
    if bad:
        out.notes.append(f"{bad} lines are not valid JSON")
    add_leaves(out, leaves)


JSON: Final = Extractor(
    name="json",
    version=3,
    suffixes=(".json", ".geojson", ".webmanifest"),
    media_types=("application/json",),
    chars_max=STRUCTURED_CHARS_MAX,
    extract=extract_json,
)
JSON_LINES: Final = Extractor(
    name="jsonl",
    version=3,
    suffixes=(".jsonl", ".ndjson"),
    media_types=("application/jsonl", "application/x-ndjson"),
    chars_max=INDEXED_BYTES_MAX,
    extract=extract_json_lines,
)
