"""A fault that strikes once, at a chosen call: the process is killed there, or the call fails."""

import errno
import os
import signal
import threading
from dataclasses import dataclass
from typing import Literal

Kind = Literal["kill", "ENOSPC", "EIO"]

CHANGES = frozenset(
    "db.write db.sync db.truncate db.delete create write copy cut stamp mode rename unlink mkdir rmdir sync".split()
)
"""Calls that change something on disk, or make it durable: between two of them a kill finds the same state."""
READS = frozenset(["db.read"])
PLACES = {
    "ENOSPC": frozenset("db.write create write copy rename mkdir".split()),
    "EIO": (CHANGES | READS) - {"db.delete"},  # SQLite passes over that one, which a double in Python cannot
}
"""Where each error can come from."""


@dataclass(frozen=True, slots=True)
class Strike:
    """What happens at which call.

    Attributes:
        at: The number of the call, from 1 on; 0 strikes never, and only counts.
        lasts: How many calls fail, from that one on; a kill needs but one.
    """

    at: int
    kind: Kind = "kill"
    lasts: int = 1

    @property
    def calls(self) -> frozenset[str]:
        """The calls that count."""
        return CHANGES if self.kind == "kill" else PLACES[self.kind]


class Striker:
    """Counts calls and strikes; it sleeps until it is armed. Used by all threads of one process."""

    def __init__(self, strike: Strike) -> None:
        self.seen: list[str] = []
        """The calls that counted, in order."""
        self.struck = 0
        self._strike = strike
        self._armed = False
        self._lock = threading.Lock()

    def arm(self) -> None:
        """Count from here on."""
        self._armed = True

    def disarm(self) -> None:
        """Count no more, and leave everything alone."""
        self._armed = False

    def meets(self, call: str) -> int:
        """Take note of a call that is about to be made; return the errno with which it fails, or 0."""
        if not self._armed or call not in self._strike.calls:
            return 0
        with self._lock:
            self.seen.append(call)
            number = len(self.seen)
        if not self._strike.at or not self._strike.at <= number < self._strike.at + self._strike.lasts:
            return 0
        if self._strike.kind == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        self.struck += 1
        return int(getattr(errno, self._strike.kind))
