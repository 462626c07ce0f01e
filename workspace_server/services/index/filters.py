"""Which files an answer is taken from: what the caller asked for, and the paths that this comes to."""

from dataclasses import dataclass

from indexer.limits import SCOPE_PATHS_MAX
from workspace_server.core.patterns import Selector
from workspace_server.core.scopes import ALL, Scope
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import files
from workspace_server.storage.tables.files import FileRow

PAGE_PATHS = 2_000
"""Paths that are held against a pattern at a time, so that a pattern that many match is soon given up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Which files a search looks at."""

    selector: Selector | None = None
    media_type: str | None = None
    modified_by: str | None = None
    modified_after_s: float | None = None
    scope: Scope = ALL
    """What the caller may search."""

    @property
    def path_prefix(self) -> str:
        """What the paths of all of them begin with."""
        return self.selector.literal_prefix if self.selector else ""

    @property
    def are_told_by_prefix(self) -> bool:
        """Whether all files whose paths begin so are among them."""
        others = (self.media_type, self.modified_by, self.modified_after_s)
        is_prefix = self.selector is None or self.selector.kind == "directory"
        return is_prefix and others == (None, None, None) and self.is_whole

    @property
    def is_whole(self) -> bool:
        """Whether the caller may search all files."""
        return self.scope.is_whole("search")

    def covers(self, path: str) -> bool:
        """Return whether a path is one of those that were asked about, and that the caller may search."""
        if self.selector is not None and not self.selector.covers(path):
            return False
        return self.is_whole or self.scope.allows("search", path)

    def allow(self, row: FileRow) -> bool:
        """Return whether a file is among them; a media type may be given by its first half (``text/``)."""
        kind = self.media_type
        return (
            self.covers(row.path)
            and (kind is None or row.media_type == kind or (kind.endswith("/") and row.media_type.startswith(kind)))
            and (self.modified_by is None or row.modified_by == self.modified_by)
            and (self.modified_after_s is None or row.modified_at > self.modified_after_s)
        )


async def few(tx: Transaction, filters: Filters, *, ever: bool = False) -> tuple[str, ...] | None:
    """Return the paths of the files that *filters* allow; None when a prefix tells them, or they are too many to name.

    What is ranked first and filtered then finds nothing of a few files among many that say the same.

    Args:
        ever: Also those that were deleted: of some moment in the past.
    """
    selector = filters.selector
    if filters.are_told_by_prefix:
        return None
    if selector is not None and selector.kind == "path":
        return (selector.text,) if filters.covers(selector.text) else ()
    found: list[str] = []
    after = ""
    while len(found) <= SCOPE_PATHS_MAX:
        page = await files.paths(
            tx,
            prefix=filters.path_prefix,
            after=after,
            media_type=filters.media_type,
            modified_by=filters.modified_by,
            modified_after_s=filters.modified_after_s,
            ever=ever,
            limit=PAGE_PATHS,
        )
        found += [path for path in page if filters.covers(path)]
        if len(page) < PAGE_PATHS:
            return tuple(found) if len(found) <= SCOPE_PATHS_MAX else None
        after = page[-1]
    return None
