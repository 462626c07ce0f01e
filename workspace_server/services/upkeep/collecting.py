"""Clears what nothing needs any more: bytes beyond retention, content that nothing names, object files without a row.

Invariant I8: clean-up never removes content that something refers to. What is cleared is found in reads beside the
writer, and looked at again in the transaction that takes it: whatever was committed in between counts.
"""

import asyncio
from collections.abc import Callable, Container, Mapping, Sequence

from workspace_server.core.access import Caller
from workspace_server.core.retention import Retention
from workspace_server.services.folder import Folder
from workspace_server.services.recording import Result
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
GRACE_S = 3600.0
"""How old an object file that no row names is before it is cleared."""
UPLOAD_S = 24 * 3600.0
"""An upload to which nothing was added for so long will never end."""

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how many are through, and how many there are (0: not known)."""


class _Watch:
    """What was used since something was looked for: as far as seq, this content."""

    def __init__(self, seq: int) -> None:
        self.seq = seq
        self.used: set[str] = set()

    def add(self, used: set[str], seq: int) -> None:
        self.used |= used
        self.seq = seq


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
            await self._take_beyond()
        await self._take_unused()
        orphans = await self._clear_orphans()
        self._bytes += await asyncio.to_thread(self._folder.objects.discard_uploads, older_than_s=UPLOAD_S)
        return {"contents": self._contents, "object_files": orphans, "bytes": self._bytes}

    async def _take_beyond(self) -> None:
        """Take what is beyond retention, in rounds: what a content rests on is free once that is taken."""
        stuck: set[str] = set()
        while True:
            watch = await self._watch()
            found, looked_at = await self._beyond(stuck)
            # A tail goes before what it rests on.
            hashes = sorted(found, key=lambda sha256: -found[sha256][0].tails)
            if await self._take(hashes, watch, found, why="retention"):
                stuck.clear()
            elif len(looked_at) >= ROUND_MAX:
                stuck |= looked_at  # there is more, behind what cannot be taken
            else:
                return

    async def _beyond(self, stuck: Container[str]) -> tuple[dict[str, list[Use]], set[str]]:
        """Return content of which no version is within retention, with its versions; and all that was looked at."""
        found: dict[str, list[Use]] = {}
        kept: set[str] = set()
        for keeping in (False, True):  # first what may go, then what of that another version keeps
            after = (0, 0)
            while page := await self._page(after):
                for use in page:
                    if not keeping and len(found) < ROUND_MAX and use.sha256 not in stuck and not self._keeps(use):
                        found.setdefault(use.sha256, [])
                    elif keeping and use.sha256 in found:
                        found[use.sha256].append(use)
                        if self._keeps(use):
                            kept.add(use.sha256)
                after = (page[-1].file_id, page[-1].version)
                self._progress("looking at versions", 0, 0)
        return {sha256: uses for sha256, uses in found.items() if uses and sha256 not in kept}, set(found)

    async def _page(self, after: tuple[int, int]) -> list[Use]:
        return await self._folder.db.read_long(lambda tx: collection.uses(tx, after, limit=PAGE))

    def _keeps(self, use: Use) -> bool:
        replaced_s = None if use.replaced_at is None else self._folder.clock.wall_s() - use.replaced_at
        return self._retention.keeps(newer=use.newer, replaced_s=replaced_s)

    async def _take_unused(self) -> None:
        while True:
            watch = await self._watch()
            found = await self._folder.db.read_long(lambda tx: collection.unused(tx, limit=ROUND_MAX))
            if not await self._take(found, watch, {}, why="unused"):
                return

    async def _watch(self) -> _Watch:
        return _Watch(await self._folder.db.read(lambda tx: meta.counter(tx, "seq")))

    async def _take(self, hashes: Sequence[str], watch: _Watch, uses: Mapping[str, list[Use]], *, why: str) -> int:
        """Take the bytes of content away, of which only *uses* are known; return of how many they were."""
        done = 0
        for start in range(0, len(hashes), BATCH):
            part = hashes[start : start + BATCH]
            # Most of what was committed meanwhile is found beside the writer.
            watch.add(*await self._folder.db.read_long(lambda tx: collection.used_since(tx, watch.seq)))
            named = [use for sha256 in part for use in uses.get(sha256, ())]
            taken = await self._folder.db.write(self._taking(part, watch, named, why))
            await self._discard([one.sha256 for one in taken if one.is_object])
            done += len(taken)
            self._bytes += sum(one.inline_bytes for one in taken)
            self._progress("clearing content", start + len(part), len(hashes))
        self._contents += done
        return done

    def _taking(self, part: Sequence[str], watch: _Watch, named: Sequence[Use], why: str) -> Body[list[Taken]]:
        async def body(tx: Transaction) -> list[Taken]:
            used, _ = await collection.used_since(tx, watch.seq)
            kept = used | watch.used | await collection.pinned(tx, part, named)
            free = set(self._folder.objects.pins.free(part)) - kept
            taken = await collection.take(tx, [sha256 for sha256 in part if sha256 in free], why)
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
