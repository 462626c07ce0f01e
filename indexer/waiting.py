"""The large files that wait to be read, beside the loop that goes on with the small ones."""

from collections.abc import Callable
from dataclasses import dataclass, field

import anyio

from indexer.limits import SLOW_CHANGES_MAX
from indexer.model import Change


def _untold(_: int) -> None:
    """Nobody asked."""


@dataclass(slots=True, eq=False)
class Walk:
    """All present files read once more, in the order of their paths.

    Attributes:
        again: Whether what was extracted before is extracted again, too; else only what new extractors would read.
        told: Called with the number of files that were looked at.
        after: The path up to which that is done.
        is_through: Whether all files were looked at; the large ones may still be read.
        reading: How many of them are.
    """

    again: bool
    told: Callable[[int], None] = _untold
    after: str = ""
    looked_at: int = 0
    is_through: bool = False
    reading: int = 0
    over: anyio.Event = field(default_factory=anyio.Event)

    def begin(self) -> None:
        """Start from the first path: what was being read is not known any more."""
        self.after, self.looked_at, self.is_through, self.reading = "", 0, False, 0


@dataclass(frozen=True, slots=True, eq=False)
class Large:
    """One large file that waits: as the log told it, or as a walk found it."""

    change: Change
    key: str
    walk: Walk | None


class Waiting:
    """Which large files wait; the newest change of a path stands for it.

    The log is done only as far as none of its files waits here.
    """

    def __init__(self) -> None:
        self._by_path: dict[str, Large] = {}
        self._reading: set[str] = set()
        self._changed = anyio.Event()

    @property
    def is_full(self) -> bool:
        """Whether no more should be added for now."""
        return len(self._by_path) >= SLOW_CHANGES_MAX

    def add(self, one: Large) -> None:
        """Let a file wait, in place of an older change of it."""
        self.settle(one.change.path)
        self._by_path[one.change.path] = one
        if one.walk is not None:
            one.walk.reading += 1
        self._notify()

    def settle(self, path: str) -> None:
        """Say that nothing of a path waits any more."""
        one = self._by_path.pop(path, None)
        if one is not None and one.walk is not None:
            one.walk.reading -= 1

    def holds(self, one: Large) -> bool:
        """Return whether *one* is still what is to be read of its path."""
        return self._by_path.get(one.change.path) is one

    async def next(self, *, newest: bool) -> Large:
        """Return what is to be read next; the same content is never given to two readers at once."""
        while True:
            free = [one for one in self._by_path.values() if one.key not in self._reading]
            if free:
                one = max(free, key=lambda one: one.change.seq) if newest else free[0]
                self._reading.add(one.key)
                return one
            await self._changed.wait()

    def done(self, one: Large) -> None:
        """Say that *one* was read, or could not be."""
        self._reading.discard(one.key)
        if self.holds(one):
            self.settle(one.change.path)
        self._notify()

    def upto(self, seq: int) -> int:
        """Return up to where the log is done, which was looked at up to *seq*.

        What waits may lie beyond that: it comes here while the page of the log that tells of it is being taken.
        """
        return min([seq, *(one.change.seq - 1 for one in self._by_path.values() if one.walk is None)])

    def _notify(self) -> None:
        self._changed.set()
        self._changed = anyio.Event()
