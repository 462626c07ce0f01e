"""A search index worked in threads of this process: for tests, and for small programs that may wait for it."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import anyio
from anyio import to_thread

from indexer.extractors import REGISTRY
from indexer.generations import Generations
from indexer.model import Found
from indexer.ports import Searchable, Standing
from indexer.questions import Question

T = TypeVar("T")


class IndexInThread:
    """A `Searching` in two threads of this process: one writes, one asks.

    An engine holds the interpreter's lock for long, so while it writes everything else here is slow.
    """

    def __init__(self, directory: Path, engine: str = "whoosh", *, form: str = REGISTRY.fingerprint) -> None:
        self._index = Generations(directory, engine, form=form)
        self._writing = anyio.CapacityLimiter(1)
        self._reading = anyio.CapacityLimiter(1)

    async def run(self) -> None:
        """Work until cancelled; then keep nobody waiting for what can be written at the next start."""
        try:
            await anyio.sleep_forever()
        finally:
            self._index.give_up()
            with anyio.CancelScope(shield=True):
                await self._write(self._index.close)

    async def verify(self) -> Standing | None:
        """Return how far the index is that answers; None when there is none that can be believed."""
        return await self._write(self._index.verify)

    async def begin(self, *, serve: bool) -> None:
        """Begin a new, empty index; the one that answers goes on answering, or goes at once without *serve*."""
        await self._write(lambda: self._index.begin(serve=serve))

    async def write(self, some: Sequence[Searchable], cursor: int, *, coming: bool) -> None:
        """Make *some* searchable and durable together with *cursor*: in the index that answers, or in the coming one.

        Raises:
            IndexDamaged: It could not be written.
        """
        await self._write(lambda: self._index.write(some, cursor, coming=coming))

    async def finish(self) -> None:
        """Let the coming index take the place of the one that answers, which is removed."""
        await self._write(self._index.finish)

    async def query(self, question: Question, *, path_prefix: str, paths: Sequence[str] = (), limit: int) -> Found:
        """Return the best passages.

        Raises:
            IndexDamaged: The index cannot be read.
        """
        return await to_thread.run_sync(
            lambda: self._index.query(question, path_prefix=path_prefix, paths=paths, limit=limit),
            limiter=self._reading,
        )

    async def _write(self, work: Callable[[], T]) -> T:
        return await to_thread.run_sync(work, limiter=self._writing)
