"""What a trace is made of: spans, each with its place in a trace, its parent and what it is linked with.

Ids are derived from what they name, so that nothing has to be kept to say what led to what: whoever knows a firing
knows its span, also after a restart.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

_TRACEPARENT: Final = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}")

Kind = Literal["internal", "server", "client", "producer"]
Attributes = Mapping[str, str | int]


@dataclass(frozen=True, slots=True)
class Place:
    """Which span of which trace, as W3C trace context names both: 32 and 16 hexadecimal digits."""

    trace: str
    span: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Something that took its time.

    Attributes:
        began_s: In seconds since 1970, as is `ended_s`.
        links: What led to it besides its parent, most often in another trace.
        error: Why it failed, by a code; None when it did not.
    """

    name: str
    place: Place
    parent: Place | None
    began_s: float
    ended_s: float
    attributes: Attributes
    kind: Kind = "internal"
    links: tuple[Place, ...] = ()
    error: str | None = None


def place_in(traceparent: str | None) -> Place | None:
    """Return the place that a W3C `traceparent` names, or None when it names none."""
    found = _TRACEPARENT.fullmatch(traceparent or "")
    return None if found is None else Place(found[1], found[2])


def span_id(source: str, *what: object) -> str:
    """Return the id of the span of something that has a name of its own in the workspace *source*."""
    return hashlib.sha256(" ".join([source, *map(str, what)]).encode()).hexdigest()[:16]


def told(**attributes: str | int | None) -> Attributes:
    """Return attributes of ours under their names in a trace, without those that are not known."""
    return {f"workspace.{name}": value for name, value in attributes.items() if value is not None}
