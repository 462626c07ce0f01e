"""Locks on their way to whoever asked for them; one that nobody waits for any more is given back."""

import asyncio
from dataclasses import replace

from workspace_server.core.access import Caller
from workspace_server.services.folder import Folder
from workspace_server.services.locking import granting, leases
from workspace_server.services.locking.granting import Wanted
from workspace_server.services.locking.line import Turn
from workspace_server.services.recording import Commit, Result
from workspace_server.storage.tables import locks, requests


class _Try:
    """One attempt at a lock.

    Attributes:
        handle: The new lock, once its grant is durable.
        is_awaited: Whether somebody still waits for the answer.
    """

    def __init__(self, caller: Caller) -> None:
        self.caller = caller
        self.handle: str | None = None
        self.is_awaited = True
        self.taking: asyncio.Future[Result] | None = None

    def has_nothing(self) -> bool:
        """Whether it is over without a new lock."""
        return self.handle is None and self.taking is not None and self.taking.done()


class HandingOver:
    """The attempts whose outcome nobody has been told of yet."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._tries: list[_Try] = []

    async def take(self, caller: Caller, wanted: Wanted, turn: Turn | None = None) -> Result:
        """Return the lock if it can be had now; one that comes too late for a cancelled call is given back later.

        Args:
            turn: The place in the line at which the call waits.
        """
        attempt = _Try(caller)

        async def body(commit: Commit) -> Result:
            result = await granting.acquire(commit, wanted, None if turn is None else turn.selectors)
            if any(event.type == "lock.acquired" for event in commit.events):
                commit.tx.after_commit(lambda: setattr(attempt, "handle", result["lock"]))
            return result

        async def taken() -> Result:
            granted = await self._folder.recorder.change(caller, "lock_files", body)
            return await granting.told(self._folder.db, caller, granted)

        self._tries.append(attempt)
        attempt.taking = asyncio.ensure_future(taken())
        try:
            granted = await asyncio.shield(attempt.taking)
        except BaseException:
            attempt.is_awaited = False
            attempt.taking.add_done_callback(_heard)
            if attempt.has_nothing():
                self._tries.remove(attempt)
            raise
        self._tries = [one for one in self._tries if one is not attempt and one.handle != granted["lock"]]
        if turn is not None and attempt.handle is not None:
            turn.served = True
        return granted

    async def give_back(self) -> None:
        """Release the locks that nobody knows of, and forget the answers that told of them.

        Not while the agent asks again: it may just be told of that lock. Whoever asks after this has begun comes to the
        writer after it, and is granted a new one.
        """
        for attempt in [one for one in self._tries if not one.is_awaited]:
            asking = {one.caller.agent for one in self._tries if one.is_awaited}
            if attempt not in self._tries or attempt.caller.agent in asking:
                continue
            if attempt.handle is not None:
                await self._release(attempt.caller, attempt.handle)
            if (attempt.handle is not None or attempt.has_nothing()) and attempt in self._tries:
                self._tries.remove(attempt)

    async def _release(self, caller: Caller, handle: str) -> None:
        async def body(commit: Commit) -> Result:
            if caller.request_id is not None:
                await requests.forget(commit.tx, caller.agent, caller.request_id)
            held = await locks.by_handle(commit.tx, handle)
            if held is not None and held.is_live(commit.tx.boot_s):
                await leases.end(commit, held, "released")
            return {}

        whose = replace(caller, request_id=None, asked=None, token=None, door="engine")  # a token may have ended
        await self._folder.recorder.change(whose, "unlock_files", body)


def _heard(outcome: "asyncio.Future[Result]") -> None:
    """Ask for the exception, else asyncio would log it as lost."""
    if not outcome.cancelled():
        outcome.exception()
