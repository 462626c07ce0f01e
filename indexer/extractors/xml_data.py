"""XML, read as a stream of events with the place of every leaf: elements that hold only text, and attributes.

Entities of the file's own are refused, so that a small file cannot become a large one; nothing is ever fetched.
"""

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Final
from xml.parsers import expat

from indexer import normalise
from indexer.collector import Collector, Malformed
from indexer.extractors.leaves import NAMING_KEYS, Leaf, Pointer, add_leaves
from indexer.extractors.registry import Extractor
from indexer.limits import NESTING_MAX, STRUCTURED_CHARS_MAX

_PIECE_BYTES: Final = 64 * 1024
_ATTRIBUTE: Final = re.compile(rb"\s*([^\s=<>/\"']+)\s*=\s*(?:\"[^\"]*\"|'[^']*')")
_UNITS: Final = frozenset({"unit", "units", "currency", "uom"})
"""Attributes that say in what the number inside the element is measured."""

_TAG_NAME: Final = re.compile(rb"<[^\s/>]+")


@dataclass(slots=True, eq=False)
class _Element:
    """An element: where its tag begins in bytes, its text, its children by name, its number among its like."""

    above: "_Element | None"
    tag: str
    number: int
    start: int
    text: list[str] = field(default_factory=list)
    children: Counter[str] = field(default_factory=Counter)
    is_named: bool = False
    unit: str = ""
    known: Pointer | None = None

    @property
    def pointer(self) -> Pointer:
        """The place in the tree, once all of it is read; only names that occur again beside each other are counted."""
        if self.known is None:
            step = (self.tag, self.number) if self.above and self.above.children[self.tag] > 1 else (self.tag,)
            self.known = (*self.above.pointer, *step) if self.above else ()
        return self.known


class _Reader:
    """One pass over an XML text; the parser counts bytes, the leaves are placed in characters afterwards."""

    def __init__(self, out: Collector) -> None:
        self.out = out
        self.data = out.document.text.encode()
        self.stack = [_Element(None, "", 0, 0)]
        self.found: list[tuple[_Element, str | None, str, int, int]] = []
        self.parser = expat.ParserCreate("utf-8")
        self.parser.buffer_text = True
        self.parser.ordered_attributes = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.EntityDeclHandler = self._entity

    def read(self) -> list[Leaf]:
        """Return the leaves in the order in which their elements end.

        Raises:
            Malformed: It is not XML, nests too deep, or declares entities.
        """
        try:
            for at in range(0, len(self.data), _PIECE_BYTES):
                self.out.tick()
                self.parser.Parse(self.data[at : at + _PIECE_BYTES], False)
            self.parser.Parse(b"", True)
        except expat.ExpatError as error:
            raise Malformed(f"not valid XML at line {error.lineno}") from None
        return self._leaves()

    def _start(self, name: str, attributes: list[str]) -> None:
        self.out.tick()
        if len(self.stack) > NESTING_MAX:
            raise Malformed(f"nested deeper than {NESTING_MAX} levels")
        tag, above = _local(name), self.stack[-1]
        opened = _Element(above, tag, above.children[tag], self.parser.CurrentByteIndex)
        above.children[tag] += 1
        self.stack.append(opened)
        if attributes:
            self._attributes(opened, dict(zip(attributes[::2], attributes[1::2], strict=True)))

    def _attributes(self, opened: _Element, values: dict[str, str]) -> None:
        """Note the attributes of a tag with their places, which the parser does not tell."""
        name = _TAG_NAME.match(self.data, opened.start)
        at = name.end() if name else opened.start
        while match := _ATTRIBUTE.match(self.data, at):
            at = match.end()
            key = match[1].decode()
            value = values.get(key, "")
            if value.strip() and not key.startswith(("xmlns", "xsi:", "xml:")):
                self.found.append((opened, _local(key), value, match.start(1), at))
                opened.is_named = opened.is_named or _local(key) in NAMING_KEYS
                opened.unit = value if _local(key) in _UNITS else opened.unit

    def _text(self, text: str) -> None:
        self.stack[-1].text.append(text)

    def _end(self, _name: str) -> None:
        closed = self.stack.pop()
        said = "".join(closed.text)
        if said.strip() and not closed.children:
            end = closed.start + len(self.data[closed.start : self.parser.CurrentByteIndex].rstrip())
            self.found.append((closed, None, said.strip(), closed.start, end))

    def _entity(self, *_declaration: object) -> None:
        raise Malformed("declares entities of its own, which are not read")

    def _leaves(self) -> list[Leaf]:
        """Return what was found, with places in characters."""
        characters = _Characters(self.data)
        places = [(start, end) for *_, start, end in self.found]
        offsets = {at: characters.before(at) for at in sorted({at for place in places for at in place})}
        leaves = []
        for element, attribute, value, start, end in self.found:
            self.out.tick()
            pointer = element.pointer
            if attribute or element.is_named:  # the text of an element with a name is about that name
                pointer = (*pointer, attribute or "text")
            measured = not attribute and element.unit and normalise.is_number(value)
            said = f"{value} {element.unit}" if measured else value
            leaves.append(Leaf(pointer, said, offsets[start], offsets[end]))
        return leaves


class _Characters:
    """How many characters stand before a byte, for bytes asked about in rising order, in one pass."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._byte = self._character = 0

    def before(self, byte: int) -> int:
        self._character += len(self._data[self._byte : byte].decode())
        self._byte = byte
        return self._character


def _local(name: str) -> str:
    """Return a name without its namespace prefix."""
    return name.rpartition(":")[2]


def extract_xml(out: Collector) -> None:
    """Add the leaves of the tree."""
    add_leaves(out, _Reader(out).read())


XML: Final = Extractor(
    name="xml",
    version=2,
    suffixes=(".xml", ".rss", ".atom", ".opml", ".gpx", ".kml", ".wsdl", ".xsd", ".plist"),
    media_types=("application/xml", "text/xml"),
    chars_max=STRUCTURED_CHARS_MAX,
    extract=extract_xml,
)
