"""The use cases of one workspace, opened together over its folder, with the work that goes on in the background."""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path

import anyio
from anyio.abc import TaskGroup

from indexer.extracting import InThread
from indexer.ports import Extracting
from indexer.searching import IndexInThread
from workspace_server.config import Settings
from workspace_server.core.clock import Clock
from workspace_server.core.limits import LIMITS
from workspace_server.core.paths import STATE_DIRECTORY
from workspace_server.errors import WorkspaceError
from workspace_server.services.activity import Activity
from workspace_server.services.agents.agents import Agents
from workspace_server.services.agents.notes import Notes
from workspace_server.services.auditing import Auditing
from workspace_server.services.automation.running import Automation
from workspace_server.services.events import Events, Head
from workspace_server.services.files.blaming import Blaming
from workspace_server.services.files.browsing import Browsing
from workspace_server.services.files.editing import Editing, Files
from workspace_server.services.files.listing import Listing
from workspace_server.services.files.parts import Parts
from workspace_server.services.files.provenance import Provenances
from workspace_server.services.folder import Folder
from workspace_server.services.history.undo import Undo
from workspace_server.services.index.contradictions import Contradictions
from workspace_server.services.index.indexing import Indexing, OpenIndex
from workspace_server.services.index.search import Search
from workspace_server.services.issuer import Issuer
from workspace_server.services.links import Links
from workspace_server.services.locking import leases
from workspace_server.services.locking.locks import Locks
from workspace_server.services.recording import Recorder, Result
from workspace_server.services.spans import Spans, Tell
from workspace_server.services.standing import Standing
from workspace_server.services.status import Status
from workspace_server.services.subscribing.subscribing import Subscribing
from workspace_server.services.tokens import Tokens
from workspace_server.services.tree.checkouts import Checkouts
from workspace_server.services.tree.working_tree import WorkingTree
from workspace_server.services.upkeep.purging import Purging
from workspace_server.services.upkeep.upkeep import Upkeep
from workspace_server.services.waits import Waits
from workspace_server.storage.clock import SystemClock
from workspace_server.storage.content import ObjectStore
from workspace_server.storage.database import Database, Transaction
from workspace_server.storage.reserve import Reserve
from workspace_server.storage.tables import drafts, jobs, locks, meta, requests
from workspace_server.storage.tables.events import Event
from workspace_server.storage.upkeep import checksumming

log = logging.getLogger(__name__)

EXPIRY_S_MAX = 1.0
"""Longest time until an expired lock is told of; it is refused from its deadline on in any case."""
AFTER_FAILURE_S = 1.0
"""How long background work rests after a failure, beside its own pause."""
REFILL_S = 5.0
"""How often a reserve that is spent is tried to be made anew."""
FORGET_S = 600.0
"""How often answers to old requests, old drafts and ended locks are dropped."""
READS_S = 5.0
"""How often it is written down who has read what, and who was here."""


class Engine:
    """What every face calls: one attribute per group of use cases.

    Open it with `Engine.open`; the caller holds the owner lock of the folder.

    Attributes:
        watching_permissions: Called when a token has ended: faces look at what they keep open.
    """

    def __init__(self, folder: Folder, head: Head, tree: WorkingTree, *, open_index: OpenIndex) -> None:
        self.folder = folder
        self.tree = tree
        self.root = folder.root
        self.settings = folder.settings
        self.watching_permissions: list[Callable[[], None]] = []
        self.clock = folder.clock
        self.db = folder.db
        self.files = Files(folder)
        self.editing = Editing(folder, self.files)
        self.parts = Parts(folder)
        self.listing = Listing(folder)
        self.blaming = Blaming(folder)
        self.links = Links(folder, self.files, self.listing)
        self.tokens = Tokens(folder)
        self.auditing = Auditing(folder)
        self.issuer: Issuer | None = None
        self.browsing = Browsing(folder)
        self.provenances = Provenances(folder)
        self.undo = Undo(folder)
        self.locks = Locks(folder)
        self.checkouts = Checkouts(folder, tree)
        self.events = Events(folder, head)
        self.activity = Activity(folder, self.events)
        folder.recorder.noticed = self._notice
        notes = Notes(folder)
        self.agents = Agents(folder, notes)
        self.automation = Automation(folder, self.locks, notes)
        self.triggers = self.automation.triggers
        self.pausing = self.automation.pausing
        self.rehearsing = self.automation.rehearsing
        self.runs = self.automation.runs
        self.trigger_file = self.automation.trigger_file
        self.jobs = self.automation.jobs
        self.queues = self.automation.queues
        self.deliveries = self.automation.deliveries
        self.decisions = self.automation.decisions
        self.endpoints = self.automation.endpoints
        self.subscribing = Subscribing(folder, self.events, self.automation)
        self.subscribing.standing = self.deliveries.standing = self.tokens.standing
        self.tokens.ended = self._look_at_permissions
        folder.recorder.reaction = self.automation.reaction
        folder.recorder.attend = self.automation.attend
        self.indexing = Indexing(folder, head, open_index=open_index, own_ports=self.automation.own_ports)
        self.search = Search(folder, self.indexing)
        self.contradictions = Contradictions(folder, self.indexing)
        self.waits = Waits(folder, self.indexing.indexed_seq)
        self.status = Status(folder)
        self.upkeep = Upkeep(folder, Purging(folder, tree, self.indexing), self.indexing)
        parts = {
            "index": self.indexing.status,
            "models": self.indexing.models.status,
            "deliveries": self.deliveries.status,
            "jobs": self.jobs.counts,
            "attention": self.decisions.counts,
            "paused": self.agents.pauses.status,
            "folder": tree.status,
            "disk": self._disk,
            "standing": Standing(folder).counts,
        }
        for name, part in parts.items():
            self.status.include(name, part)

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        root: Path,
        *,
        settings: Settings,
        clock: Clock | None = None,
        extracting: Extracting | None = None,
        open_index: OpenIndex = IndexInThread,
    ) -> AsyncIterator["Engine"]:
        """Open the workspace in *root*, bring folder and database together, and serve until the block ends.

        Args:
            extracting: Where files are read for the index; by default in a thread, which a hostile file may end.
            open_index: Where the search index is worked: by default in threads of this process.

        Raises:
            Unavailable: The database is of a newer program, or SQLite is too old.
        """
        if clock is None:
            clock = await anyio.to_thread.run_sync(SystemClock)
        root = await anyio.to_thread.run_sync(root.resolve)
        state = root / STATE_DIRECTORY
        await anyio.to_thread.run_sync(partial(state.mkdir, mode=0o700, parents=True, exist_ok=True))
        async with AsyncExitStack() as opened:
            reserve = Reserve(state)
            await anyio.to_thread.run_sync(reserve.open)
            await anyio.to_thread.run_sync(checksumming.upgrade, state / "workspace.db")
            db = Database.open(state / "workspace.db", clock=clock, reserve=reserve)
            opened.push_async_callback(db.close)
            objects = await anyio.to_thread.run_sync(ObjectStore, state / "objects", state / "tmp")
            tree = await anyio.to_thread.run_sync(
                partial(WorkingTree, root, settings=settings, clock=clock, db=db, objects=objects)
            )
            opened.callback(tree.close)
            head = Head(await db.read(lambda tx: meta.counter(tx, "seq")))
            recorder = Recorder(db, head.move_to)
            recorder.follow = tree.materialiser.follow
            folder = Folder(
                root=root,
                name=settings.name or root.name,
                settings=settings,
                clock=clock,
                db=db,
                objects=objects,
                recorder=recorder,
                materialiser=tree.materialiser,
                extracting=extracting or InThread(),
            )
            await folder.seen.load(db)
            await folder.gate.load(db)
            opened.push_async_callback(folder.seen.flush, db)
            await db.write(leases.resume, essential=True)
            engine = cls(folder, head, tree, open_index=open_index)
            await engine.agents.notes.load(db)
            await engine.tokens.load(db)
            engine.issuer = await opened.enter_async_context(engine._issuing())
            await engine.auditing.begin()
            for part in (engine.agents.finish, engine.links.flush, engine.tokens.flush, engine.auditing.flush):
                opened.push_async_callback(_at_last, part)
            await engine.automation.begin()
            failed: Exception | None = None
            async with tree.serve(recorder, engine.locks), anyio.create_task_group() as background:
                engine._work_in(background)
                try:
                    yield engine
                except Exception as error:  # noqa: BLE001 - raised below as it is: the task groups would wrap it
                    failed = error
                background.cancel_scope.cancel()
            if failed is not None:
                raise failed

    @asynccontextmanager
    async def traced(self, tell: Tell | None) -> AsyncIterator[None]:
        """Have *tell* take to a collector of traces what happens until the block ends; None: there is no collector."""
        if tell is None:
            yield
            return
        self.folder.recorder.spans = spans = Spans(self.folder.source, self.clock, tell)
        try:
            yield
        finally:
            spans.release()

    @property
    def head_seq(self) -> int:
        """Where the log stands."""
        return self.events.head_seq

    def _issuing(self) -> AbstractAsyncContextManager[Issuer | None]:
        return Issuer.open(self.folder, self.tokens, own_ports=self.automation.own_ports)

    def _notice(self, happened: Sequence[Event]) -> None:
        self.folder.seen.notice(happened)
        self.events.tail.add(happened)
        self.waits.notice(happened)

    def _look_at_permissions(self) -> None:
        self.subscribing.look_at_permissions()
        for look in self.watching_permissions:
            look()

    async def due(self) -> list[str]:
        """Return what still has to be done without anybody being connected; a background server stays for it."""
        reasons = await self.automation.due()
        if self.upkeep.is_busy:
            reasons.append("upkeep is being done")
        index = await self.indexing.status()
        if index["lag"]:
            reasons.append(f"the index is {index['lag']} changes behind")
        return reasons

    def _work_in(self, background: TaskGroup) -> None:
        """Start all that goes on beside the callers."""
        background.start_soon(self.indexing.run)
        background.start_soon(self._every, 0.0, self.upkeep.run)
        background.start_soon(self.upkeep.run_daily)
        background.start_soon(self._every, 0.0, self.automation.run)
        background.start_soon(self._every, 0.0, self.subscribing.run)
        background.start_soon(self._every, EXPIRY_S_MAX, self._expire_locks)
        background.start_soon(self._every, 0.0, self.locks.line.look)
        background.start_soon(self._every, FORGET_S, self._forget_old)
        background.start_soon(self._every, READS_S, self._write_reads)
        background.start_soon(self._every, REFILL_S, self._refill)

    async def _expire_locks(self) -> None:
        await self.locks.expire()

    async def _write_reads(self) -> None:
        await self.folder.seen.flush(self.db)
        await self.agents.write_down()
        await self.links.flush()
        await self.tokens.flush()
        await self.auditing.flush()
        if self.folder.recorder.spans is not None:
            self.folder.recorder.spans.let_go()

    async def _forget_old(self) -> None:
        async def forget(tx: Transaction) -> None:
            await requests.forget_old(tx)
            await drafts.forget_old(tx)
            await locks.forget_old(tx)
            await jobs.forget_old(tx, LIMITS.job_kept_s)
            await self.agents.forget_old(tx)

        await self.db.write(forget)
        await self.deliveries.forget_old()
        await self.links.forget_old()
        await self.subscribing.forget_old()

    async def _refill(self) -> None:
        reserve = self.db.reserve
        if reserve is not None and reserve.state != "kept":
            await anyio.to_thread.run_sync(reserve.fill)

    async def _disk(self) -> Result:
        reserve = self.db.reserve
        assert reserve is not None, "an engine opens its database with one"
        return {"free_bytes": await anyio.to_thread.run_sync(reserve.free_bytes), "reserve": reserve.state}

    async def _every(self, seconds: float, work: Callable[[], Awaitable[None]]) -> None:
        """Run *work* again and again; one failure is logged and does not end it."""
        while True:
            try:
                await work()
            except Exception:
                log.exception("background work failed")
                await anyio.sleep(AFTER_FAILURE_S)
            await anyio.sleep(seconds)


async def _at_last(work: Callable[[], Awaitable[None]]) -> None:
    """Do what is left to write down at the end; a disk that refuses it costs that alone, and no orderly end."""
    try:
        await work()
    except WorkspaceError as refusal:
        log.warning("the last of what was to be written down is lost: %s", refusal)
