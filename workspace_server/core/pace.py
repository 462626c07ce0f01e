"""How fast attempts may follow one another at one endpoint: as many a second as it may get, fewer when it is busy."""

from dataclasses import dataclass, replace
from typing import Final

BUSY: Final = frozenset({429, 502, 503, 504})
"""What a receiver answers that would be glad of fewer requests."""
SLOWEST_PER_SECOND: Final = 1.0
REST_S_MAX: Final = 60.0
"""A busy receiver may ask to be left alone for so long, in seconds; each delivery waits for its own time besides."""
RECOVERY: Final = 50
"""After so many answers without a complaint the slowest pace is the fastest again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """A bucket that fills with time, and of which every attempt takes one.

    Attributes:
        most_per_second: The fastest; a second's worth is also what the bucket holds.
        per_second: How fast it fills at present.
        left: What is in it.
        at_s: When that was so, on the boot clock; after now while the receiver rests.
    """

    most_per_second: float
    per_second: float
    left: float
    at_s: float

    @classmethod
    def full(cls, per_second: float, *, now_s: float) -> "Pace":
        """Return the pace of an endpoint of which nothing is known yet."""
        return cls(most_per_second=per_second, per_second=per_second, left=per_second, at_s=now_s)

    def take(self, wanted: int, *, now_s: float) -> tuple["Pace", int]:
        """Return the pace once up to *wanted* attempts were begun, and how many that are."""
        pace = self._filled(now_s)
        granted = min(wanted, int(pace.left))
        return replace(pace, left=pace.left - granted), granted

    def next_s(self) -> float:
        """Return when one more may begin, on the boot clock; that is past when one may at once."""
        return self.at_s + max(0.0, 1.0 - self.left) / self.per_second

    def after(self, status: int | None, *, rest_s: float | None, now_s: float) -> "Pace":
        """Return the pace after an answer.

        Args:
            status: Of the answer; None when there was none.
            rest_s: For how long the receiver asked to be left alone.
        """
        pace = self._filled(now_s)
        if status in BUSY:
            slower = min(pace.most_per_second, max(SLOWEST_PER_SECOND, pace.per_second / 2))
            rested = now_s + min(rest_s or 0.0, REST_S_MAX)
            return replace(pace, per_second=slower, left=0.0, at_s=max(pace.at_s, rested))
        faster = pace.per_second + pace.most_per_second / RECOVERY
        return replace(pace, per_second=min(pace.most_per_second, faster)) if status is not None else pace

    def _filled(self, now_s: float) -> "Pace":
        if now_s <= self.at_s:
            return self
        left = self.left + (now_s - self.at_s) * self.per_second
        return replace(self, left=min(left, max(1.0, self.per_second)), at_s=now_s)
