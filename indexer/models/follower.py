"""Follows the files behind the facts and does with each of them what a model is needed for."""

import logging
from collections.abc import Awaitable, Callable
from typing import Final

import anyio

from indexer.follower import FactFollower
from indexer.limits import PASSAGE_BATCH_CHANGES
from indexer.model import Change
from indexer.models.ports import ModelFailed
from indexer.ports import Source
from indexer.progress import NOT_STARTED, Progress, first_of, pages_of_heads, persist

_LOG: Final = logging.getLogger(__name__)
_TRIES_MAX: Final = 3
"""How often a model may fail over a content before the next file has its turn; it is asked again after a restart."""
_PAGE: Final = 8
"""Files after which it is looked what was saved meanwhile: that goes first."""

Take = Callable[[Change], Awaitable[None]]


class ModelFollower:
    """Takes every head once, and then what changes; while the model is away it tries again, ever more rarely.

    Args:
        facts: Whose progress is followed: nothing here delays it.
        take: What is done with a file; raises `ModelFailed`.
        pause_s: How long to rest after a failure, at first and at most.
        rhythm_s: How long changes are gathered.
    """

    def __init__(
        self,
        source: Source,
        facts: FactFollower,
        take: Take,
        *,
        pause_s: tuple[float, float] = (1.0, 300.0),
        rhythm_s: float = 0.5,
    ) -> None:
        self.progress = Progress()
        """Up to where in the log all is done; not started before every head was taken once."""
        self.is_through = False
        """Whether no file waits that is known of."""
        self.error = ""
        """What went wrong last; empty when the last file went well."""
        self._source = source
        self._facts = facts
        self._take = take
        self._pause_s, self._pause_s_max = pause_s
        self._rhythm_s = rhythm_s
        self._failures = 0
        self._left_out: dict[str, str] = {}
        """Contents over which the model failed too often, by their paths."""
        self._again = anyio.Event()
        self._seq = NOT_STARTED

    @property
    def left_out(self) -> int:
        """How many files are left out because the model failed over them."""
        return len(self._left_out)

    async def run(self) -> None:
        """Follow until cancelled."""
        await persist(self._follow)

    def look_again(self) -> None:
        """Have every head taken once more: what was made of the files was made anew."""
        self._again.set()

    async def _follow(self) -> None:
        while True:
            self._again = again = anyio.Event()
            await self._facts.progress.wait_beyond(NOT_STARTED)
            await self._facts.whole()
            self._seq, self._left_out = self._facts.progress.seq, {}
            async for heads in pages_of_heads(self._source, _PAGE):
                await self._catch_up()
                for change in heads:
                    await self._do(change)
            while not again.is_set():
                await self._catch_up()
                self.is_through = True
                self.progress.advance(self._seq)
                await first_of(again.wait, lambda: self._facts.progress.wait_beyond(self._seq))
                await anyio.sleep(self._rhythm_s)

    async def _catch_up(self) -> None:
        """Take what has changed and has its facts."""
        while self._seq < self._facts.progress.seq:
            reachable = self._facts.progress.seq
            batch = await self._source.changes(self._seq, limit=PASSAGE_BATCH_CHANGES)
            for change in batch.changes:
                await self._do(change)
            self._seq = min(batch.upto_seq, reachable)

    async def _do(self, change: Change) -> None:
        """Take one file, again and again while the model is away, and a few times when the file may be the reason."""
        if self._left_out.pop(change.path, None) == change.sha256 != "":
            self._left_out[change.path] = change.sha256
            return
        self.is_through = False
        tries = 0
        while True:
            try:
                await self._take(change)
            except ModelFailed as failed:
                self.error = str(failed)
                self._failures += 1
                tries += failed.of_input
                _LOG.info("the model failed, %d times now: %s", self._failures, failed)
            else:
                self.error, self._failures = "", 0
                return
            if tries == _TRIES_MAX:
                self._left_out[change.path] = change.sha256
                return
            await anyio.sleep(min(self._pause_s * 2 ** min(self._failures - 1, 20), self._pause_s_max))
