"""Whose versions, and which, a trigger counts."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from workspace_server.core.limits import LIMITS
from workspace_server.core.patterns import Pattern, parse_pattern
from workspace_server.core.triggers.fields import Fields, number_if_given, refused, words

FILTERS_MAX: Final = 100
"""Most agents or media types that one filter names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What a version must be to count; an empty filter lets everything through.

    Attributes:
        agents: Who wrote it: names, or patterns such as `crew/*`.
        not_agents: Who did not.
        media_types: What kind of content it is: `text/csv`, or `text/*`.
        min_bytes: How large it is at least; None for any size, also in `max_bytes`.
    """

    agents: tuple[Pattern, ...] = ()
    not_agents: tuple[Pattern, ...] = ()
    media_types: tuple[Pattern, ...] = ()
    min_bytes: int | None = None
    max_bytes: int | None = None

    def want_author(self, agent: str) -> bool:
        """Return whether what *agent* does counts."""
        return (not self.agents or _any(self.agents, agent)) and not _any(self.not_agents, agent)

    def want_content(self, media_type: str | None, size_bytes: int | None) -> bool:
        """Return whether content of this kind and size counts; what is not known passes."""
        if media_type is not None and self.media_types and not _any(self.media_types, media_type.partition(";")[0]):
            return False
        if size_bytes is None:
            return True
        return (self.min_bytes or 0) <= size_bytes and (self.max_bytes is None or size_bytes <= self.max_bytes)

    def as_mapping(self) -> dict[str, object]:
        """Return the filters that are set, as JSON."""
        texts = {name: [one.text for one in getattr(self, name)] for name in _NAMED}
        sizes = {"min_bytes": self.min_bytes, "max_bytes": self.max_bytes}
        return {name: value for name, value in (texts | sizes).items() if value not in ([], None)}


_NAMED: Final = ("agents", "not_agents", "media_types")


def parse_filters(fields: Fields) -> Filters:
    """Return the filters of a trigger.

    Raises:
        InvalidArgument: One is malformed, or nothing can ever pass them all.
    """
    agents, not_agents, media_types = (_patterns(fields, name) for name in _NAMED)
    least = number_if_given(fields, "min_bytes", 0, LIMITS.file_bytes_max)
    most = number_if_given(fields, "max_bytes", 0, LIMITS.file_bytes_max)
    if least is not None and most is not None and least > most:
        raise refused("max_bytes", "is less than min_bytes, so that the trigger could never fire")
    if agents and {one.text for one in agents} <= {one.text for one in not_agents}:
        raise refused("not_agents", "leaves out all of `agents`, so that the trigger could never fire")
    return Filters(agents=agents, not_agents=not_agents, media_types=media_types, min_bytes=least, max_bytes=most)


def _patterns(fields: Fields, name: str) -> tuple[Pattern, ...]:
    texts = words(fields, name, most=FILTERS_MAX)
    if name == "media_types" and any("/" not in text for text in texts):
        raise refused(name, "must be media types", 'For example ["text/csv"], or ["text/*"].')
    return tuple(parse_pattern(text, argument=name) for text in texts)


def _any(patterns: Iterable[Pattern], text: str) -> bool:
    return any(pattern.matches(text) for pattern in patterns)
