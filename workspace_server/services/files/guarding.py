"""The guard against shortened copies, as a write carries it into its commit."""

from collections.abc import Sequence
from dataclasses import dataclass

from workspace_server.core import elision, media
from workspace_server.core.elision import Loss, Marker
from workspace_server.core.limits import LIMITS
from workspace_server.errors import SuspiciousWrite
from workspace_server.services.files.seen import Seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """What a replacement is held against.

    Attributes:
        text: The text that is to come.
        found: Its markers, looked for before the transaction.
        seen: What the writer has seen of which version, when it has not seen all of it.
    """

    path: str
    text: str
    found: Sequence[Marker]
    seen: tuple[int, Sequence[tuple[int, int]]] | None

    def check(self, version: int, before: bytes) -> None:
        """Pass when *text* leaves out nothing of *before* that it should have kept.

        Raises:
            SuspiciousWrite: It seems to.
        """
        decoded = media.decode(before)
        if decoded is None:
            return
        loss = elision.left_out(decoded.text, self.text, self.found)
        if loss is None and self.seen is not None and self.seen[0] == version:
            loss = elision.unseen_lost(decoded.text, self.text, self.seen[1])
        if loss is not None:
            raise _suspicious(self.path, version, loss)


def guard(seen: Seen, agent: str, path: str, data: bytes | None) -> Guard | None:
    """Return what a replacement of *path* by *data* is held against; None, as nearly always, when it is above doubt.

    Args:
        data: None for what is too large to be looked at.
    """
    if data is None or len(data) > LIMITS.merge_bytes_max:
        return None
    decoded = media.decode(data)
    if decoded is None:
        return None
    found, cut = elision.markers(decoded.text), seen.cut(agent, path)
    return Guard(path=path, text=decoded.text, found=found, seen=cut) if found or cut is not None else None


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
