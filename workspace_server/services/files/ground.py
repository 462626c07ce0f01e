"""On what ground the web view looks around: all files, or those of them that a caller may read."""

from collections.abc import Sequence
from typing import Final, Protocol

from workspace_server.core.access import Caller
from workspace_server.core.limits import LIMITS
from workspace_server.core.patterns import Selector
from workspace_server.services.history.moment import NOW, Seen, just_before
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import directories
from workspace_server.storage.tables.directories import PAST_ALL, Held

CHILDREN_PAGES: Final = 10
"""How many pages of directories are looked through for those in which a caller sees something."""


class Ground(Protocol):
    """What lies in directories, as far as it is seen."""

    async def children(self, tx: Transaction, directory: str, *, after: str = "", limit: int) -> list[str]:
        """Return the directories in one, as `directories.children`."""

    async def held(self, tx: Transaction, directory: str, *, limit: int) -> Held:
        """Return what lies below a directory, as `directories.held`."""

    async def among(self, tx: Transaction, directory: str, *, deep: bool) -> tuple[Sequence[int] | None, bool]:
        """Return the files in a directory or (*deep*) below it by their ids, None for all; and whether that is all."""


class All:
    """The ground of whoever may read all files."""

    async def children(self, tx: Transaction, directory: str, *, after: str = "", limit: int) -> list[str]:
        """Return the directories in one."""
        return await directories.children(tx, directory, after=after, limit=limit)

    async def held(self, tx: Transaction, directory: str, *, limit: int) -> Held:
        """Return what lies below a directory."""
        return await directories.held(tx, directory, limit=limit)

    async def among(self, tx: Transaction, directory: str, *, deep: bool) -> tuple[None, bool]:
        """Return None, and whether no more files are there than are looked at."""
        return None, not await directories.has_more(tx, directory, deep=deep, than=LIMITS.browsed_files_max)


class Part:
    """The ground of whoever may read some files; where that is all of a directory, the same is told of it as to all."""

    def __init__(self, caller: Caller) -> None:
        self._scope = caller.scope
        self._seen = Seen(NOW, caller)
        self._all = All()

    async def children(self, tx: Transaction, directory: str, *, after: str = "", limit: int) -> list[str]:
        """Return the directories in one in which a file is seen."""
        if self._is_whole(directory):
            return await self._all.children(tx, directory, after=after, limit=limit)
        inside = f"{directory}/" if directory else ""
        named: set[str] = set()
        for prefix in self._scope.prefixes("read"):
            name = prefix.removeprefix(inside)
            if inside.startswith(prefix):
                named.update(await self._beginning(tx, directory, "", after, limit))
            elif prefix.startswith(inside) and "/" in name:
                named.add(inside + name.partition("/")[0])
            elif prefix.startswith(inside):
                named.update(await self._beginning(tx, directory, name, after, limit))
        beyond = after + PAST_ALL if after else ""
        found: list[str] = []
        for path in sorted((one for one in named if f"{one}/" > beyond), key="{}/".format):
            if len(found) < limit and await self._seen.below(tx, path, limit=1):
                found.append(path)
        return found

    async def held(self, tx: Transaction, directory: str, *, limit: int) -> Held:
        """Return what is seen below a directory."""
        if self._is_whole(directory):
            return await self._all.held(tx, directory, limit=limit)
        rows = await self._seen.below(tx, directory, limit=limit)
        last = max(rows, key=lambda row: row.modified_at)
        return Held(len(rows), last.modified_at, last.modified_by)

    async def among(self, tx: Transaction, directory: str, *, deep: bool) -> tuple[Sequence[int] | None, bool]:
        """Return the files that are seen, and whether no more are there than are looked at."""
        if self._is_whole(directory):
            return await self._all.among(tx, directory, deep=deep)
        rows = await self._seen.below(tx, directory, limit=LIMITS.seen_files_max + 1)
        inside = f"{directory}/" if directory else ""
        fitting = [row.file_id for row in rows if deep or "/" not in row.path[len(inside) :]]
        return fitting[: LIMITS.seen_files_max], len(rows) <= LIMITS.seen_files_max

    def _is_whole(self, directory: str) -> bool:
        return bool(directory) and self._scope.within("read", Selector("directory", f"{directory}/"))

    async def _beginning(self, tx: Transaction, directory: str, name: str, after: str, limit: int) -> list[str]:
        """Return the directories whose names begin so and in which a file may be seen, as far as they are looked at."""
        inside = f"{directory}/" if directory else ""
        place = max(after, just_before(inside + name) if name else "")
        found: list[str] = []
        for _ in range(CHILDREN_PAGES):
            page = await directories.children(tx, directory, after=place, limit=LIMITS.list_rows_max)
            found += [one for one in page if one.startswith(inside + name) and self._scope.near("read", one)]
            if len(page) < LIMITS.list_rows_max or not page[-1].startswith(inside + name) or len(found) > limit:
                break
            place = page[-1]
        return found


def ground_of(caller: Caller) -> Ground:
    """Return on what ground a caller looks around."""
    return All() if caller.sees_all else Part(caller)
