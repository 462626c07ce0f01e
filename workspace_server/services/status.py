"""The use case that says how the workspace is."""

from collections.abc import Awaitable, Callable

from workspace_server.core.access import Caller
from workspace_server.services.folder import Folder
from workspace_server.services.recording import Result
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import intents, locks, meta, totals, usage

Part = Callable[[], Awaitable[Result]]
"""What another service adds to the status."""
AGENTS_MAX = 50
"""Most agents of whom it is told how much they store."""
COUNTED_AGAIN = 100.0
"""What the agents store is counted again after this many times as long as that took: every version is read for it."""


class Status:
    """Say what is here and what is not well. Errors: none."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._parts: dict[str, Part] = {}
        self._stored: list[Result] = []
        self._count_at_s = 0.0

    def include(self, name: str, part: Part) -> None:
        """Let *part* tell of itself under *name*."""
        self._parts[name] = part

    async def status(self, caller: Caller) -> Result:
        """Return `{workspace, url, seq, files, bytes, quota, stored_by, locks, …}` and a part for each service.

        `stored_by` are `{agent, versions, bytes}` of the agents whose kept versions take most. In a large
        workspace it is up to some minutes old. Whoever may not read all files is told no more than `glance` tells.
        """
        if not caller.sees_all:
            return await self.glance(caller)

        async def read(tx: Transaction) -> Result:
            count, size_bytes = await totals.of_workspace(tx)
            return {
                "workspace": self._folder.name,
                "url": self._folder.base_url,
                "seq": await meta.counter(tx, "seq"),
                "files": count,
                "bytes": size_bytes,
                "quota": await self._folder.quotas.status(tx),
                "locks": len(await locks.live(tx)),
                "open_intents": [intent.path for intent in (await intents.all_open(tx))[:20]],
            }

        result = await self._folder.db.read_long(read)
        result["stored_by"] = await self._stored_by()
        for name, part in self._parts.items():
            result[name] = await part()
        return result

    async def glance(self, caller: Caller) -> Result:
        """Return `{seq, files, bytes, folder}`: what of the status costs next to nothing, however much there is.

        Whoever may not read all files is told `{workspace, url, seq}`, which tells nothing of the others.
        """
        caller.require_somewhere("read")

        if not caller.sees_all:
            seq = await self._folder.db.read(lambda tx: meta.counter(tx, "seq"))
            return {"workspace": self._folder.name, "url": self._folder.base_url, "seq": seq}

        async def read(tx: Transaction) -> Result:
            count, size_bytes = await totals.of_workspace(tx)
            return {"seq": await meta.counter(tx, "seq"), "files": count, "bytes": size_bytes}

        return {**await self._folder.db.read(read), "folder": await self._parts["folder"]()}

    async def _stored_by(self) -> list[Result]:
        now_s = self._folder.clock.boot_s()
        if now_s >= self._count_at_s:
            rows = await self._folder.db.read_long(lambda tx: usage.by_agent(tx, limit=AGENTS_MAX))
            self._stored = [{"agent": row.agent, "versions": row.versions, "bytes": row.size_bytes} for row in rows]
            done_s = self._folder.clock.boot_s()
            self._count_at_s = done_s + COUNTED_AGAIN * (done_s - now_s)
        return self._stored
