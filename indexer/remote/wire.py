"""What goes between the server and its index process: length-prefixed JSON, and values as lists of their fields.

JSON and not pickle: neither end can make the other run anything.
"""

import dataclasses
import json
import types
from collections.abc import Callable
from functools import cache
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
    """Return *value* as JSON has it: a dataclass as the list of its fields, in their order."""
    if dataclasses.is_dataclass(value):
        return [packed(getattr(value, field.name)) for field in dataclasses.fields(value)]
    if isinstance(value, list | tuple):
        return [packed(each) for each in value]
    return value


def unpacked(kind: type[T], value: Any) -> T:
    """Return the *kind* that `packed` made *value* of."""
    return cast("T", _maker(cast("Any", kind))(value))


@cache
def _maker(kind: Any) -> Callable[[Any], Any]:
    """Return how a value of a type is made again: by the types of its fields, which are looked at once."""
    if dataclasses.is_dataclass(kind):
        hints = get_type_hints(kind)
        make_it = cast("Callable[..., Any]", kind)
        makers = [(field.name, _maker(hints[field.name])) for field in dataclasses.fields(kind)]
        return lambda value: make_it(**{name: make(each) for (name, make), each in zip(makers, value, strict=True)})
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        make = _maker(next(each for each in inner if each is not type(None)))
        return lambda value: None if value is None else make(value)
    if origin in (list, tuple):
        make = _maker(inner[0])
        return lambda value: origin(make(each) for each in value)
    return lambda value: value
