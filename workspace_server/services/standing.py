"""How much stands in line, and what is not as it should be: the numbers that a person watches over days."""

from workspace_server.services.folder import Folder
from workspace_server.services.recording import Result
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import endpoints, lock_waits, triggers


class Standing:
    """Count what waits and what is held back. Errors: none."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder

    async def counts(self) -> Result:
        """Return `{writes_queued, lock_waiters, triggers, endpoints}`, the latter two by their states."""

        async def read(tx: Transaction) -> Result:
            return {
                "lock_waiters": await lock_waits.waiting(tx),
                "triggers": await triggers.by_state(tx),
                "endpoints": await endpoints.by_state(tx),
            }

        return {"writes_queued": self._folder.db.unanswered, **await self._folder.db.read(read)}
