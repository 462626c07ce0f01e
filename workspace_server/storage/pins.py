"""What content a row is about to name: clean-up leaves it alone until that has happened, or cannot any more."""

import threading
import weakref
from collections.abc import Iterable


class Pin:
    """Keeps content from being cleared, as long as somebody holds this: as a rule the `Content` itself."""

    def __init__(self, hashes: Iterable[str] = ()) -> None:
        self.hashes = set(hashes)
        """More may be added, before they are stored."""


class Pins:
    """All pins of one store.

    Attributes:
        placing: Held while an object file comes to its place or leaves it, so that none is removed as it comes.
    """

    def __init__(self) -> None:
        self.placing = threading.Lock()
        self._pins: weakref.WeakSet[Pin] = weakref.WeakSet()

    def pin(self, *hashes: str) -> Pin:
        """Return a new pin on content with these hashes; call it before there is something to clear."""
        pin = Pin(hashes)
        self._pins.add(pin)
        return pin

    def free(self, hashes: Iterable[str]) -> list[str]:
        """Return those of *hashes* that no pin holds."""
        free = set(hashes)
        for pin in list(self._pins):
            free -= pin.hashes & free
        return sorted(free)
