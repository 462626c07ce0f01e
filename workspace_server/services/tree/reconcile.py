"""Finds out what processes outside have changed in the folder, and has it recorded.

The watcher only says where to look. What counts is a comparison: the stat signature that was recorded for a path, and
where that differs or cannot be trusted, the content itself. Time windows decide nothing; they only put off the reading
of a file that is being written.
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Literal

import anyio

from workspace_server.core.access import EXTERNAL, IMPORT, Caller
from workspace_server.core.paths import parents
from workspace_server.services.tree import arrivals, turnover, vanishing
from workspace_server.services.tree.disk import Disk, Read, Unsteady
from workspace_server.services.tree.edits import Edit
from workspace_server.services.tree.external import External
from workspace_server.services.tree.materialise import Materialiser
from workspace_server.services.tree.surveying import Survey, Surveyor, on_their_way
from workspace_server.services.tree.vanishing import DeletionGuard
from workspace_server.storage import content as contents
from workspace_server.storage.content import Content
from workspace_server.storage.database import Database, Transaction
from workspace_server.storage.disk.ignore import Ignore, is_control_file
from workspace_server.storage.disk.scan import LeftOut
from workspace_server.storage.disk.tree import Tree
from workspace_server.storage.disk.watcher import Dirty, Marks
from workspace_server.storage.pins import Pins
from workspace_server.storage.tables import files, intents, totals
from workspace_server.storage.tables.files import FileRow

log = logging.getLogger(__name__)

QUIET_S = 0.2
"""How long after the first mark the changes of one save or checkout are gathered."""
SCAN_EVERY_S = 300.0
"""How often the whole folder is compared when the watcher listens."""
SCAN_EVERY_UNWATCHED_S = 5.0
"""The same when it cannot, and while the folder is away."""
SCAN_EVERY_STOPPED_S = 30.0
"""The same while too many files are missing: nothing but a comparison of all tells that they are back."""
PATIENCE_S = 5.0
"""How long a file that is being written is left alone; then it is taken as it is, if it holds still for the reading."""
STORE_BYTES_MAX = 8 * 1024 * 1024
"""Most content that is stored in one transaction ahead of the commit."""
STORE_FILES_MAX = 2_000
"""Most files of which this is done at once: nobody else writes meanwhile."""
RECORD_FILES_MAX = 2_500
"""Most changed files that are recorded in one commit, for the same reason: 60 ms of deletions (2026-11-30)."""
READ_TOGETHER = 256
"""Files that are read in one go."""
AHEAD_FROM = 64
"""So many changed files are many: their content is stored ahead of the commit."""

Op = Literal["external", "import"]


class _Ahead:
    """Content that is stored ahead of a big commit, many files at a time."""

    def __init__(self, db: Database, pins: Pins) -> None:
        self._db = db
        self._pin = pins.pin()
        self._some: list[Content] = []
        self._bytes = 0

    async def add(self, content: Content) -> Content:
        """Take *content* and return it without its bytes; they are stored by the next `store`, if not before."""
        self._pin.hashes.add(content.sha256)
        self._some.append(content)
        self._bytes += len(content.data or b"")
        if self._bytes > STORE_BYTES_MAX or len(self._some) >= STORE_FILES_MAX:
            await self.store()
        return content.stored(self._pin)

    async def store(self) -> None:
        """Store what was taken so far."""
        some, self._some, self._bytes = self._some, [], 0

        if some:
            await self._db.write(lambda tx: contents.keep_all(tx, some))


class Reconciler:
    """Compares folder and database, where the marks say or everywhere.

    Attributes:
        left_out: What the last look at the whole folder left out, and why.
        guard: Stops deletions from being recorded when too much vanishes.
        watched: Whether a watcher marks changes; else the folder is scanned all the time.
    """

    def __init__(
        self,
        *,
        tree: Tree,
        ignore: Ignore,
        disk: Disk,
        db: Database,
        pins: Pins,
        external: External,
        materialiser: Materialiser,
        deletion_share_max: float,
    ) -> None:
        self.left_out = LeftOut()
        self.guard = DeletionGuard(share_max=deletion_share_max)
        self.watched = False
        loop = asyncio.get_running_loop()
        self._wake = asyncio.Event()

        def changed() -> None:
            loop.call_soon_threadsafe(self._wake.set)

        self.marks = Marks(changed)
        self._tree = tree
        self._ignore = ignore
        self._surveyor = Surveyor(tree=tree, ignore=ignore, db=db, materialiser=materialiser)
        self._disk = disk
        self._db = db
        self._pins = pins
        self._external = external
        self._materialiser = materialiser
        self._busy = asyncio.Lock()
        self._unsteady_since: dict[str, float] = {}
        self._missed: set[str] = set()  # whose deletion is held back, with the directories above them
        self._away = False  # the folder was not there when something was to be looked at
        materialiser.dirty = self.marks.mark

    async def run(self) -> None:
        """Reconcile whenever something is marked, and everything from time to time; runs until cancelled."""
        while True:
            with anyio.move_on_after(self._scan_every_s()) as waiting:
                await self._wake.wait()
            if waiting.cancelled_caught:
                self.marks.mark("")
            await anyio.sleep(QUIET_S)
            self._wake.clear()
            dirty = self.marks.take()
            try:
                await self.reconcile(dirty)
            except Exception:
                log.exception("the folder could not be compared with the database; it will be again")
                await anyio.sleep(SCAN_EVERY_UNWATCHED_S)
                self.marks.mark("")

    def _scan_every_s(self) -> float:
        if self._away or not self.watched:
            return SCAN_EVERY_UNWATCHED_S
        return SCAN_EVERY_STOPPED_S if self.guard.held is not None else SCAN_EVERY_S

    async def recall(self) -> None:
        """Go on holding deletions back where an earlier server did; to be called before the first comparison."""
        self.guard.held = await self._db.read(vanishing.recall)

    async def reconcile(self, dirty: Dirty, *, op: Op = "external", patient: bool = True) -> int:
        """Record what has changed at the marked places; return how many files that were.

        Args:
            patient: Whether a file that changed just now is left for later.
        """
        async with self._busy:
            if not await asyncio.to_thread(self._tree.stands):
                self.guard.allows(0, 0, stands=False)  # which says so; nothing here can be compared
                self._away = True
                return 0
            if self._away or dirty.everything or any(is_control_file(path) for path in dirty.paths):
                self._ignore.forget()
                dirty, self._away = Dirty(True, set()), False
            elif not self._missed.isdisjoint(dirty.paths):  # only a look at everything tells what is still missed
                dirty = Dirty(True, set())
            survey = await self._surveyor.look(dirty)
            if self.guard.is_unsure(len(survey.vanished), everywhere=survey.everything):
                survey = await self._surveyor.look_until_still(survey)
            if survey.everything:
                self.left_out = survey.left_out
            else:
                self.left_out.forget(dirty.paths)
            with arrivals.uncollected(len(survey.changed)):
                edits = await self._edits(survey.changed, survey.rows, patient=patient and op == "external")
                gone = await self._gone(survey, edits)
                changed = await self._record(gone + edits, op)  # they may make room for a name
            self.guard.recorded(sum(not edit.early for edit in gone))
            return changed

    # What it is

    async def _edits(self, paths: Sequence[str], rows: dict[str, FileRow], *, patient: bool) -> list[Edit]:
        """Read what has changed and return what is news; note the signatures of what is not."""
        paths = sorted(set(paths))
        if len(paths) < arrivals.ARRIVALS_MIN:
            return await self._news(paths, rows, patient=patient)
        # Most of what is to be waited for before the commit is then done by the time all is read.
        early = asyncio.ensure_future(self._sync(paths))
        try:
            return await self._news(paths, rows, patient=patient)
        finally:
            with anyio.CancelScope(shield=True):
                await early

    async def _news(self, paths: Sequence[str], rows: dict[str, FileRow], *, patient: bool) -> list[Edit]:
        edits: list[Edit] = []
        same: list[tuple[str, Read]] = []
        ahead = _Ahead(self._db, self._pins)
        heads, underway = await self._heads(paths)
        for first in range(0, len(paths), READ_TOGETHER):
            part = paths[first : first + READ_TOGETHER]
            expected = {path: rows[path].sha256 if path in rows else None for path in part}
            for path, read in await self._read(part, expected, patient=patient):
                row = heads.get(path)
                live = row is not None and bool(row.live)
                if row is not None and live and read.sha256 == row.sha256:
                    same.append((path, read))
                    continue
                if read.content is None:  # the head moved on to other content since the survey
                    self.marks.mark(path)
                    continue
                content = await ahead.add(read.content) if len(paths) > AHEAD_FROM else read.content
                version = row.version if row else 0
                early = path in underway
                edits.append(Edit(path, content, read.signature, version, live, early=early, trusted=read.trusted))
        await ahead.store()
        await self._note_same(same)
        return edits

    async def _read(
        self, paths: Sequence[str], expected: dict[str, str | None], *, patient: bool
    ) -> list[tuple[str, Read]]:
        """Read several paths, the small ones in one go; those that are being written are marked again."""
        small, others = await asyncio.to_thread(self._read_small, paths, expected, patient)
        for path in others:
            since = self._unsteady_since.setdefault(path, time.monotonic())
            waited = patient and time.monotonic() - since < PATIENCE_S
            try:
                read = await self._disk.read(path, expected=expected[path], patient=waited)
            except Unsteady:
                self.marks.mark(path)
                continue
            except OSError as error:
                log.warning("%s cannot be read: %s", path, error.strerror)
                self.left_out.add("unreadable", path)
                continue
            self._unsteady_since.pop(path, None)
            if read is not None:
                small.append((path, read))
        return small

    def _read_small(
        self, paths: Sequence[str], expected: dict[str, str | None], patient: bool
    ) -> tuple[list[tuple[str, Read]], list[str]]:
        found: list[tuple[str, Read]] = []
        others: list[str] = []
        for path in paths:
            try:
                read = self._disk.read_now(path, expected=expected[path], patient=patient)
            except (Unsteady, OSError):
                others.append(path)
                continue
            self._unsteady_since.pop(path, None)
            if read is not None:
                found.append((path, read))
        return found, others

    async def _heads(self, paths: Sequence[str]) -> tuple[dict[str, FileRow], set[str]]:
        """Return the heads of *paths*, and whose working copies are on their way."""

        async def read(tx: Transaction) -> tuple[dict[str, FileRow], set[str]]:
            return {row.path: row for row in await files.by_paths(tx, paths)}, await on_their_way(tx)

        return await self._db.read_long(read)

    async def _note_same(self, same: Sequence[tuple[str, Read]]) -> None:
        """Record the signatures of files whose content turned out to be the head's."""
        trusted = [(path, read) for path, read in same if read.trusted]
        # Touched a moment ago: a later change may carry the same time stamp, so it is read once more.
        for path in {path for path, _ in same} - {path for path, _ in trusted}:
            self.marks.mark(path)
        if not trusted:
            return

        async def note(tx: Transaction) -> None:
            for path, read in trusted:
                row = await files.by_path(tx, path)
                if row is not None and row.sha256 == read.sha256 and not await intents.of_path(tx, path):
                    await files.set_tree(tx, path, read.sha256, str(read.signature))

        await self._db.write(note)

    async def _gone(self, survey: Survey, edits: Sequence[Edit]) -> list[Edit]:
        """Return the deletions that may be recorded beside *edits*."""
        missing = dict.fromkeys(survey.vanished)
        early = [path for path in missing if path in survey.underway]  # committed, and not yet on disk
        paths = [path for path in missing if path not in survey.underway]
        gone = [Edit(path, None, None, survey.rows[path].version, live=True, early=True) for path in early]
        if await self._may_go(survey, len(paths) - _moved([survey.rows[path] for path in paths], edits)):
            gone += [Edit(path, None, None, survey.rows[path].version, live=True) for path in paths]
        return gone

    async def _may_go(self, survey: Survey, vanished: int) -> bool:
        held = self.guard.held
        live, _ = await self._db.read_long(totals.of_workspace) if vanished else (0, 0)
        allowed = self.guard.allows(vanished, live, stands=survey.stands, everywhere=survey.everything)
        if survey.everything:
            held_back = survey.vanished if self.guard.held is not None else []
            self._missed = {place for path in held_back for place in (path, *parents(path))}
        if self.guard.held != held:
            await self._db.write(lambda tx: vanishing.remember(tx, self.guard.held), essential=True)
        return allowed

    async def _record(self, edits: Sequence[Edit], op: Op) -> int:
        caller = Caller(agent=IMPORT if op == "import" else EXTERNAL)
        size = len(edits) if op == "import" else RECORD_FILES_MAX
        plain = [edit.path for edit in edits if arrivals.may_arrive(edit) or turnover.may_turn(edit)]
        synced = len(plain) >= arrivals.ARRIVALS_MIN and await self._sync(plain)
        changed = 0
        for first in range(0, len(edits), max(size, 1)):
            part = edits[first : first + size]
            recorded = await self._external.record(part, self.left_out, caller=caller, op=op, synced=synced)
            changed += recorded.changed
            for path in recorded.again:
                self.marks.mark(path)
        return changed

    async def _sync(self, paths: Sequence[str]) -> bool:
        """Let what was found survive a power cut before anybody is told of it; return whether that was done."""
        try:
            await asyncio.to_thread(self._tree.sync, paths)
        except OSError as error:
            log.warning("the folder could not be synced, which is tried again: %s", error.strerror)
            return False
        return True


def _moved(gone: Iterable[FileRow], edits: Iterable[Edit]) -> int:
    """Return how many of the files that are *gone* stand at new paths: those have not vanished."""
    arrived = Counter(edit.content.sha256 for edit in edits if edit.content is not None and not edit.live)
    return (Counter(row.sha256 for row in gone) & arrived).total()
