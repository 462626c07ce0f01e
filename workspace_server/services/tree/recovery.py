"""Finishes at start what a crash or a power cut has left: intents that are open, and temporary files.

Called with the owner lock held, before anybody else writes. Whatever bytes are found and nobody knows are kept: as a
conflict copy beside their file, or below `.workspace/lost` when the machine itself went down, because then they may be
half-written ones of our own.
"""

import asyncio
import io
import logging
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path

import zstandard

from workspace_server.errors import WorkspaceError
from workspace_server.services.tree.external import External
from workspace_server.services.tree.leftovers import Leftover
from workspace_server.services.tree.materialise import Materialiser
from workspace_server.services.tree.strangers import Stranger
from workspace_server.storage import content as contents
from workspace_server.storage.content import Form, ObjectStore
from workspace_server.storage.database import Database, Transaction
from workspace_server.storage.disk.staging import belongs_to
from workspace_server.storage.disk.tree import Tree
from workspace_server.storage.tables import files, intents
from workspace_server.storage.tables.intents import Intent

log = logging.getLogger(__name__)


class Recovery:
    """One recovery, at start."""

    def __init__(
        self,
        *,
        tree: Tree,
        db: Database,
        objects: ObjectStore,
        materialiser: Materialiser,
        external: External,
        boot_id: str,
    ) -> None:
        self._tree = tree
        self._db = db
        self._objects = objects
        self._materialiser = materialiser
        self._external = external
        self._boot_id = boot_id

    async def run(self) -> int:
        """Finish what is left and return how many paths that were."""
        await asyncio.to_thread(self._objects.clear_temporary)
        open_ = await self._db.read_long(intents.all_open)
        # First the files that were on their way: their intents tell which bytes are the server's own.
        for name in await asyncio.to_thread(self._tree.temporaries):
            await self._clear(name, open_)
        # Among them now those of the copies that were just made.
        open_ = await self._db.read_long(intents.all_open)
        paths = list(dict.fromkeys(intent.path for intent in open_))
        await self._materialiser.settle(paths)
        await self._materialiser.finish()
        if paths:
            log.info("%d files were brought up to date after a crash", len(paths))
        return len(paths)

    async def _clear(self, name: str, open_: Sequence[Intent]) -> None:
        path = await self._path_of(name, open_)
        mine = [intent for intent in open_ if intent.path == path]
        sha256, size_bytes = await asyncio.to_thread(self._read, name)
        ours: AbstractSet[str] | None = None
        # An empty one holds nothing to keep, whosever it is.
        if not size_bytes or await self._is_known(sha256) or await self._is_half_staged(name, mine):
            ours = {sha256}
        elif path is not None and all(intent.boot_id == self._boot_id for intent in open_):
            ours = await self._external.take(Stranger(path, name, replaced=True))
        if ours is None:
            kept = await asyncio.to_thread(self._tree.keep, name)
            log.warning("unknown bytes%s are kept at %s", f" of {path}" if path else "", kept)
        elif path is None:
            await asyncio.to_thread(self._tree.discard, name)
        else:  # a process that outlived the last server may still write to it
            self._materialiser.let_go(Leftover(name, path, ours))

    async def _path_of(self, name: str, open_: Sequence[Intent]) -> str | None:
        for intent in open_:
            if belongs_to(name, intent.path):
                return intent.path

        async def read(tx: Transaction) -> str | None:
            rows = [row for deleted in (False, True) for row in await files.below(tx, "", deleted=deleted)]
            return next((row.path for row in rows if belongs_to(name, row.path)), None)

        return await self._db.read_long(read)

    async def _is_half_staged(self, name: str, mine: Sequence[Intent]) -> bool:
        """Return whether a temporary file is the beginning of what one of *mine* was to put in place."""
        for sha256 in {intent.sha256 for intent in mine if intent.sha256}:
            try:
                _, form, data = await self._db.read_long(lambda tx, sha256=sha256: contents.stored(tx, sha256))  # type: ignore[misc]  # the default binds it
                if await asyncio.to_thread(self._begins, name, form, data, self._objects.path(sha256)):
                    return True
            except (WorkspaceError, OSError, zstandard.ZstdError) as error:
                log.warning("%s is not compared with %s, which cannot be read: %s", name, sha256, error)
        return False

    def _begins(self, name: str, form: Form, data: bytes | None, path: Path) -> bool:
        """Return whether a temporary file is the beginning of a content; runs in a thread."""
        reading = self._tree.open_temporary(name)
        assert reading is not None, "nobody else clears temporary files at start"
        # Content that is no object file is small, so that it may be had whole.
        with reading, path.open("rb") if form == "object" else io.BytesIO(contents.expand(form, data, path)) as whole:
            while chunk := reading.read():
                if whole.read(len(chunk)) != chunk:
                    return False
        return True

    async def _is_known(self, sha256: str) -> bool:
        async def read(tx: Transaction) -> bool:
            return await tx.one("SELECT 1 FROM contents WHERE sha256 = ?", sha256) is not None

        return await self._db.read(read)

    def _read(self, name: str) -> tuple[str, int]:
        """Return the hash of a temporary file, and how many bytes it has."""
        reading = self._tree.open_temporary(name)
        assert reading is not None, "nobody else clears temporary files at start"
        with reading:
            return reading.sha256(), reading.size_bytes
