"""Many selectors at once, so ordered that whether another one disputes a path with them takes a few look-ups.

Each stands at a place: a path at itself, a directory at itself, a pattern at the directory that it spells out before
its first wildcard. Two can name the same path only when one's place is the other's, or lies above it; where one is a
pattern the two are then compared.
"""

from collections import defaultdict
from collections.abc import Iterable

from workspace_server.core.patterns import Selector


class Claims:
    """A growing set of selectors."""

    def __init__(self, selectors: Iterable[Selector] = ()) -> None:
        self._paths: set[str] = set()
        self._wide: defaultdict[str, dict[str, Selector]] = defaultdict(dict)  # at each place, by what they say
        self._below: defaultdict[str, list[Selector]] = defaultdict(list)
        self.add(selectors)

    def add(self, selectors: Iterable[Selector]) -> None:
        """Add selectors."""
        for selector in selectors:
            place = _place(selector)
            if place in self._paths if selector.kind == "path" else selector.text in self._wide.get(place, ()):
                continue
            if selector.kind == "path":
                self._paths.add(place)
            else:
                self._wide[place][selector.text] = selector
            for directory in _above(place):
                self._below[directory].append(selector)

    def meet(self, selector: Selector) -> bool:
        """Whether some path may be named by *selector* and one of these; never says no when there is one."""
        if selector.kind == "path":
            if selector.text in self._paths:
                return True
            if not self._wide:  # the most usual: paths beside paths
                return False
        place = _place(selector)
        if selector.kind != "path" and any(claim.overlaps(selector) for claim in self._below.get(place, ())):
            return True
        spots = (place, *_above(place)) if self._wide else ()
        return any(claim.overlaps(selector) for spot in spots for claim in self._wide.get(spot, {}).values())


def _place(selector: Selector) -> str:
    """Return the path of a path; else the directory below which all lies that it names, with a `/` at the end."""
    if selector.pattern is None:
        return selector.text
    directory, slash, _ = selector.pattern.literal_prefix.rpartition("/")
    return directory + slash


def _above(place: str) -> list[str]:
    """Return the directories above a place, the root (empty) first."""
    if not place:
        return []
    parts = place.removesuffix("/").split("/")
    return ["", *("/".join(parts[:depth]) + "/" for depth in range(1, len(parts)))]
