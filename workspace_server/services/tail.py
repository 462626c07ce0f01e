"""The newest events in memory: a thousand followers of the log read them there, not each for itself in the database.

Nothing rests on it: what is not here any more is read from the log.
"""

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Final

from workspace_server.storage.tables.events import Event

KEPT: Final = 1_000
"""How many events are kept."""


class Tail:
    """The last events, without a gap.

    Args:
        whole: Makes of an event what programs get; called once for each that somebody reads here.
    """

    def __init__(self, whole: Callable[[Event], dict[str, Any]]) -> None:
        self._make = whole
        self._kept: deque[Event] = deque(maxlen=KEPT)
        self._whole: dict[int, dict[str, Any]] = {}

    def add(self, happened: Sequence[Event]) -> None:
        """Take note of the events of a commit; after a gap what was there before is let go of."""
        for event in happened[-KEPT:]:
            if self._kept and event.seq != self._kept[-1].seq + 1:
                self._kept.clear()
            self._kept.append(event)

    def after(self, seq: int) -> Sequence[Event] | None:
        """Return the events beyond *seq*, oldest first, or None when not all of them are here."""
        if not self._kept or seq < self._kept[0].seq - 1:
            return None
        last = self._kept[-1].seq
        return [self._kept[index] for index in range(seq - last, 0)]

    def whole(self, event: Event) -> dict[str, Any]:
        """Return what programs get of an event; all who ask get the same object, and nobody changes it."""
        found = self._whole.get(event.seq)
        if found is None:
            if len(self._whole) >= KEPT:
                self._whole.clear()
            found = self._whole[event.seq] = self._make(event)
        return found
