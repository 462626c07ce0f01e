"""Where the boxes and the lines of a drawing of sources and uses stand, in columns from what came first."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from workspace_server.services.files.provenance import Provenance, Related, State

WIDTH, HEIGHT = 190, 44
"""Of a box."""
ACROSS, DOWN = 52, 12
"""Between boxes beside and below each other."""
NAME_CHARS_MAX = 22
"""Of a longer name the end is shown, which tells files apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """One version in the drawing, from its upper left corner on."""

    path: str
    version: int
    state: State
    newest: int
    x: int
    y: int
    is_middle: bool = False

    @property
    def name(self) -> str:
        """What of its path fits into the box."""
        name = self.path.rpartition("/")[2]
        return name if len(name) <= NAME_CHARS_MAX else "…" + name[1 - NAME_CHARS_MAX :]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """Boxes, and the lines between them as paths of SVG; what is left of `middle_x` is a source."""

    width: int
    height: int
    middle_x: int
    boxes: Sequence[Box]
    lines: Sequence[str]


def drawn(provenance: Provenance) -> Drawing:
    """Return the drawing: sources on the left, uses on the right, the file in the middle."""
    left, right = _steps(provenance.sources), _steps(provenance.uses)
    columns = len(left) + 1 + len(right)
    tallest = max([1, *(len(step) for step in (*left, *right))])
    height = tallest * (HEIGHT + DOWN) - DOWN
    middle = Box(
        path=provenance.path,
        version=provenance.version,
        state="current",
        newest=provenance.version,
        x=len(left) * (WIDTH + ACROSS),
        y=(height - HEIGHT) // 2,
        is_middle=True,
    )
    boxes, lines = [middle], []
    for steps, direction in ((left, -1), (right, 1)):
        before = [middle]
        for away, step in enumerate(steps, 1):
            x = middle.x + direction * away * (WIDTH + ACROSS)
            placed = list(_placed([one for one, _ in step], x, height))
            lines += [_line(before[parent], box) for box, (_, parent) in zip(placed, step, strict=True)]
            boxes += placed
            before = placed
    width = columns * (WIDTH + ACROSS) - ACROSS
    return Drawing(width=width, height=height, middle_x=middle.x, boxes=boxes, lines=lines)


def _steps(near: Sequence[Related]) -> list[list[tuple[Related, int]]]:
    """Return what is one step away and what is two, each with the place of what it belongs to in the step before."""
    far = [(one, place) for place, parent in enumerate(near) for one in parent.beyond]
    return [step for step in ([(one, 0) for one in near], far) if step]


def _placed(column: Sequence[Related], x: int, height: int) -> Iterator[Box]:
    top = (height - len(column) * (HEIGHT + DOWN) + DOWN) // 2
    for place, one in enumerate(column):
        y = top + place * (HEIGHT + DOWN)
        yield Box(path=one.path, version=one.version, state=one.state, newest=one.newest, x=x, y=y)


def _line(one: Box, other: Box) -> str:
    left, right = sorted((one, other), key=lambda box: box.x)
    x, y, until, down = left.x + WIDTH, left.y + HEIGHT // 2, right.x, right.y + HEIGHT // 2
    bend = (x + until) // 2
    return f"M{x} {y}C{bend} {y} {bend} {down} {until} {down}"
