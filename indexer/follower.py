"""Follows the log in the background and turns changes into facts, the newest small files first.

Bulk work (an import, new extractors) goes on in small slices between which the newest changes are looked at, so that a
file saved just now has its facts at once. What was done before its turn is only remembered here: the cursor that is
kept tells what is done without a gap, so a crash loses nothing and at most repeats a little.
"""

import logging
import math
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import anyio
from anyio.lowlevel import checkpoint

from indexer.extracting import InThread
from indexer.extraction import bytes_needed, extraction_key
from indexer.extractors import REGISTRY, Registry
from indexer.limits import (
    BATCH_CHANGES,
    MARK_S,
    QUICK_BYTES_MAX,
    SLICE_BYTES,
    SLICE_CHANGES,
    STAND_BACK_S_MAX,
)
from indexer.model import Change, Extraction, Indexed
from indexer.ports import Content, Extracting, FactStore, Source
from indexer.progress import Ahead, Progress, first_of, persist, slices
from indexer.waiting import Large, Waiting, Walk

_LOG: Final = logging.getLogger(__name__)


class FactFollower:
    """Keeps the facts of every file's head.

    Three things are done in turn: the newest changes while older ones wait, the log from the cursor on, and walks over
    all heads. Large files and documents wait apart, and are read by two readers of their own: one takes the newest, the
    other the oldest.

    Args:
        extracting: Where contents are extracted; by default in a thread.
        rhythm_s: How long changes are gathered before they are taken together: each slice is a commit, and a file that
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
        self._ahead = Ahead()
        self._waiting = Waiting()
        self._walks: list[Walk] = []
        self._woken = anyio.Event()
        self._marking = anyio.Lock()
        self._seq = 0
        """Up to where the log was looked at."""
        self._upto_seq: int | None = None
        """Where the log stood when the first walk began, which takes the place of following it up to there."""
        self._fingerprint = ""
        self._has_kept = False
        """Whether something was kept since it was last kept how far all is done."""
        self._marked_s = -math.inf
        self._in_hand: dict[str, Extraction] = {}
        """What was extracted and is being kept, by its key."""
        self._hand_free = anyio.Event()

    async def run(self) -> None:
        """Follow the log until cancelled; what goes wrong is logged and tried again."""
        await persist(self._follow)

    @property
    def is_renewing(self) -> bool:
        """Whether new extractors have not yet read every file: older facts are told of the others."""
        return any(not walk.again for walk in self._walks)

    async def whole(self) -> None:
        """Return once every file was read by the present extractors."""
        while renewing := [walk for walk in self._walks if not walk.again]:
            await renewing[0].over.wait()

    async def renew(self, told: Callable[[int], None]) -> None:
        """Extract every file again, while the log is followed; return when that is done.

        Args:
            told: Called with the number of files that were looked at.
        """
        walk = Walk(again=True, told=told)
        self._walks.append(walk)
        self._woken.set()
        await walk.over.wait()

    async def _follow(self) -> None:
        await self._begin()
        async with anyio.create_task_group() as self._tasks:
            self._tasks.start_soon(self._read_large, True)
            self._tasks.start_soon(self._read_large, False)
            while True:
                is_busy = await self._take_from_log()
                is_busy = await self._walk_on() or is_busy
                await self._mark()
                if not is_busy:
                    await self._rest()

    async def _begin(self) -> None:
        """Start from the cursor; when other extractors read what is known, or none did, with a walk over all heads."""
        self._seq, self._fingerprint = await self._store.progress()
        self._ahead, self._waiting, self._has_kept = Ahead(), Waiting(), False
        self._in_hand, self._hand_free = {}, anyio.Event()
        self._hand_free.set()
        self._walks = [walk for walk in self._walks if walk.again]
        for walk in self._walks:
            walk.begin()
        if self._fingerprint != self._registry.fingerprint:
            self._walks.insert(0, Walk(again=False))
        self._upto_seq = None if self._fingerprint else await self._source.head_seq()
        self.progress.advance(self._seq)

    async def _take_from_log(self) -> bool:
        """Take the next page of the log, with a look at the newest before each slice; return whether more is there."""
        if self._upto_seq is not None or self._waiting.is_full:
            await self._take_newest()
            return False
        batch = await self._source.changes(self._seq, limit=BATCH_CHANGES)
        for part in slices(batch.changes, SLICE_CHANGES):
            began_s = anyio.current_time()
            is_moving = batch.more and await self._take_newest()
            await self._take(self._ahead.without(part))
            if is_moving:  # leave those who save as much time as was taken from them
                await anyio.sleep(min(anyio.current_time() - began_s, STAND_BACK_S_MAX))
        if batch.changes:
            await self._hand_free.wait()
        self._seq = batch.upto_seq
        self._has_kept = self._has_kept or bool(batch.changes)  # also what was taken ahead, and is passed over now
        if not batch.more:
            self._ahead.clear()
        return batch.more

    async def _take_newest(self) -> bool:
        """Take the newest changes that are quickly read, and return whether there are any.

        Large files wait for their turn in the log.
        """
        quick = [change for change in await self._ahead.newest(self._source, self._seq) if self._is_quick(change)]
        await self._take(quick)
        self._ahead.note(quick)
        return bool(quick)

    async def _walk_on(self) -> bool:
        """Take the next slice of the walk that is first in line; return whether there is more of it."""
        if not self._walks or self._walks[0].is_through or self._waiting.is_full:
            return False
        walk = self._walks[0]
        heads = await self._source.heads(walk.after, limit=SLICE_CHANGES)
        await self._take(heads if walk.again else self._ahead.without(heads), walk)
        if not heads:
            await self._hand_free.wait()
            walk.is_through = True
        walk.after = heads[-1].path if heads else walk.after
        walk.looked_at += len(heads)
        walk.told(walk.looked_at)
        return not walk.is_through

    async def _rest(self) -> None:
        """Wait for the log or for a walk, and then gather for a moment."""
        self._woken = anyio.Event()
        woken = self._woken
        if not self._walks or self._walks[0].is_through:
            with anyio.move_on_after(MARK_S if self._has_kept else math.inf):
                await first_of(lambda: self._source.wait_beyond(self._seq), woken.wait)
        await anyio.sleep(self._rhythm_s)

    async def _take(self, changes: Iterable[Change], walk: Walk | None = None) -> None:
        """Keep what *changes* give, together; large files that were not read before are left to wait."""
        found: list[Indexed] = []
        fresh: dict[str, list[Change]] = {}
        size_bytes = 0
        for change in changes:
            key = extraction_key(change, self._registry) if change.version is not None else ""
            known = await self._known(change, key, walk)
            if known is not None:
                self._waiting.settle(change.path)
                found.append(known)
            elif not self._is_quick(change):
                self._waiting.add(Large(change, key, walk))
            else:
                self._waiting.settle(change.path)
                size_bytes += 0 if key in fresh else change.size_bytes
                fresh.setdefault(key, []).append(change)
            if size_bytes > SLICE_BYTES:
                await self._keep_behind([*found, *await self._extract(fresh)], walk)
                found, fresh, size_bytes = [], {}, 0
        await self._keep_behind([*found, *await self._extract(fresh)], walk)

    async def _keep_behind(self, found: Sequence[Indexed], walk: Walk | None) -> None:
        """Keep *found* while what comes next is read and extracted: that is done by another process."""
        await self._hand_free.wait()
        if not found:
            return
        self._hand_free = anyio.Event()
        self._in_hand = {one.key: one.extraction for one in found if one.extraction is not None}

        async def keep() -> None:
            await self._keep(found, walk)
            self._in_hand = {}
            self._hand_free.set()

        self._tasks.start_soon(keep)

    def _is_quick(self, change: Change) -> bool:
        """Return whether a file is read in milliseconds: a small text."""
        return change.size_bytes <= QUICK_BYTES_MAX and not self._registry.may_convert(change.path, change.media_type)

    async def _known(self, change: Change, key: str, walk: Walk | None) -> Indexed | None:
        """Return what needs no extraction: a file that is gone, or a content that was read before."""
        if change.version is None:
            return Indexed(change=change)
        if walk is not None and walk.again:
            return None
        extraction = self._in_hand.get(key) or await self._store.extraction(key)
        return None if extraction is None else Indexed(change=change, key=key, extraction=extraction)

    async def _extract(self, fresh: dict[str, list[Change]]) -> list[Indexed]:
        """Extract each content once; *fresh* has the changes that brought it, by its key."""
        if not fresh:
            return []
        contents = []
        for some in fresh.values():
            await checkpoint()  # else those who save wait until all of them are read
            contents.append(Content(some[0], await self._read(some[0])))
        found = await self._extracting.extract(contents)
        return [
            Indexed(change=change, key=key, extraction=extraction)
            for (key, some), extraction in zip(fresh.items(), found, strict=True)
            for change in some
        ]

    async def _read(self, change: Change) -> bytes:
        try:
            return await self._source.read(change, bytes_max=bytes_needed(change, self._registry))
        except OSError as error:
            _LOG.warning("cannot read %s version %s for the index: %s", change.path, change.version, error)
            return b""

    async def _keep(self, found: Sequence[Indexed], walk: Walk | None) -> None:
        await self._store.keep(found, progress=None, anew=walk is not None and walk.again)
        self._has_kept = True

    async def _read_large(self, newest: bool) -> None:
        """Read one large file after the other."""
        while True:
            one = await self._waiting.next(newest=newest)
            known = await self._known(one.change, one.key, one.walk)
            found = [known] if known else await self._extract({one.key: [one.change]})
            if self._waiting.holds(one):  # else it was saved again meanwhile
                await self._keep(found, one.walk)
            self._waiting.done(one)
            await self._mark()

    async def _mark(self) -> None:
        """Tell those who wait how far all is done, and now and then keep that: each time is a commit."""
        async with self._marking:
            walk = self._walks[0] if self._walks else None
            is_over = walk is not None and walk.is_through and not walk.reading
            if walk is not None and is_over and not walk.again:
                self._seq = self._seq if self._upto_seq is None else self._upto_seq
                self._upto_seq, self._fingerprint = None, self._registry.fingerprint
                self._has_kept = True
            seq = self._waiting.upto(self._seq)
            self.progress.advance(seq)
            if self._has_kept and (is_over or anyio.current_time() - self._marked_s >= MARK_S):
                self._has_kept = False
                self._marked_s = anyio.current_time()
                await self._store.keep((), progress=(seq, self._fingerprint))
            elif self._has_kept:
                self._woken.set()  # to be kept when it is time, though nothing more happens
            if walk is not None and is_over:
                self._walks.remove(walk)
                walk.over.set()
                self._woken.set()
