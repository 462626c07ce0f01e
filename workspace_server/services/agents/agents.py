"""All that concerns agents, put together, and what is written behind their calls and commits."""

import asyncio
import contextlib

import anyio

from workspace_server.core.access import Caller
from workspace_server.core.agents_written import acted, saved
from workspace_server.core.limits import LIMITS
from workspace_server.errors import Unavailable
from workspace_server.services.agents.listing import Listing
from workspace_server.services.agents.notes import Notes
from workspace_server.services.agents.pauses import Pauses
from workspace_server.services.agents.presence import Presence
from workspace_server.services.folder import Folder
from workspace_server.services.recording import Result
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import agents, events

BATCH = 500
"""Most events that are counted in one transaction: some milliseconds of the writer."""


class Agents:
    """The agents of one workspace.

    What they have written follows the log: the place up to which it is counted moves on in the transaction that adds
    it, so that nothing is counted twice, or left out, whatever is killed in between.
    """

    def __init__(self, folder: Folder, notes: Notes) -> None:
        self._folder = folder
        self.presence = Presence(folder.clock)
        self.pauses = Pauses(folder)
        self.notes = notes
        self._listing = Listing(folder, self.presence)
        self._writing = asyncio.Lock()

    async def list_agents(self, caller: Caller, *, limit: int = 50, cursor: str | None = None) -> Result:
        """Return who works here, as of now: see `Listing.list_agents`."""
        await self._write_on()
        return await self._listing.list_agents(caller, limit=limit, cursor=cursor)

    async def show_agent(self, caller: Caller, *, agent: str) -> Result:
        """Return all about one agent, as of now: see `Listing.show_agent`."""
        await self._write_on()
        return await self._listing.show_agent(caller, agent=agent)

    async def write_down(self) -> None:
        """Write what was not yet written; what cannot be written now waits for the next time."""
        while await self._write_on():
            pass

    async def finish(self) -> None:
        """Write who was here, before the database is closed; the log is counted on by the next server."""
        async with self._writing:
            with contextlib.suppress(Unavailable):
                await self._write_presence()

    async def _write_on(self) -> bool:
        """Write who was here, count a stretch of the log, and return whether there may be more of that."""
        async with self._writing:
            with contextlib.suppress(Unavailable):
                await self._write_presence()
                return await self._count_on()
        return False

    async def forget_old(self, tx: Transaction) -> None:
        """Forget the agents that were seen longest ago, when there are too many."""
        await agents.forget_beyond(tx, LIMITS.agents_max)

    async def _write_presence(self) -> None:
        """Write who has called, what was served, and which notes were shown."""
        seen, served = self.presence.drain()
        shown = self.notes.drain()
        if not (seen or served or shown):
            return

        async def write(tx: Transaction) -> None:
            await self.presence.record(tx, seen, served)
            await self.notes.record(tx, shown)

        try:
            # What has reached the writer is written, and would be added a second time if it were put back.
            with anyio.CancelScope(shield=True):
                await self._folder.db.write(write, is_behind=True)
        except Unavailable:
            self.presence.put_back(seen, served)
            self.notes.put_back(shown)
            raise

    async def _count_on(self) -> bool:
        """Count the next stretch of the log, and return whether there may be more."""

        async def read(tx: Transaction) -> bool:
            return bool(await events.after(tx, await agents.counted(tx), limit=1))

        if not await self._folder.db.read(read):
            return False

        async def count(tx: Transaction) -> bool:
            stretch = await events.after(tx, await agents.counted(tx), limit=BATCH)
            await agents.act(tx, acted(stretch))
            await agents.save(tx, saved(stretch))
            await agents.count_to(tx, stretch[-1].seq)
            return len(stretch) == BATCH

        return await self._folder.db.write(count, is_behind=True)
