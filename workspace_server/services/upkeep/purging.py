"""Removes content for good, as after a leaked secret: its bytes, and every copy and trace that the server made of them.

The change itself is one commit: from then on nobody can read it. What lies about on the disk is cleared after it, and
again at the next start when that was interrupted.
"""

import asyncio
import hashlib
from collections.abc import Sequence
from pathlib import Path

from workspace_server.core.access import Caller
from workspace_server.core.paths import STATE_DIRECTORY, canonical_file
from workspace_server.core.versions import check_exists
from workspace_server.errors import Conflict, Gone, InvalidArgument, NotFound
from workspace_server.services.files import changes
from workspace_server.services.files.held import Held
from workspace_server.services.folder import Folder
from workspace_server.services.index.indexing import Indexing
from workspace_server.services.recording import Commit, Result
from workspace_server.services.tree.working_tree import WorkingTree
from workspace_server.services.upkeep.collecting import Progress
from workspace_server.storage import content as contents
from workspace_server.storage.content import Content
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import audit, meta
from workspace_server.storage.upkeep import purging
from workspace_server.storage.upkeep.purging import Standing

DUE = "purge_due"
"""The fact that says, while it is not empty, that the disk is still to be cleared."""
STEPS = 4


class Purging:
    """Remove content for good. Errors: forbidden, not_found, gone, conflict, invalid_argument, locked."""

    def __init__(self, folder: Folder, tree: WorkingTree, indexing: Indexing) -> None:
        self._folder = folder
        self._tree = tree
        self._indexing = indexing

    async def purge(self, caller: Caller, *, path: str, version: int | None = None) -> Result:
        """Remove a version, or the file with all its versions; return `{path, versions, also, seq?}`.

        A file that is there is deleted first. Versions of other files that have the same content are gone with it, and
        listed in `also`; one that stands at its path now refuses it.
        """
        caller.require("admin")
        place = canonical_file(path)
        hashes = await self._folder.db.read_long(lambda tx: self._chosen(tx, place, version))
        whole = [await self._stored_whole(sha256) for sha256 in await self._tails(hashes)]

        async def body(commit: Commit) -> Result:
            chosen = await self._chosen(commit.tx, place, version)
            for content in whole:
                await purging.store_whole(commit.tx, content.sha256)
            if await purging.tails_on(commit.tx, chosen):
                raise Conflict(f"{place} was written to meanwhile.", hint="Try again.", retryable=True, path=place)
            return await self._remove(commit, place, version, chosen)

        return await self._folder.change(caller, "purge", body, [place])

    async def is_due(self) -> bool:
        """Whether the disk is still to be cleared of what was removed."""
        return bool(await self._folder.db.read(lambda tx: meta.fact(tx, DUE)))

    async def clear(self, progress: Progress) -> Result:
        """Clear the disk of what was removed, and return `{copies}`: how many files were removed."""
        hashes = await self._folder.db.read_long(purging.purged)
        progress("clearing copies", 0, STEPS)
        await self._tree.materialiser.finish()
        copies = await asyncio.to_thread(self._clear_files, hashes)
        progress("making the search index anew", 1, STEPS)
        await self._indexing.rebuild_passages()
        progress("writing the database anew", 2, STEPS)
        await self._folder.db.alone(purging.rewrite)
        await self._folder.db.write(lambda tx: meta.set_fact(tx, DUE, ""))
        progress("done", STEPS, STEPS)
        return {"copies": copies}

    async def _chosen(self, tx: Transaction, path: str, version: int | None) -> list[str]:
        here, row = await changes.head(tx, path)
        if row is None:
            check_exists(here)
        assert row is not None
        if version is not None and here.live and version == row.version:
            raise InvalidArgument(
                f"{path}@{version} is what stands there now.",
                hint=f"Save {path} without it first, or purge the file with all its versions.",
                argument="version",
                reason="it is the head",
            )
        if version is not None and not 1 <= version <= row.version:
            raise NotFound(
                f"{path} has no version {version}.", hint="`history` lists them.", path=path, version=version
            )
        found = await purging.versions_of(tx, row.file_id, version)
        if not found:
            raise Gone(f"Nothing of {path} is kept.", hint="There is nothing to remove.", path=path, version=version)
        return sorted({sha256 for _, sha256 in found})

    async def _tails(self, hashes: Sequence[str]) -> list[str]:
        return await self._folder.db.read_long(lambda tx: purging.tails_on(tx, hashes))

    async def _stored_whole(self, sha256: str) -> Content:
        """Make an object file of content that rests on what is to be removed."""
        _, form, data = await self._folder.db.read_long(lambda tx: contents.stored(tx, sha256))
        objects = self._folder.objects
        whole = await asyncio.to_thread(contents.expand, form, data, objects.path(sha256))
        return await asyncio.to_thread(objects.put, whole)

    async def _remove(self, commit: Commit, path: str, version: int | None, hashes: Sequence[str]) -> Result:
        tx = commit.tx
        here, row = await changes.head(tx, path)
        assert row is not None
        result: Result = {"path": path}
        if version is None and here.live:
            deleted = await changes.delete(
                commit, path, await Held.check(commit, [], [path]), expect_version=None, message="purged"
            )
            result |= {"deleted": deleted.version, "seq": commit.events[-1].seq}
        gone = await purging.standing(tx, hashes)
        heads = [one for one in gone if one.is_head]
        if heads:
            raise Conflict(
                f"The same content stands in {heads[0].path}"
                + (f" and {len(heads) - 1} others." if heads[1:] else "."),
                hint="Delete it there first, or save it there without it; its versions are removed together.",
                path=path,
                also=[_version(one) for one in heads],
            )
        drafts = await purging.drafted(tx, path) if version is None else []
        await purging.remove(tx, [*hashes, *drafts], gone, path if version is None else None)
        await meta.set_fact(tx, DUE, path)
        await audit.add(tx, commit.caller, "purge", path if version is None else f"{path}@{version}", None)
        return {
            **result,
            "versions": [one.version for one in gone if one.path == path],
            "also": [_version(one) for one in gone if one.path != path],
        }

    def _clear_files(self, hashes: set[str]) -> int:
        """Remove object files, and what lies about in the server's own folders with one of these contents."""
        cleared = sum(self._folder.objects.discard(sha256) is not None for sha256 in hashes)
        self._tree.tree.drop_spares()
        state = self._folder.root / STATE_DIRECTORY
        for path in (*(state / "tmp").glob("*-*"), *(state / "lost").glob("*")):
            if _hash(path) in hashes:
                path.unlink(missing_ok=True)
                cleared += 1
        return cleared


def _hash(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None


def _version(one: Standing) -> Result:
    return {"path": one.path, "version": one.version}
