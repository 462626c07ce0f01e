"""Follows the log in the background: changes in, facts and passages out, each with its own cursor.

Two loops of the same shape. The first turns changes into facts as fast as it can; the second takes what the first has
extracted into the search index, in larger batches, because a commit there costs more. Neither ever holds up a writer.
"""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Final, TypeVar

import anyio
from anyio import to_thread

from indexer.extracting import InThread
from indexer.extraction import extraction_key
from indexer.extractors import REGISTRY, Registry
from indexer.limits import BATCH_BYTES, BATCH_CHANGES, INDEXED_BYTES_MAX, PASSAGE_BATCH_CHANGES
from indexer.model import Change, Found, Indexed
from indexer.ports import Content, Extracting, FactStore, IndexDamaged, SearchIndex, Source
from indexer.questions import Question

_LOG: Final = logging.getLogger(__name__)
_HOP_BYTES: Final = 256 * 1024
_RETRY_S: Final = 1.0
T = TypeVar("T")

NOT_STARTED: Final = -1
"""The progress of a loop that has not yet looked where it is."""


class Progress:
    """How far a loop is in the log, for those who wait for it. Lives on one event loop."""

    def __init__(self) -> None:
        self.seq = NOT_STARTED
        self._moved = anyio.Event()

    def advance(self, seq: int) -> None:
        """Say that no change at or below *seq* is still waiting."""
        if seq != self.seq:
            self.seq = seq
            self._moved.set()
            self._moved = anyio.Event()

    async def wait_beyond(self, seq: int) -> None:
        """Return once the loop is beyond *seq*."""
        while self.seq <= seq:
            await self._moved.wait()

    async def reach(self, seq: int, *, timeout_s: float) -> bool:
        """Wait until the loop has reached *seq*; False when *timeout_s* went by first."""
        with anyio.move_on_after(timeout_s):
            await self.wait_beyond(seq - 1)
        return self.seq >= seq


class FactFollower:
    """Keeps the facts of every file's head.

    Args:
        extracting: Where contents are extracted; by default in a thread.
        rhythm_s: How long changes are gathered before they are taken together: each batch is a commit, and a file that
            is saved again meanwhile is read once.
    """

    def __init__(
        self,
        source: Source,
        store: FactStore,
        *,
        registry: Registry = REGISTRY,
        extracting: Extracting | None = None,
        rhythm_s: float = 0.05,
    ) -> None:
        self.progress = Progress()
        self._source = source
        self._store = store
        self._registry = registry
        self._extracting = extracting or InThread(registry)
        self._rhythm_s = rhythm_s

    async def run(self) -> None:
        """Follow the log until cancelled; what goes wrong is logged and tried again."""
        await _persist(self._follow)

    async def _follow(self) -> None:
        seq, fingerprint = await self._store.progress()
        if fingerprint != self._registry.fingerprint:
            seq = await self._source.head_seq()
            async for heads in _pages_of_heads(self._source, BATCH_CHANGES):
                await self._keep(heads, None)
            await self._store.keep((), progress=(seq, self._registry.fingerprint))
        self.progress.advance(seq)
        while True:
            batch = await self._source.changes(seq, limit=BATCH_CHANGES)
            if batch.changes:
                await self._keep(batch.changes, batch.upto_seq)
            seq = batch.upto_seq
            self.progress.advance(seq)
            await self._source.wait_beyond(seq)
            await anyio.sleep(self._rhythm_s)

    async def _keep(self, changes: Sequence[Change], upto_seq: int | None) -> None:
        """Extract *changes* and keep them in one go, or in several when they are large; the cursor moves last."""
        found: list[Indexed] = []
        size_bytes = 0
        fresh: list[tuple[str, Content]] = []
        for change in changes:
            known = await self._known(change)
            if known is not None:
                found.append(known)
                continue
            content = Content(change, await self._read(change))
            fresh.append((extraction_key(change, self._registry), content))
            size_bytes += len(content.data)
            if size_bytes > _HOP_BYTES:
                found += await self._extract(fresh)
                fresh = []
            if size_bytes > BATCH_BYTES:
                await self._store.keep(found, progress=None)
                found, size_bytes = [], 0
        found += await self._extract(fresh)
        progress = None if upto_seq is None else (upto_seq, self._registry.fingerprint)
        await self._store.keep(found, progress=progress)

    async def _known(self, change: Change) -> Indexed | None:
        """Return what needs no extraction: a file that is gone, or a content that was read before."""
        if change.version is None:
            return Indexed(change=change)
        key = extraction_key(change, self._registry)
        extraction = await self._store.extraction(key)
        return None if extraction is None else Indexed(change=change, key=key, extraction=extraction)

    async def _read(self, change: Change) -> bytes:
        try:
            return await self._source.read(change, bytes_max=INDEXED_BYTES_MAX)
        except OSError as error:
            _LOG.warning("cannot read %s version %s for the index: %s", change.path, change.version, error)
            return b""

    async def _extract(self, fresh: Sequence[tuple[str, Content]]) -> list[Indexed]:
        if not fresh:
            return []
        found = await self._extracting.extract([content for _, content in fresh])
        return [
            Indexed(change=content.change, key=key, extraction=extraction)
            for (key, content), extraction in zip(fresh, found, strict=True)
        ]


class PassageFollower:
    """Keeps a search index in step with the facts, one commit for many changes.

    Args:
        facts: Whose progress and extractions are followed.
        rhythm_s: How long changes are gathered before they are committed together.
    """

    def __init__(
        self,
        source: Source,
        store: FactStore,
        index: SearchIndex,
        facts: FactFollower,
        *,
        registry: Registry = REGISTRY,
        rhythm_s: float = 0.25,
    ) -> None:
        self.progress = Progress()
        self._source = source
        self._store = store
        self._index = index
        self._facts = facts
        self._registry = registry
        self._rhythm_s = rhythm_s
        self._writing = anyio.CapacityLimiter(1)
        self._reading = anyio.CapacityLimiter(1)
        self._rebuilding = anyio.CancelScope()
        self._anew: anyio.Event | None = None

    async def run(self) -> None:
        """Follow until cancelled; a damaged index is built again."""
        await _persist(self._follow_until_damaged)

    async def query(self, question: Question, *, path_prefix: str = "", limit: int) -> Found:
        """Ask the index, off the event loop; while there is none yet, or none any more, nothing is found.

        Raises:
            IndexDamaged: The index fails although its files are as they were written.
        """
        if self.progress.seq == NOT_STARTED:
            return Found(cut=True)
        try:
            return await self._ask(question, path_prefix, limit)
        except IndexDamaged:
            if await self._write(self._index.verify) is not None:
                return await self._ask(question, path_prefix, limit)  # it was mended meanwhile, or the fault is ours
            _LOG.exception("the search index is damaged and is built again")
            self.progress.advance(NOT_STARTED)
            self._rebuilding.cancel()
            return Found(cut=True)

    async def rebuild(self) -> None:
        """Make the index anew from the files that are there, so that nothing of others is left in its files."""
        self._anew = wanted = anyio.Event()
        self.progress.advance(NOT_STARTED)
        self._rebuilding.cancel()
        await wanted.wait()

    async def _ask(self, question: Question, path_prefix: str, limit: int) -> Found:
        return await to_thread.run_sync(
            lambda: self._index.query(question, path_prefix=path_prefix, limit=limit), limiter=self._reading
        )

    async def _write(self, work: Callable[[], T]) -> T:
        return await to_thread.run_sync(work, limiter=self._writing)

    async def _follow_until_damaged(self) -> None:
        with anyio.CancelScope() as self._rebuilding:
            await self._follow()

    async def _follow(self) -> None:
        await self._facts.progress.wait_beyond(NOT_STARTED)
        wanted = self._anew
        seq = None if wanted else await self._write(self._index.verify)
        if seq is None:
            seq = await self._build()
        if wanted is not None:
            wanted.set()
            self._anew = None if self._anew is wanted else self._anew
        while True:
            self.progress.advance(seq)
            await self._facts.progress.wait_beyond(seq)
            await anyio.sleep(self._rhythm_s)
            seq = await self._catch_up(seq)

    async def _build(self) -> int:
        """Fill an empty index from the files that are there; return the seq for which that holds."""
        await self._write(self._index.reset)
        seq = self._facts.progress.seq
        async for heads in _pages_of_heads(self._source, PASSAGE_BATCH_CHANGES):
            await self._take(heads, 0)
        await self._write(lambda: self._index.commit(seq))
        return seq

    async def _catch_up(self, seq: int) -> int:
        """Take in every change that has its facts; return the seq up to which that is."""
        reachable = self._facts.progress.seq
        while seq < reachable:
            batch = await self._source.changes(seq, limit=PASSAGE_BATCH_CHANGES)
            seq = min(batch.upto_seq, reachable)
            if batch.changes:
                await self._take(batch.changes, seq)
        return seq

    async def _take(self, changes: Sequence[Change], cursor: int) -> None:
        for change in changes:
            if change.version is None:
                self._index.drop(change.path)
                continue
            extraction = await self._store.extraction(extraction_key(change, self._registry))
            if extraction is not None:  # else a newer version is on its way, and with it another change
                self._index.put(change, extraction.title, extraction.passages)
        await self._write(lambda: self._index.commit(cursor))


async def _pages_of_heads(source: Source, limit: int) -> AsyncIterator[Sequence[Change]]:
    after = ""
    while heads := await source.heads(after, limit=limit):
        yield heads
        after = heads[-1].path


async def _persist(follow: Callable[[], Awaitable[None]]) -> None:
    """Run *follow* again whenever it ends: the last line against errors, with a pause between two tries."""
    while True:
        try:
            await follow()
        except Exception:  # noqa: BLE001 (the outermost loop of this task)
            _LOG.exception("following the log failed; it is tried again")
            await anyio.sleep(_RETRY_S)
