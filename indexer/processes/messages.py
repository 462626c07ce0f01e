"""What the two sides say to each other: frames of JSON lines, and never anything that is run when it is read.

The child's answers are as little believed as the file: a parser that was taken over may say anything. So each answer
has a bounded length, each value its type and its bounds, and each quote of a document must stand in its text.
"""

import json
import struct
from collections.abc import Callable, Iterator
from dataclasses import fields
from operator import attrgetter
from typing import Any, BinaryIO, Final, TypeVar, get_args

from indexer.document import Unreadable
from indexer.drawing import PNG, Drawn
from indexer.limits import (
    CONVERTED_CHARS_MAX,
    FACTS_PER_FILE_MAX,
    HEADINGS_PER_FILE_MAX,
    KEY_CHARS_MAX,
    PAGES_MAX,
    PASSAGE_CHARS_MAX,
    PASSAGES_PER_FILE_MAX,
    QUOTE_CHARS_MAX,
    SUBJECT_CHARS_MAX,
    VALUE_CHARS_MAX,
)
from indexer.model import FACT_KINDS, Confidence, Extraction, Fact, Heading, IndexState, Passage

LENGTH: Final = struct.Struct(">I")
_LONG_CHARS_MAX: Final = 16_384
"""Of texts without a bound of their own: paths of headings, reasons, pointers."""
_ENCODE: Final = json.JSONEncoder(check_circular=False).encode
_NUMBER_MAX: Final = 1 << 53
T = TypeVar("T")
Check = Callable[[Any], bool]


class Unbelievable(Exception):
    """What a child said is no answer."""


def write_frame(stream: BinaryIO, body: bytes) -> None:
    """Write one message."""
    stream.write(LENGTH.pack(len(body)) + body)
    stream.flush()


def read_frame(stream: BinaryIO) -> bytes | None:
    """Return the next message; None at the end of the stream."""
    head = stream.read(LENGTH.size)
    return stream.read(LENGTH.unpack(head)[0]) if len(head) == LENGTH.size else None


def request(data: bytes, *, path: str, media_type: str, size_bytes: int) -> bytes:
    """Return the message that asks for an extraction; the arguments are those of `extract`."""
    return json.dumps([path, media_type, size_bytes]).encode() + b"\n" + data


def requested(body: bytes) -> tuple[bytes, dict[str, Any]]:
    """Return the arguments of `extract` that a request holds."""
    head, _, data = body.partition(b"\n")
    path, media_type, size_bytes = json.loads(head)
    return data, {"path": path, "media_type": media_type, "size_bytes": size_bytes}


def drawing_request(data: bytes, page: int) -> bytes:
    """Return the message that asks for a page of a PDF as a picture."""
    return f"{page}\n".encode() + data


def drawing_requested(body: bytes) -> tuple[bytes, int]:
    """Return the arguments of `draw_page` that a request holds."""
    page, _, data = body.partition(b"\n")
    return data, int(page)


def drawing_answer(found: Drawn | Unreadable) -> bytes:
    """Return the message that tells a picture, or why there is none."""
    if isinstance(found, Drawn):
        return f"{found.pages}\n".encode() + found.png
    return f"\n{found}".encode()


def drawing_answered(body: bytes) -> Drawn:
    """Return the picture that a child tells of.

    Raises:
        Unreadable: It says why there is none.
        Unbelievable: It says neither.
    """
    head, _, rest = body.partition(b"\n")
    if head.isdigit() and len(head) < len(str(_NUMBER_MAX)) and rest.startswith(PNG):
        return Drawn(rest, int(head))
    if head:
        raise Unbelievable
    raise Unreadable(rest[:_LONG_CHARS_MAX].decode("utf-8", "replace"))


def answer(extraction: Extraction) -> bytes:
    """Return the message that tells an extraction: one line for what is told once, then one for each other value."""
    lines: list[Any] = [attrgetter(*_ONCE)(extraction)]
    for name, (_, checks, _) in _MANY.items():
        values = getattr(extraction, name)
        lines += [len(values), *map(attrgetter(*checks), values)]
    return "\n".join(map(_ENCODE, lines)).encode()


def answered(body: bytes) -> Extraction:
    """Return the extraction that a child tells of.

    Read line by line, so that a long answer never holds the interpreter for long.

    Raises:
        Unbelievable: It is none, or is out of bounds.
    """
    lines = iter(body.decode("utf-8", "replace").split("\n"))
    try:
        once = _checked(json.loads(next(lines)), _ONCE)
        many: dict[str, Any] = {
            name: tuple(_values(lines, kind, checks, most)) for name, (kind, checks, most) in _MANY.items()
        }
        once["pages"] = tuple(once["pages"])
        extraction = Extraction(**once, **many)
    except (ValueError, TypeError, StopIteration, RecursionError) as error:
        raise Unbelievable from error
    text = extraction.text
    if text and not all(text[fact.start : fact.end] == fact.quote for fact in extraction.facts):
        raise Unbelievable
    return extraction


def _values(lines: Iterator[str], kind: Callable[..., T], checks: dict[str, Check], most: int) -> Iterator[T]:
    count = json.loads(next(lines))
    if not _number(most)(count):
        raise Unbelievable
    for _ in range(count):
        line = next(lines, "")  # the end of the lines must not look like the end of the values
        yield kind(**_checked(json.loads(line), checks))


def _checked(values: Any, checks: dict[str, Check]) -> dict[str, Any]:
    if not isinstance(values, list) or len(values) != len(checks):
        raise Unbelievable
    named = dict(zip(checks, values, strict=True))
    if not all(check(named[name]) for name, check in checks.items()):
        raise Unbelievable
    return named


def _text(chars_max: int) -> Check:
    return lambda value: isinstance(value, str) and len(value) <= chars_max


def _number(most: int = _NUMBER_MAX) -> Check:
    return lambda value: type(value) is int and 0 <= value <= most


def _one_of(allowed: tuple[str, ...]) -> Check:
    return lambda value: isinstance(value, str) and value in allowed


def _or_none(check: Check) -> Check:
    return lambda value: value is None or check(value)


def _is_pages(value: Any) -> bool:
    return isinstance(value, list) and len(value) <= PAGES_MAX and all(map(_number(), value))


_FACT: Final[dict[str, Check]] = {
    "kind": _one_of(FACT_KINDS),
    "subject": _text(SUBJECT_CHARS_MAX),
    "key": _text(KEY_CHARS_MAX),
    "value": _text(VALUE_CHARS_MAX),
    "normal": _text(VALUE_CHARS_MAX),
    "quote": _text(QUOTE_CHARS_MAX),
    "start": _number(),
    "end": _number(),
    "start_line": _number(),
    "end_line": _number(),
    "unit": _or_none(_text(KEY_CHARS_MAX)),
    "pointer": _or_none(_text(_LONG_CHARS_MAX)),
    "confidence": _one_of(get_args(Confidence)),
    "entity": lambda value: isinstance(value, bool),
    "page": _or_none(_number()),
}
_HEADING: Final[dict[str, Check]] = {"level": _number(), "title": _text(SUBJECT_CHARS_MAX), "line": _number()}
_PASSAGE: Final[dict[str, Check]] = {
    "text": _text(2 * PASSAGE_CHARS_MAX),
    "start_line": _number(),
    "end_line": _number(),
    "heading": _text(_LONG_CHARS_MAX),
    "page": _or_none(_number()),
}
_ONCE: Final[dict[str, Check]] = {
    "state": _one_of(get_args(IndexState)),
    "reason": _text(_LONG_CHARS_MAX),
    "title": _text(_LONG_CHARS_MAX),
    "lines": _number(),
    "encoding": _text(KEY_CHARS_MAX),
    "extractor": _text(KEY_CHARS_MAX),
    "dropped": _number(),
    "text": _text(CONVERTED_CHARS_MAX),
    "pages": _is_pages,
}
_MANY: Final[dict[str, tuple[type[Any], dict[str, Check], int]]] = {
    "facts": (Fact, _FACT, FACTS_PER_FILE_MAX),
    "headings": (Heading, _HEADING, HEADINGS_PER_FILE_MAX),
    "passages": (Passage, _PASSAGE, PASSAGES_PER_FILE_MAX),
}


def unspoken() -> set[str]:
    """Return the fields of the model that no message carries: none, or a file would lose them on its way."""
    told = {"Extraction": {*_ONCE, *_MANY}, **{kind.__name__: set(checks) for kind, checks, _ in _MANY.values()}}
    kinds: tuple[type[Any], ...] = (Extraction, Fact, Heading, Passage)
    return {field.name for kind in kinds for field in fields(kind)} - set().union(*told.values())
