"""The server's end of the index process: starts it, speaks to it, and starts another when it dies or hangs."""

import contextlib
import logging
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import anyio
from anyio.abc import Process
from anyio.streams.buffered import BufferedByteReceiveStream

from indexer.extractors import REGISTRY
from indexer.limits import (
    INDEX_CALL_S_MAX,
    PASSAGES_PER_MESSAGE_MAX,
    QUERIES_WAITING_MAX,
    QUERY_ANSWER_S_MAX,
    QUERY_HUNG_S_MAX,
)
from indexer.model import Found
from indexer.ports import IndexAway, IndexDamaged, Searchable, Standing
from indexer.processes.opening import opened
from indexer.questions import Question
from indexer.remote.wire import HEAD_BYTES, framed, length_of, message_of, packed, unpacked

_LOG: Final = logging.getLogger(__name__)
_PAUSE_S: Final = 0.2
_PAUSE_S_MAX: Final = 30.0
_LOOK_S: Final = 0.5
_PASSED_ON: Final = ("PATH", "HOME", "LANG", "LC_", "TZ", "TMPDIR", "PYTHON", "COVERAGE")
"""How the names of variables begin that the process gets to see: the server's keys are none of its business."""
_ENDING_S: Final = 6.0
"""How long the process may take to close its index once it is to end."""


@dataclass(slots=True)
class _Awaited:
    """One call that waits for its answer; None stands for none that will come."""

    ends_at_s: float
    answered: anyio.Event = field(default_factory=anyio.Event)
    answer: list[Any] | None = None


class IndexInProcess:
    """A `Searching` in a process of its own, which ends when this one does, however that ends.

    While there is none, queries find nothing at once, and what writes waits for the next one.

    Args:
        command: What is started; by default the index process.
    """

    def __init__(
        self,
        directory: Path,
        engine: str = "whoosh",
        *,
        form: str = REGISTRY.fingerprint,
        command: Sequence[str] = (sys.executable, "-m", "indexer.remote.served"),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._command = [*command, str(directory), engine, form]
        self._clock = clock
        self._process: Process | None = None
        self._there = anyio.Event()
        self._number = 0
        self._awaited: dict[int, _Awaited] = {}
        self._queries = 0
        self._saying = anyio.Lock()

    async def run(self) -> None:
        """Keep a process until cancelled; one that died is followed by another, after a pause that grows."""
        pause_s = _PAUSE_S
        while True:
            began_s = self._clock()
            try:
                await self._live()
            except Exception:  # noqa: BLE001 (the outermost loop of this task)
                _LOG.exception("the index process could not be started, or said what it cannot mean")
            finally:
                self._forget()
            pause_s = _PAUSE_S if self._clock() - began_s > _PAUSE_S_MAX else min(2 * pause_s, _PAUSE_S_MAX)
            _LOG.warning("the index process ended; another one starts in %.1f s", pause_s)
            await anyio.sleep(pause_s)

    async def ready(self) -> None:
        """Return once there is a process."""
        await self._there.wait()

    @property
    def pid(self) -> int | None:
        """The process that works the index now."""
        return self._process.pid if self._process else None

    async def verify(self) -> Standing | None:
        """Return how far the index is that answers; None when there is none that can be believed."""
        standing = await self._call("verify")
        return None if standing is None else unpacked(Standing, standing)

    async def begin(self, *, serve: bool) -> None:
        """Begin a new, empty index; the one that answers goes on answering, or goes at once without *serve*."""
        await self._call("begin", serve)

    async def write(self, some: Sequence[Searchable], cursor: int, *, coming: bool) -> None:
        """Make *some* searchable and durable together with *cursor*: in the index that answers, or in the coming one.

        Raises:
            IndexDamaged: It could not be written.
            IndexAway: The process has ended meanwhile.
        """
        await self.ready()
        process = self._process
        await self._say(process, [0, "start"])
        for parts in _messages(some):
            await self._say(process, [0, "gather", parts])
        await self._ask(process, INDEX_CALL_S_MAX, "write", cursor, coming)

    async def finish(self) -> None:
        """Let the coming index take the place of the one that answers, which is removed."""
        await self._call("finish")

    async def query(self, question: Question, *, path_prefix: str, paths: Sequence[str] = (), limit: int) -> Found:
        """Return the best passages; ``cut`` and nothing when there is no process, or it does not answer in time.

        Raises:
            IndexDamaged: The index cannot be read.
        """
        if self._process is None or self._queries >= QUERIES_WAITING_MAX:
            return Found(cut=True)
        self._queries += 1
        try:
            with anyio.move_on_after(QUERY_ANSWER_S_MAX):
                asked = ("query", packed(question), path_prefix, [*paths], limit)
                return unpacked(Found, await self._ask(self._process, QUERY_HUNG_S_MAX, *asked))
        except IndexAway:
            pass
        finally:
            self._queries -= 1
        return Found(cut=True)

    async def _call(self, name: str, *arguments: Any) -> Any:
        await self.ready()
        return await self._ask(self._process, INDEX_CALL_S_MAX, name, *arguments)

    async def _ask(self, process: Process | None, hung_after_s: float, name: str, *arguments: Any) -> Any:
        """Return the answer of *process*, which is taken for hung and is killed when it takes longer.

        Raises:
            IndexAway: It has ended, or what was begun was begun with the one before it.
            IndexDamaged: It says so.
        """
        self._number += 1
        number, awaited = self._number, _Awaited(self._clock() + hung_after_s)
        await self._say(process, [number, name, *arguments], awaited)
        await awaited.answered.wait()
        if awaited.answer is None:
            raise IndexAway
        _, outcome, value = awaited.answer
        if outcome == "replaced":
            raise IndexAway
        if outcome == "damaged":
            raise IndexDamaged(value)
        if outcome == "failed":
            raise RuntimeError(f"the index process could not {name}: {value}")
        return value

    async def _say(self, process: Process | None, message: list[Any], awaited: _Awaited | None = None) -> None:
        async with self._saying:  # also the order in which numbers are awaited
            if process is None or process is not self._process:
                raise IndexAway
            if awaited is not None:
                self._awaited[message[0]] = awaited
            assert process.stdin is not None
            try:
                with anyio.fail_after(QUERY_HUNG_S_MAX):
                    await process.stdin.send(framed(message))
            except (OSError, anyio.BrokenResourceError, anyio.ClosedResourceError) as error:  # also: it took too long
                _kill(process)
                self._forget()
                raise IndexAway from error

    async def _live(self) -> None:
        """Start a process and hear what it answers, until it ends or hangs."""
        process = await opened(self._command, _environment(), stderr=None)
        self._process = process
        self._there.set()
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._kill_when_hung, process)
                await self._hear(process)
                tasks.cancel_scope.cancel()
        finally:
            with anyio.CancelScope(shield=True):
                await self._end(process)

    async def _hear(self, process: Process) -> None:
        assert process.stdout is not None
        answers = BufferedByteReceiveStream(process.stdout)
        try:
            while True:
                length = length_of(await answers.receive_exactly(HEAD_BYTES))
                answer = message_of(await answers.receive_exactly(length))
                awaited = self._awaited.pop(answer[0], None)
                if awaited is not None:
                    awaited.answer = answer
                    awaited.answered.set()
        except (anyio.IncompleteRead, anyio.EndOfStream, anyio.BrokenResourceError):
            return  # it has ended

    async def _kill_when_hung(self, process: Process) -> None:
        while True:
            await anyio.sleep(_LOOK_S)
            if any(one.ends_at_s < self._clock() for one in self._awaited.values()):
                _LOG.error("the index process does not answer and is ended")
                _kill(process)
                return

    async def _end(self, process: Process) -> None:
        """Let the process close its index, or kill it when it takes too long."""
        assert process.stdin is not None
        await process.stdin.aclose()
        with anyio.move_on_after(_ENDING_S):
            await process.wait()
        _kill(process)
        await process.aclose()

    def _forget(self) -> None:
        """Tell all who wait that no answer comes any more."""
        self._process = None
        if self._there.is_set():
            self._there = anyio.Event()
        awaited, self._awaited = self._awaited, {}
        for one in awaited.values():
            one.answered.set()


def _messages(some: Sequence[Searchable]) -> Iterator[list[Any]]:
    """Yield what `gather` takes: many small files at once, and a long one in parts of which the last has its change."""
    parts: list[Any] = []
    room = PASSAGES_PER_MESSAGE_MAX
    for one in some:
        passages = () if one.change.version is None else one.passages
        start = 0
        while len(passages) - start > room:
            parts.append([packed(passages[start : start + room]), None])
            yield parts
            start, parts, room = start + room, [], PASSAGES_PER_MESSAGE_MAX
        parts.append([packed(passages[start:]), [packed(one.change), one.title, one.goes_on]])
        room -= max(1, len(passages) - start)
        if room <= 0:
            yield parts
            parts, room = [], PASSAGES_PER_MESSAGE_MAX
    if parts:
        yield parts


def _kill(process: Process) -> None:
    with contextlib.suppress(ProcessLookupError):  # it has ended
        process.kill()


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name.startswith(_PASSED_ON)}
