"""The form in which an extraction is kept: zstd over lines of JSON.

The first line has what is told once, each further one a bounded number of facts, headings or passages. So whoever needs
one of them need not make the others, and a long one never holds the interpreter for long.
"""

import dataclasses
import json
from collections.abc import Callable, Iterator, Sequence
from operator import attrgetter
from typing import Any, Final

import zstandard

from indexer.model import Extraction, Fact, Heading, Passage

_VALUES_PER_LINE: Final = 64
_ENCODE: Final = json.JSONEncoder(ensure_ascii=False, check_circular=False, separators=(",", ":")).encode


def packed(extraction: Extraction) -> bytes:
    """Return *extraction* as it is kept."""
    return zstandard.ZstdCompressor(level=1).compress("\n".join(_lines(extraction)).encode())


def unpacked(body: bytes) -> Extraction:
    """Return what was packed."""
    first, others = _opened(body)
    many: dict[str, Any] = {name: tuple(_made(name, others)) for name in _MANY}
    return Extraction(**first, **many)


def said(body: bytes) -> tuple[str, Sequence[Passage]]:
    """Return the title and the passages of what was packed."""
    first, others = _opened(body)
    return str(first["title"]), tuple(_made("passages", others))


def document_text(body: bytes) -> tuple[str, tuple[int, ...]] | None:
    """Return the text of a document, and the line on which each of its pages begins; None when there is none."""
    first, _ = _opened(body)
    return (str(first["text"]), first["pages"]) if first["text"] else None


def _lines(extraction: Extraction) -> Iterator[str]:
    yield _ENCODE({name: getattr(extraction, name) for name in _ONCE})
    for name, (_, _, values_of) in _MANY.items():
        values = getattr(extraction, name)
        for start in range(0, len(values), _VALUES_PER_LINE):
            yield name + _ENCODE(list(map(values_of, values[start : start + _VALUES_PER_LINE])))


def _opened(body: bytes) -> tuple[dict[str, Any], list[str]]:
    """Return what is told once, and the lines of what there are many of."""
    first, *others = zstandard.ZstdDecompressor().decompress(body).decode().split("\n")
    fields = json.loads(first)
    fields["pages"] = tuple(fields["pages"])
    for name in _MANY:  # an earlier program wrote everything on one line
        if name in fields:
            others.append(name + _ENCODE(fields.pop(name)))
    return fields, others


def _made(name: str, lines: list[str]) -> Iterator[Any]:
    kind, names, _ = _MANY[name]
    for line in lines:
        if line.startswith(name):
            for values in json.loads(line[len(name) :]):
                yield kind(**dict(zip(names, values, strict=True)))


def _of_many(kind: type[Any]) -> tuple[type[Any], Sequence[str], Callable[[Any], tuple[Any, ...]]]:
    names = [field.name for field in dataclasses.fields(kind)]
    return kind, names, attrgetter(*names)


_MANY: Final = {name: _of_many(kind) for name, kind in (("facts", Fact), ("headings", Heading), ("passages", Passage))}
"""What an extraction has many of: its type, the names of the fields, and what takes their values."""
_ONCE: Final = [field.name for field in dataclasses.fields(Extraction) if field.name not in _MANY]
