"""TOML, read with the place of every leaf in one linear pass.

``tomllib`` tells no places, and takes quadratic time on a key with 100,000 dots. The tests hold this reader
to its values.
"""

import json
import re
from typing import Final

from indexer.collector import Collector, Malformed
from indexer.extractors.leaves import Leaf, Pointer, add_leaves
from indexer.extractors.registry import Extractor
from indexer.limits import NESTING_MAX, STRUCTURED_CHARS_MAX

_BLANKS: Final = re.compile(r"[ \t]*")
_LINES: Final = re.compile(r"(?:[ \t\r\n]+|#[^\n]*)*")
_LINE_END: Final = re.compile(r"[ \t]*(?:#[^\n]*)?(?:\r?\n|\Z)")
# No part gives back what it has taken (``++``, ``*+``): a string that never ends costs one pass.
_BASIC: Final = r"\"(?:[^\"\\\n]++|\\.)*+\""
_KEY: Final = re.compile(rf"[A-Za-z0-9_-]++|{_BASIC}|'[^'\n]*+'")
_STRING: Final = re.compile(
    r'"""(?:[^"\\]++|\\.|"{1,2}(?!"))*+"{3,5}'
    r"|'''(?:[^']++|'{1,2}(?!'))*+'{3,5}"
    rf"|{_BASIC}|'[^'\n]*+'",
    re.DOTALL,
)
_BARE: Final = re.compile(r"\d{4}-\d\d-\d\d [\d:.+-]+Z?|[^\s,\]}#]+")
_FOLDED_END: Final = re.compile(r"\\[ \t]*\r?\n\s*")


class _Reader:
    """One pass over a TOML text."""

    def __init__(self, out: Collector) -> None:
        self.out = out
        self.text = out.document.text
        self.at = 0
        self.leaves: list[Leaf] = []
        self.tables: dict[Pointer, int] = {}

    def read(self) -> list[Leaf]:
        table: Pointer = ()
        while self._skip(_LINES) < len(self.text):
            self.out.tick()
            if self._takes("[["):
                table = self._array_table(self._keys())
                self._expect("]]")
            elif self._takes("["):
                table = self._resolved(self._keys())
                self._expect("]")
            else:
                start = self.at
                keys = self._keys()
                self._expect("=")
                self._value((*table, *keys), start)
            if not self._skips(_LINE_END):
                raise self._wrong()
        return self.leaves

    def _wrong(self) -> Malformed:
        return Malformed(f"not valid TOML at line {self.out.document.line_of(self.at)}")

    def _skip(self, pattern: re.Pattern[str]) -> int:
        self._skips(pattern)
        return self.at

    def _skips(self, pattern: re.Pattern[str]) -> bool:
        match = pattern.match(self.text, self.at)
        self.at = match.end() if match else self.at
        return match is not None

    def _takes(self, mark: str) -> bool:
        if self.text.startswith(mark, self._skip(_BLANKS)):
            self.at += len(mark)
            return True
        return False

    def _expect(self, mark: str) -> None:
        if not self._takes(mark):
            raise self._wrong()

    def _keys(self) -> list[str]:
        keys: list[str] = []
        while True:
            match = _KEY.match(self.text, self._skip(_BLANKS))
            if match is None or len(keys) >= NESTING_MAX:
                raise self._wrong()
            self.at = match.end()
            keys.append(_unquoted(match[0]))
            if not self._takes("."):
                return keys

    def _resolved(self, keys: list[str]) -> Pointer:
        """Return the place of a table: below an array of tables, in its last one."""
        place: Pointer = ()
        for key in keys:
            place = (*place, key)
            if place in self.tables:
                place = (*place, self.tables[place])
        return place

    def _array_table(self, keys: list[str]) -> Pointer:
        place = (*self._resolved(keys[:-1]), keys[-1])
        self.tables[place] = self.tables.get(place, -1) + 1
        return (*place, self.tables[place])

    def _value(self, pointer: Pointer, quote_start: int) -> None:
        self.out.tick()
        if len(pointer) > NESTING_MAX:
            raise Malformed(f"nested deeper than {NESTING_MAX} levels")
        if self._takes("["):
            self._array(pointer)
        elif self._takes("{"):
            self._inline_table(pointer)
        else:
            match = _STRING.match(self.text, self.at) or _BARE.match(self.text, self.at)
            if match is None or (match[0].startswith(("'", '"')) and match.re is _BARE):
                raise self._wrong()
            self.at = match.end()
            self.leaves.append(Leaf(pointer, _unquoted(match[0]), quote_start, self.at))

    def _array(self, pointer: Pointer) -> None:
        index = 0
        while not self.text.startswith("]", self._skip(_LINES)):
            self._value((*pointer, index), self.at)
            index += 1
            if not self.text.startswith(",", self._skip(_LINES)):
                break
            self.at += 1
        self._skip(_LINES)
        self._expect("]")

    def _inline_table(self, pointer: Pointer) -> None:
        while not self.text.startswith("}", self._skip(_LINES)):
            start = self.at
            keys = self._keys()
            self._expect("=")
            self._value((*pointer, *keys), start)
            if not self.text.startswith(",", self._skip(_LINES)):
                break
            self.at += 1
        self._skip(_LINES)
        self._expect("}")


def _unquoted(raw: str) -> str:
    """Return what a key or value says, without its quotes and escapes."""
    if raw.startswith("'''"):
        return raw[3:-3].removeprefix("\r").removeprefix("\n")
    if raw.startswith("'"):
        return raw[1:-1]
    if not raw.startswith('"'):
        return raw
    inner = raw[3:-3].removeprefix("\r").removeprefix("\n") if raw.startswith('"""') else raw[1:-1]
    if "\\" not in inner:
        return inner
    inner = _FOLDED_END.sub("", inner)
    try:
        said = str(json.loads('"' + re.sub(r'(?<!\\)"', r"\"", inner) + '"', strict=False))
    except ValueError:  # an escape that JSON lacks (``\e``, ``\U0001F600``): the text as it stands says enough
        return inner
    return said.encode("utf-8", "replace").decode()  # half of a pair of surrogates is no character


def extract_toml(out: Collector) -> None:
    """Add the leaves of the tables."""
    add_leaves(out, _Reader(out).read())


TOML: Final = Extractor(
    name="toml",
    version=3,
    suffixes=(".toml",),
    media_types=("application/toml",),
    chars_max=STRUCTURED_CHARS_MAX,
    extract=extract_toml,
)
