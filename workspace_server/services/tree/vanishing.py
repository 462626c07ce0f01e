"""Decides whether files that vanished from the folder were deleted, or whether the folder itself is in trouble."""

import json
import logging
import time
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import meta

log = logging.getLogger(__name__)

AWAY = "the folder is not where it was: renamed, removed or unmounted"
FILES_MIN = 10
"""So few deletions are recorded in any case: a small folder is emptied by hand now and then."""
WINDOW_S = 10.0
"""Deletions that are seen within this time after the last ones were recorded count together with them."""
_FACT = "deletions_held"


class Held(NamedTuple):
    """Deletions that are not recorded: how many files there were *before* the first of them, and how many *went*.

    Those that went were recorded as deleted before it showed how many they would be.
    """

    before: int
    went: int


class DeletionGuard:
    """Stops deletions from being recorded when the folder is gone, or too large a share of it.

    Once it has stopped, it stays so, also over restarts, until enough of the files are back or are no longer missed:
    that time passes says nothing about whether somebody meant to delete them.

    Attributes:
        stopped: Why deletions are not recorded now; None while they are.
        held: What they are counted by while too many are missing; to be kept with `remember`.
    """

    def __init__(self, *, share_max: float, clock_s: Callable[[], float] = time.monotonic) -> None:
        self.stopped: str | None = None
        self.held: Held | None = None
        self._share_max = share_max
        self._clock_s = clock_s
        self._recent: deque[tuple[float, int]] = deque()

    def allows(self, vanished: int, live: int, *, stands: bool, everywhere: bool = True) -> bool:
        """Return whether *vanished* of *live* files may be recorded as deleted; say so when not.

        Args:
            everywhere: Whether the whole folder was looked at. A look at a part does not tell that all is well again.
            stands: Whether the folder was where it should be when they were found missing.
        """
        if not stands:
            return self._stop(AWAY)
        if not vanished:
            return self._go_on(everywhere=everywhere)
        if self.held is not None and not everywhere:
            return False
        before, went = self.held or self._counted(live)
        gone = went + vanished
        if gone > self._share_max * before and (self.held is not None or gone > FILES_MIN):
            self.held = Held(before, went)
            return self._stop(
                f"{vanished} of {live} files vanished at once; put them back (restore_file writes one again, `fork`"
                " makes a copy of all), delete them with delete_file, or start the server with a higher"
                " deletion_share_max"
            )
        return self._go_on(everywhere=everywhere)

    def is_unsure(self, vanished: int, *, everywhere: bool) -> bool:
        """Return whether to look again before deciding: more may be about to vanish, or to come back."""
        return vanished > FILES_MIN if self.held is None else everywhere and vanished > 0

    def recorded(self, count: int) -> None:
        """Take note of deletions that were recorded just now: what vanishes soon after is part of the same."""
        if count:
            self._recent.append((self._clock_s(), count))

    def _counted(self, live: int) -> Held:
        now_s = self._clock_s()
        while self._recent and self._recent[0][0] < now_s - WINDOW_S:
            self._recent.popleft()
        went = sum(count for _, count in self._recent)
        return Held(went + live, went)

    def _stop(self, reason: str) -> bool:
        if self.stopped is None:
            log.warning("deletions are not recorded: %s", reason)
        self.stopped = reason
        return False

    def _go_on(self, *, everywhere: bool) -> bool:
        if everywhere:
            self.stopped = self.held = None
        return True


async def recall(tx: Transaction) -> Held | None:
    """Return what an earlier server has remembered."""
    kept = await meta.fact(tx, _FACT)
    return Held(*json.loads(kept)) if kept else None


async def remember(tx: Transaction, held: Held | None) -> None:
    """Keep what deletions are counted by for later servers; None once they are recorded again."""
    await meta.set_fact(tx, _FACT, json.dumps(held) if held else "")
