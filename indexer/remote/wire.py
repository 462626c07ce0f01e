"""What goes between the server and its index process: length-prefixed JSON, and values as lists of their fields.

JSON and not pickle: neither end can make the other run anything.
"""

import dataclasses
import json
import types
from collections.abc import Callable
from functools import cache
from operator import attrgetter
from typing import Any, Final, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from indexer.limits import MESSAGE_BYTES_MAX

HEAD_BYTES: Final = 4
T = TypeVar("T")
Read = Callable[[int], bytes]
"""Returns exactly so many bytes."""


class MessageTooLong(Exception):
    """A message is beyond the limit: no such one is ever sent, so whoever said it is not to be believed."""


def framed(message: list[Any]) -> bytes:
    """Return *message* as it goes over the wire: its length in four bytes, then JSON.

    Raises:
        MessageTooLong: It is longer than the limit.
    """
    body = json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
    return length_of(len(body).to_bytes(HEAD_BYTES, "big")).to_bytes(HEAD_BYTES, "big") + body


def length_of(head: bytes) -> int:
    """Return how many bytes follow *head*.

    Raises:
        MessageTooLong: More than the limit.
    """
    length = int.from_bytes(head, "big")
    if length > MESSAGE_BYTES_MAX:
        raise MessageTooLong(length)
    return length


def message_of(body: bytes) -> list[Any]:
    """Return the message that stands in *body*."""
    return cast("list[Any]", json.loads(body.decode("utf-8", "surrogatepass")))


def packed(value: Any) -> Any:
    """Return *value* as JSON has it: a dataclass as the values of its fields, in their order."""
    return _packer(value.__class__)(value)


def unpacked(kind: type[T], value: Any) -> T:
    """Return the *kind* that `packed` made *value* of."""
    return cast("T", _maker(cast("Any", kind))(value))


def _as_it_is(value: Any) -> Any:
    """Return a value that JSON has, too."""
    return value


@cache
def _packer(kind: type) -> Callable[[Any], Any]:
    """Return how values of a type are packed; a dataclass of plain fields, such as a passage, at once."""
    if issubclass(kind, list | tuple):
        return lambda value: [packed(each) for each in value]
    if not dataclasses.is_dataclass(kind):
        return _as_it_is
    of_it = attrgetter(*_fields(kind))  # a tuple: what goes over the wire has several
    if all(make is _as_it_is for make in _fields(kind).values()):
        return of_it
    return lambda value: [packed(each) for each in of_it(value)]


@cache
def _maker(kind: Any) -> Callable[[Any], Any]:
    """Return how a value of a type is made again: by the types of its fields, which are looked at once."""
    if dataclasses.is_dataclass(kind):
        make_it = cast("Callable[..., Any]", kind)
        makers = _fields(cast("type", kind))
        if all(make is _as_it_is for make in makers.values()):
            return lambda value: make_it(**dict(zip(makers, value, strict=True)))
        return lambda value: make_it(
            **{name: make(each) for (name, make), each in zip(makers.items(), value, strict=True)}
        )
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        make = _maker(next(each for each in inner if each is not type(None)))
        return make if make is _as_it_is else lambda value: None if value is None else make(value)
    if origin in (list, tuple):
        make = _maker(inner[0])
        return lambda value: origin(make(each) for each in value)
    return _as_it_is


def _fields(kind: type) -> dict[str, Callable[[Any], Any]]:
    """Return the fields of a dataclass, in their order, each with how its value is made again."""
    hints = get_type_hints(kind)
    return {field.name: _maker(hints[field.name]) for field in dataclasses.fields(cast("Any", kind))}
