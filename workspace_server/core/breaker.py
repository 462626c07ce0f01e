"""When an endpoint that fails is left alone: a circuit breaker, one per endpoint.

Closed, it only counts. Once half of the attempts of five minutes fail, it opens: what waits for the endpoint is held,
and none of its attempts is used up on a receiver that is not there. When the time is over one attempt is let through
(half-open): if that arrives the breaker closes, and if not it stays open for twice as long.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from workspace_server.core.limits import LIMITS

SLICE_S: Final = 30
"""The window moves on in slices of this length, in seconds."""
WINDOW_S: Final = 300
ATTEMPTS_MIN: Final = 10
"""Fewer attempts than this within the window prove nothing."""
FAILED_SHARE: Final = 0.5


@dataclass(frozen=True, slots=True)
class Slice:
    """What was counted in one slice of the window.

    Attributes:
        number: Seconds since 1970, divided by the length of a slice.
    """

    number: int
    attempts: int
    failures: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaker:
    """The state of one breaker; a new one is closed and has seen nothing.

    Attributes:
        slices: What was counted within the window, the oldest first; empty while it is open.
        open_until_s: When one attempt is let through, in seconds since 1970; None while it is closed.
        openings: How often it has opened since it was last closed.
    """

    slices: tuple[Slice, ...] = ()
    open_until_s: float | None = None
    openings: int = 0

    @property
    def is_closed(self) -> bool:
        """Whether nothing is held."""
        return self.open_until_s is None

    def held_until_s(self, now_s: float) -> float | None:
        """Return until when everything is held, or None when at least one attempt may be made.

        A clock that was set back holds nothing for longer than a breaker ever does.
        """
        until_s = self.open_until_s
        if until_s is None or not now_s < until_s <= now_s + LIMITS.breaker_open_s_max:
            return None
        return until_s

    def room(self, most: int, *, now_s: float) -> int:
        """Return how many attempts may be in flight: *most*, one, or none."""
        if self.is_closed:
            return most
        return 0 if self.held_until_s(now_s) is not None else min(1, most)

    def as_json(self) -> dict[str, Any]:
        """Return the state for its row."""
        slices = [[one.number, one.attempts, one.failures] for one in self.slices]
        return {"slices": slices, "open_until_s": self.open_until_s, "openings": self.openings}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Breaker":
        """Return the state that `as_json` gave; nothing stored is a new one."""
        slices = tuple(Slice(*one) for one in stored.get("slices", ()))
        return cls(slices=slices, open_until_s=stored.get("open_until_s"), openings=stored.get("openings", 0))


def after(breaker: Breaker, *, failed: bool, now_s: float) -> Breaker:
    """Return the breaker after an attempt came to its end.

    Args:
        now_s: Seconds since 1970.
    """
    if breaker.is_closed:
        counted = _counted(breaker.slices, failed=failed, now_s=now_s)
        attempts = sum(one.attempts for one in counted)
        failures = sum(one.failures for one in counted)
        if attempts >= ATTEMPTS_MIN and failures >= FAILED_SHARE * attempts:
            return _opened(breaker, now_s)
        return replace(breaker, slices=counted)
    if breaker.held_until_s(now_s) is not None:
        return breaker  # it was on its way before the breaker opened, and says nothing new
    return _opened(breaker, now_s) if failed else Breaker()


def let_one_through(breaker: Breaker, *, now_s: float) -> Breaker:
    """Return the breaker half-open, when it is open: somebody wants to know how things stand now."""
    return breaker if breaker.is_closed else replace(breaker, open_until_s=now_s)


def _opened(breaker: Breaker, now_s: float) -> Breaker:
    open_s = min(LIMITS.breaker_open_s * 2**breaker.openings, LIMITS.breaker_open_s_max)
    # More openings would not hold it for longer, and the number must not grow for ever.
    openings = breaker.openings + 1 if open_s < LIMITS.breaker_open_s_max else breaker.openings
    return Breaker(open_until_s=now_s + open_s, openings=openings)


def _counted(slices: tuple[Slice, ...], *, failed: bool, now_s: float) -> tuple[Slice, ...]:
    """Return the slices that still lie within the window, with one more attempt in the present one."""
    number = int(now_s // SLICE_S)
    kept = [one for one in slices if number - WINDOW_S // SLICE_S < one.number < number]
    present = next((one for one in slices if one.number == number), Slice(number, 0, 0))
    return (*kept, Slice(number, present.attempts + 1, present.failures + failed))
