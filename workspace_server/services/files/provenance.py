"""The use case that says what a file was made from, and what was made from it, two steps each way."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from workspace_server.core.access import Caller
from workspace_server.core.paths import canonical_file
from workspace_server.services.files import changes
from workspace_server.services.folder import Folder
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import files
from workspace_server.storage.tables.files import FileRow, Source, VersionRow

NEAR_MAX = 8
"""Files that are told of one step away, in each direction."""
FAR_MAX = 4
"""Files that are told of beyond each of them."""
HIDDEN_MAX = 1_000
"""Uses that are looked at for those that the caller may read."""

State = Literal["current", "stale", "deleted", "unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Related:
    """A version beside the one that is asked about.

    Attributes:
        state: Of a source: `stale` when its file has moved on since. Of a use: `stale` when what it was made from has.
        newest: The newest version of the file of a source; of a use, of what it was made from.
        beyond: What it was made from in turn, or what was made from it.
        more: Whether there is more beyond than is told.
    """

    path: str
    version: int
    state: State
    newest: int
    beyond: Sequence["Related"] = ()
    more: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """What a version was made from, and what was made from its file, and whether there is more than is told."""

    path: str
    version: int
    sources: Sequence[Related]
    uses: Sequence[Related]
    more_sources: bool
    more_uses: bool


class Provenances:
    """Follow sources and uses. Errors: not_found, is_directory, invalid_path."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder

    async def provenance(self, caller: Caller, *, path: str, version: int | None = None) -> Provenance:
        """Return what surrounds a version of a file; the head's unless given."""
        place = canonical_file(path)
        caller.require("read", place)

        async def read(tx: Transaction) -> Provenance:
            row, found = await changes.known_version(tx, place, version)
            sources = _seen_sources(caller, found)
            uses = await _seen_uses(tx, caller, place, NEAR_MAX + 1)
            return Provenance(
                path=place,
                version=found.version,
                sources=[await _source(tx, caller, one, is_near=True) for one in sources[:NEAR_MAX]],
                uses=[await _use(tx, caller, one, row, is_near=True) for one in uses[:NEAR_MAX]],
                more_sources=len(sources) > NEAR_MAX,
                more_uses=len(uses) > NEAR_MAX,
            )

        return await self._folder.db.read_long(read)


async def _source(tx: Transaction, caller: Caller, source: Source, *, is_near: bool) -> Related:
    path, version = source["path"], source["version"]
    row = await files.by_path(tx, path)
    found = None if row is None else await files.version(tx, row.file_id, version)
    if row is None or found is None:
        return Related(path=path, version=version, state="unknown", newest=0)
    beyond = _seen_sources(caller, found) if is_near else []
    return Related(
        path=path,
        version=version,
        state=_state(row, version) if row.live else "deleted",
        newest=row.version,
        beyond=[await _source(tx, caller, one, is_near=False) for one in beyond[:FAR_MAX]],
        more=len(beyond) > FAR_MAX,
    )


async def _use(tx: Transaction, caller: Caller, use: files.Use, used: FileRow, *, is_near: bool) -> Related:
    row = await files.by_path(tx, use.path)
    assert row is not None, "what was made from another file has a row"
    beyond = await _seen_uses(tx, caller, use.path, FAR_MAX + 1) if is_near else []
    return Related(
        path=use.path,
        version=use.version,
        state=_state(used, use.used_version) if row.live else "deleted",
        newest=used.version,
        beyond=[await _use(tx, caller, one, row, is_near=False) for one in beyond[:FAR_MAX]],
        more=len(beyond) > FAR_MAX,
    )


def _seen_sources(caller: Caller, row: VersionRow) -> list[Source]:
    return [one for one in files.sources_of(row) if caller.sees(one["path"])]


async def _seen_uses(tx: Transaction, caller: Caller, path: str, limit: int) -> list[files.Use]:
    found = await files.uses(tx, path, limit=limit if caller.sees_all else HIDDEN_MAX)
    return [one for one in found if caller.sees(one.path)][:limit]


def _state(used: FileRow, version: int) -> State:
    return "stale" if used.version > version else "current"
