"""Removes object files that no row names, while others save the same content again.

A row may come back at any moment: between a clean-up that took it and the removal of its file lies time. So a file goes
only after a look on the writer's own connection, between two commits: what is committed is seen, what is about to be is
placed, and nothing of what is seen can be rolled back.
"""

import asyncio
import errno
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import apsw

from workspace_server.errors import Unavailable
from workspace_server.storage.content import ObjectStore, removed
from workspace_server.storage.database import Database
from workspace_server.storage.upkeep import readers

TOGETHER = 64
"""Object files that are set aside in one go, while all changes wait: 2 ms (2026-11-21)."""


class Discarded(NamedTuple):
    """How many object files were removed, how many bytes that freed, and whether some stay for a backup or a fork."""

    files: int
    bytes: int
    kept_for_reader: bool = False


async def discard_objects(db: Database, objects: ObjectStore, hashes: Sequence[str]) -> Discarded:
    """Remove those of the object files of *hashes* that no row names and none is about to name.

    The file leaves its place while nothing is committed, which takes no time; it is removed beside the writer. While a
    backup or a fork reads, none is: `collecting` finds it again as one that no row names.

    Raises:
        Unavailable: The database or the disk refused; what is left is found again.
    """
    files = freed = 0
    kept = False
    try:
        for first in range(0, len(hashes), TOGETHER):
            part = hashes[first : first + TOGETHER]
            found = await db.alone(lambda connection, part=part: _set_aside(connection, objects, part))  # type: ignore[misc]
            kept = kept or found is None
            for aside in found or ():
                freed += await asyncio.to_thread(removed, aside)
                files += 1
    except OSError as error:
        raise Unavailable(
            "The disk refused to let go of what nothing needs.",
            hint="See `workspace-server status`; clean up again when the disk is well.",
            retryable=True,
            reason=errno.errorcode.get(error.errno or 0, "OSError"),
        ) from error
    return Discarded(files, freed, kept)


def _set_aside(connection: apsw.Connection, objects: ObjectStore, hashes: Sequence[str]) -> list[Path] | None:
    """Take out of their place the object files that no row names; return where they are; None: a reader keeps all."""
    live = "SELECT 1 FROM contents WHERE sha256 = ? AND form = 'object' AND removed_at IS NULL"
    gone = [sha256 for sha256 in hashes if not connection.execute(live, (sha256,)).fetchall()]
    # Whoever begins to read after this sees what is committed now, and asks for none of these.
    with readers.removing(objects.state) as nobody_reads:
        return objects.set_aside(gone) if nobody_reads else None
