"""Exact and regex search over the heads: nothing missed, in short parts off the event loop.

Text is read as it is stored, without an index; of a document, whose bytes are no text, what was extracted of it.
"""

import itertools
import math
import mmap
from bisect import bisect_right
from collections import deque
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from weakref import WeakValueDictionary

import anyio

from indexer import exact
from indexer.extractors import REGISTRY
from workspace_server.errors import Unavailable
from workspace_server.services.folder import Folder
from workspace_server.services.index.answers import Budget, clean
from workspace_server.services.index.filters import Filters
from workspace_server.services.recording import Result
from workspace_server.storage import content, soundness
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import facts, files, meta
from workspace_server.storage.tables.files import FileRow

PAGE_FILES = 200
BEGINNING_BYTES = 64
"""Of a content, enough to tell that it is no document."""
TOTAL_MAX = 1 << 40
"""The room that is kept in the budget for the total."""
EXACT_S_MAX = 20.0
"""After this long an exact search answers with what it has, without a total."""
COUNTED_MAX = 50_000
"""Lines up to which it is counted how many match (6 µs each, 2026-11-30): a pattern that all lines match ends soon."""
PART_S = 0.2
"""How long a search goes on before others have their turn; within a file, from one match to the next."""
WAITING_MAX = 32
"""Exact searches of one agent that wait for the one that is under way."""
REASON_ROOM = 90
"""Bytes of the budget that are kept for the reason why it is not complete."""


class Turns:
    """Lets each agent's exact searches go one after the other: they go through all files, and others want to, too."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[str, anyio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def of(self, agent: str) -> AsyncIterator[None]:
        """Wait until no other search of *agent* is under way.

        Raises:
            Unavailable: Too many of them wait.
        """
        lock = self._locks.setdefault(agent, anyio.Lock())
        if lock.statistics().tasks_waiting >= WAITING_MAX:
            raise Unavailable(
                f"{WAITING_MAX} exact searches of yours wait already.", hint="Wait for their answers.", retryable=True
            )
        async with lock:
            yield


@dataclass(slots=True)
class _Part:
    """What a part of the search gave; ``cut`` says why it was the last although there are more files."""

    hits: list[Result] = field(default_factory=list)
    is_last: bool = False
    cut: str = ""


class _Over(Exception):
    """The search ends before its last file; the message says why."""


class _Search:
    """One exact search on its way through the files.

    Attributes:
        wanted: How many hits are still shown; the others are counted only.
        total: The lines that were found.
    """

    def __init__(
        self, folder: Folder, sought: exact.Sought, filters: Filters, *, context_lines: int, limit: int
    ) -> None:
        self._objects = folder.objects
        self._boot_s = folder.clock.boot_s
        self._ends_at = math.inf
        self._sought = sought
        self._filters = filters
        self._context_lines = context_lines
        self.wanted = limit
        self.total = 0
        self._directory = filters.path_prefix.rpartition("/")[0]
        self._after = ""
        self._matches: Iterator[Result | None] = iter(())

    async def part(self, tx: Transaction) -> _Part:
        """Look on from where the last part ended, for about `PART_S`."""
        if self._ends_at == math.inf:  # what it waits for a thread is no time of its own
            self._ends_at = self._boot_s() + EXACT_S_MAX
        part = _Part()
        try:
            await self._look_on(tx, part, self._boot_s() + PART_S)
        except _Over as over:
            part.cut = str(over)
        return part

    async def _look_on(self, tx: Transaction, part: _Part, pauses_at: float) -> None:
        rows: deque[FileRow] = deque()
        while True:
            for hit in self._matches:
                self._count()
                if hit is not None:
                    part.hits.append(hit)
                if self._boot_s() > pauses_at:
                    return
            rows = rows or deque(await files.below(tx, self._directory, after=self._after, limit=PAGE_FILES))
            if not rows:
                part.is_last = True
                return
            row = rows.popleft()
            self._after = row.path
            if self._filters.allow(row):
                self._tick()
                self._matches = await self._opened(tx, row)

    async def _opened(self, tx: Transaction, row: FileRow) -> Iterator[Result | None]:
        """Begin to look through a file, whose bytes stay there whatever becomes of it."""
        _, form, data = await content.stored(tx, row.sha256)
        path = self._objects.path(row.sha256)
        stored = _mapped(path) if form == "object" else soundness.whole(form, data, path)
        said = None
        if REGISTRY.may_convert(row.path, row.media_type, bytes(stored[:BEGINNING_BYTES])):
            said = await facts.document_text(tx, row.path, row.version)
        if said is None:
            return self._look_into(row, stored, ())
        return self._look_into(row, said[0].encode("utf-8", "replace"), said[1])

    def _look_into(self, row: FileRow, data: exact.Bytes, pages: Sequence[int]) -> Iterator[Result | None]:
        """Yield what is shown of each match; None for those that are counted only."""
        for match in exact.find_lines(data, self._sought, tick=self._tick):
            if self.wanted > 0:
                self.wanted -= 1
                yield self._hit(row, match, pages)
            else:
                yield None

    def _count(self) -> None:
        if self.total == COUNTED_MAX:
            raise _Over(f"more than {COUNTED_MAX} lines match: look for something rarer, or in a part of the files")
        self.total += 1

    def _hit(self, row: FileRow, match: exact.Match, pages: Sequence[int]) -> Result:
        """Return the lines that are shown, as those of a ranked hit are; beside others, also which line matches."""
        text, first, last = exact.shown(match, self._context_lines)
        hit: Result = {"path": row.path, "version": row.version, "start_line": first, "end_line": last}
        hit["by"] = row.modified_by
        if self._context_lines:
            hit["match_line"] = match.start_line
        if pages:
            hit["page"] = max(1, bisect_right(pages, match.start_line))
        return {**hit, "text": clean(text)}

    def _tick(self) -> None:
        if self._boot_s() > self._ends_at:
            raise _Over(f"it took more than {EXACT_S_MAX:.0f} seconds: look in a part of the files")


def _mapped(path: Path) -> mmap.mmap:
    """Map an object file that is what its name says; it is let go with the last who has it."""
    soundness.check(path)
    with path.open("rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


async def search(
    folder: Folder, sought: exact.Sought, filters: Filters, *, context_lines: int, limit: int, max_tokens: int
) -> Result:
    """Return `{hits, total_matches?, indexed_seq, complete, reason?}`.

    A line counts once, however often it holds *sought*.
    """
    seq = await folder.db.read(lambda tx: meta.counter(tx, "seq"))
    found = _Search(folder, sought, filters, context_lines=context_lines, limit=limit)
    hits: list[Result] = []
    told = {"hits": [], "total_matches": TOTAL_MAX, "indexed_seq": seq, "complete": False, "reason": " " * REASON_ROOM}
    budget = Budget(max_tokens, told)
    part = _Part()
    while not part.is_last and not part.cut:
        part = await folder.db.read_scan(found.part)
        fitting = list(itertools.takewhile(budget.take, part.hits))
        hits += fitting
        if len(fitting) < len(part.hits):
            found.wanted = 0
    if part.cut:
        return {"hits": hits, "indexed_seq": seq, "complete": False, "reason": part.cut}
    return {"hits": hits, "total_matches": found.total, "indexed_seq": seq, "complete": True}
