"""JSON and JSON lines as trees that fold."""

from workspace_server.core.limits import MIB
from workspace_server.errors import InvalidArgument
from workspace_server.interfaces.web.files.forms import source
from workspace_server.interfaces.web.files.forms.look import Look, Shown, rendered, shown
from workspace_server.interfaces.web.files.forms.stretch import stretch_of
from workspace_server.interfaces.web.files.render.tree import Node, Room, parse, tree_of, value_at
from workspace_server.interfaces.web.visible import visible

TREE_BYTES_MAX = 2 * MIB
"""Larger JSON is shown as source: to show any of it as a tree, all of it must be read."""
RECORDS_MAX = 100
"""Lines of JSON that a page shows."""
PREVIEW_CHARS = 200


async def show(look: Look) -> Shown:
    """Show JSON from the place on that the address names; what is no JSON is shown as source."""
    text = await look.text(TREE_BYTES_MAX)
    name, pointer, first = look.path.rpartition("/")[2], look.view.text("in") or "", look.view.number("first") or 0
    if text is None:
        return await _source(look, "It is too large to be shown as a tree.")
    try:
        tree = await rendered(_tree, text, name, pointer, first)
    except ValueError:
        return await _source(look, "It is not valid JSON, so it is shown as it stands.")
    except LookupError:
        raise InvalidArgument(
            "There is no such place in this file.", hint="Begin at its top.", argument="in", reason=pointer
        ) from None
    return shown("tree", trees=[tree], is_part=bool(pointer or first), has_records=False, next=None)


async def show_records(look: Look) -> Shown:
    """Show lines of JSON, each as a tree; a line that is none is shown as it is."""
    stretch = await stretch_of(look, lines_max=RECORDS_MAX)
    trees = await rendered(_records, stretch.text, stretch.first_line)
    go_on = None if stretch.next is None else look.url(**stretch.next)
    return shown("tree", trees=trees, is_part=not stretch.is_begin, has_records=True, next=go_on)


async def _source(look: Look, why: str) -> Shown:
    """Show the lines, and say why there is no tree."""
    lines = await source.show(look)
    return shown(lines.form, **lines.values, instead=why)


def _tree(text: str, name: str, pointer: str, first: int) -> Node:
    value = value_at(parse(text.removeprefix("\ufeff")), pointer)
    called = pointer.rpartition("/")[2] if pointer else name
    return tree_of(value, name=called, room=Room(), pointer=pointer, first=first)


def _records(text: str, first_line: int) -> list[Node]:
    room = Room()
    return [_record(line, number, room) for number, line in enumerate(text.split("\n"), first_line) if line.strip()]


def _record(line: str, number: int, room: Room) -> Node:
    try:
        tree = tree_of(parse(line), name=str(number), room=room)
    except ValueError:
        tree = tree_of(line, name=str(number), room=room)
    if tree.kind in {"object", "array"}:
        tree.is_open, tree.text = False, visible(line.strip()[:PREVIEW_CHARS])
    return tree
