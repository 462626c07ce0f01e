"""Removes content for good, as after a leaked secret: its bytes, and every copy and trace that the server made of them.

The change itself is one commit: from then on nobody can read it. What lies about on the disk is cleared after it, and
again at the next start when that was interrupted.
"""

import asyncio
import hashlib
import os
import time
from pathlib import Path
from typing import NamedTuple

import anyio

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
from workspace_server.storage.tables import audit
from workspace_server.storage.upkeep import purging
from workspace_server.storage.upkeep.discarding import discard_objects
from workspace_server.storage.upkeep.purging import Standing

STEPS = 4
READERS_S = 5.0
"""How long a purge tries to get between the readers of the database before it lets them end."""
_POLL_S = 0.05


class ReaderThere(Exception):
    """Somebody reads the workspace as it was, such as a backup: the rest is to be cleared when that has ended."""


class Purging:
    """Remove content for good. Errors: forbidden, not_found, gone, conflict, invalid_argument, locked."""

    def __init__(self, folder: Folder, tree: WorkingTree, indexing: Indexing) -> None:
        self._folder = folder
        self._tree = tree
        self._indexing = indexing
        self._rewritten = 0
        """Up to which removal the database was written anew."""

    async def purge(self, caller: Caller, *, path: str, version: int | None = None) -> Result:
        """Remove a version or all; return `{path, versions, not_removed, also, kept, deleted?, seq?}`.

        A file that is there is deleted first. Versions of other files that have the same content are gone with it, and
        listed in `also`. Content that stands in a file now stays, as it need be no secret: `kept` says where it stands,
        and `not_removed` which versions have it.

        Raises:
            Conflict: All of it stands in files now.
        """
        caller.require("admin")
        place = canonical_file(path)
        chosen = await self._folder.db.read_long(lambda tx: self._chosen(tx, place, version))
        tails = await self._folder.db.read_long(lambda tx: purging.tails_on(tx, chosen.hashes))
        whole = [await self._stored_whole(sha256) for sha256 in tails]

        async def body(commit: Commit) -> Result:
            chosen = await self._chosen(commit.tx, place, version)
            for content in whole:
                await purging.store_whole(commit.tx, content.sha256)
            if await purging.tails_on(commit.tx, chosen.hashes):
                raise Conflict(f"{place} was written to meanwhile.", hint="Try again.", retryable=True, path=place)
            return await self._remove(commit, place, version, chosen)

        return await self._folder.change(caller, "purge", body, [place])

    async def is_due(self) -> bool:
        """Whether the disk is still to be cleared of what was removed."""
        return await self._folder.db.read(purging.asked) is not None

    async def clear(self, progress: Progress) -> Result:
        """Clear the disk of what was removed, and return `{copies}`: how many files were removed.

        Raises:
            ReaderThere: Not yet.
        """
        progress("clearing copies", 0, STEPS)
        await self._tree.materialiser.finish()
        began_s = time.time()  # as files have it
        asked, hashes = await self._folder.db.read_long(_removed)
        if asked is None:
            return {"copies": 0}
        objects = await discard_objects(self._folder.db, self._folder.objects, sorted(hashes))
        copies = await asyncio.to_thread(self._clear_files, hashes, began_s)
        if objects.kept_for_reader:
            raise ReaderThere("A backup or a fork is being made.")
        progress("emptying the search index", 1, STEPS)
        await self._indexing.rebuild_passages()
        progress("writing the database anew", 2, STEPS)
        clock = self._folder.clock
        if self._rewritten != asked:
            await self._empty_log()  # with a reader there, all would have to wait for nothing
            await self._folder.db.alone(lambda connection: purging.rewrite(connection, clock))
            self._rewritten = asked
        await self._empty_log()
        await self._folder.db.write(lambda tx: purging.cleared(tx, asked))
        progress("done", STEPS, STEPS)
        return {"copies": copies + objects.files}

    async def _empty_log(self) -> None:
        db, clock = self._folder.db, self._folder.clock
        with anyio.move_on_after(READERS_S):
            while not await db.alone(lambda connection: purging.empty_log(connection, clock)):  # noqa: ASYNC110 - a reader sends no event
                await anyio.sleep(_POLL_S)
            return
        raise ReaderThere("Something reads the database as it was, such as a backup.")

    async def _chosen(self, tx: Transaction, path: str, version: int | None) -> "_Chosen":
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
        hashes = {sha256 for _, sha256 in found}
        standing = await purging.standing(tx, sorted(hashes))
        kept = [one for one in standing if one.is_head and (version is not None or one.path != path)]
        removed = sorted(hashes - {one.sha256 for one in kept})
        if not removed:
            raise Conflict(
                f"The same content stands in {kept[0].path}" + (f" and {len(kept) - 1} others." if kept[1:] else "."),
                hint="Delete it there first, or save it there without it; its versions are removed together.",
                path=path,
                also=[_version(one) for one in kept],
            )
        staying = {one.sha256 for one in kept}
        return _Chosen(removed, kept, [number for number, sha256 in found if sha256 in staying])

    async def _stored_whole(self, sha256: str) -> Content:
        """Make an object file of content that rests on what is to be removed."""
        _, form, data = await self._folder.db.read_long(lambda tx: contents.stored(tx, sha256))
        objects = self._folder.objects
        whole = await asyncio.to_thread(contents.expand, form, data, objects.path(sha256))
        return await asyncio.to_thread(objects.put, whole)

    async def _remove(self, commit: Commit, path: str, version: int | None, chosen: "_Chosen") -> Result:
        tx = commit.tx
        here, row = await changes.head(tx, path)
        assert row is not None
        result: Result = {"path": path}
        if version is None and here.live:
            deleted = await changes.delete(
                commit, path, await Held.check(commit, [], [path]), expect_version=None, message="purged"
            )
            result |= {"deleted": deleted.version, "seq": commit.events[-1].seq}
        gone = await purging.standing(tx, chosen.hashes)
        drafts = await purging.drafted(tx, path) if version is None else []
        await purging.remove(tx, [*chosen.hashes, *drafts], gone, path if version is None else None)
        await purging.ask(tx)
        await audit.add(tx, commit.caller, "purge", path if version is None else f"{path}@{version}", None)
        return {
            **result,
            "versions": [one.version for one in gone if one.path == path],
            "not_removed": chosen.staying,
            "also": [_version(one) for one in gone if one.path != path],
            "kept": [_version(one) for one in chosen.kept],
        }

    def _clear_files(self, hashes: set[str], until_s: float) -> int:
        """Remove what lies about in the server's own folders with one of these contents, but for what came since."""
        cleared = 0
        self._tree.tree.drop_spares()
        state = self._folder.root / STATE_DIRECTORY
        for path in (*(state / "tmp").glob("*-*"), *(state / "lost").glob("*")):
            if _hash(path, until_s) in hashes:
                path.unlink(missing_ok=True)
                cleared += 1
        return cleared


class _Chosen(NamedTuple):
    """What a purge takes, and what it leaves because that stands in files now: where, and the versions that have it."""

    hashes: list[str]
    kept: list[Standing]
    staying: list[int]


async def _removed(tx: Transaction) -> tuple[int | None, set[str]]:
    return await purging.asked(tx), await purging.purged(tx)


def _hash(path: Path, until_s: float) -> str | None:
    """Return the hash of what a file held at that time; None for one that is newer, or cannot be read."""
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_mtime >= until_s:
                return None
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None


def _version(one: Standing) -> Result:
    return {"path": one.path, "version": one.version}
