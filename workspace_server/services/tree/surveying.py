"""Looks at the folder and says where it differs from the database: nothing is read yet, and nothing recorded."""

import asyncio
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import anyio

from workspace_server.core.paths import canonical_file
from workspace_server.errors import InvalidPath
from workspace_server.services.tree.materialise import Materialiser
from workspace_server.storage.database import Database, Transaction
from workspace_server.storage.disk.ignore import Ignore
from workspace_server.storage.disk.scan import LeftOut, Scan, Seen
from workspace_server.storage.disk.tree import Tree
from workspace_server.storage.disk.watcher import Dirty
from workspace_server.storage.tables import files, intents
from workspace_server.storage.tables.files import FileRow

LOOK_AGAIN_S = 0.2
"""Between two looks that tell whether files still vanish."""
LOOKS_MAX = 100
EVERYWHERE = Dirty(True, set())


class Survey(NamedTuple):
    """What a look at the folder found.

    Attributes:
        everything: Whether the whole folder was looked at.
        stands: Whether it was where it should be.
        rows: The live files of the places that were looked at, as they were before.
        underway: Paths whose working copies were not yet known to be on disk then.
        changed: Paths whose content must be read.
        vanished: Paths where nothing stands any more; some may be named twice.
        left_out: What is no file of the workspace.
    """

    everything: bool
    stands: bool
    rows: dict[str, FileRow]
    underway: set[str]
    changed: list[str]
    vanished: list[str]
    left_out: LeftOut


class Surveyor:
    """Compares stat signatures, where the marks say or everywhere."""

    def __init__(self, *, tree: Tree, ignore: Ignore, db: Database, materialiser: Materialiser) -> None:
        self._tree = tree
        self._ignore = ignore
        self._db = db
        self._materialiser = materialiser

    async def look(self, dirty: Dirty) -> Survey:
        """Return where folder and database differ at the marked places."""
        rows, underway = await self._db.read_long(lambda tx: _rows(tx, dirty))
        return await asyncio.to_thread(self.survey, dirty, rows, underway)

    async def look_until_still(self, survey: Survey) -> Survey:
        """Look everywhere until as much is missing as at the last look, and return what was found then.

        `rm -r` of a big folder takes its time, and so does putting files back: how many are gone in the end is to be
        known before the first of them is recorded. Gives up while it goes on and on.
        """
        for _ in range(LOOKS_MAX):
            await anyio.sleep(LOOK_AGAIN_S)
            before, survey = survey, await self.look(EVERYWHERE)
            if not survey.stands or set(survey.vanished) == set(before.vanished):
                break
        return survey

    def survey(self, dirty: Dirty, rows: dict[str, FileRow], underway: set[str]) -> Survey:
        """Compare the marked places with *rows*; blocks."""
        survey = Survey(dirty.everything, self._tree.stands(), rows, underway, [], [], LeftOut())
        if not survey.stands:
            return survey
        if dirty.everything:
            self._survey_below("", survey)
            return survey
        known = sorted(rows)
        for path in sorted(dirty.paths):
            if not _is_canonical(path):
                continue
            place = self._tree.look(path)
            if place.kind == "directory":
                self._survey_below(path, survey)
            elif place.signature is not None and place.kind == "file" and self._belongs(path, rows):
                self._compare(Seen(path, place.signature), survey)
            self._survey_missing(_at_and_below(path, known), survey)
        return survey

    def _belongs(self, path: str, rows: dict[str, FileRow]) -> bool:
        return path in rows or not self._ignore.ignored(path)

    def _survey_below(self, directory: str, survey: Survey) -> None:
        scan = Scan(self._tree, self._ignore, below=directory, known=survey.rows)
        found = set()
        for seen in scan:
            found.add(seen.path)
            self._compare(seen, survey)
        survey.left_out.add_all(scan.left_out)
        prefix = f"{directory}/" if directory else ""
        missing = (path for path in survey.rows if path.startswith(prefix) and path not in found)
        self._survey_missing(missing, survey)

    def _survey_missing(self, paths: Iterable[str], survey: Survey) -> None:
        """Look at files that the walk has not found: they may be ignored by now, or it came too early."""
        for path in paths:
            place = self._tree.look(path)
            if place.kind == "file" and place.signature is not None:
                self._compare(Seen(path, place.signature), survey)
            elif place.kind not in {"hardlinked", "oversized"}:  # a backup by hard links deletes nothing
                survey.vanished.append(path)

    def _compare(self, seen: Seen, survey: Survey) -> None:
        known = self._materialiser.known(seen.path)
        if known is not None and seen.signature.same_file(known.signature):
            return
        row = survey.rows.get(seen.path)
        if row is None or row.tree_sha256 != row.sha256 or row.tree_signature != str(seen.signature):
            survey.changed.append(seen.path)


def _at_and_below(path: str, known: Sequence[str]) -> list[str]:
    """Return those of the sorted paths *known* that are *path* or stand below it."""
    at = bisect_left(known, path)
    here = [path] if known[at : at + 1] == [path] else []
    return here + list(known[bisect_left(known, path + "/") : bisect_left(known, path + files.AFTER_SLASH)])


def _is_canonical(path: str) -> bool:
    try:
        return canonical_file(path) == path
    except InvalidPath:
        return False


async def on_their_way(tx: Transaction) -> set[str]:
    """Return the paths whose working copies are not yet known to be on disk."""
    return {intent.path for intent in await intents.all_open(tx)}


async def _rows(tx: Transaction, dirty: Dirty) -> tuple[dict[str, FileRow], set[str]]:
    """Return the live files at and below the marked places, and which paths are on their way, before any is looked at.

    Later is too late: a file that was found missing may have been placed since, and would look as if it were deleted.
    """
    underway = await on_their_way(tx)
    if dirty.everything:
        return {row.path: row for row in await files.below(tx, "")}, underway
    rows = {}
    for path in dirty.paths:
        if not _is_canonical(path):
            continue
        row = await files.by_path(tx, path)
        if row is not None and row.live:
            rows[path] = row
        for below in await files.below(tx, path):
            rows[below.path] = below
    return rows, underway
