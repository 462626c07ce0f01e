"""The machine's own clocks."""

import time
from pathlib import Path

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class SystemClock:
    """Wall time, time since boot, and which boot it is."""

    def __init__(self) -> None:
        self._boot_id = BOOT_ID.read_text("ascii").strip() if BOOT_ID.exists() else "unknown"
        # Sleep of the machine counts: a lease must not outlive a closed lid.
        self._clock = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)

    def wall_s(self) -> float:
        """Return the seconds since 1970, UTC."""
        return time.time()

    def boot_s(self) -> float:
        """Return the seconds since boot."""
        return time.clock_gettime(self._clock)

    def boot_id(self) -> str:
        """Return what tells this boot from every other one."""
        return self._boot_id
