"""The parent's side: one child, asked one thing at a time, ended when it takes too long or says what makes no sense."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any, Final

import anyio
from anyio.abc import Process

from indexer.drawing import Drawn
from indexer.limits import ANSWER_BYTES_MAX, CHILD_START_S_MAX
from indexer.model import Extraction
from indexer.processes.confining import Bounds
from indexer.processes.messages import LENGTH, Unbelievable, answered, drawing_answered, drawing_request
from indexer.processes.opening import opened
from indexer.processes.surroundings import Surroundings

_BOOT: Final = (
    "import sys; told = sys.argv[1]; import json; sys.path[:0] = json.loads(told)['imports'];"
    " from indexer.processes.child import main; main(told)"
)
_INLINE_BYTES: Final = 64 * 1024
"""Longer answers are read in a thread."""


class Ended(Exception):
    """The child is gone, and with it the answer; the message says how it ended."""


class Worker:
    """One running child. Use :func:`started`; one caller at a time.

    Attributes:
        layers: What keeps the child from doing harm, by its own account before it read anything.
    """

    def __init__(self, process: Process) -> None:
        self._process = process
        self._held = bytearray()
        self.layers: tuple[str, ...] = ()

    async def hear(self, *, timeout_s: float) -> bytes:
        """Return the next message of the child.

        Raises:
            Ended: None came in time, or none that may be believed. The child is gone then.
        """
        with anyio.move_on_after(timeout_s):
            try:
                (length,) = LENGTH.unpack(await self._read(LENGTH.size))
                if length <= ANSWER_BYTES_MAX:
                    return await self._read(length)
            except (anyio.EndOfStream, anyio.BrokenResourceError):
                raise Ended(await self._how_it_ended()) from None
            raise Ended(await self.end("its parser gave an answer without end"))
        raise Ended(await self.end(f"its parser took longer than {timeout_s:g} s"))

    async def ask(self, requests: Sequence[bytes], take: Callable[[Extraction], None], *, timeout_s: float) -> None:
        """Hand what the child says to each of *requests* to *take*, in their order.

        The next requests are on their way while an answer is read, so that the child need not wait.

        Args:
            timeout_s: For each of them.

        Raises:
            Ended: An answer did not come in time, or none that may be believed. The child is gone then.
        """
        failed: Ended | None = None
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._say, requests)
            try:
                for _ in requests:
                    take(await self._answer(timeout_s))
            except Ended as ended:
                failed = ended
            tasks.cancel_scope.cancel()
        if failed is not None:
            raise failed

    async def ask_for_page(self, data: bytes, page: int, *, timeout_s: float) -> Drawn:
        """Return a page of a PDF as a picture; for a child that draws.

        Raises:
            Unreadable: It cannot be drawn.
            Ended: No answer came in time, or none that may be believed. The child is gone then.
        """
        with anyio.move_on_after(timeout_s):  # one that reads nothing does not answer either
            await self._say([drawing_request(data, page)])
        try:
            return drawing_answered(await self.hear(timeout_s=timeout_s))
        except Unbelievable:
            raise Ended(await self.end("its parser gave an answer that makes no sense")) from None

    async def _answer(self, timeout_s: float) -> Extraction:
        body = await self.hear(timeout_s=timeout_s)
        try:
            if len(body) <= _INLINE_BYTES:
                return answered(body)
            return await anyio.to_thread.run_sync(answered, body)
        except Unbelievable:
            raise Ended(await self.end("its parser gave an answer that makes no sense")) from None

    async def end(self, reason: str = "") -> str:
        """End the child and what it started, whatever it is doing; return *reason*."""
        with anyio.CancelScope(shield=True):
            if self._process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(self._process.pid, signal.SIGKILL)
            await self._process.wait()
            await self._process.aclose()
        return reason

    async def _say(self, requests: Sequence[bytes]) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):
            for request in requests:
                await self._process.stdin.send(LENGTH.pack(len(request)) + request)

    async def _read(self, length: int) -> bytes:
        assert self._process.stdout is not None
        while len(self._held) < length:
            self._held += await self._process.stdout.receive()
        taken = bytes(self._held[:length])
        del self._held[:length]
        return taken

    async def _how_it_ended(self) -> str:
        """Say why the child closed its end, in the words of the index state."""
        with anyio.move_on_after(1.0):
            await self._process.wait()
        code = self._process.returncode
        await self.end()
        if code == -signal.SIGXCPU:
            return "its parser used too much processor time"
        if code is not None and code < 0:
            return f"its parser crashed ({signal.Signals(-code).name})"
        return "its parser ended without an answer"


async def started(
    surroundings: Surroundings, bounds: Bounds, *, registry: str, prepares: bool = False, draws: bool = False
) -> Worker:
    """Return a child that has given up what it does not need and waits for requests.

    Args:
        registry: Which extractors it has, as ``module:name``.
        prepares: Whether it may write, once, what parsers unpack of themselves.
        draws: Whether it is asked for pictures of pages, and not for extractions.

    Raises:
        OSError: It did not start, which is no fault of a file.
    """
    told: dict[str, Any] = {
        "bounds": asdict(bounds),
        "imports": surroundings.imports,
        "readable": surroundings.readable,
        "writable": [surroundings.scratch] if prepares else [],
        "prepares": prepares,
        "draws": draws,
        "registry": registry,
    }
    command = [sys.executable, "-I", "-S", "-B", "-c", _BOOT, json.dumps(told)]
    process = await opened(command, surroundings.environment, stderr=subprocess.DEVNULL, start_new_session=True)
    worker = Worker(process)
    try:
        worker.layers = tuple(map(str, json.loads(await worker.hear(timeout_s=CHILD_START_S_MAX))))
    except Ended as ended:
        raise ChildProcessError(f"a child for extraction did not start: {ended}") from None
    except BaseException:
        await worker.end()
        raise
    return worker
