"""The graph of triggers, laid out: files → trigger → target → what came of it → the next trigger.

Every trigger has a row of three boxes. What one has led to stands in the columns behind it, and where that starts
another trigger, an edge goes to the files that the other one waits for.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final, Literal

WIDTH: Final = 180
"""How wide a box is, in pixels of the drawing; so are the next."""
HEIGHT: Final = 52
ACROSS: Final = 36
"""Between two columns."""
DOWN: Final = 22
"""Between two rows."""
MARGIN: Final = 8
CHARS_MAX: Final = 23
"""As many characters as a box is wide."""
RANKS_MAX: Final = 8
TARGETS: Final = {"queue": "queue", "url": "webhook", "command": "command", "approval": "asks a person"}

Tone = Literal["plain", "good", "hold", "fire", "bad"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """One box of the drawing.

    Attributes:
        kind: `files`, `trigger`, `target` or `made`.
        title: Its first line, as long as it fits; `whole` is all of it.
        about: Its second line.
    """

    kind: str
    x: int
    y: int
    title: str
    whole: str
    about: str = ""
    tone: Tone = "plain"
    trigger: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """A line from box to box, as the data of an SVG path; `seen` when the log shows it, and no definition says so."""

    line: str
    seen: bool
    about: str = ""


@dataclass(slots=True)
class Drawing:
    """What is drawn, and how large that is."""

    boxes: list[Box] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)
    width: int = 0
    height: int = 0
    box_width: int = WIDTH
    box_height: int = HEIGHT


def draw(triggers: Sequence[Mapping[str, Any]], led_to: Mapping[str, Sequence[Mapping[str, Any]]]) -> Drawing:
    """Return the drawing of some triggers, as a list shows them, and of what they have led to."""
    names = [trigger["trigger"] for trigger in triggers]
    after = {name: [one for made in led_to.get(name, ()) for one in made["starts"]] for name in names}
    places = _places(names, after)
    drawing, files = Drawing(), {}
    for trigger in triggers:
        column, row = places[trigger["trigger"]]
        files[trigger["trigger"]] = _row_of(drawing, trigger, column, row)
    taken = {(column, row) for column, row in places.values()}
    for name in names:
        _led(drawing, led_to.get(name, ()), places[name], files, taken)
    drawing.width = max((box.x for box in drawing.boxes), default=0) + WIDTH + MARGIN
    drawing.height = max((box.y for box in drawing.boxes), default=0) + HEIGHT + MARGIN
    return drawing


def _places(names: Sequence[str], after: Mapping[str, Sequence[str]]) -> dict[str, tuple[int, int]]:
    """Return (column, row) of each trigger: behind those that start it, beside the first of them where that is free."""
    started = {other for name in names for other in after[name] if other != name}
    places: dict[str, tuple[int, int]] = {}
    taken: set[tuple[int, int]] = set()
    # Those that nothing starts come first; then what is left stands in a circle, which any of it may begin.
    for first in [*(name for name in names if name not in started), *names]:
        waiting = [(first, 0, 0)]
        while waiting:
            name, column, wanted = waiting.pop(0)
            if name in places:
                continue
            row = wanted
            while (column, row) in taken:
                row += 1
            places[name] = (column, row)
            taken.add((column, row))
            waiting += [(other, min(column + 3, 3 * RANKS_MAX), row) for other in after[name]]
    return places


def _row_of(drawing: Drawing, trigger: Mapping[str, Any], column: int, row: int) -> Box:
    """Draw a trigger between its files and its target, and return the box of its files."""
    name = trigger["trigger"]
    about, tone = state_of(trigger)
    listed = [one if isinstance(one, str) else one["path"] for one in trigger["files"]]
    listed += [one if isinstance(one, str) else one["path"] for one in [trigger.get("manifest")] if one is not None]
    kind = next(one for one in TARGETS if one in trigger)
    waits = ", ".join(listed) or trigger.get("schedule", "")
    boxes = (
        _box("files", (column, row), waits, _condition(trigger, listed)),
        _box("trigger", (column + 1, row), name, about, tone=tone, trigger=name),
        _box("target", (column + 2, row), trigger[kind], TARGETS[kind]),
    )
    drawing.boxes += boxes
    drawing.edges += [Edge(line=_line(one, other), seen=False) for one, other in pairwise(boxes)]
    return boxes[0]


def _led(
    drawing: Drawing,
    made: Sequence[Mapping[str, Any]],
    place: tuple[int, int],
    files: Mapping[str, Box],
    taken: set[tuple[int, int]],
) -> None:
    """Draw what a trigger has led to: edges to the triggers that it starts, and boxes for what starts none."""
    column, row = place
    target = _box("target", (column + 2, row), "", "")
    starts: dict[str, list[str]] = {}
    for one in made:
        for other in one["starts"]:
            starts.setdefault(other, []).append(f"{one['path']} ({one['times']}×)")
    for other, paths in starts.items():
        drawing.edges.append(Edge(line=_line(target, files[other]), seen=True, about=", ".join(paths)))
    ends = [one for one in made if not one["starts"]]
    if ends:
        while (column + 3, row) in taken:
            row += 1
        taken.add((column + 3, row))
        more = f", and {len(ends) - 1} more" if len(ends) > 1 else ""
        box = _box("made", (column + 3, row), ends[0]["path"], f"changed {ends[0]['times']}×{more}")
        drawing.boxes.append(box)
        drawing.edges.append(Edge(line=_line(target, box), seen=True))


def _box(
    kind: str, place: tuple[int, int], title: str, about: str, *, tone: Tone = "plain", trigger: str | None = None
) -> Box:
    """Return a box in (column, row) of the drawing."""
    column, row = place
    x, y = MARGIN + column * (WIDTH + ACROSS), MARGIN + row * (HEIGHT + DOWN)
    return Box(kind=kind, x=x, y=y, title=_cut(title), whole=title, about=_cut(about, 27), tone=tone, trigger=trigger)


def _line(one: Box, other: Box) -> str:
    """Return a curve from the right of one box to the left of another; back, below the rows, when that is before."""
    x, y = one.x + WIDTH, one.y + HEIGHT // 2
    to_x, to_y = other.x - 2, other.y + HEIGHT // 2
    if to_x > x:
        middle = ACROSS // 2
        return f"M{x} {y}C{x + middle} {y} {to_x - middle} {to_y} {to_x} {to_y}"
    below = max(one.y, other.y) + HEIGHT + DOWN // 2
    out = f"M{x} {y}C{x + 30} {y} {x + 30} {below} {x - 10} {below}"
    return f"{out}L{to_x + 10} {below}C{to_x - 30} {below} {to_x - 30} {to_y} {to_x} {to_y}"


def _condition(trigger: Mapping[str, Any], listed: Sequence[str]) -> str:
    if "schedule" in trigger:
        return f"at {trigger['schedule']}" if listed else trigger["timezone"]
    if trigger["mode"] == "count":
        return f"{trigger['count']} of these saved"
    if len(listed) == 1 and trigger["mode"] == "each":
        return "saved"
    return {"all": "all of these saved", "any": "any of these saved", "each": "each of these saved"}[trigger["mode"]]


def state_of(trigger: Mapping[str, Any]) -> tuple[str, Tone]:
    """Return in a few words how a trigger stands, and in which colour that is said: what needs a person goes first."""
    receiver = trigger.get("receiver", {}).get("state", "active")
    keys = trigger.get("keys", [])
    found: list[tuple[bool, str, Tone]] = [
        (trigger["state"] == "needs_approval", "waits for approval", "hold"),
        (trigger["state"] == "paused", "paused", "hold"),
        (receiver != "active", f"receiver {receiver}", "bad"),
        (bool(trigger["failures"]), f"{trigger['failures']:,} failed", "bad"),
        ("approval" in trigger and bool(trigger["in_flight"]), "waits for a person", "hold"),
        (bool(trigger["in_flight"]), f"{trigger['in_flight']:,} in flight", "fire"),
        (bool(trigger["pending"]), f"{trigger['pending']:,} pending", "fire"),
        (len(keys) == 1 and bool(keys[0]["in"]) and bool(keys[0]["missing"]), _progress(keys), "plain"),
    ]
    return next(
        ((words, tone) for holds, words, tone in found if holds),
        (f"fired {trigger['fired']:,}×" if trigger["fired"] else "has not fired yet", "plain"),
    )


def _progress(keys: Sequence[Mapping[str, Any]]) -> str:
    return f"{len(keys[0]['in'])} in, {len(keys[0]['missing'])} missing" if keys else ""


def _cut(text: str, most: int = CHARS_MAX) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
