"""How many calls a second are taken: of each caller by name, and of all together. A second's worth may come at once."""

from workspace_server.core.pace import Pace

KEPT_MAX = 10_000
"""How many callers are told apart; then whoever called longest ago starts anew."""


class Rates:
    """The rates of many callers.

    Args:
        each: Most calls of one caller in a second; 0 is any number.
        total: Most of all together; 0 is any number.
        now_s: Seconds on the boot clock.
    """

    def __init__(self, *, each: float, total: float, now_s: float) -> None:
        self._each = each
        self._all = Pace.full(total, now_s=now_s) if total else None
        self._paces: dict[str, Pace] = {}
        """By name; whoever called last stands at the end."""

    def wait_s(self, name: str, *, now_s: float) -> float:
        """Count one call and return 0, or for how long it has to wait, in seconds, when it is one too many.

        What one caller has too many of takes nothing from the others.
        """
        if self._each:
            pace = self._paces.pop(name, None) or Pace.full(self._each, now_s=now_s)
            pace, granted = pace.take(1, now_s=now_s)
            self._paces[name] = pace
            if len(self._paces) > KEPT_MAX:
                del self._paces[next(iter(self._paces))]
            if not granted:
                return pace.next_s() - now_s
        if self._all is None:
            return 0.0
        self._all, granted = self._all.take(1, now_s=now_s)
        return 0.0 if granted else self._all.next_s() - now_s
