"""The folder on disk and everything that keeps it and the database together, from start to stop."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import anyio

from workspace_server.config import Settings
from workspace_server.core.clock import Clock
from workspace_server.errors import WorkspaceError
from workspace_server.services.locking.locks import Locks
from workspace_server.services.recording import Recorder, Result
from workspace_server.services.tree.disk import Disk
from workspace_server.services.tree.external import External
from workspace_server.services.tree.intake import take_in
from workspace_server.services.tree.materialise import Materialiser
from workspace_server.services.tree.reconcile import Reconciler
from workspace_server.services.tree.recovery import Recovery
from workspace_server.services.tree.vanishing import AWAY
from workspace_server.storage.content import ObjectStore
from workspace_server.storage.database import Database
from workspace_server.storage.disk.ignore import CONTROL_BYTES_MAX, Ignore
from workspace_server.storage.disk.tree import Tree
from workspace_server.storage.disk.watcher import Watcher


class WorkingTree:
    """One folder, opened: first its materialiser is there, then `serve` keeps it and the database together.

    Attributes:
        materialiser: Brings the folder to what was committed.
        reconciler: Records what was changed in the folder; there once `serve` has begun.
        watcher: Says where something changes; there once `serve` has begun.
    """

    def __init__(self, root: Path, *, settings: Settings, clock: Clock, db: Database, objects: ObjectStore) -> None:
        self.tree = Tree(root)
        self.ignore = Ignore(settings.ignore, control_reader(self.tree))
        self.materialiser = Materialiser(
            tree=self.tree, ignore=self.ignore, db=db, objects=objects, boot_id=clock.boot_id()
        )
        self.reconciler: Reconciler | None = None
        self.watcher: Watcher | None = None
        self._settings = settings
        self._clock = clock
        self._db = db
        self._objects = objects

    def close(self) -> None:
        """Let go of the folder."""
        self.tree.close()

    @asynccontextmanager
    async def serve(self, recorder: Recorder, locks: Locks) -> AsyncIterator[None]:
        """Recover, take in what is new in the folder, then follow it until the block ends; all is synced then."""
        disk = Disk(self.tree, self._objects)
        external = External(
            recorder=recorder,
            objects=self._objects,
            locks=locks,
            materialiser=self.materialiser,
            disk=disk,
            policy=self._settings.external_edits,
        )
        self.materialiser.strangers = external
        self.reconciler = reconciler = Reconciler(
            tree=self.tree,
            ignore=self.ignore,
            disk=disk,
            db=self._db,
            pins=self._objects.pins,
            external=external,
            materialiser=self.materialiser,
            deletion_share_max=self._settings.deletion_share_max,
        )
        recovery = Recovery(
            tree=self.tree,
            db=self._db,
            objects=self._objects,
            materialiser=self.materialiser,
            external=external,
            boot_id=self._clock.boot_id(),
        )
        await recovery.run()
        await reconciler.recall()
        # Watched from before the scan on, so that nothing falls between the two.
        watcher = self.watcher = Watcher(self.tree.root, reconciler.marks, self._is_ignored_directory)
        reconciler.watched = await asyncio.to_thread(watcher.start)
        try:
            await take_in(self._db, reconciler)
            async with anyio.create_task_group() as background:
                background.start_soon(self.materialiser.run)
                background.start_soon(reconciler.run)
                try:
                    yield
                finally:
                    background.cancel_scope.cancel()
        finally:
            with anyio.CancelScope(shield=True):
                await asyncio.to_thread(watcher.stop)
                await self.materialiser.finish()

    async def status(self) -> Result:
        """Return `{watched, left_out, blocked, deletions_stopped?}`: what of the folder is not in the workspace."""
        result: Result = {"blocked": dict(sorted(self.materialiser.blocked.items())[:20])}
        if self.reconciler is not None:
            result["watched"] = self.reconciler.watched
            result["left_out"] = self.reconciler.left_out.as_dict()
            if self.reconciler.guard.stopped is not None:
                result["deletions_stopped"] = self.reconciler.guard.stopped
        if not await asyncio.to_thread(self.tree.stands):  # else it would be said only once the folder is gone through
            result["deletions_stopped"] = AWAY
        return result

    def _is_ignored_directory(self, path: str) -> bool:
        return self.ignore.ignored(path, is_directory=True)


def control_reader(tree: Tree) -> Callable[[str], str | None]:
    """Return what reads the control files of a tree: links and huge ones count as none."""

    def read(path: str) -> str | None:
        try:
            reading = tree.open(path)
        except (WorkspaceError, OSError):
            return None
        if reading is None:
            return None
        with reading:
            return None if reading.size_bytes > CONTROL_BYTES_MAX else reading.read_all().decode(errors="replace")

    return read
