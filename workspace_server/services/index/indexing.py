"""The index at work: it follows the log in the background, and says how far it is."""

from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Literal

import anyio

from indexer.engines import is_installed
from indexer.follower import FactFollower
from indexer.model import Found
from indexer.passage_follower import PassageFollower
from indexer.ports import Searching
from indexer.progress import Progress
from indexer.questions import Question
from indexer.searching import IndexInThread
from workspace_server.core.access import Caller
from workspace_server.core.paths import STATE_DIRECTORY
from workspace_server.errors import InvalidArgument
from workspace_server.services.events import Head
from workspace_server.services.folder import Folder
from workspace_server.services.index.models import Models
from workspace_server.services.recording import Commit, Result
from workspace_server.storage.tables import totals
from workspace_server.storage.tables.facts import Body, SqlFactStore
from workspace_server.storage.tables.index_source import WorkspaceSource

Part = Literal["facts", "passages"]
Told = Callable[[str, int, int], None]
"""Called with a step, how many files it has done, and how many there are."""
OpenIndex = Callable[[Path, str], Searching]
"""Opens the search index in a directory with an engine: in this process, or in one of its own."""
_SERVER = Caller(agent="server", verified=True)
_LOOK_S = 60.0
_ROOM_S = 1.0
"""How often it is looked whether the disk has room again."""


class Indexing:
    """Keeps facts and passages in step with the files.

    Facts and passages are followed apart: `query_facts` speaks of how far the facts are, `search` of the passages,
    which come up to a second later.

    Args:
        open_index: Where the search index is worked; by default in threads of this process.
        own_ports: Where this server listens: no model is there.

    Raises:
        InvalidArgument: The engine of the settings is not installed, or the address of its models is none.
    """

    def __init__(
        self,
        folder: Folder,
        head: Head,
        *,
        open_index: OpenIndex = IndexInThread,
        own_ports: AbstractSet[int] = frozenset(),
    ) -> None:
        self._folder = folder
        self._head = head
        self._index = open_index(folder.root / STATE_DIRECTORY / "index", _installed(folder.settings.search_engine))
        self._source = WorkspaceSource(folder.db, folder.objects, self._beyond)
        self.store = SqlFactStore(folder.db, self._record)
        self._facts = FactFollower(self._source, self.store, extracting=folder.extracting)
        self._passages = PassageFollower(self._source, self.store, self._index, self._facts)
        self.models = Models(folder.settings, folder.db, self._source, self.store, self._facts, own_ports=own_ports)

    async def run(self) -> None:
        """Follow the log until cancelled."""
        async with anyio.create_task_group() as tasks:
            for run in (self._index.run, self._facts.run, self._passages.run, self.models.run):
                tasks.start_soon(run)

    @property
    def head_seq(self) -> int:
        """Where the log stands."""
        return self._head.seq

    async def indexed_seq(self, part: Part = "facts") -> int:
        """Return the greatest seq with no file event at or below it still waiting for this part of the index."""
        seq = self._progress(part).seq
        return await self._source.pending_from(seq) if seq >= 0 else 0

    async def reach(self, part: Part, seq: int, *, timeout_s: float) -> int:
        """Wait until this part has reached *seq*, at most *timeout_s*; return how far it is then."""
        progress = self._progress(part)
        with anyio.move_on_after(timeout_s):
            while (indexed := await self.indexed_seq(part)) < seq:
                await progress.wait_beyond(max(progress.seq, indexed))
        return await self.indexed_seq(part)

    async def freshness(self, part: Part, min_seq: int | None = None, *, timeout_s: float = 0.0) -> Result:
        """Return `{indexed_seq, complete}`: how far this part is, after waiting for *min_seq* at most *timeout_s*."""
        head_seq = self.head_seq
        if min_seq is not None:
            await self.reach(part, min_seq, timeout_s=timeout_s)
        indexed_seq = await self.indexed_seq(part)
        is_there = indexed_seq >= (head_seq if min_seq is None else min_seq)
        return {"indexed_seq": indexed_seq, "complete": is_there and not self.is_renewing(part)}

    async def passages(self, question: Question, *, path_prefix: str, paths: Sequence[str] = (), limit: int) -> Found:
        """Return the best passages, of any version the index still knows."""
        return await self._passages.query(question, path_prefix=path_prefix, paths=paths, limit=limit)

    async def rebuild_passages(self) -> None:
        """Empty the passages, so that nothing of what was removed is left in their files; then they fill again."""
        await self._passages.rebuild()

    def has_begun(self, part: Part) -> bool:
        """Whether this part answers at all: at the start of a server, and after damage, it takes a moment."""
        return self._progress(part).seq >= 0

    def is_renewing(self, part: Part) -> bool:
        """Whether this part still answers from what an earlier program made, while the new one is being made."""
        return (self._facts if part == "facts" else self._passages).is_renewing

    async def reindex(self, told: Told) -> Result:
        """Extract every file again and make the search index anew, while both answer; return `{files}`."""
        total, _ = await self._folder.db.read(totals.of_workspace)
        await self._facts.renew(lambda done: told("reading the files", done, total))
        self.models.look_again()
        await self._passages.renew(lambda done: told("making the search index", done, total))
        return {"files": total}

    async def status(self) -> Result:
        """Return how far the index is behind the log, for `status`."""
        facts, passages = await self.indexed_seq("facts"), await self.indexed_seq("passages")
        state: Result = {"indexed_seq": facts, "searchable_seq": passages}
        state["lag"] = max(0, self._head.seq - min(facts, passages))
        if self.is_renewing("facts") or self.is_renewing("passages"):
            state["renewing"] = True
        state["sandbox"] = [*self._folder.extracting.sandbox()]
        return state

    def _progress(self, part: Part) -> Progress:
        return self._facts.progress if part == "facts" else self._passages.progress

    async def _beyond(self, seq: int) -> None:
        await self._head.beyond(seq, _LOOK_S)

    async def _record(self, body: Body) -> None:
        reserve = self._folder.db.reserve
        while reserve is not None and reserve.short:  # noqa: ASYNC110 - a disk sends no event
            await anyio.sleep(_ROOM_S)

        async def change(commit: Commit) -> Result:
            for indexed, state in await body(commit.tx):
                await commit.add("file.indexed", path=indexed.path, version=indexed.version, state=state)
            return {}

        await self._folder.recorder.change(_SERVER, "index", change, is_behind=True)


def _installed(engine: str) -> str:
    if not is_installed(engine):
        raise InvalidArgument(
            f"The setting search_engine is {engine}, and its package is not installed.",
            hint=f"Run `pip install 'workspace-server[{engine}]'`, or set search_engine to whoosh.",
            argument="search_engine",
            reason="is not installed",
        )
    return engine
