"""The files as the indexer follows them: what changed by the event log, and the bytes of the heads."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from indexer.model import Change
from indexer.ports import Batch
from workspace_server.core.events import FILE_CHANGES
from workspace_server.errors import Gone, Unavailable
from workspace_server.storage import content, soundness
from workspace_server.storage.content import ObjectStore
from workspace_server.storage.database import Database, Transaction
from workspace_server.storage.tables import events, files, meta
from workspace_server.storage.tables.events import Event
from workspace_server.storage.tables.files import FileRow, VersionRow

_ONLY = events.Only(types=sorted(FILE_CHANGES))


class WorkspaceSource:
    """The indexer's `Source` over a workspace.

    The log says which paths changed; what stands there now is read from the files, so that a path that changed many
    times is read once.

    Args:
        wait_beyond: Returns once the log has an event beyond a seq.
    """

    def __init__(self, db: Database, objects: ObjectStore, wait_beyond: Callable[[int], Awaitable[None]]) -> None:
        self._db = db
        self._objects = objects
        self._wait_beyond = wait_beyond

    async def changes(self, after_seq: int, *, limit: int) -> Batch:
        """Return what changed beyond *after_seq*, from at most *limit* events."""

        async def body(tx: Transaction) -> Batch:
            found = await events.after(tx, after_seq, limit=limit, only=_ONLY)
            more = len(found) == limit
            upto = found[-1].seq if more else await meta.counter(tx, "seq")
            return Batch(await _changes(tx, found), upto, more)

        return await self._db.read_long(body)  # 10 µs for each change: those who save would wait for hundreds

    async def newest(self, after_seq: int, *, limit: int) -> Batch:
        """Return the newest of the changes beyond *after_seq*, from at most *limit* events; the newest is last."""

        async def body(tx: Transaction) -> Batch:
            found = await events.newest(tx, after_seq, limit=limit, only=_ONLY)
            return Batch(await _changes(tx, found[::-1]), await meta.counter(tx, "seq"))

        return await self._db.read(body)

    async def heads(self, after_path: str, *, limit: int) -> Sequence[Change]:
        """Return the present files in the order of their paths."""
        rows = await self._db.read(lambda tx: files.below(tx, "", after=after_path, limit=limit))
        return [_of_row(row, row.seq) for row in rows]

    async def head_seq(self) -> int:
        """Return the seq of the newest event."""
        return await self._db.read(lambda tx: meta.counter(tx, "seq"))

    async def pending_from(self, after_seq: int) -> int:
        """Return the last seq from *after_seq* on without a file event between: the log's end when none waits."""

        async def body(tx: Transaction) -> int:
            waiting = await events.after(tx, after_seq, limit=1, only=_ONLY)
            return waiting[0].seq - 1 if waiting else await meta.counter(tx, "seq")

        return await self._db.read(body)

    async def read(self, change: Change, *, bytes_max: int) -> bytes:
        """Return the content of a version, at most its first *bytes_max* bytes.

        Raises:
            OSError: It cannot be read.
        """
        return await read_content(self._db, self._objects, change, bytes_max=bytes_max)

    async def wait_beyond(self, seq: int) -> None:
        """Return once the log has an event beyond *seq*."""
        await self._wait_beyond(seq)


async def read_content(db: Database, objects: ObjectStore, change: Change, *, bytes_max: int) -> bytes:
    """Return the content of a version, at most its first *bytes_max* bytes.

    Raises:
        OSError: It cannot be read.
    """
    try:
        _, form, data = await db.read(lambda tx: content.stored(tx, change.sha256))
    except Gone as refusal:  # removed since the log told of it
        raise OSError("the content was removed") from refusal
    if form == "object":
        return await asyncio.to_thread(_beginning, objects, change.sha256, bytes_max)
    try:
        if form == "tail":
            found = await asyncio.to_thread(soundness.whole, form, data, objects.path(change.sha256))
        else:
            found = soundness.whole(form, data, objects.path(change.sha256))
    except Unavailable as refusal:
        raise OSError(refusal.message) from refusal
    return found[:bytes_max]


def _beginning(objects: ObjectStore, sha256: str, bytes_max: int) -> bytes:
    try:
        soundness.check(objects.path(sha256))
    except Unavailable as refusal:
        raise OSError(refusal.message) from refusal
    with objects.path(sha256).open("rb") as file:
        return file.read(bytes_max)


async def _changes(tx: Transaction, found: Sequence[Event]) -> list[Change]:
    """Return what stands now at the paths of some events, a path that changed several times at its last."""
    paths: dict[str, int] = {}
    for event in found:
        origin = event.data.get("moved_from")
        for path in (event.path, origin["path"] if origin else None):
            if path is not None:
                paths.pop(path, None)
                paths[path] = event.seq
    return [await _change(tx, path, seq) for path, seq in paths.items()]


async def _change(tx: Transaction, path: str, seq: int) -> Change:
    row = await files.by_path(tx, path)
    return Change(seq=seq, path=path, version=None) if row is None or not row.live else _of_row(row, seq)


def change_of(path: str, row: VersionRow) -> Change:
    """Return a version as the indexer knows it."""
    return Change(
        seq=row.seq,
        path=path,
        version=row.version,
        sha256=row.sha256,
        size_bytes=row.size_bytes,
        media_type=row.media_type,
    )


def _of_row(row: FileRow, seq: int) -> Change:
    return Change(
        seq=seq,
        path=row.path,
        version=row.version,
        sha256=row.sha256,
        size_bytes=row.size_bytes,
        media_type=row.media_type,
    )
