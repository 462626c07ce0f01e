"""Exact search over the heads: no index, nothing missed, in pages off the event loop."""

import itertools
import mmap
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from indexer import exact
from workspace_server.core.patterns import Selector
from workspace_server.services.folder import Folder
from workspace_server.services.index.answers import Budget, clean
from workspace_server.services.recording import Result
from workspace_server.storage import content, soundness
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import files, meta
from workspace_server.storage.tables.files import FileRow

PAGE_FILES = 200
TOTAL_MAX = 1 << 40
"""The room that is kept in the budget for the total."""
EXACT_S_MAX = 20.0
"""After this long an exact search answers with what it has, without a total."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Which files a search looks at."""

    selector: Selector | None = None
    media_type: str | None = None
    modified_by: str | None = None
    modified_after_s: float | None = None

    def allow(self, row: FileRow) -> bool:
        """Return whether a file is among them; a media type may be given by its first half (``text/``)."""
        kind = self.media_type
        return (
            (self.selector is None or self.selector.covers(row.path))
            and (kind is None or row.media_type == kind or (kind.endswith("/") and row.media_type.startswith(kind)))
            and (self.modified_by is None or row.modified_by == self.modified_by)
            and (self.modified_after_s is None or row.modified_at > self.modified_after_s)
        )


@dataclass(slots=True)
class _Page:
    """What one page of files gave."""

    rows: list[FileRow]
    hits: list[Result] = field(default_factory=list)
    total: int = 0


class _Search:
    """One exact search on its way through the files."""

    def __init__(self, folder: Folder, needle: str, filters: Filters, *, context_lines: int, limit: int) -> None:
        self._objects = folder.objects
        self._needle = needle
        self._filters = filters
        self._context_lines = context_lines
        self.wanted = limit
        self._directory = filters.selector.literal_prefix.rpartition("/")[0] if filters.selector else ""

    def page(self, after: str) -> Callable[[Transaction], Awaitable[_Page]]:
        """Return the read that looks through the next files; it runs on a thread of its own."""

        async def body(tx: Transaction) -> _Page:
            page = _Page(await files.below(tx, self._directory, after=after, limit=PAGE_FILES))
            for row in page.rows:
                if self._filters.allow(row):
                    _, form, data = await content.stored(tx, row.sha256)
                    if form == "object":
                        self._look_into_file(page, row)
                    else:
                        self._look(page, row, soundness.whole(form, data, self._objects.path(row.sha256)))
            return page

        return body

    def _look_into_file(self, page: _Page, row: FileRow) -> None:
        path = self._objects.path(row.sha256)
        soundness.check(path)
        with (
            path.open("rb") as file,
            mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped,
        ):
            self._look(page, row, mapped)

    def _look(self, page: _Page, row: FileRow, data: exact.Bytes) -> None:
        for match in exact.find_lines(data, self._needle):
            page.total += 1
            if len(page.hits) < self.wanted:
                page.hits.append(
                    {
                        "path": row.path,
                        "version": row.version,
                        "start_line": match.start_line,
                        "end_line": match.end_line,
                        "text": clean(exact.shown(match, self._context_lines)),
                    }
                )


async def search(
    folder: Folder, needle: str, filters: Filters, *, context_lines: int, limit: int, max_tokens: int
) -> Result:
    """Return `{hits, total_matches?, indexed_seq, complete}`; a line counts once, however often it holds *needle*."""
    seq = await folder.db.read(lambda tx: meta.counter(tx, "seq"))
    found = _Search(folder, needle, filters, context_lines=context_lines, limit=limit)
    hits: list[Result] = []
    budget = Budget(max_tokens, {"hits": [], "total_matches": TOTAL_MAX, "indexed_seq": seq, "complete": False})
    ends_at = folder.clock.boot_s() + EXACT_S_MAX
    after, total, complete = "", 0, True
    while True:
        page = await folder.db.read_long(found.page(after))
        total += page.total
        fitting = list(itertools.takewhile(budget.take, page.hits))
        hits += fitting
        found.wanted = found.wanted - len(fitting) if len(fitting) == len(page.hits) else 0
        if len(page.rows) < PAGE_FILES:
            break
        after = page.rows[-1].path
        if folder.clock.boot_s() > ends_at:
            complete = False
            break
    counted = {"total_matches": total} if complete else {}
    return {"hits": hits, **counted, "indexed_seq": seq, "complete": complete}
