"""How often a trigger may fire: a bound on what a loop can do."""

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Rate:
    """How many firings a trigger had in the minute that began at `since_s`; one too many once one was put off."""

    since_s: float = 0.0
    count: int = 0


def admit(rate: Rate, *, per_minute: int, now_s: float) -> tuple[Rate, float | None]:
    """Count one more firing, or return when there is room again.

    Over the limit nothing is lost: the inputs stay fresh, and one firing takes them all when the minute is over.
    """
    if not rate.since_s <= now_s < rate.since_s + 60:
        return Rate(now_s, 1), None
    if rate.count >= per_minute:
        return replace(rate, count=per_minute + 1), rate.since_s + 60
    return replace(rate, count=rate.count + 1), None
