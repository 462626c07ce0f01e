"""Many selectors at once, so ordered that whether another one overlaps them takes a few look-ups.

Each stands at its place, folded: two can overlap only when one's place is the other's, or lies above it. Those few are
then compared.
"""

from collections import defaultdict
from collections.abc import Iterable

from workspace_server.core.paths import fold
from workspace_server.core.patterns import Selector


class Claims:
    """A growing set of selectors."""

    def __init__(self, selectors: Iterable[Selector] = ()) -> None:
        self._at: defaultdict[str, dict[tuple[str, str], Selector]] = defaultdict(dict)  # by what they say
        self._below: defaultdict[str, list[Selector]] = defaultdict(list)
        self.add(selectors)

    def add(self, selectors: Iterable[Selector]) -> None:
        """Add selectors."""
        for selector in selectors:
            place, said = fold(selector.place), (selector.kind, selector.text)
            if said in self._at.get(place, ()):
                continue
            self._at[place][said] = selector
            for directory in above(place):
                self._below[directory].append(selector)

    def meet(self, selector: Selector) -> bool:
        """Whether *selector* overlaps one of these."""
        place = fold(selector.place)
        if any(claim.overlaps(selector) for claim in self._below.get(place, ())):
            return True
        spots = (place, *above(place))
        return any(claim.overlaps(selector) for spot in spots for claim in self._at.get(spot, {}).values())


def above(place: str) -> list[str]:
    """Return the places above a place (a directory with `/` at its end), the root (empty) first."""
    if not place:
        return []
    parts = place.removesuffix("/").split("/")
    return ["", *("/".join(parts[:depth]) + "/" for depth in range(1, len(parts)))]
