"""A share of the server for each: so many calls of one token are worked on at once, its others wait their turn.

One thread does most of the work for all. Whoever sends it thirty calls at once would be served thirty times before
somebody else is served once; here the rest of the thirty wait outside, and cost nothing until it is their turn.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from workspace_server.core.access import Caller
from workspace_server.core.limits import LIMITS


class Shares:
    """Who is at work for whom.

    Callers without a token share nothing: there is no telling them apart, and they are of this machine.

    Args:
        most: How many calls of one token are worked on at once.
    """

    def __init__(self, most: int = LIMITS.calls_at_once) -> None:
        self._most = most
        self._places: dict[str, asyncio.Semaphore] = {}
        self._there: Counter[str] = Counter()
        """Who has a place or waits for one: a token that nobody uses is forgotten."""

    @asynccontextmanager
    async def place(self, caller: Caller) -> AsyncIterator[None]:
        """Wait for a place among the calls of the caller's token, in the order of coming, and keep it for the block."""
        token = caller.token
        if token is None:
            yield
            return
        self._there[token] += 1
        try:
            async with self._places.setdefault(token, asyncio.Semaphore(self._most)):
                yield
        finally:
            self._there[token] -= 1
            if not self._there[token]:
                del self._there[token], self._places[token]
