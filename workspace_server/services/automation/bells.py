"""How one part of the server wakes another, on the event loop's thread."""

import asyncio
from collections import deque


class Bell:
    """Wakes the one task that waits on it; rung while nobody waits, it wakes the next one who does."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()

    def ring(self) -> None:
        """Wake the waiter."""
        self._rung.set()

    async def wait(self, timeout_s: float | None) -> None:
        """Return once it is rung, or after *timeout_s* seconds."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._rung.wait()
        except TimeoutError:
            pass
        self._rung.clear()


class Lines:
    """Callers who wait in a line per name, woken one by one, first come first served."""

    def __init__(self) -> None:
        self._lines: dict[str, deque[asyncio.Future[None]]] = {}

    def wake(self, name: str) -> None:
        """Wake the first in the line."""
        line = self._lines.get(name)
        while line:
            place = line.popleft()
            if not place.done():
                place.set_result(None)
                return

    async def wait(self, name: str, timeout_s: float) -> None:
        """Return once it is the caller's turn, or after *timeout_s* seconds."""
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        line = self._lines.setdefault(name, deque())
        line.append(place)
        try:
            async with asyncio.timeout(timeout_s):
                await place
        except TimeoutError:
            pass
        except asyncio.CancelledError:
            if place.done() and not place.cancelled():
                self.wake(name)  # woken and gone at once: the next one takes the turn
            raise
        finally:
            if place in line:
                line.remove(place)
            if not line and self._lines.get(name) is line:
                del self._lines[name]
