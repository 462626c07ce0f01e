"""What a version must hold to count for a trigger: the checks that an operator's config names."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from workspace_server.core.triggers.fields import NAME

PARTS: Final = ("headings", "schema", "sources_min", "no_todo")
HEADINGS_MAX: Final = 50
SOURCES_MAX: Final = 200
_HEADING: Final = re.compile(r" {0,3}#{1,6}[ \t]+(.*?)[ \t]*#*[ \t]*")
_FENCE: Final = re.compile(r" {0,3}(```|~~~)")
_TODO: Final = re.compile(r"\bTODO\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check; a version passes it when it meets every part that is set.

    Attributes:
        headings: The Markdown headings that it must have.
        schema: The JSON Schema that its content must fit.
        sources_min: How many sources it must name.
        no_todo: Whether the word TODO must not stand in it.
    """

    name: str
    headings: tuple[str, ...] = ()
    schema: Mapping[str, Any] | None = None
    sources_min: int = 0
    no_todo: bool = False


def parse_check(name: str, given: object) -> Check:
    """Return the check that a table of the config describes.

    Raises:
        ValueError: It is none; the message says why.
    """
    _require(NAME.fullmatch(name) is not None, "its name must be letters, digits, '.', '_' or '-'")
    _require(isinstance(given, Mapping) and bool(given), f"must be a table with some of {', '.join(PARTS)}")
    assert isinstance(given, Mapping)
    unknown = ", ".join(str(part) for part in given if part not in PARTS)
    _require(not unknown, f"has no part {unknown}; it may have {', '.join(PARTS)}")
    check = Check(
        name=name,
        headings=given.get("headings", ()),
        schema=given.get("schema"),
        sources_min=given.get("sources_min", 0),
        no_todo=given.get("no_todo", False),
    )
    texts = isinstance(check.headings, (list, tuple)) and all(isinstance(one, str) and one for one in check.headings)
    _require(texts and len(check.headings) <= HEADINGS_MAX, f"headings must be a list of at most {HEADINGS_MAX} texts")
    _require(check.schema is None or isinstance(check.schema, Mapping), "schema must be a table: a JSON Schema")
    counted = isinstance(check.sources_min, int) and not isinstance(check.sources_min, bool)
    _require(
        counted and 0 <= check.sources_min <= SOURCES_MAX, f"sources_min must be a whole number from 0 to {SOURCES_MAX}"
    )
    _require(isinstance(check.no_todo, bool), "no_todo must be true or false")
    return replace(check, headings=tuple(check.headings))


def _require(fits: bool, otherwise: str) -> None:
    if not fits:
        raise ValueError(otherwise)


def text_failures(check: Check, text: str, *, sources: int) -> list[str]:
    """Return what *text* fails of a check, the schema aside.

    Args:
        sources: How many sources its writer named.
    """
    found = []
    if check.headings:
        there = {heading.casefold() for heading in headings(text)}
        lacking = [heading for heading in check.headings if heading.strip().casefold() not in there]
        found += [f"has no heading '{heading}'" for heading in lacking]
    if sources < check.sources_min:
        found.append(f"names {sources} sources of at least {check.sources_min}")
    if check.no_todo:
        todo = next((number for number, line in enumerate(text.split("\n"), 1) if _TODO.search(line)), None)
        found += [] if todo is None else [f"has a TODO on line {todo}"]
    return found


def headings(text: str) -> Sequence[str]:
    """Return the Markdown headings of *text*, those in code aside."""
    found = []
    fence = ""
    for line in text.split("\n"):
        edge = _FENCE.match(line)
        if edge is not None and fence in {"", edge[1]}:
            fence = "" if fence else edge[1]
        heading = _HEADING.fullmatch(line.rstrip("\r")) if not fence else None
        if heading is not None:
            found.append(heading[1])
    return found
