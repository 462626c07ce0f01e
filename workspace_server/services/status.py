"""The use case that says how the workspace is."""

from collections.abc import Awaitable, Callable

from workspace_server.core.access import Caller
from workspace_server.services.folder import Folder
from workspace_server.services.recording import Result
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import files, intents, locks, meta

Part = Callable[[], Awaitable[Result]]
"""What another service adds to the status."""


class Status:
    """Say what is here and what is not well. Errors: none."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._parts: dict[str, Part] = {}

    def include(self, name: str, part: Part) -> None:
        """Let *part* tell of itself under *name*."""
        self._parts[name] = part

    async def status(self, caller: Caller) -> Result:
        """Return `{workspace, root, seq, files, bytes, locks, open_intents, …}` and a part for each service."""
        caller.require("read")

        async def read(tx: Transaction) -> Result:
            count, size_bytes = await files.counts(tx)
            return {
                "workspace": self._folder.name,
                "url": self._folder.base_url,
                "seq": await meta.counter(tx, "seq"),
                "files": count,
                "bytes": size_bytes,
                "locks": len(await locks.live(tx)),
                "open_intents": [intent.path for intent in (await intents.all_open(tx))[:20]],
            }

        result = await self._folder.db.read_long(read)
        for name, part in self._parts.items():
            result[name] = await part()
        return result
