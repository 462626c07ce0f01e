"""What happens later: pauses and held firings, delayed jobs, claims that end. All due times stand in the database."""

import logging
from collections.abc import Sequence
from typing import Final, Protocol

from workspace_server.services.automation.bells import Bell

log = logging.getLogger(__name__)

LOOK_S_MAX: Final = 30.0
"""Longest time without a look at what is due: the clock may have been set."""
AFTER_FAILURE_S: Final = 1.0


class Source(Protocol):
    """Something with due times of its own."""

    async def next_due_s(self) -> float | None:
        """Return in how many seconds something is due, or None when nothing is."""

    async def run_due(self) -> None:
        """Do what is due."""


class Timers:
    """Runs what is due; sleeps until the next due time, or until a commit sets an earlier one."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self._sources = sources
        self._bell = Bell()

    def look(self) -> None:
        """Look again now: something was set."""
        self._bell.ring()

    async def run(self) -> None:
        """Run until cancelled."""
        while True:
            try:
                wait_s = await self.step()
            except Exception:
                log.exception("a timer failed")
                wait_s = AFTER_FAILURE_S
            await self._bell.wait(min(wait_s, LOOK_S_MAX))

    async def step(self) -> float:
        """Do what is due and return in how many seconds to look again."""
        soonest = LOOK_S_MAX
        for source in self._sources:
            due_s = await source.next_due_s()
            if due_s is not None and due_s <= 0:
                await source.run_due()
                due_s = await source.next_due_s()
            if due_s is not None:
                soonest = min(soonest, max(0.0, due_s))
        return soonest
