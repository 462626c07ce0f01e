"""Takes an existing folder in: its files become the first versions, in one commit by `import`."""

import logging
from typing import NamedTuple

from workspace_server.services.tree.reconcile import Reconciler
from workspace_server.storage.database import Database, Transaction
from workspace_server.storage.disk.ignore import Ignore
from workspace_server.storage.disk.scan import LeftOut, Names, Scan
from workspace_server.storage.disk.tree import Tree
from workspace_server.storage.disk.watcher import Dirty
from workspace_server.storage.tables import meta

log = logging.getLogger(__name__)

_DONE = "imported_at"
EVERYTHING = Dirty(True, set())


class Preview(NamedTuple):
    """What taking a folder in would do."""

    files: int
    size_bytes: int
    left_out: LeftOut

    def as_dict(self) -> dict[str, object]:
        """Return it as JSON."""
        return {"files": self.files, "size_bytes": self.size_bytes, "left_out": self.left_out.as_dict()}


def preview(tree: Tree, ignore: Ignore) -> Preview:
    """Return what of the folder would be taken in, and what left out and why; blocks, and changes nothing."""
    scan = Scan(tree, ignore)
    names = Names()
    count = size = 0
    for seen in scan:
        if not names.take(seen.path):
            scan.left_out.add("case collision", seen.path)
            continue
        count += 1
        size += seen.signature.size
    return Preview(count, size, scan.left_out)


async def take_in(db: Database, reconciler: Reconciler) -> int | None:
    """Import the folder unless that was done, else record what changed while no server ran; return the imported files.

    A crash in the middle leaves nothing: the import is one commit. It is repeated at the next start.
    """
    if await db.read(lambda tx: meta.fact(tx, _DONE)) is not None:
        await reconciler.reconcile(EVERYTHING)
        return None
    count = await reconciler.reconcile(EVERYTHING, op="import")

    async def done(tx: Transaction) -> None:
        await meta.set_fact(tx, _DONE, str(tx.now_s))

    await db.write(done)
    if count:
        log.info("took in %d files that were in the folder", count)
    return count
