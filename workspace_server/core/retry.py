"""When a failed delivery is tried again."""

from email.utils import parsedate_to_datetime
from typing import Final

STEPS_S: Final = (5, 30, 120, 600, 1_800, 7_200, 21_600, 43_200, 86_400)
"""Seconds after the first, second, … failed attempt; one more failure and the delivery is given up."""
ATTEMPTS_MAX: Final = len(STEPS_S) + 1
JITTER: Final = 0.2
"""The share by which a step is spread, so that a thousand failures at once do not come back at once."""
RETRY_AFTER_MAX: Final = 2.0
"""The receiver may put a step off up to this many times its length."""
WAIT_S_MAX: Final = RETRY_AFTER_MAX * STEPS_S[-1]
"""No attempt is ever further away than this."""


def delay_s(failures: int, *, chance: float, retry_after_s: float | None = None) -> float | None:
    """Return the seconds until the next attempt, or None when the delivery is given up.

    Args:
        failures: Attempts that have failed so far, at least one.
        chance: A random value from 0 to 1 that places the attempt within the spread.
        retry_after_s: What the receiver asked for; it is honoured between one and two times the step.
    """
    assert failures >= 1
    if failures >= ATTEMPTS_MAX:
        return None
    step = STEPS_S[failures - 1]
    if retry_after_s is not None:
        return min(max(retry_after_s, float(step)), RETRY_AFTER_MAX * step)
    return step * (1 - JITTER + 2 * JITTER * chance)


def parse_retry_after(value: str | None, *, now_s: float) -> float | None:
    """Return the seconds that a `Retry-After` header asks for (RFC 9110, 10.2.3), or None when it says nothing.

    Args:
        now_s: Seconds since 1970, for the form that is a date.
    """
    if value is None:
        return None
    value = value.strip()
    if value.isascii() and value.isdigit():
        return float(value[:9])
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - now_s)
    except (ValueError, OverflowError):
        return None
