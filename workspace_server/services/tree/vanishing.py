"""Decides whether files that vanished from the folder were deleted, or whether the folder itself is in trouble."""

import logging
import time
from collections import deque
from collections.abc import Callable

log = logging.getLogger(__name__)

AWAY = "the folder is not where it was: renamed, removed or unmounted"
FILES_MIN = 10
"""So few deletions are recorded in any case: a small folder is emptied by hand now and then."""
WINDOW_S = 10.0
"""Deletions within this time count as one: `rm -r` of a big folder is seen in several parts."""


class DeletionGuard:
    """Stops deletions from being recorded when the folder is gone, or too large a share of it at once.

    Attributes:
        stopped: Why deletions are not recorded now; None while they are.
    """

    def __init__(self, *, share_max: float, clock_s: Callable[[], float] = time.monotonic) -> None:
        self.stopped: str | None = None
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
        now_s = self._clock_s()
        while self._recent and self._recent[0][0] < now_s - WINDOW_S:
            self._recent.popleft()
        recently = sum(count for _, count in self._recent)
        gone, before = recently + vanished, recently + live
        if gone > FILES_MIN and gone > self._share_max * before:
            return self._stop(
                f"{vanished} of {live} files vanished at once; put them back, delete them with delete_file, or raise"
                " deletion_share_max"
            )
        self._recent.append((now_s, vanished))
        return self._go_on(everywhere=everywhere)

    def _stop(self, reason: str) -> bool:
        if self.stopped is None:
            log.warning("deletions are not recorded: %s", reason)
        self.stopped = reason
        return False

    def _go_on(self, *, everywhere: bool) -> bool:
        if everywhere:
            self.stopped = None
        return True
