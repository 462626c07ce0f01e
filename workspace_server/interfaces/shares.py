"""A share of the server for each: so many calls of one token are worked on at once, its others wait their turn.

One thread does most of the work for all. Whoever sends it thirty calls at once would be served thirty times before
somebody else is served once; here the rest of the thirty wait outside, and cost nothing until it is their turn.
"""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from workspace_server.core.access import Caller
from workspace_server.core.company import Company
from workspace_server.core.limits import LIMITS


class Shares:
    """Who is at work for whom.

    Callers without a token share nothing: there is no telling them apart, and they are of this machine.

    Args:
        most: How many calls of one token are worked on at once.
        clock: Seconds on a clock that does not jump.
        rest: Waits for so many seconds.
    """

    def __init__(
        self,
        most: int = LIMITS.calls_at_once,
        *,
        clock: Callable[[], float] = time.monotonic,
        rest: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._most = most
        self._clock = clock
        self._rest = rest
        self._company = Company()
        self._places: dict[str, asyncio.Semaphore] = {}
        self._there: Counter[str] = Counter()
        """Who has a place or waits for one: a token that nobody uses is forgotten."""

    @asynccontextmanager
    async def place(self, caller: Caller) -> AsyncIterator[None]:
        """Wait for a place among the calls of the caller's token, in the order of coming, and keep it for the block.

        The place of a token that has more calls than places stands empty for a while before the block is left, when
        others are there, too; also after a call that was refused or given up, or that would be the way around it.
        """
        token = caller.token
        self._company = self._company.with_call(token, now_s=self._clock())
        if token is None:
            yield
            return
        self._there[token] += 1
        try:
            async with self._places.setdefault(token, asyncio.Semaphore(self._most)):
                begun_s = self._clock()
                try:
                    yield
                finally:
                    await self._stand_back(token, begun_s)
        finally:
            self._there[token] -= 1
            if not self._there[token]:
                del self._there[token], self._places[token]

    async def _stand_back(self, token: str, begun_s: float) -> None:
        now_s = self._clock()
        if self._there[token] > self._most:
            rest_s = self._company.rest_s(token, took_s=now_s - begun_s, now_s=now_s)
            if rest_s:
                await self._rest(rest_s)
