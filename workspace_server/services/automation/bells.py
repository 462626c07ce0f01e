"""How one part of the server wakes another, on the event loop's thread."""

import asyncio
import itertools
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager


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
    """Callers who wait in a line per name, called up one by one, first come first served.

    Each has a ticket, and who is called up has a turn until its work is done. Everybody counts those with earlier
    tickets, so that what somebody was called up for is not taken away by one who came later.
    """

    def __init__(self) -> None:
        self._tickets = itertools.count()
        self._lines: dict[str, dict[int, asyncio.Future[bool]]] = {}
        """In the order of the tickets."""
        self._turns: defaultdict[str, set[int]] = defaultdict(set)

    def ticket(self) -> int:
        """Return a ticket: later than all that were given before."""
        return next(self._tickets)

    def ahead(self, name: str, ticket: int) -> int:
        """Return how many with an earlier ticket wait or have a turn."""
        line = self._lines.get(name)
        turns = sum(other < ticket for other in self._turns.get(name, ()))
        if not line:
            return turns
        if next(reversed(line)) < ticket:
            return turns + len(line)
        return turns + sum(1 for _ in itertools.takewhile(lambda other: other < ticket, line))

    def waiting(self, name: str) -> int:
        """Return how many wait."""
        return len(self._lines.get(name, ()))

    def first(self, name: str) -> int | None:
        """Return the ticket of the first who waits, if anybody does."""
        return next(iter(self._lines.get(name, ())), None)

    @contextmanager
    def turn(self, name: str, ticket: int) -> Iterator[None]:
        """Have a turn until the block ends."""
        self._turns[name].add(ticket)
        try:
            yield
        finally:
            self._end_turn(name, ticket)

    def wake(self, name: str) -> None:
        """Call up the first in the line."""
        line = self._lines.get(name, {})
        for ticket, place in line.items():
            if not place.done():  # else it is on its way out
                del line[ticket]
                self._turns[name].add(ticket)
                place.set_result(True)
                return

    async def wait(self, name: str, ticket: int, timeout_s: float) -> bool:
        """Return whether the caller was called up within *timeout_s* seconds; its turn is then to be taken at once."""
        loop = asyncio.get_running_loop()
        place: asyncio.Future[bool] = loop.create_future()
        line = self._lines.setdefault(name, {})
        comes_back = bool(line) and next(reversed(line)) > ticket
        line[ticket] = place
        if comes_back:  # called up for nothing: it keeps its rank
            self._lines[name] = dict(sorted(line.items()))
        # Not `asyncio.timeout`: ten thousand may wait, and it takes half a kilobyte more of each.
        expiry = loop.call_later(timeout_s, _expire, place)
        try:
            await place
        except asyncio.CancelledError:
            if self._leave(name, ticket, place):
                self.wake(name)  # called up and gone at once: the next one takes the turn
            raise
        finally:
            expiry.cancel()
        return self._leave(name, ticket, place)

    def _leave(self, name: str, ticket: int, place: "asyncio.Future[bool]") -> bool:
        """Take the caller out of the line, and return whether it was called up."""
        line = self._lines.get(name)
        if line is not None:
            line.pop(ticket, None)
            if not line:
                del self._lines[name]
        called = not place.cancelled() and place.result()
        if called:
            self._end_turn(name, ticket)
        return called

    def _end_turn(self, name: str, ticket: int) -> None:
        self._turns[name].discard(ticket)
        if not self._turns[name]:
            del self._turns[name]


def _expire(place: "asyncio.Future[bool]") -> None:
    if not place.done():
        place.set_result(False)
