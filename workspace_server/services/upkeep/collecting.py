"""Clears what nothing needs any more: bytes beyond retention, content that nothing names, object files without a row.

Invariant I8: clean-up never removes content that something refers to. What is cleared is found in reads beside the
writer, and looked at again in the transaction that takes it: whatever was committed in between counts.
"""

import asyncio
from collections.abc import Callable, Sequence

from workspace_server.core.access import Caller
from workspace_server.core.retention import Retention
from workspace_server.services.folder import Folder
from workspace_server.services.recording import Result
from workspace_server.storage.content import GRACE_S
from workspace_server.storage.database import Body, Transaction
from workspace_server.storage.tables import audit, meta
from workspace_server.storage.upkeep import collection
from workspace_server.storage.upkeep.collection import Taken, Use
from workspace_server.storage.upkeep.discarding import discard_objects

PAGE = 5_000
"""Versions that are looked at in one read."""
BATCH = 200
"""Contents that are taken away in one transaction."""
ROUND_MAX = 50_000
"""Contents that one round takes at most: their hashes are held in memory."""
UPLOAD_S = 24 * 3600.0
"""An upload to which nothing was added for so long will never end."""

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how many are through, and how many there are (0: not known)."""


class Collector:
    """One clean-up.

    Args:
        orphan_grace_s: How old an object file without a row is before it is cleared.
    """

    def __init__(self, folder: Folder, caller: Caller, progress: Progress, *, orphan_grace_s: float = GRACE_S) -> None:
        self._folder = folder
        self._caller = caller
        self._progress = progress
        self._grace_s = orphan_grace_s
        self._retention = Retention(versions=folder.settings.retention_versions, days=folder.settings.retention_days)
        self._contents = 0
        self._bytes = 0

    async def run(self) -> Result:
        """Clear and return `{contents, object_files, bytes}`: what was cleared."""
        if not self._retention.keeps_all:
            while await self._round():
                pass
        await self._drop_unused()
        orphans = await self._clear_orphans()
        self._bytes += await asyncio.to_thread(self._folder.objects.discard_uploads, older_than_s=UPLOAD_S)
        return {"contents": self._contents, "object_files": orphans, "bytes": self._bytes}

    async def _round(self) -> bool:
        """Take what is beyond retention, as far as one round goes; return whether there is more."""
        since = await self._folder.db.read(lambda tx: meta.counter(tx, "seq"))
        beyond = await self._beyond()
        await self._take(sorted(beyond), since, why="retention")
        return len(beyond) >= ROUND_MAX

    async def _beyond(self) -> set[str]:
        """Return content of which no version is within retention."""
        found: set[str] = set()
        for keeping in (False, True):  # first what may go, then what of that another version keeps
            after = (0, 0)
            while page := await self._page(after):
                for use in page:
                    if keeping and use.sha256 in found and self._keeps(use):
                        found.discard(use.sha256)
                    elif not keeping and len(found) < ROUND_MAX and not self._keeps(use):
                        found.add(use.sha256)
                after = (page[-1].file_id, page[-1].version)
                self._progress("looking at versions", 0, 0)
        return found

    async def _page(self, after: tuple[int, int]) -> list[Use]:
        return await self._folder.db.read_long(lambda tx: collection.uses(tx, after, limit=PAGE))

    def _keeps(self, use: Use) -> bool:
        replaced_s = None if use.replaced_at is None else self._folder.clock.wall_s() - use.replaced_at
        return self._retention.keeps(newer=use.newer, replaced_s=replaced_s)

    async def _drop_unused(self) -> None:
        while True:
            since = await self._folder.db.read(lambda tx: meta.counter(tx, "seq"))
            found = await self._folder.db.read_long(lambda tx: collection.unused(tx, limit=ROUND_MAX))
            if not await self._take(found, since, why=None):
                return

    async def _take(self, hashes: Sequence[str], since: int, *, why: str | None) -> int:
        """Take the bytes of content away, or all of it without *why*; return how many were."""
        done = 0
        for start in range(0, len(hashes), BATCH):
            part = hashes[start : start + BATCH]
            taken = await self._folder.db.write(self._taking(part, since, why))
            await self._discard([one.sha256 for one in taken if one.is_object])
            done += len(taken)
            self._bytes += sum(one.inline_bytes for one in taken)
            self._progress("clearing content", start + len(part), len(hashes))
        self._contents += done
        return done

    def _taking(self, part: Sequence[str], since: int, why: str | None) -> Body[list[Taken]]:
        async def body(tx: Transaction) -> list[Taken]:
            kept = await collection.pinned(tx) | await collection.used_since(tx, since)
            free = [sha256 for sha256 in part if sha256 not in kept]
            taken = await (collection.drop(tx, free) if why is None else collection.take(tx, free, why))
            if taken:
                await audit.add(tx, self._caller, "gc", None, None)
            return taken

        return body

    async def _discard(self, hashes: Sequence[str]) -> int:
        """Remove object files that no row names; return how many were."""
        discarded = await discard_objects(self._folder.db, self._folder.objects, hashes)
        self._bytes += discarded.bytes
        return discarded.files

    async def _clear_orphans(self) -> int:
        """Remove object files that no row names: what a crash left between an object and its commit."""
        objects = self._folder.objects
        until = self._folder.clock.wall_s() - self._grace_s
        old = await asyncio.to_thread(lambda: [sha256 for sha256, at in objects.hashes() if at < until])
        cleared = 0
        for start in range(0, len(old), PAGE):
            part = old[start : start + PAGE]
            named = await self._folder.db.read_long(lambda tx, part=part: collection.named_objects(tx, part))  # type: ignore[misc]
            cleared += await self._discard([sha256 for sha256 in part if sha256 not in named])
            self._progress("looking at object files", start + len(part), len(old))
        return cleared
