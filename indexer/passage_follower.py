"""Takes what was extracted into the search index, behind the facts, because a commit there costs more.

The index that answers is kept in step while another one is made to take its place, so a rebuild is not noticed by who
asks. Only an index that must not answer any more, or that is damaged, leaves a gap: then it is filled where it stands,
the newest first.
"""

import logging
from collections.abc import Awaitable, Callable, Iterator, Sequence
from functools import partial
from typing import Final

import anyio
from anyio.lowlevel import checkpoint

from indexer.extraction import extraction_key
from indexer.extractors import REGISTRY, Registry
from indexer.follower import FactFollower
from indexer.limits import (
    LET_BY_MAX,
    PASSAGE_BATCH_CHANGES,
    PASSAGE_PART_CHARS,
    PASSAGE_SLICE_CHANGES,
    PASSAGE_SLICE_CHARS,
    QUICK_BYTES_MAX,
)
from indexer.model import Change, Found, Passage
from indexer.ports import FactStore, IndexAway, IndexDamaged, Searchable, Searching, Source
from indexer.progress import NOT_STARTED, Ahead, Progress, first_of, pages_of_heads, persist, slices
from indexer.questions import Question

_LOG: Final = logging.getLogger(__name__)


class _Renewal:
    """One wish for another index beside the one that answers."""

    def __init__(self, told: Callable[[int], None]) -> None:
        self.told = told
        self.over = anyio.Event()


class PassageFollower:
    """Keeps a search index in step with the facts, one commit for many changes.

    Args:
        index: Where the passages are; it has to be `run` beside this.
        facts: Whose progress and extractions are followed.
        rhythm_s: How long changes are gathered before they are committed together.
    """

    def __init__(
        self,
        source: Source,
        store: FactStore,
        index: Searching,
        facts: FactFollower,
        *,
        registry: Registry = REGISTRY,
        rhythm_s: float = 0.1,
    ) -> None:
        self.progress = Progress()
        self.is_renewing = False
        """Whether the index that answers is not yet the one that the present program would make."""
        self._source = source
        self._store = store
        self._index = index
        self._facts = facts
        self._registry = registry
        self._rhythm_s = rhythm_s
        self._ahead = Ahead()
        self._rebuilding = anyio.CancelScope()
        self._anew: anyio.Event | None = None
        self._renewals: list[_Renewal] = []
        self._woken = anyio.Event()

    async def run(self) -> None:
        """Follow until cancelled; a damaged index is built again."""
        await persist(self._follow_until_damaged)

    async def query(self, question: Question, *, path_prefix: str = "", paths: Sequence[str] = (), limit: int) -> Found:
        """Ask the index; while there is none yet, or none any more, nothing is found.

        Raises:
            IndexDamaged: The index fails although its files are as they were written.
        """
        if self.progress.seq == NOT_STARTED:
            return Found(cut=True)
        ask = partial(self._index.query, question, path_prefix=path_prefix, paths=paths, limit=limit)
        try:
            return await ask()
        except IndexDamaged:
            return await self._query_after_damage(ask)

    async def rebuild(self) -> None:
        """Empty the index, so that nothing of what was removed is left in its files; it is filled again after this.

        Until it is, its progress tells how little it knows.
        """
        self._anew = wanted = self._anew or anyio.Event()
        self.progress.advance(NOT_STARTED)
        self._rebuilding.cancel()
        await wanted.wait()

    async def renew(self, told: Callable[[int], None]) -> None:
        """Make another index, while this one answers, and let it take its place; return when that is done.

        Args:
            told: Called with the number of files that were taken into it.
        """
        renewal = _Renewal(told)
        self._renewals.append(renewal)
        self._woken.set()
        await renewal.over.wait()

    async def _query_after_damage(self, ask: Callable[[], Awaitable[Found]]) -> Found:
        try:
            if self.progress.seq != NOT_STARTED and await self._index.verify() is not None:
                # It was mended meanwhile, or the fault is ours.
                return await ask()
        except IndexAway:
            return Found(cut=True)
        if self.progress.seq != NOT_STARTED:
            _LOG.exception("the search index is damaged and is built again")
            self.progress.advance(NOT_STARTED)
            self._rebuilding.cancel()
        return Found(cut=True)

    async def _follow_until_damaged(self) -> None:
        with anyio.CancelScope() as self._rebuilding:
            try:
                await self._follow()
            except IndexAway:
                _LOG.warning("the search index was interrupted, and goes on from what it had written")

    async def _follow(self) -> None:
        kept_seq, _ = await self._store.progress()
        await self._facts.progress.wait_beyond(NOT_STARTED)
        self._ahead.clear()
        wanted = self._anew
        standing = None if wanted else await self._index.verify()
        if standing is None and not wanted and kept_seq > 0:  # in a new workspace there is none to miss
            _LOG.warning("there is no search index that is as it was written; it is built again")
        seq = await self._fill() if standing is None else standing.cursor
        self.is_renewing = standing is not None and not standing.is_current
        while True:
            self.progress.advance(seq)
            if self._renewals or (self.is_renewing and not self._facts.is_renewing):
                seq = await self._build(seq)
                continue
            await self._rest(seq)
            seq = await self._catch_up(seq)

    async def _rest(self, seq: int) -> None:
        """Wait until there is something to do, and gather for a moment."""
        self._woken = woken = anyio.Event()
        waits = [lambda: self._facts.progress.wait_beyond(seq), woken.wait]
        await first_of(*waits, *([self._facts.whole] if self.is_renewing else []))
        await anyio.sleep(self._rhythm_s)

    async def _fill(self) -> int:
        """Fill an empty index, which answers from the beginning; return the seq up to which it then knows all."""
        await self._index.begin(serve=False)
        await self._index.finish()
        self.progress.advance(0)
        wanted, self._anew = self._anew, None
        if wanted is not None:
            wanted.set()  # the files of the one before are removed, and what is written from now on is from the heads
        await self._facts.whole()
        seq = self._facts.progress.seq
        async for heads in pages_of_heads(self._source, PASSAGE_SLICE_CHANGES):
            await self._take_newest(seq)
            await self._take(self._ahead.without(heads), 0)
        await self._index.write((), seq, coming=False)
        return seq

    async def _build(self, seq: int) -> int:
        """Make another index and let it answer from then on; return the seq up to which it knows all.

        The one that answers is kept in step meanwhile; it knows all up to *seq* now.
        """
        renewals = list(self._renewals)
        await self._index.begin(serve=True)
        base_seq, done = self._facts.progress.seq, 0
        async for heads in pages_of_heads(self._source, PASSAGE_SLICE_CHANGES):
            await self._take(heads, 0, coming=True)
            done += len(heads)
            for renewal in renewals:
                renewal.told(done)
            seq = await self._catch_up(seq)
            self.progress.advance(seq)
        new_seq = await self._catch_up(base_seq, coming=True)
        await self._index.write((), new_seq, coming=True)
        await self._index.finish()
        self._ahead.clear()  # what the old one took ahead, the new one may not know
        self.is_renewing = False
        self._renewals = self._renewals[len(renewals) :]
        for renewal in renewals:
            renewal.over.set()
        return new_seq

    async def _catch_up(self, seq: int, *, coming: bool = False) -> int:
        """Take in every change that has its facts; return the seq up to which that is."""
        reachable = self._facts.progress.seq
        while seq < reachable:
            batch = await self._source.changes(seq, limit=PASSAGE_BATCH_CHANGES)
            upto_seq = min(batch.upto_seq, reachable)
            for part in slices(batch.changes, PASSAGE_SLICE_CHANGES):
                if batch.more and not coming:
                    await self._take_newest(seq)
                is_last = part[-1] is batch.changes[-1]
                some = part if coming else self._ahead.without(part)
                await self._take(some, seq, upto_seq=upto_seq if is_last else None, coming=coming)
            seq = upto_seq
        if not coming and seq >= self._facts.progress.seq:
            self._ahead.clear()
        return seq

    async def _take_newest(self, seq: int) -> None:
        """Take the newest changes that have their facts, although older ones wait; the index's cursor stays."""
        self._ahead.note(await self._take(await self._ahead.newest(self._source, seq), seq))

    async def _take(
        self, changes: Sequence[Change], cursor: int, *, upto_seq: int | None = None, coming: bool = False
    ) -> list[Change]:
        """Write what is known of *changes*, and return those of which something is.

        Of the others a newer version is on its way, and with it another change. A long file is written in parts, with
        the cursor from before it: one that was interrupted is written again from its first part on.

        Args:
            upto_seq: Where the cursor is once all of them are written.
        """
        taken: list[Change] = []
        some: list[Searchable] = []
        chars = 0
        for change in changes:
            await checkpoint()  # else those who save wait until all of them are read
            one = await self._searchable(change)
            if one is None:
                continue
            taken.append(change)
            for part in _parts_of(one):
                if some and (part.goes_on or chars > PASSAGE_SLICE_CHARS):
                    await self._index.write(some, cursor, coming=coming)
                    await self._let_by(changes, cursor, coming=coming)
                    some, chars = [], 0
                some.append(part)
                chars += _chars_of(part)
        if some or upto_seq is not None:
            await self._index.write(some, cursor if upto_seq is None else upto_seq, coming=coming)
        return taken

    async def _let_by(self, busy: Sequence[Change], cursor: int, *, coming: bool) -> None:
        """Let the index that answers know the small files that were saved while *busy* ones are being written.

        One of these is left alone, even if it was saved again: the parts of two versions must not get mixed.
        """
        since = self.progress.seq if coming else cursor
        paths = {change.path for change in busy}
        newest = await self._ahead.newest(self._source, since)
        small = [change for change in newest if change.size_bytes <= QUICK_BYTES_MAX and change.path not in paths]
        some = [one for change in small[-LET_BY_MAX:] if (one := await self._searchable(change)) is not None]
        if some:
            await self._index.write(some, since, coming=False)
            self._ahead.note(one.change for one in some)

    async def _searchable(self, change: Change) -> Searchable | None:
        if change.version is None:
            return Searchable(change)
        said = await self._store.said(extraction_key(change, self._registry))
        return None if said is None else Searchable(change, *said)


def _parts_of(one: Searchable) -> Iterator[Searchable]:
    """Yield what is to be found of a file, a long one in parts that are written in moments."""
    part: list[Passage] = []
    chars, goes_on = 0, False
    for passage in one.passages:
        if chars > PASSAGE_PART_CHARS:
            yield Searchable(one.change, one.title, part, goes_on)
            part, chars, goes_on = [], 0, True
        part.append(passage)
        chars += len(passage.text)
    yield Searchable(one.change, one.title, part, goes_on)


def _chars_of(one: Searchable) -> int:
    return sum(len(passage.text) for passage in one.passages)
