"""Cuts the event log where it is older than it is to be kept, beside those who read and write it."""

from collections.abc import Awaitable, Callable
from typing import Final

from workspace_server.core.retention import DAY_S
from workspace_server.services.folder import Folder
from workspace_server.services.upkeep.collecting import Progress
from workspace_server.storage.database import Transaction
from workspace_server.storage.upkeep import cutting
from workspace_server.storage.upkeep.cutting import Floor

PART: Final = 1_000
"""Events that are looked at in one transaction."""


class LogRetention:
    """One cut of the log.

    Args:
        read_upto: How far all have read who must not miss a change: the index. What is beyond stays.
    """

    def __init__(self, folder: Folder, progress: Progress, read_upto: Callable[[], Awaitable[int]]) -> None:
        self._folder = folder
        self._progress = progress
        self._read_upto = read_upto

    async def run(self) -> int:
        """Cut what is beyond retention and return how many events went; 0 where the log is kept for ever."""
        days = self._folder.settings.retention_events_days
        if not days:
            return 0
        before_s = self._folder.clock.wall_s() - days * DAY_S
        upto_seq = await self._read_upto()
        end = await self._folder.db.read_long(lambda tx: cutting.last_before(tx, before_s, upto_seq=upto_seq))
        if end is None:
            return 0
        await self._folder.db.write(lambda tx: _raise_floor(tx, end))
        gone = after_seq = 0
        while (part := await self._part(after_seq, end.seq)) is not None:
            first, after_seq = after_seq, part
            gone += await self._folder.db.write(lambda tx, first=first, part=part: cutting.cut(tx, first, part))  # type: ignore[misc]
            self._progress("cutting the log", gone, 0)
        return gone

    async def _part(self, after_seq: int, upto_seq: int) -> int | None:
        return await self._folder.db.read(lambda tx: cutting.part(tx, after_seq, upto_seq, limit=PART))


async def _raise_floor(tx: Transaction, end: Floor) -> None:
    if end.seq > (await cutting.floor(tx)).seq:
        await cutting.set_floor(tx, end)
