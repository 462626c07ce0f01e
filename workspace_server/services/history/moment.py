"""What stands where: now, or as of an earlier moment. Whoever lists or reads takes one of the two."""

from typing import Final, Protocol

from workspace_server.core.access import Caller
from workspace_server.core.limits import LIMITS
from workspace_server.errors import InvalidArgument, NotFound
from workspace_server.services.arguments import refused
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import files, meta, moments
from workspace_server.storage.tables.files import FileRow


class View(Protocol):
    """The files of the workspace as they stand at one moment."""

    async def by_path(self, tx: Transaction, path: str) -> FileRow | None:
        """Return what stands at *path*, deleted or not; None when nothing ever did."""

    async def below(
        self, tx: Transaction, directory: str, *, after: str = "", limit: int = -1, deleted: bool = False
    ) -> list[FileRow]:
        """Return the files below *directory* in the order of their paths; as `files.below`."""


class Now:
    """The files as they stand now."""

    async def by_path(self, tx: Transaction, path: str) -> FileRow | None:
        """Return what stands at *path*."""
        return await files.by_path(tx, path)

    async def below(
        self, tx: Transaction, directory: str, *, after: str = "", limit: int = -1, deleted: bool = False
    ) -> list[FileRow]:
        """Return the files below *directory*."""
        return await files.below(tx, directory, after=after, limit=limit, deleted=deleted)


class AsOf:
    """The files as they stood once the change *seq* was made; 0 is before the first."""

    def __init__(self, seq: int) -> None:
        self._seq = seq

    async def by_path(self, tx: Transaction, path: str) -> FileRow | None:
        """Return what stood at *path*."""
        return await moments.by_path(tx, path, seq=self._seq)

    async def below(
        self, tx: Transaction, directory: str, *, after: str = "", limit: int = -1, deleted: bool = False
    ) -> list[FileRow]:
        """Return the files that stood below *directory*."""
        return await moments.below(tx, directory, seq=self._seq, after=after, limit=limit, deleted=deleted)


NOW: Final = Now()
LAST: Final = "\U0010ffff"
"""The last character: no path holds it."""
_SURROGATES: Final = range(0xD800, 0xE000)
"""What is no character of its own."""
HIDDEN_PAGE = 1_000
"""How many files are looked at for one that a caller may see, before the next ones are."""


class Seen:
    """The files of another view that a caller may read: the others are not there.

    No more is looked at than what begins as the patterns of its scope do, and of that a bounded number.
    """

    def __init__(self, view: View, caller: Caller) -> None:
        self._view = view
        self._caller = caller

    async def by_path(self, tx: Transaction, path: str) -> FileRow | None:
        """Return what stands at *path*, if the caller may read it."""
        return await self._view.by_path(tx, path) if self._caller.sees(path) else None

    async def below(
        self, tx: Transaction, directory: str, *, after: str = "", limit: int = -1, deleted: bool = False
    ) -> list[FileRow]:
        """Return the files below *directory* that the caller may read.

        Raises:
            InvalidArgument: Too many have to be looked at for them.
        """
        found: list[FileRow] = []
        looked_at = 0
        for prefix in self._caller.scope.prefixes("read"):
            at, more = max(after, just_before(prefix)), True
            while more and (limit < 0 or len(found) < limit):
                page = await self._view.below(tx, directory, after=at, limit=HIDDEN_PAGE, deleted=deleted)
                within = [row for row in page if row.path.startswith(prefix)]
                found += [row for row in within if self._caller.sees(row.path)]
                looked_at += len(within)
                if looked_at > LIMITS.hidden_files_max:
                    raise _too_many_hidden()
                more = len(within) == HIDDEN_PAGE
                at = page[-1].path if page else at
        return found if limit < 0 else found[:limit]


def just_before(prefix: str) -> str:
    """Return a text after which all that begins with *prefix* comes first; the empty one for the empty one."""
    if not prefix:
        return ""
    code = ord(prefix[-1]) - 1
    return prefix[:-1] + ("" if code < 0 else chr(_SURROGATES[0] - 1 if code in _SURROGATES else code) + LAST)


def _too_many_hidden() -> InvalidArgument:
    return refused("path", "too many files lie there to look for those that you may read", "Name a directory below it.")


def seen_by(caller: Caller, view: View) -> View:
    """Return what a caller may see of a view."""
    return view if caller.sees_all else Seen(view, caller)


async def view_of(tx: Transaction, as_of_seq: int | None) -> View:
    """Return the files as of a seq, or (None) as they are now.

    Raises:
        InvalidArgument: The log does not go that far.
    """
    if as_of_seq is None:
        return NOW
    head = await meta.counter(tx, "seq")
    if not 0 <= as_of_seq <= head:
        raise refused("as_of_seq", f"the log stands at seq {head}", f"as_of_seq=0 to {head}, or leave it out.")
    return AsOf(as_of_seq)


async def version_at(tx: Transaction, path: str, seq: int) -> int:
    """Return which version of *path* stood there at *seq*.

    Raises:
        InvalidArgument: The log does not go that far.
        NotFound: No file stood there.
    """
    row = await (await view_of(tx, seq)).by_path(tx, path)
    if row is None or not row.live:
        when = "not made yet" if row is None else f"deleted; its last version was {row.version}"
        raise NotFound(
            f"There was no file {path} at seq {seq}: it was {when}.",
            hint="GET /api/v1/files?as_of_seq= lists what there was; :history lists the versions with their seqs.",
            path=path,
            version=None if row is None else row.version,
        )
    return row.version
