"""Who is served beside whom, and how long the places of whoever keeps the server busy stay empty for that.

A few calls at once, each followed by the next, are enough to slow down everybody else: one interpreter and one disk
serve all. So while others are there, a place rests after each call for some times as long as the call took. That
is measured on the clock, so the slower the server has become, the more it is left to the others.
"""

from dataclasses import dataclass
from math import inf

from workspace_server.core.limits import LIMITS


@dataclass(frozen=True, slots=True)
class Company:
    """The two who called last.

    Attributes:
        last: Who called last; None is everybody without a token.
        last_s: When that was, on the boot clock.
        before_s: When somebody else called last.
    """

    last: str | None = None
    last_s: float = -inf
    before_s: float = -inf

    def with_call(self, who: str | None, *, now_s: float) -> "Company":
        """Return the company once *who* has called."""
        return Company(who, now_s, self.before_s if who == self.last else self.last_s)

    def rest_s(self, who: str, *, took_s: float, now_s: float) -> float:
        """Return for how long a place of *who*, whose other calls wait, stays empty after one that took *took_s*."""
        others_s = self.before_s if who == self.last else self.last_s
        if now_s - others_s > LIMITS.company_s:
            return 0.0
        return min(LIMITS.rest_s_max, LIMITS.rest_times * took_s)
