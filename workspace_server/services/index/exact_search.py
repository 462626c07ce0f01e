"""Exact and regex search over the heads: nothing missed, in pages off the event loop.

Text is read as it is stored, without an index; of a document, whose bytes are no text, what was extracted of it.
"""

import itertools
import mmap
from bisect import bisect_right
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from indexer import exact
from indexer.extractors import REGISTRY
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


@dataclass(slots=True)
class _Page:
    """What one page of files gave; ``cut`` when the time was over before its last file."""

    rows: list[FileRow]
    hits: list[Result] = field(default_factory=list)
    total: int = 0
    cut: bool = False


class _Over(Exception):
    """The time for one search is over."""


class _Search:
    """One exact search on its way through the files."""

    def __init__(
        self, folder: Folder, sought: exact.Sought, filters: Filters, *, context_lines: int, limit: int
    ) -> None:
        self._objects = folder.objects
        self._boot_s = folder.clock.boot_s
        self._ends_at = folder.clock.boot_s() + EXACT_S_MAX
        self._sought = sought
        self._filters = filters
        self._context_lines = context_lines
        self.wanted = limit
        self._directory = filters.path_prefix.rpartition("/")[0]

    def page(self, after: str) -> Callable[[Transaction], Awaitable[_Page]]:
        """Return the read that looks through the next files; it runs on a thread of its own."""

        async def body(tx: Transaction) -> _Page:
            page = _Page(await files.below(tx, self._directory, after=after, limit=PAGE_FILES))
            try:
                for row in page.rows:
                    if self._filters.allow(row):
                        await self._look_into(tx, page, row)
            except _Over:
                page.cut = True
            return page

        return body

    async def _look_into(self, tx: Transaction, page: _Page, row: FileRow) -> None:
        self._tick()
        _, form, data = await content.stored(tx, row.sha256)
        path = self._objects.path(row.sha256)
        with _mapped(path) if form == "object" else nullcontext(soundness.whole(form, data, path)) as stored:
            said = None
            if REGISTRY.may_convert(row.path, row.media_type, bytes(stored[:BEGINNING_BYTES])):
                said = await facts.document_text(tx, row.path, row.version)
            if said is None:
                self._look(page, row, stored)
            else:
                self._look(page, row, said[0].encode("utf-8", "replace"), pages=said[1])

    def _look(self, page: _Page, row: FileRow, data: exact.Bytes, *, pages: Sequence[int] = ()) -> None:
        for match in exact.find_lines(data, self._sought, tick=self._tick):
            page.total += 1
            if len(page.hits) < self.wanted:
                page.hits.append(self._hit(row, match, pages))

    def _hit(self, row: FileRow, match: exact.Match, pages: Sequence[int]) -> Result:
        """Return the lines that are shown, as those of a ranked hit are; beside others, also which line matches."""
        text, first, last = exact.shown(match, self._context_lines)
        hit: Result = {"path": row.path, "version": row.version, "start_line": first, "end_line": last}
        if self._context_lines:
            hit["match_line"] = match.start_line
        if pages:
            hit["page"] = max(1, bisect_right(pages, match.start_line))
        return {**hit, "text": clean(text)}

    def _tick(self) -> None:
        if self._boot_s() > self._ends_at:
            raise _Over


@contextmanager
def _mapped(path: Path) -> Iterator[mmap.mmap]:
    """Map an object file that is what its name says."""
    soundness.check(path)
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        yield mapped


async def search(
    folder: Folder, sought: exact.Sought, filters: Filters, *, context_lines: int, limit: int, max_tokens: int
) -> Result:
    """Return `{hits, total_matches?, indexed_seq, complete}`; a line counts once, however often it holds *sought*."""
    seq = await folder.db.read(lambda tx: meta.counter(tx, "seq"))
    found = _Search(folder, sought, filters, context_lines=context_lines, limit=limit)
    hits: list[Result] = []
    budget = Budget(max_tokens, {"hits": [], "total_matches": TOTAL_MAX, "indexed_seq": seq, "complete": False})
    after, total = "", 0
    while True:
        page = await folder.db.read_long(found.page(after))
        total += page.total
        fitting = list(itertools.takewhile(budget.take, page.hits))
        hits += fitting
        found.wanted = found.wanted - len(fitting) if len(fitting) == len(page.hits) else 0
        if page.cut or len(page.rows) < PAGE_FILES:
            break
        after = page.rows[-1].path
    counted = {} if page.cut else {"total_matches": total}
    return {"hits": hits, **counted, "indexed_seq": seq, "complete": not page.cut}
