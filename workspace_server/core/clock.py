"""The two clocks of the server: one for people, one that nobody can set back."""

from typing import Protocol


class Clock(Protocol):
    """What rules and services know about time; a test turns its own."""

    def wall_s(self) -> float:
        """Seconds since 1970, UTC: for people and records, never for leases."""

    def boot_s(self) -> float:
        """Seconds since the machine booted, sleep included; never set back: for leases and time-outs."""

    def boot_id(self) -> str:
        """What tells this boot of the machine from every other one."""


class ManualClock:
    """A clock that moves only when told to.

    Args:
        wall_s: Where the wall clock starts.
        boot_s: Where the boot clock starts.
    """

    def __init__(self, *, wall_s: float = 1_800_000_000.0, boot_s: float = 1_000.0, boot_id: str = "boot-1") -> None:
        self._wall_s = wall_s
        self._boot_s = boot_s
        self._boot_id = boot_id

    def wall_s(self) -> float:
        """Return where the wall clock stands."""
        return self._wall_s

    def boot_s(self) -> float:
        """Return where the boot clock stands."""
        return self._boot_s

    def boot_id(self) -> str:
        """Return the name of this boot."""
        return self._boot_id

    def advance(self, seconds: float) -> None:
        """Move both clocks on."""
        self._wall_s += seconds
        self._boot_s += seconds
