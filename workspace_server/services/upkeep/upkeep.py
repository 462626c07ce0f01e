"""The upkeep of an open workspace: one piece of work at a time, by hand or once a day, with its progress."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

import anyio

from workspace_server.core.access import Caller
from workspace_server.core.scopes import ALL
from workspace_server.errors import Unavailable, WorkspaceError
from workspace_server.services.folder import Folder
from workspace_server.services.index.indexing import Indexing
from workspace_server.services.recording import Result
from workspace_server.services.times import iso
from workspace_server.services.upkeep.collecting import Collector, Progress
from workspace_server.services.upkeep.log_retention import LogRetention
from workspace_server.services.upkeep.purging import Purging, ReaderThere

log = logging.getLogger(__name__)

HOUR_S = 3600.0
RETRY_S = 60.0
"""How long after a failure, or for the sake of a reader, a purge is tried again."""
_SERVER = Caller(agent="server", scope=ALL, verified=True)
Work = Callable[[Progress], Awaitable[Result]]


class Upkeep:
    """Clear up and remove for good. Errors: forbidden, unavailable."""

    def __init__(self, folder: Folder, purging: Purging, indexing: Indexing) -> None:
        self._folder = folder
        self._indexing = indexing
        self._purging = purging
        self._running: Result | None = None
        self._last: Result | None = None
        self._waits_for: str | None = None
        self._asked: asyncio.Queue[tuple[str, Work]] = asyncio.Queue(1)

    async def start_gc(self, caller: Caller) -> Result:
        """Begin to clear what nothing needs any more, and return as `status`.

        Raises:
            Forbidden: The caller is no admin.
            Unavailable: Other upkeep is being done.
        """
        caller.require("admin")
        self.begin("gc", lambda progress: self._clear(caller, progress))
        return self.told()

    async def _clear(self, caller: Caller, progress: Progress) -> Result:
        cleared = await Collector(self._folder, caller, progress).run()
        return {**cleared, "events": await LogRetention(self._folder, progress, self._indexed_seq).run()}

    async def _indexed_seq(self) -> int:
        return min(await self._indexing.indexed_seq("facts"), await self._indexing.indexed_seq("passages"))

    async def start_reindex(self, caller: Caller) -> Result:
        """Begin to make facts and search index anew, which answer meanwhile; return as `status`.

        Raises:
            Forbidden: The caller is no admin.
            Unavailable: Other upkeep is being done.
        """
        caller.require("admin")
        self.begin("reindex", self._indexing.reindex)
        return self.told()

    async def purge(self, caller: Caller, *, path: str, version: int | None = None) -> Result:
        """Remove content for good; return as `Purging.purge`. The disk is cleared of it in the background.

        Raises:
            Unavailable: Other upkeep is being done.
        """
        caller.require("admin")
        self._reserve("purge")  # before anything else can begin
        refused = False
        try:
            return await self._purging.purge(caller, path=path, version=version)
        except WorkspaceError:
            refused = True
            raise
        finally:
            if refused:
                self._running = None
            else:  # also when the caller went away, whose purge may be done all the same
                self._asked.put_nowait(("purge", self._purging.clear))

    def begin(self, task: str, work: Work) -> None:
        """Have *work* done in the background.

        Raises:
            Unavailable: Other upkeep is being done.
        """
        self._reserve(task)
        self._asked.put_nowait((task, work))

    def _reserve(self, task: str) -> None:
        if self._running is not None:
            raise Unavailable(
                f"The upkeep {self._running['task']} is being done.",
                hint="GET /api/v1/upkeep says how far it is; try again then.",
                retryable=True,
                reason="busy",
            )
        self._running = {"task": task, "since": self._now(), "step": "", "done": 0, "total": 0}

    async def status(self, caller: Caller) -> Result:
        """Return `{running: {task, since, step, done, total}?, last: {task, at, …}?, waits_for?}`.

        Raises:
            Forbidden: The caller is no admin.
        """
        caller.require("admin")
        return self.told()

    @property
    def is_busy(self) -> bool:
        """Whether something is being done, or waits to be."""
        return self._running is not None or self._waits_for is not None

    def told(self) -> Result:
        """Return what is being done, what was done last, and what a purge waits for."""
        return {"running": self._running, "last": self._last, "waits_for": self._waits_for}

    async def run(self) -> None:
        """Do what is asked for, and what an earlier server did not finish, until cancelled."""
        pause_s: float | None = None
        while True:
            if pause_s is None and await self._purging.is_due() and self._running is None:
                self.begin("purge", self._purging.clear)
            try:
                async with asyncio.timeout(pause_s):
                    task, work = await self._asked.get()
            except TimeoutError:
                pause_s = None
                continue
            pause_s = None if await self._do(task, work) else RETRY_S

    async def _do(self, task: str, work: Work) -> bool:
        """Do one piece of work; return whether it came to its end."""
        done = False
        outcome: Result | None
        try:
            outcome = await work(self._note)
            done = True
        except ReaderThere as reader:
            outcome = None
            self._waits_for = f"{reader} The purge goes on by itself once that has ended."
        except Exception:
            log.exception("the upkeep %s failed", task)
            outcome = {"failed": "The server's log says why."}
        if outcome is not None:
            self._last = {"task": task, "at": self._now(), **outcome}
            self._waits_for = None if task == "purge" else self._waits_for
        self._running = None
        return done

    async def run_daily(self) -> None:
        """Clear up at intervals, until cancelled."""
        every_s = self._folder.settings.retention_every_hours * HOUR_S
        while every_s:
            await anyio.sleep(every_s)
            if self._running is None:
                await self.start_gc(_SERVER)  # and then what a purge could not finish

    def _now(self) -> str:
        return iso(self._folder.clock.wall_s())

    def _note(self, step: str, done: int, total: int) -> None:
        if self._running is not None:
            self._running |= {"step": step, "done": done, "total": total}
