"""The use case that waits until files are in and unlocked."""

import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from typing import Literal, NamedTuple

from workspace_server.core.access import Caller
from workspace_server.core.limits import LIMITS
from workspace_server.core.paths import canonical_file
from workspace_server.core.patterns import Selector
from workspace_server.errors import InvalidPath
from workspace_server.services.arguments import bounded, refused
from workspace_server.services.folder import Folder
from workspace_server.services.recording import Result
from workspace_server.services.selecting import Names, matching, selectors
from workspace_server.services.watches import Watches
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import facts, locks, meta
from workspace_server.storage.tables.events import Event
from workspace_server.storage.tables.files import FileRow

Mode = Literal["all", "any", "count"]
PATH_LIKE = re.compile(r"[\w./ -]*[\w.-]")
"""Names that can only be paths."""
FILES_SHOWN_MAX = 200
"""Most files that an answer lists."""
INDEX_AGAIN_S = 0.05
"""How often it does while only the index is missing: that is up to date a moment after its last event."""
LOCK_AGAIN_S = 1.0
"""How often it does while a lock holds it up: that may expire quietly."""
LOOK_AGAIN_S = 30.0
"""How often a wait looks again in any case."""


class Wanted(NamedTuple):
    """What a wait is for: files, and how many of them."""

    files: Names
    mode: Mode
    number: int | None


class Waits:
    """Wait for files. Errors: invalid_argument, invalid_path, forbidden, unauthenticated.

    Args:
        indexed_seq: Up to which seq facts can be queried.
    """

    def __init__(self, folder: Folder, indexed_seq: Callable[[], Awaitable[int]]) -> None:
        self._folder = folder
        self._indexed_seq = indexed_seq
        self._watches = Watches()

    def notice(self, happened: Sequence[Event]) -> None:
        """Take note of what happened: waits that it concerns look again."""
        self._watches.notice(happened)

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

        Level-triggered: what was there before the wait counts. With *since_seq* only changes beyond it count: a path
        must have changed, and of a directory or a pattern at least one file. Each file that counts must be unlocked.
        """
        caller.require_somewhere("read")
        bounded("timeout_seconds", timeout_seconds, 0, min(LIMITS.wait_s_max, self._folder.settings.wait_max_seconds))
        if not 1 <= len(files) <= LIMITS.wait_files_max:
            reason = f"takes 1 to {LIMITS.wait_files_max} entries"
            raise refused("files", reason, "A pattern such as 'research/*.md' covers many files.")
        if (mode == "count") != (count is not None) or (count is not None and count < 1):
            raise refused("count", 'goes with mode="count", and is at least 1', 'For example mode="count", count=2.')
        deadline_s = self._folder.clock.boot_s() + timeout_seconds
        few = all(isinstance(name, str) and PATH_LIKE.fullmatch(name) for name in files)  # else it may have to scan
        chosen = await self._folder.db.read(lambda tx: selectors(tx, files, argument="files"))
        wide = [selector for selector in chosen if selector.kind != "path"]
        for selector in chosen:
            caller.require_within("read", selector)
        with self._watches.watch(_paths(files, chosen), wide) as watch:
            while True:
                self._folder.recorder.check_open(caller)
                upto = await self._indexed_seq() if indexed else None
                bounds = since_seq or 0, upto

                async def look(tx: Transaction, bounds: tuple[int, int | None] = bounds) -> tuple[Result, bool]:
                    return await self._look(tx, caller, Wanted(files, mode, count), bounds)

                answer, ready = await (self._folder.db.read(look) if few else self._folder.db.read_long(look))
                left_s = deadline_s - self._folder.clock.boot_s()
                if ready or left_s <= 0:
                    return {"status": "ready" if ready else "timeout", **answer}
                reasons = {one["reason"] for one in answer["missing"]}
                watch.held = "locked" in reasons
                again_s = LOCK_AGAIN_S if watch.held else LOOK_AGAIN_S
                await watch.wait(min(left_s, INDEX_AGAIN_S if "indexing" in reasons else again_s))

    async def _look(
        self, tx: Transaction, caller: Caller, wanted: Wanted, bounds: tuple[int, int | None]
    ) -> tuple[Result, bool]:
        """Return what is there now, and whether that is enough."""
        since_seq, indexed_upto = bounds
        there: dict[str, Result] = {}
        missing: dict[str, Result] = {}
        satisfied = 0
        names, mode, count = wanted
        chosen = await selectors(tx, names, argument="files")
        for selector in chosen:
            caller.require_within("read", selector)  # again: what was a pattern may have become a path
            rows = await matching(tx, selector, limit=LIMITS.list_rows_max)
            reasons = [await _why_not(tx, row, since_seq, indexed_upto) for row in rows]
            there |= {row.path: _present(row, tx.now_s) for row, why in zip(rows, reasons, strict=True) if why is None}
            held_up = [why for why in reasons if why is not None and why["reason"] != "old"]
            if selector.kind == "path":
                held_up = [why for why in reasons if why is not None]
            if not held_up and None not in reasons:  # nothing there, or (of a directory or a pattern) only old files
                held_up = [{"path": selector.shown, "reason": "old" if rows else "absent"}]
            missing |= {str(why["path"]): why for why in held_up}
            satisfied += not held_up
        ready = {
            "all": satisfied == len(chosen),
            "any": bool(there),
            "count": count is not None and len(there) >= count,
        }[mode]
        answer = {
            "files": list(there.values())[:FILES_SHOWN_MAX],
            "missing": list(missing.values())[:FILES_SHOWN_MAX],
            "seq": await meta.counter(tx, "seq"),
        }
        return answer, ready


def _paths(names: Names, chosen: Iterable[Selector]) -> set[str]:
    """Return the paths that a wait is for; a name with a pattern's characters may yet become one."""
    found = {selector.text for selector in chosen if selector.kind == "path"}
    for name in names:
        if isinstance(name, str):
            with suppress(InvalidPath):
                found.add(canonical_file(name))
    return found


async def _why_not(tx: Transaction, row: FileRow, since_seq: int, indexed_upto: int | None) -> Result | None:
    """Return why a file that is there does not count yet, or None when it does."""
    if row.seq <= since_seq:
        return {"path": row.path, "reason": "old", "agent": row.modified_by}
    for lock in await locks.covering(tx, row.path):
        if lock.mode == "exclusive" and lock.covers(row.path):
            return {"path": row.path, "reason": "locked", "agent": lock.agent}
    if indexed_upto is None or row.seq <= indexed_upto:
        return None
    if await facts.state(tx, row.path, row.version) is None:  # it may have been read before older changes
        return {"path": row.path, "reason": "indexing"}
    return None


def _present(row: FileRow, now_s: float) -> Result:
    return {
        "path": row.path,
        "version": row.version,
        "by": row.modified_by,
        "age_seconds": max(0, round(now_s - row.modified_at, 1)),
    }
