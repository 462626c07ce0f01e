"""The guard against shortened copies, as a write carries it into its commit.

Comparing long texts takes long, so a write is judged before its commit, against the head that stands there then; within
the commit only when that has moved on.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from workspace_server.core import elision, media
from workspace_server.core.access import Caller
from workspace_server.core.elision import Loss, Marker
from workspace_server.core.limits import LIMITS
from workspace_server.errors import Gone, SuspiciousWrite
from workspace_server.services.folder import Folder
from workspace_server.storage import content as contents
from workspace_server.storage import soundness
from workspace_server.storage.content import Form
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import files


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """What a replacement is held against.

    Attributes:
        text: The text that is to come.
        found: Its markers.
        seen: What the writer has seen of which version, when it has not seen all of it.
        judged: A version of *path*, and what *text* leaves out of it; None when there was nothing to compare with.
    """

    path: str
    text: str
    found: Sequence[Marker]
    seen: tuple[int, Sequence[tuple[int, int]]] | None
    judged: tuple[int, Loss | None] | None = None

    async def check(self, version: int, before: Callable[[], Awaitable[bytes]]) -> None:
        """Pass when *text* leaves out nothing of a version that it should have kept.

        Args:
            before: Gives the bytes of that version.

        Raises:
            SuspiciousWrite: It seems to.
        """
        if self.judged is not None and self.judged[0] == version:
            loss = self.judged[1]
        else:
            loss = self.loss(version, await before())
        if loss is not None:
            raise _suspicious(self.path, version, loss)

    def loss(self, version: int, before: bytes) -> Loss | None:
        """Return what *text* leaves out of the bytes of a version, or None."""
        decoded = media.decode(before)
        if decoded is None:
            return None
        loss = elision.left_out(decoded.text, self.text, self.found)
        if loss is None and self.seen is not None and self.seen[0] == version:
            loss = elision.unseen_lost(decoded.text, self.text, self.seen[1])
        return loss


async def guard(folder: Folder, caller: Caller, path: str, data: bytes | None) -> Guard | None:
    """Return what a replacement of *path* by *data* is held against; None, as nearly always, when it is above doubt.

    Args:
        data: None for what is too large to be looked at.
    """
    if data is None or len(data) > LIMITS.merge_bytes_max:
        return None
    found = _looked_for(data) if len(data) <= LIMITS.inline_bytes_max else await asyncio.to_thread(_looked_for, data)
    if found is None:
        return None
    text, markers = found
    cut = folder.seen.cut(caller.agent, path)
    if not markers and cut is None:
        return None
    return await judged(folder, Guard(path=path, text=text, found=markers, seen=cut))


async def judged(folder: Folder, guard: Guard) -> Guard:
    """Return *guard* with its verdict about the head that stands there now."""

    async def read(tx: Transaction) -> tuple[int, str, Form, bytes | None] | None:
        row = await files.by_path(tx, guard.path)
        if row is None or not row.live or row.size_bytes > LIMITS.merge_bytes_max:
            return None
        try:
            _, form, data = await contents.stored(tx, row.sha256)
        except Gone:
            return None
        return row.version, row.sha256, form, data

    head = await folder.db.read(read)
    if head is None:
        return guard
    version, sha256, form, data = head

    def loss() -> Loss | None:
        return guard.loss(version, soundness.whole(form, data, folder.objects.path(sha256)))

    return replace(guard, judged=(version, await asyncio.to_thread(loss)))


def _looked_for(data: bytes) -> tuple[str, list[Marker]] | None:
    """Return the text of *data* and its markers; None when it is no text."""
    decoded = media.decode(data)
    return None if decoded is None else (decoded.text, elision.markers(decoded.text))


def _suspicious(path: str, version: int, loss: Loss) -> SuspiciousWrite:
    lines = f"{loss.lost_lines} line{'' if loss.lost_lines == 1 else 's'}"
    if loss.marker is None:
        message = f"This leaves out {lines} of {path} that you were not shown: your read was cut."
    else:
        message = f"This has a line that stands for others, and leaves out {lines} of {path}."
    return SuspiciousWrite(
        message,
        hint=f"read_file(path={path!r}, start_line=1) to its end and send the whole text, or change it by edit_file.",
        path=path,
        version=version,
        lost_lines=loss.lost_lines,
        marker=loss.marker,
    )
