"""How a figure is taken: after a warm-up, as a median, and as a ratio to a floor of the same run."""

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

Call = Callable[[int], Awaitable[object]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """What one measurement found, in milliseconds per call and calls per second."""

    name: str
    p50_ms: float
    p99_ms: float
    per_second: float

    def line(self, floor: "Figure | None" = None) -> str:
        """Return the figure as a row, with its ratio to *floor*."""
        ratio = f"{self.p50_ms / floor.p50_ms:6.2f}×" if floor is not None else "       "
        return f"  {self.name:<44}{self.p50_ms:9.3f}{self.p99_ms:9.3f}{self.per_second:11.0f}  {ratio}"


HEADER = f"  {'':<44}{'p50 ms':>9}{'p99 ms':>9}{'calls/s':>11}  {'floor':>7}"


def percentile(times: Sequence[float], share: float) -> float:
    """Return the value below which *share* of the times lie."""
    ordered = sorted(times)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def figure(name: str, times_s: Sequence[float], wall_s: float) -> Figure:
    """Return the figure of calls that took *times_s* seconds each, within *wall_s* seconds altogether."""
    return Figure(
        name=name,
        p50_ms=statistics.median(times_s) * 1e3,
        p99_ms=percentile(times_s, 0.99) * 1e3,
        per_second=len(times_s) / wall_s,
    )


async def sequential(name: str, call: Call, *, count: int, warm_up: int = 50) -> Figure:
    """Make *count* calls one after the other."""
    for number in range(warm_up):
        await call(number)
    times = []
    started = time.perf_counter()
    for number in range(warm_up, warm_up + count):
        begun = time.perf_counter()
        await call(number)
        times.append(time.perf_counter() - begun)
    return figure(name, times, time.perf_counter() - started)


async def concurrent(name: str, calls: Sequence[Call], *, each: int) -> Figure:
    """Let every one of *calls* be made *each* times, all callers at once."""
    times: list[float] = []

    async def caller(call: Call) -> None:
        for number in range(each):
            begun = time.perf_counter()
            await call(number)
            times.append(time.perf_counter() - begun)

    await asyncio.gather(*(call(0) for call in calls))
    started = time.perf_counter()
    await asyncio.gather(*(caller(call) for call in calls))
    return figure(name, times, time.perf_counter() - started)
