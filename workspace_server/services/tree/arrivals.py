"""Records files that are new in the folder, many at once: an existing folder, an unpacked archive, a checkout.

Nothing has to be put on disk for them, so they need no intents: their bytes were read from the folder, the folder was
synced after that, and their rows say from the start what stands there. Whatever is not as simple as that (a path that
has a history, a lock that covers it, a name that collides with another) is left to the way of single edits.
"""

import gc
from collections.abc import Container, Iterator, Sequence
from contextlib import contextmanager

from workspace_server.core import media
from workspace_server.core.names import Names
from workspace_server.core.paths import fold
from workspace_server.errors import WorkspaceError
from workspace_server.services.files.changes import check_above
from workspace_server.services.recording import Commit
from workspace_server.services.tree.edits import Edit
from workspace_server.storage import content as contents
from workspace_server.storage.database import Transaction
from workspace_server.storage.disk.ignore import is_control_file
from workspace_server.storage.tables import arrivals, locks
from workspace_server.storage.tables.arrivals import Arrival

ARRIVALS_MIN = 64
"""So many new files are worth a sync of the folder before they are recorded; fewer are synced afterwards."""


@contextmanager
def uncollected(count: int) -> Iterator[None]:
    """Put off the search for unreachable cycles while *count* files are recorded, when they are many.

    They make none, and each search goes through all that is held of them: 17 of 90 µs a file (2026-11-21).
    """
    pause = count >= ARRIVALS_MIN and gc.isenabled()
    if pause:
        gc.disable()
    try:
        yield
    finally:
        if pause:
            gc.enable()


def may_arrive(edit: Edit) -> bool:
    """Return whether an edit is a file that was new when it was read, and that will not change unseen."""
    return edit.content is not None and edit.trusted and edit.version == 0 and not edit.early


async def record(commit: Commit, edits: Sequence[Edit], *, op: str, but: Container[str]) -> set[str]:
    """Record those of *edits* that are plainly new files, whose bytes are durable in the folder; return their paths.

    Args:
        but: Paths that are left alone.
    """
    fitting = await _fitting(commit.tx, [edit for edit in edits if edit.path not in but])
    if not fitting:
        return set()
    found = []
    for edit in fitting:
        assert edit.content is not None
        found.append((edit, edit.content, media.media_type(edit.path, edit.content.head)))
    await contents.keep_all(commit.tx, [content for _, content, _ in found if not content.is_stored])
    first = await commit.add_all(
        "file.created",
        [
            (
                edit.path,
                1,
                {"sha256": content.sha256, "size_bytes": content.size_bytes, "media_type": kind, "op": op},
            )
            for edit, content, kind in found
        ],
    )
    rows = [
        Arrival(edit.path, fold(edit.path), seq, content.sha256, content.size_bytes, kind, str(edit.signature))
        for seq, (edit, content, kind) in enumerate(found, first)
    ]
    await arrivals.insert(commit.tx, rows, op=op, agent=commit.caller.agent, commit_id=commit.number)
    return {edit.path for edit in fitting}


async def _fitting(tx: Transaction, edits: Sequence[Edit]) -> list[Edit]:
    """Return those that stand at paths that never were, beside all others, and under no lock."""
    new = [edit for edit in edits if may_arrive(edit)]
    taken = await arrivals.taken(tx, [edit.path for edit in new])
    in_the_way = await arrivals.in_the_way(tx, [fold(edit.path) for edit in new])
    locked = await locks.any_live(tx)
    names = Names()
    above: dict[str, bool] = {}
    fitting = []
    for edit in edits:
        path = edit.path
        # Of names that collide the first counts, whichever way it takes: those behind it go no faster.
        if edit.content is None or not names.take(path) or not may_arrive(edit):
            continue
        if path in taken or fold(path) in in_the_way or is_control_file(path):
            continue
        if locked and await locks.covering(tx, path, overdue=True):
            continue
        directory = path.rpartition("/")[0]
        if directory not in above:
            above[directory] = await _is_open(tx, path)
        if above[directory]:
            fitting.append(edit)
    return fitting


async def _is_open(tx: Transaction, path: str) -> bool:
    """Return whether the directories above *path* may stand beside the files that are there."""
    try:
        await check_above(tx, path)
    except WorkspaceError:
        return False
    return True
