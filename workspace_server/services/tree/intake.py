"""Takes an existing folder in: its files become the first versions, in one commit by `import`."""

import logging
from typing import NamedTuple

from workspace_server.core.names import Names
from workspace_server.services.tree.reconcile import Reconciler
from workspace_server.storage.database import Database, Transaction
from workspace_server.storage.disk.ignore import Ignore
from workspace_server.storage.disk.scan import LeftOut, Reason, Scan, shown
from workspace_server.storage.disk.tree import Tree
from workspace_server.storage.disk.watcher import Dirty
from workspace_server.storage.tables import meta

log = logging.getLogger(__name__)

_DONE = "imported_at"
EVERYTHING = Dirty(True, set())


class _Every(LeftOut):
    """What was left out, with every path instead of some examples."""

    def add(self, reason: Reason, path: str) -> None:
        """Count one and keep its path."""
        self.counts[reason] += 1
        self.examples.setdefault(reason, []).append(shown(path))


class Preview(NamedTuple):
    """What taking a folder in would do: every path of each kind, sorted."""

    taken_in: list[str]
    size_bytes: int
    left_out: dict[Reason, list[str]]


def preview(tree: Tree, ignore: Ignore) -> Preview:
    """Return what of the folder would be taken in, and what left out and why; blocks, and changes nothing."""
    scan = Scan(tree, ignore)
    scan.left_out = every = _Every()
    names = Names()
    taken_in = []
    size_bytes = 0
    for seen in sorted(scan):  # the order in which they are taken in
        if names.take(seen.path):
            taken_in.append(seen.path)
            size_bytes += seen.signature.size
        else:
            every.add("case collision", seen.path)
    left_out = {reason: sorted(paths) for reason, paths in every.examples.items()}
    return Preview(sorted(taken_in), size_bytes, left_out)


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
