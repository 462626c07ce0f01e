"""A log in memory that the loops of the indexer follow, and what they made of it."""

from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from hashlib import sha256
from typing import Any

import anyio

from indexer.extractors import REGISTRY, Registry
from indexer.follower import FactFollower
from indexer.memory import MemoryFactStore
from indexer.model import Change, Indexed
from indexer.passage_follower import PassageFollower
from indexer.ports import Batch, Searching
from indexer.questions import parse_question


class Log:
    """A `Source` in memory."""

    def __init__(self) -> None:
        self.events: list[str | None] = []
        self.files: dict[str, tuple[int, bytes]] = {}
        self.reads: list[str] = []
        self.unreadable: set[str] = set()
        self.asked_for_heads = anyio.Event()
        self.may_tell_heads = anyio.Event()
        self.may_tell_heads.set()
        self._moved = anyio.Event()

    def save(self, path: str, text: str) -> int:
        self.files[path] = (self.files.get(path, (0, b""))[0] + 1, text.encode())
        return self.happen(path)

    def delete(self, path: str) -> int:
        del self.files[path]
        return self.happen(path)

    def happen(self, path: str | None = None) -> int:
        self.events.append(path)
        self._moved.set()
        self._moved = anyio.Event()
        return len(self.events)

    def _change(self, path: str, seq: int) -> Change:
        if path not in self.files:
            return Change(seq=seq, path=path, version=None)
        version, data = self.files[path]
        return Change(seq=seq, path=path, version=version, sha256=sha256(data).hexdigest(), size_bytes=len(data))

    async def changes(self, after_seq: int, *, limit: int) -> Batch:
        part = self.events[after_seq : after_seq + limit]
        paths = {path: after_seq + number for number, path in enumerate(part, 1) if path}
        upto_seq = after_seq + len(part)
        more = any(self.events[upto_seq:])
        return Batch([self._change(path, seq) for path, seq in paths.items()], upto_seq, more)

    async def newest(self, after_seq: int, *, limit: int) -> Batch:
        told = [(path, seq) for seq, path in enumerate(self.events, 1) if path and seq > after_seq][-limit:]
        return Batch([self._change(path, seq) for path, seq in dict(told).items()], len(self.events))

    async def heads(self, after_path: str, *, limit: int) -> Sequence[Change]:
        self.asked_for_heads.set()
        await self.may_tell_heads.wait()
        return [self._change(path, 0) for path in sorted(self.files) if path > after_path][:limit]

    async def head_seq(self) -> int:
        return len(self.events)

    async def read(self, change: Change, *, bytes_max: int) -> bytes:
        self.reads.append(change.path)
        if change.path in self.unreadable:
            raise OSError("gone")
        return self.files[change.path][1][:bytes_max]

    async def wait_beyond(self, seq: int) -> None:
        while len(self.events) <= seq:
            await self._moved.wait()


class Kept(MemoryFactStore):
    """A store that can be waited for."""

    def __init__(self) -> None:
        super().__init__()
        self.anew: list[str] = []
        self._moved = anyio.Event()

    async def keep(self, found: Sequence[Indexed], *, progress: tuple[int, str] | None, anew: bool = False) -> None:
        await super().keep(found, progress=progress, anew=anew)
        self.anew += [one.change.path for one in found if anew]
        self._moved.set()
        self._moved = anyio.Event()

    async def reach(self, path: str) -> None:
        """Return once *path* is kept."""
        while path not in self.indexed:
            await self._moved.wait()

    async def mark(self, seq: int) -> None:
        """Return once it is kept that all is done up to *seq*."""
        while (await self.progress())[0] != seq:
            await self._moved.wait()


@asynccontextmanager
async def running(*runs: Callable[[], Coroutine[Any, Any, None]]) -> AsyncIterator[None]:
    async with anyio.create_task_group() as tasks:
        for run in runs:
            tasks.start_soon(run)
        yield
        tasks.cancel_scope.cancel()


def values(store: MemoryFactStore) -> dict[str, list[str]]:
    return {
        path: [fact.value for fact in indexed.extraction.facts if fact.kind == "field"]
        for path, indexed in store.indexed.items()
        if indexed.extraction
    }


async def found(passages: PassageFollower, text: str) -> list[tuple[str, int]]:
    return [(hit.path, hit.version) for hit in (await passages.query(parse_question(text), limit=9)).hits]


@asynccontextmanager
async def following(
    log: Log, store: MemoryFactStore, index: Searching, *, registry: Registry = REGISTRY
) -> AsyncIterator[tuple[FactFollower, PassageFollower]]:
    """Follow *log* into *store* and *index* until the block ends."""
    facts = FactFollower(log, store, registry=registry, rhythm_s=0.0)
    passages = PassageFollower(log, store, index, facts, registry=registry, rhythm_s=0.0)
    async with running(index.run, facts.run, passages.run):
        yield facts, passages
