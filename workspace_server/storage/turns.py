"""In which order changes are committed: many at once, in the order in which they came, and the index's behind others'.

An agent waits for its change. The index waits for nobody's sake: what it writes stands back as long as others write,
but not for ever, for then nobody would find what they write.
"""

from collections import deque
from collections.abc import Iterable
from typing import Generic, Protocol, TypeVar

BATCH_MAX = 256
"""Most changes in one commit."""
BEHIND_S_MAX = 0.05
"""How long a change stands back."""


class Write(Protocol):
    """One change that waits.

    Attributes:
        is_alone: Whether it wants no other in its commit.
        is_behind: Whether it stands back.
        came_s: Since when it waits, on a clock that does not jump.
    """

    is_alone: bool
    is_behind: bool
    came_s: float


W = TypeVar("W", bound=Write)


class Turns(Generic[W]):
    """The changes that wait for the writer; used on its thread alone."""

    def __init__(self) -> None:
        self._first: deque[W] = deque()
        self._behind: deque[W] = deque()

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self._first or self._behind)

    def add(self, writes: Iterable[W]) -> None:
        """Let *writes* wait, too."""
        for write in writes:
            (self._behind if write.is_behind else self._first).append(write)

    def take(self, now_s: float) -> list[W]:
        """Return what goes into the next commit; call it only when there is something.

        What stands back has a commit of its own: it would keep those waiting that are in the same one.
        """
        if self._behind and (not self._first or now_s - self._behind[0].came_s > BEHIND_S_MAX):
            return [self._behind.popleft()]
        batch = [self._first.popleft()]
        while self._first and len(batch) < BATCH_MAX and not (batch[0].is_alone or self._first[0].is_alone):
            batch.append(self._first.popleft())
        return batch
