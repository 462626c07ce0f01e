"""One SQLite database: a writer thread with group commit, and read-only connections beside it.

Transaction bodies are coroutine functions that take a `Transaction`. On SQLite they never suspend: the writer thread
drives each to its end itself, so the same body can run on an engine whose calls do suspend.

FULL durability is nearly free when it is shared: all bodies that wait while one commit syncs go into the next. Each has
its own savepoint, so that one refusal does not spoil its neighbours.
"""

import asyncio
import contextlib
import logging
import os
import queue
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar, cast

import apsw

from indexer.processes.standing_back import thread_stands_back
from workspace_server.core.clock import Clock
from workspace_server.core.limits import LIMITS
from workspace_server.errors import Unavailable
from workspace_server.storage import checksums, ranking, refusals
from workspace_server.storage.memory import Memory, Remembered
from workspace_server.storage.migrations import migrate
from workspace_server.storage.reserve import Reserve
from workspace_server.storage.turns import Turns

log = logging.getLogger(__name__)

T = TypeVar("T")
Row = tuple[Any, ...]

SQLITE_MIN = (3, 51, 3)
"""Older versions can corrupt a WAL database that two connections write (the WAL-reset bug of 3.7.0 to 3.51.2)."""
LONG_READERS = 2
"""Threads for reads that look at many rows."""
SCANNERS = 2
"""Threads for searches that go through the files themselves: they take seconds, and nobody else waits for them."""
SCANNING_NICENESS = 10
"""How far these stand back for the rest of the server."""


class Transaction:
    """What a transaction body sees: SQL, the time, and a way to act once the change is durable."""

    def __init__(self, connection: apsw.Connection, clock: Clock, memory: Memory | None = None) -> None:
        self._connection = connection
        self._memory = memory
        self._after_commit: list[Callable[[], None]] = []
        self.now_s = clock.wall_s()
        """Seconds since 1970 at the start of this transaction."""
        self.boot_s = clock.boot_s()
        """Seconds on the boot clock at the start of this transaction."""
        self.boot_id = clock.boot_id()

    async def run(self, sql: str, *parameters: Any) -> None:
        """Execute *sql* and forget its rows."""
        self._connection.execute(sql, parameters).fetchall()

    async def one(self, sql: str, *parameters: Any) -> Row | None:
        """Return the first row, or None."""
        rows = self._connection.execute(sql, parameters).fetchall()
        return rows[0] if rows else None

    async def all(self, sql: str, *parameters: Any) -> list[Row]:
        """Return all rows."""
        return self._connection.execute(sql, parameters).fetchall()

    async def many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Execute *sql* once for each of *rows*."""
        self._connection.executemany(sql, rows)

    async def recall(self, what: Remembered[T]) -> T:
        """Return a remembered value; a reader, which has no memory, reads it from its rows."""
        if self._memory is None:
            return await what.load(self)
        return await self._memory.get(self, what)

    def remember(self, what: Remembered[T], value: T) -> None:
        """Change a remembered value; that is taken back with everything else when this body fails."""
        assert self._memory is not None, "a reader changes nothing"
        self._memory.set(what, value)

    def after_commit(self, callback: Callable[[], None]) -> None:
        """Call *callback* on the event loop's thread once this change is durable; never when it is rolled back."""
        self._after_commit.append(callback)


Body = Callable[[Transaction], Awaitable[T]]


class _Write:
    """One body on its way through the writer."""

    __slots__ = ("after_commit", "alone", "body", "came_s", "error", "future", "is_alone", "is_behind", "result")

    def __init__(
        self,
        body: Body[Any],
        future: asyncio.Future[Any],
        *,
        alone: Callable[[apsw.Connection], object] | None = None,
        is_behind: bool = False,
    ) -> None:
        self.body = body
        self.alone = alone
        self.is_alone = alone is not None
        self.is_behind = is_behind
        self.came_s = time.monotonic()
        self.future = future
        self.result: object = None
        self.error: BaseException | None = None
        self.after_commit: list[Callable[[], None]] = []

    def settle(self) -> None:
        """Tell the caller, on the event loop's thread; a callback that fails is a bug, and keeps nobody waiting."""
        for callback in self.after_commit:
            try:
                callback()
            except Exception:
                log.exception("what follows a commit failed")
        if self.future.cancelled():
            return
        if self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.result)


class Database:
    """The workspace's database, open for one server process."""

    def __init__(self, path: Path, clock: Clock, reserve: Reserve | None = None) -> None:
        self.reserve = reserve
        self._path = path
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._queue: queue.SimpleQueue[list[_Write] | None] = queue.SimpleQueue()
        self._collected: list[_Write] = []
        self._unanswered = 0
        _make_private(path)
        self._connection = connect(path)
        migrate(self._connection)
        self._memory = Memory()
        self._reader = connect(path, read_only=True)
        self._threads = ThreadPoolExecutor(LONG_READERS, thread_name_prefix="read")
        self._scanning = ThreadPoolExecutor(
            SCANNERS, thread_name_prefix="scan", initializer=thread_stands_back, initargs=(SCANNING_NICENESS,)
        )
        self._of_thread = threading.local()
        self._long_readers: list[apsw.Connection] = []
        self._closed = False
        self._writer = threading.Thread(target=self._write_batches, name="writer", daemon=True)
        self._writer.start()

    @classmethod
    def open(cls, path: Path, *, clock: Clock, reserve: Reserve | None = None) -> "Database":
        """Open the database at *path*, made or migrated as needed. Call on the event loop's thread.

        The database and the directory it is in, which is the server's own, are made accessible to the user only.

        Raises:
            Unavailable: SQLite is too old, or the database is of a newer schema.
        """
        if tuple(map(int, apsw.sqlite_lib_version().split("."))) < SQLITE_MIN:
            raise Unavailable(f"SQLite {apsw.sqlite_lib_version()} can corrupt this database.", hint="Upgrade apsw.")
        return cls(path, clock, reserve)

    async def close(self) -> None:
        """Commit what is queued, end the threads and close the files."""
        if self._closed:
            return
        self._closed = True
        self._hand_over()
        self._queue.put(None)
        await asyncio.to_thread(self._writer.join)
        for threads in (self._threads, self._scanning):
            await asyncio.to_thread(threads.shutdown)
        for connection in (self._reader, *self._long_readers, self._connection):
            connection.close()

    async def write(self, body: Body[T], *, essential: bool = False, is_behind: bool = False) -> T:
        """Run *body* in a transaction of its own and return its result once that is durable.

        A cancelled caller does not undo a change that has reached the writer.

        Args:
            essential: When the disk is full, the reserve is spent on it, and *body* runs a second time.
            is_behind: Whether others' changes go first, for a moment, also those that come later.

        Raises:
            Unavailable: Too many writes wait, or the commit failed; nothing was changed.
        """
        try:
            return await self._hand_in(body, is_behind=is_behind)
        except Unavailable as refusal:
            if not essential or self.reserve is None or not refusals.is_full(refusal.__cause__):
                raise
            await asyncio.to_thread(self.reserve.spend)
            return await self._hand_in(body)

    async def _hand_in(self, body: Body[T], *, is_behind: bool = False) -> T:
        self._check_open()
        future: asyncio.Future[T] = self._loop.create_future()
        if not self._collected:
            # What comes in during one turn of the loop goes over together: the two threads then take turns, instead of
            # taking the interpreter from each other at every statement.
            self._loop.call_soon(self._hand_over)
        self._collected.append(_Write(body, future, is_behind=is_behind))
        self._unanswered += 1
        return await future

    @property
    def unanswered(self) -> int:
        """How many writes wait for the writer, or are with it."""
        return self._unanswered

    def _check_open(self) -> None:
        if self._closed or self._unanswered >= LIMITS.queue_writes_max:
            raise Unavailable("The server takes no more writes now.", hint="Try again shortly.", retryable=True)

    def _hand_over(self) -> None:
        if self._collected:
            self._queue.put(self._collected)
            self._collected = []

    async def alone(self, work: Callable[[apsw.Connection], T]) -> T:
        """Run *work* on the writer's connection, outside of a transaction; all changes wait behind it.

        Raises:
            Unavailable: The database is closed, too much waits for it, or it refused.
        """
        self._check_open()

        async def none(_: Transaction) -> T:
            raise AssertionError("it has no body")

        future: asyncio.Future[T] = self._loop.create_future()
        self._hand_over()
        self._unanswered += 1
        self._queue.put([_Write(none, future, alone=work)])
        return await future

    async def read(self, body: Body[T]) -> T:
        """Run a small indexed read on the event loop's thread, in one snapshot."""
        return _read_on(self._reader, body, self._clock)

    async def read_long(self, body: Body[T]) -> T:
        """Run a read that looks at many rows on a thread of its own, in one snapshot."""
        return await self._loop.run_in_executor(self._threads, self._read_long, body)

    async def read_scan(self, body: Body[T]) -> T:
        """Run a part of a search through the files, in one snapshot; other such searches have their turn between."""
        return await self._loop.run_in_executor(self._scanning, self._read_long, body)

    def _read_long(self, body: Body[T]) -> T:
        connection: apsw.Connection | None = getattr(self._of_thread, "connection", None)
        if connection is None:
            try:
                connection = self._of_thread.connection = connect(self._path, read_only=True)
            except apsw.CantOpenError as error:
                raise refusals.of_away(error) from error
            except refusals.UNREADABLE as error:
                raise refusals.of_read(error) from error
            self._long_readers.append(connection)
        return _read_on(connection, body, self._clock)

    def _write_batches(self) -> None:
        turns: Turns[_Write] = Turns()
        open_ = True
        while open_ or turns:
            while open_ and not (turns and self._queue.empty()):
                more = self._queue.get()
                open_ = more is not None
                turns.add(more or ())
            if turns:
                batch = turns.take(time.monotonic())
                if batch[0].alone is not None:
                    self._do_alone(batch[0], batch[0].alone)
                else:
                    self._commit(batch)
                self._loop.call_soon_threadsafe(self._settle, batch)

    def _settle(self, batch: list[_Write]) -> None:
        self._unanswered -= len(batch)
        for write in batch:
            write.settle()

    def _do_alone(self, write: _Write, work: Callable[[apsw.Connection], object]) -> None:
        try:
            write.result = work(self._connection)
        except Exception as error:  # noqa: BLE001 - handed to whoever asked for it
            write.error = refusals.of_change(error) if isinstance(error, apsw.Error) else error

    def _commit(self, batch: list[_Write]) -> None:
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            for write in batch:
                self._apply(write)
            _drive(self._memory.save(Transaction(self._connection, self._clock)))
            self._connection.execute("COMMIT")
            self._memory.keep_batch()
        except Exception as error:  # the writer's outermost loop: it answers everybody and goes on
            if not isinstance(error, apsw.Error):
                log.exception("a batch of changes failed")
            with contextlib.suppress(apsw.Error):  # tried again by the next batch, whose BEGIN it would refuse
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
            self._memory.forget()
            for write in batch:
                write.after_commit.clear()
                write.error = refusals.of_change(error)

    def _apply(self, write: _Write) -> None:
        transaction = Transaction(self._connection, self._clock, self._memory)
        self._connection.execute("SAVEPOINT body")
        try:
            write.result = _drive(write.body(transaction))
        except BaseException as error:
            if not self._connection.in_transaction:
                raise  # SQLite itself gave the whole batch up (full disk, I/O error)
            self._connection.execute("ROLLBACK TO body")
            self._memory.drop_body()
            write.error = refusals.of_change(error) if isinstance(error, apsw.Error) else error
        else:
            self._memory.keep_body()
            write.after_commit = transaction._after_commit  # noqa: SLF001 - the transaction is this module's own
        self._connection.execute("RELEASE body")


def connect(path: Path, *, read_only: bool = False) -> apsw.Connection:
    """Open one connection with the settings that the promises rest on."""
    flags = (
        apsw.SQLITE_OPEN_READONLY if read_only else apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE
    ) | apsw.SQLITE_OPEN_NOMUTEX
    checksums.enable()
    connection = apsw.Connection(str(path), flags=flags)
    connection.set_busy_timeout(5_000)
    if not read_only:
        checksums.make_room(connection)
    connection.execute("PRAGMA journal_mode = WAL" if not read_only else "PRAGMA query_only = 1").fetchall()
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA temp_store = MEMORY")
    ranking.enable(connection)
    return connection


def _make_private(path: Path) -> None:
    """Keep others out of the database, which holds secrets: also when it was made, or copied, with a looser mode.

    SQLite gives the files it makes beside the database the mode of the database.
    """
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    # By name: closing a descriptor of a database ends the locks that this process has on it.
    for private, mode in ((path.parent, 0o700), *((Path(f"{path}{end}"), 0o600) for end in ("", "-wal", "-shm"))):
        try:
            if not private.is_symlink():
                private.chmod(mode)
        except FileNotFoundError:
            continue
        except OSError as error:  # another user's, or a file system without modes
            log.warning("%s may be open to other users: %s", private.name, error.strerror)


def _drive(body: Awaitable[T]) -> T:
    """Run a body that may not suspend to its end."""
    coroutine = cast("Coroutine[Any, Any, T]", body)
    try:
        coroutine.send(None)
    except StopIteration as done:
        return cast("T", done.value)
    coroutine.close()
    raise AssertionError("a transaction body suspended: it may await only its transaction")


def _read_on(connection: apsw.Connection, body: Body[T], clock: Clock) -> T:
    try:
        connection.execute("BEGIN")
        try:
            return _drive(body(Transaction(connection, clock)))
        finally:
            if connection.in_transaction:  # else SQLite itself has ended it
                connection.execute("COMMIT")
    except refusals.UNREADABLE as error:
        raise refusals.of_read(error) from error
