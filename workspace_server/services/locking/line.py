"""Calls that wait in the line for a lock, and are woken when it is their turn.

The places are rows, so that a restart keeps them; in memory there is only whom to wake. One look at the locks and at
the line wakes exactly the calls that can be granted: if each looked for itself, a thousand waiters would look a
thousand times at each lock that ends.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial

from workspace_server.core import lock_queue
from workspace_server.core.limits import LIMITS
from workspace_server.core.lock_queue import Place
from workspace_server.core.locks import Mode
from workspace_server.core.patterns import Selector
from workspace_server.errors import QuotaExceeded, Unavailable
from workspace_server.services.locking.granting import Wanted
from workspace_server.services.selecting import places
from workspace_server.storage.database import Database, Transaction
from workspace_server.storage.tables import lock_waits, locks

RING_AGAIN_S = 1.0
"""After how long a call that could not leave the line is tried again."""


class Turn:
    """The turn of one place; the calls that wait at it are woken together.

    Attributes:
        selectors: What the place is for, as its calls have read it: a file made meanwhile changes no pattern's meaning.
        calls: How many calls wait at it here.
        times: How often it was called.
        served: Its lock was granted, and with that the place is gone.
    """

    def __init__(self, selectors: Sequence[Selector]) -> None:
        self.selectors = selectors
        self.calls = 0
        self.times = 0
        self.served = False
        self._called = asyncio.Event()

    def call(self) -> None:
        """Wake who waits."""
        self.times += 1
        called, self._called = self._called, asyncio.Event()
        called.set()

    async def beyond(self, times: int, timeout_s: float) -> bool:
        """Return whether it was called more often than *times*, within *timeout_s* seconds."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while self.times <= times:
                    await self._called.wait()
        return self.times > times


class Line:
    """The waiting calls of one server. Run `look` again and again beside them."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._loop = asyncio.get_running_loop()
        self._turns: dict[int, Turn] = {}
        self._gone: list[int] = []
        self._rung = asyncio.Event()

    def ring(self) -> None:
        """Say that a lock has ended, or that somebody has left the line."""
        self._rung.set()

    async def look(self) -> None:
        """Wait until something has changed, then wake those whose turn it is, or whose place has been granted."""
        await self._rung.wait()
        self._rung.clear()
        gone, self._gone = self._gone, []
        if gone:
            await self._leave(gone)
        if not self._turns:
            return
        try:
            # On another thread: a long line takes a while to compare.
            turns = await self._db.read_long(partial(_called, asked=list(self._turns)))
        except BaseException:
            self.ring()
            raise
        for number in turns:
            if number in self._turns:
                self._turns[number].call()

    @asynccontextmanager
    async def joined(self, agent: str, wanted: Wanted) -> AsyncIterator[Turn]:
        """Wait in the line for as long as the block lasts; afterwards the place keeps its rank for a while.

        Raises:
            QuotaExceeded: The agent waits at too many places, or too many wait at all.
        """

        async def enter(tx: Transaction) -> tuple[int, list[Selector]]:
            await lock_waits.drop_unkept(tx)
            chosen = await places(tx, wanted.paths, argument="paths")
            _check_room(await lock_waits.line(tx), agent=agent, mode=wanted.mode, chosen=chosen)
            return await lock_waits.enter(tx, agent, wanted.mode, chosen, wanted.purpose), chosen

        number, chosen = await self._entered(asyncio.ensure_future(self._db.write(enter)))
        turn = self._turns.setdefault(number, Turn(chosen))
        turn.calls += 1
        self.ring()  # what it waits for may have ended meanwhile
        try:
            yield turn
        finally:
            turn.calls -= 1
            if not turn.calls:
                del self._turns[number]
            if not turn.served:
                # On its own, so that it is known whether it failed also when this call is cancelled once more.
                await asyncio.shield(asyncio.ensure_future(self._leave([number])))

    async def _entered(self, entering: "asyncio.Future[tuple[int, list[Selector]]]") -> tuple[int, list[Selector]]:
        """Return the place that was taken; a caller that is cancelled meanwhile does not stay in the line."""

        def leave(done: "asyncio.Future[tuple[int, list[Selector]]]") -> None:
            if not done.cancelled() and done.exception() is None:
                self._gone.append(done.result()[0])
                self.ring()

        try:
            return await asyncio.shield(entering)
        except asyncio.CancelledError:
            entering.add_done_callback(leave)
            raise

    async def _leave(self, numbers: Sequence[int]) -> None:
        """Leave places, or have it tried again in a while."""

        async def leave(tx: Transaction) -> None:
            for number in numbers:
                await lock_waits.leave(tx, number, kept_until_s=tx.boot_s + LIMITS.lock_place_kept_s)
            tx.after_commit(self.ring)

        try:
            await self._db.write(leave, essential=True)
        except Unavailable:
            self._gone += numbers
            self._loop.call_later(RING_AGAIN_S, self.ring)


async def _called(tx: Transaction, asked: Sequence[int]) -> list[int]:
    """Return the places whose turn it is, and those of *asked* at which nobody waits any more."""
    line = await lock_waits.line(tx)
    awaited = {place.number for place in line if place.waiting}
    return lock_queue.called(await locks.live(tx), line) + [number for number in asked if number not in awaited]


def _check_room(line: Sequence[Place], *, agent: str, mode: Mode, chosen: Sequence[Selector]) -> None:
    """Pass when the request has a place already, or may take one."""
    if any(place.is_for(agent=agent, mode=mode, selectors=chosen) for place in line):
        return
    own = sum(place.agent == agent for place in line)
    for who, taken, limit in (
        (f"{agent} has", own, LIMITS.lock_places_per_agent_max),
        ("All agents together have", len(line), LIMITS.lock_places_max),
    ):
        if taken >= limit:
            raise QuotaExceeded(
                f"{who} {limit} places in the line for locks.",
                hint="Ask with wait_seconds=0, or for several paths in one lock.",
                limit=limit,
                actual=taken + 1,
            )
    lock_queue.check_line(chosen, line)
