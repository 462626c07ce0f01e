"""What the loops that follow the log share: how far one is, what it took before its turn, and how it persists."""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
from typing import Final

import anyio

from indexer.limits import AHEAD_PATHS_MAX, NEWEST_CHANGES
from indexer.model import Change
from indexer.ports import Source

_LOG: Final = logging.getLogger(__name__)
RETRY_S: Final = 1.0

NOT_STARTED: Final = -1
"""The progress of a loop that has not yet looked where it is."""


class Progress:
    """How far a loop is in the log, for those who wait for it. Lives on one event loop."""

    def __init__(self) -> None:
        self.seq = NOT_STARTED
        self._moved = anyio.Event()

    def advance(self, seq: int) -> None:
        """Say that no change at or below *seq* is still waiting."""
        if seq != self.seq:
            self.seq = seq
            self._moved.set()
            self._moved = anyio.Event()

    async def wait_beyond(self, seq: int) -> None:
        """Return once the loop is beyond *seq*."""
        while self.seq <= seq:
            await self._moved.wait()

    async def reach(self, seq: int, *, timeout_s: float) -> bool:
        """Wait until the loop has reached *seq*; False when *timeout_s* went by first."""
        with anyio.move_on_after(timeout_s):
            await self.wait_beyond(seq - 1)
        return self.seq >= seq


class Ahead:
    """What is newest while older changes wait, and what of it was taken, to be passed over when its turn comes.

    Nothing is lost when it forgets: what was taken is then looked at once more.
    """

    def __init__(self) -> None:
        self._taken: dict[str, Change] = {}
        self._offered: list[Change] = []
        self._looked_seq = NOT_STARTED

    async def newest(self, source: Source, after_seq: int) -> list[Change]:
        """Return the newest changes beyond *after_seq* that were not taken; of the log only what is new is read."""
        batch = await source.newest(max(after_seq, self._looked_seq), limit=NEWEST_CHANGES)
        self._looked_seq = max(self._looked_seq, batch.upto_seq)
        offered = {change.path: change for change in (*self._offered, *batch.changes)}
        self._offered = self.without(offered.values())[-NEWEST_CHANGES:]
        return self._offered

    def note(self, changes: Iterable[Change]) -> None:
        """Say that *changes* were taken."""
        if len(self._taken) > AHEAD_PATHS_MAX:
            self._taken = {}
        self._taken |= {change.path: change for change in changes}

    def without(self, changes: Iterable[Change]) -> list[Change]:
        """Return those of *changes* that were not taken yet, neither they nor what came after them."""
        return [change for change in changes if not self._has(change)]

    def _has(self, change: Change) -> bool:
        taken = self._taken.get(change.path)
        return taken is not None and (taken.version == change.version or taken.seq > change.seq)

    def clear(self) -> None:
        """Forget all: nothing that is older waits any more."""
        self._taken, self._offered = {}, []


def slices(changes: Sequence[Change], limit: int) -> Iterator[Sequence[Change]]:
    """Yield *changes* in parts of at most *limit*."""
    for start in range(0, len(changes), limit):
        yield changes[start : start + limit]


async def pages_of_heads(source: Source, limit: int) -> AsyncIterator[Sequence[Change]]:
    """Yield the present files, in the order of their paths."""
    after = ""
    while heads := await source.heads(after, limit=limit):
        yield heads
        after = heads[-1].path


async def first_of(*waits: Callable[[], Awaitable[object]]) -> None:
    """Return when the first of *waits* does; the others are cancelled."""
    async with anyio.create_task_group() as tasks:

        async def one(wait: Callable[[], Awaitable[object]]) -> None:
            await wait()
            tasks.cancel_scope.cancel()

        for wait in waits:
            tasks.start_soon(one, wait)


async def persist(follow: Callable[[], Awaitable[None]]) -> None:
    """Run *follow* again whenever it ends: the last line against errors, with a pause between two tries."""
    while True:
        try:
            await follow()
        except Exception:  # noqa: BLE001 (the outermost loop of this task)
            _LOG.exception("following the log failed; it is tried again")
            await anyio.sleep(RETRY_S)
