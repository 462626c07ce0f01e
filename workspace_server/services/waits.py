"""The use case that waits until files are in and unlocked."""

from collections.abc import Awaitable, Callable
from typing import Literal

from workspace_server.core.access import Caller
from workspace_server.core.limits import LIMITS
from workspace_server.services.arguments import bounded, refused
from workspace_server.services.events import Head
from workspace_server.services.folder import Folder
from workspace_server.services.recording import Result
from workspace_server.services.selecting import Names, matching, selectors
from workspace_server.storage import locks, meta
from workspace_server.storage.database import Transaction
from workspace_server.storage.files import FileRow

Mode = Literal["all", "any", "count"]
FILES_SHOWN_MAX = 200
"""Most files that an answer lists."""
LOOK_AGAIN_S = 1.0
"""How often a wait looks again without an event: locks may expire and the index may catch up quietly."""


class Waits:
    """Wait for files. Errors: invalid_argument, invalid_path.

    Args:
        indexed_seq: Up to which seq facts can be queried.
    """

    def __init__(self, folder: Folder, head: Head, indexed_seq: Callable[[], Awaitable[int]]) -> None:
        self._folder = folder
        self._head = head
        self._indexed_seq = indexed_seq

    async def wait_for(
        self,
        caller: Caller,
        *,
        files: Names,
        mode: Mode = "all",
        count: int | None = None,
        since_seq: int | None = None,
        indexed: bool = False,
        timeout_seconds: float = 25,
    ) -> Result:
        """Return `{status, files, missing, seq}` once the files are in and unlocked, or when the time is over.

        Level-triggered: what was there before the wait counts. With *since_seq* only changes beyond it count.
        """
        caller.require("read")
        bounded("timeout_seconds", timeout_seconds, 0, min(LIMITS.wait_s_max, self._folder.settings.wait_max_seconds))
        if not 1 <= len(files) <= LIMITS.wait_files_max:
            raise refused("files", f"takes 1 to {LIMITS.wait_files_max} entries")
        if (mode == "count") != (count is not None) or (count is not None and count < 1):
            raise refused("count", 'goes with mode="count", and is at least 1')
        deadline_s = self._folder.clock.boot_s() + timeout_seconds
        while True:
            seen_seq = self._head.seq
            upto = await self._indexed_seq() if indexed else None
            answer, ready = await self._folder.db.read(
                lambda tx, upto=upto: self._look(tx, files, mode, count, (since_seq or 0, upto))  # type: ignore[misc]
            )
            left_s = deadline_s - self._folder.clock.boot_s()
            if ready or left_s <= 0:
                return {"status": "ready" if ready else "timeout", **answer}
            await self._head.beyond(seen_seq, min(left_s, LOOK_AGAIN_S))

    async def _look(
        self, tx: Transaction, names: Names, mode: Mode, count: int | None, bounds: tuple[int, int | None]
    ) -> tuple[Result, bool]:
        """Return what is there now, and whether that is enough."""
        since_seq, indexed_upto = bounds
        there: list[Result] = []
        missing: list[Result] = []
        satisfied = 0
        for selector in await selectors(tx, names, argument="files"):
            rows = await matching(tx, selector, limit=LIMITS.list_rows_max)
            fit = 0
            for row in rows:
                reason = await _why_not(tx, row, since_seq, indexed_upto)
                if reason is None:
                    fit += 1
                    there.append(_present(row, tx.now_s))
                else:
                    missing.append(reason)
            if not rows:
                missing.append({"path": selector.shown, "reason": "absent"})
            satisfied += fit > 0 and (fit == len(rows) or mode != "all")
        wanted = len(names)
        ready = {
            "all": satisfied == wanted and not missing,
            "any": bool(there),
            "count": count is not None and len({one["path"] for one in there}) >= count,
        }[mode]
        answer = {
            "files": there[:FILES_SHOWN_MAX],
            "missing": missing[:FILES_SHOWN_MAX],
            "seq": await meta.counter(tx, "seq"),
        }
        return answer, ready


async def _why_not(tx: Transaction, row: FileRow, since_seq: int, indexed_upto: int | None) -> Result | None:
    """Return why a file that is there does not count yet, or None when it does."""
    if row.seq <= since_seq:
        return {"path": row.path, "reason": "old", "agent": row.modified_by}
    for lock in await locks.covering(tx, row.path):
        if lock.mode == "exclusive" and lock.covers(row.path):
            return {"path": row.path, "reason": "locked", "agent": lock.agent}
    if indexed_upto is not None and row.seq > indexed_upto:
        return {"path": row.path, "reason": "indexing"}
    return None


def _present(row: FileRow, now_s: float) -> Result:
    return {
        "path": row.path,
        "version": row.version,
        "by": row.modified_by,
        "age_seconds": max(0, round(now_s - row.modified_at, 1)),
    }
