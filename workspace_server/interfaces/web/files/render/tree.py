"""JSON as a tree that folds: bounded in depth and width, and what lies beyond has an address of its own."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from workspace_server.interfaces.web.visible import visible

CHILDREN_MAX = 100
"""Members of one object or array that are shown at once."""
NODES_MAX = 1_500
"""Members that a page shows in all."""
DEPTH_MAX = 8
OPEN_DEPTH = 2
VALUE_CHARS_MAX = 2_000

Kind = Literal["object", "array", "string", "other"]


class Literally(str):
    """A number or a word of JSON as it was written, so that no digit changes."""

    __slots__ = ()


class Members(list[tuple[str, Any]]):
    """The members of an object in their order, those that have one name included."""


@dataclass(slots=True, kw_only=True)
class Node:
    """One value.

    Attributes:
        name: What its parent calls it.
        pointer: Where it stands, as RFC 6901 writes it.
        text: The value, when it has no members; else what stands in the place of its members while it is folded.
        count: How many members it has; `children` are the ones that are shown.
        first: The place of the first of those among all.
        more_from: From which of its members on the rest is; None when all are shown.
    """

    name: str
    pointer: str
    kind: Kind
    text: str = ""
    count: int = 0
    first: int = 0
    children: list["Node"] = field(default_factory=list)
    more_from: int | None = None
    is_open: bool = False


def parse(text: str) -> Any:
    """Return the value that *text* is, with its numbers as they are written.

    Raises:
        ValueError: It is no JSON, or nested deeper than can be read.
    """
    try:
        return json.loads(
            text, parse_float=Literally, parse_int=Literally, parse_constant=Literally, object_pairs_hook=Members
        )
    except RecursionError:
        raise ValueError("nested too deep") from None


def value_at(value: Any, pointer: str) -> Any:
    """Return what a pointer leads to within a value.

    Raises:
        LookupError: It leads nowhere.
    """
    for part in pointer.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(value, Members):
            value = dict(value)[name]
        elif isinstance(value, list) and name.isascii() and name.isdecimal() and len(name) < 10:
            value = value[int(name)]
        else:
            raise LookupError(name)
    return value


class Room:
    """How many more members a page shows."""

    def __init__(self, left: int = NODES_MAX) -> None:
        self.left = left


def tree_of(value: Any, *, name: str, room: Room, pointer: str = "", first: int = 0) -> Node:
    """Return the tree of a value.

    Args:
        name: What it is called.
        pointer: Where it stands in its file.
        first: The first of its members that is shown.
    """
    return _node(value, name, pointer, first=first, depth=0, room=room)


def _node(value: Any, name: str, pointer: str, *, first: int, depth: int, room: Room) -> Node:
    room.left -= 1
    if not isinstance(value, list):
        return _leaf(value, name, pointer)
    kind: Kind = "object" if isinstance(value, Members) else "array"
    node = Node(name=name, pointer=pointer, kind=kind, count=len(value), first=first, is_open=depth < OPEN_DEPTH)
    shown = first
    for key, member in _members(value, first):
        if shown - first >= CHILDREN_MAX or depth >= DEPTH_MAX or room.left <= 0:
            node.more_from = shown
            break
        place = f"{pointer}/{key.replace('~', '~0').replace('/', '~1')}"
        node.children.append(_node(member, key, place, first=0, depth=depth + 1, room=room))
        shown += 1
    return node


def _members(value: Sequence[Any], first: int) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Members):
        return iter(value[first:])
    return ((str(number), member) for number, member in enumerate(value[first:], first))


def _leaf(value: Any, name: str, pointer: str) -> Node:
    words = {None: "null", True: "true", False: "false"}
    if isinstance(value, str) and not isinstance(value, Literally):
        text = value if len(value) <= VALUE_CHARS_MAX else f"{value[:VALUE_CHARS_MAX]}…"
        return Node(name=name, pointer=pointer, kind="string", text=visible(text))
    return Node(name=name, pointer=pointer, kind="other", text=value if isinstance(value, str) else words[value])
