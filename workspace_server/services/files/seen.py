"""What each agent has seen of which file: for the guard against shortened copies, and to tell it what has moved on.

Held in memory, because a read must stay cheap; the rows are written behind it and let it outlive a restart, but for the
last seconds before a crash. So nothing may rest on it: it only warns, and refuses what can be insisted on.
"""

import contextlib
from collections import OrderedDict, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from workspace_server.core import elision
from workspace_server.core.access import ANONYMOUS
from workspace_server.core.limits import LIMITS
from workspace_server.errors import Unavailable
from workspace_server.storage.database import Database, Transaction
from workspace_server.storage.tables import reads
from workspace_server.storage.tables.events import Event

STALE_SHOWN_MAX = 20
"""Most files that one answer names."""
READ_FOR_S = 3_600.0
"""A file read longer ago than this was read for something else."""
CHANGES = frozenset({"file.created", "file.updated", "file.restored", "file.moved", "file.deleted"})
"""The events after which something else stands at a path."""
KEEPS_PARTS = frozenset({"edit", "append"})
"""After these, one's own, one knows no more of a file than before."""

Key = tuple[str, str]
Parts = list[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Sight:
    """What an agent has seen of a file; `parts` are stretches of characters, None for all of it."""

    version: int
    parts: Parts | None
    at: float


class Seen:
    """Who has seen what. Used on the event loop's thread alone."""

    def __init__(self) -> None:
        self._sights: OrderedDict[Key, Sight] = OrderedDict()
        self._readers: defaultdict[str, set[str]] = defaultdict(set)
        self._moved: defaultdict[str, dict[str, tuple[int, str]]] = defaultdict(dict)
        self._unwritten: set[Key] = set()

    def show(
        self, agent: str, path: str, version: int, *, at: float, part: tuple[int, int] | None = None, chars: int = 0
    ) -> None:
        """Take note that *agent* is shown a part of a version that has *chars* characters; None: all of it."""
        if agent == ANONYMOUS:  # many callers, of whom none need have seen what another was shown
            return
        parts: Parts | None = None
        if part is not None:
            before = self._sights.get((agent, path))
            known: Parts = []
            if before is not None and before.version == version:
                known = [(0, chars)] if before.parts is None else before.parts
            parts = elision.joined(known, part)
            parts = None if parts == [(0, chars)] else parts
        self._moved[agent].pop(path, None)
        self._keep((agent, path), Sight(version, parts, at))

    def cut(self, agent: str, path: str) -> tuple[int, Parts] | None:
        """Return which version *agent* has seen last, and what of it; None for all of it, or when that is not known."""
        sight = self._sights.get((agent, path))
        return None if sight is None or sight.parts is None else (sight.version, sight.parts)

    def notice(self, happened: Iterable[Event]) -> None:
        """Take note of what was committed."""
        for event in happened:
            if event.path is None or event.version is None or event.type not in CHANGES:
                continue
            origin = event.data.get("moved_from")
            if isinstance(origin, dict):
                self._change(event, str(origin["path"]), 0)
            self._change(event, event.path, 0 if event.type == "file.deleted" else event.version)

    def parts(self, agent: str, path: str, version: int) -> Parts | None:
        """Return what *agent* has seen of a version that it says it knows; None for all of it, as far as we know."""
        cut = self.cut(agent, path)
        return None if cut is None or cut[0] != version else cut[1]

    def carry(self, agent: str, path: str, version: int, parts: Parts | None, *, at: float) -> None:
        """Take note that *agent* was told in what a version differs from one it knows, so that it has seen *parts*."""
        if agent != ANONYMOUS:
            self._moved[agent].pop(path, None)
            self._keep((agent, path), Sight(version, parts, at))

    def moved_on(
        self, agent: str, paths: Sequence[str], *, now_s: float, below: Sequence[str] = ()
    ) -> list[dict[str, Any]]:
        """Return what *agent* has read of late, other than *paths* and what is *below*, and what has moved on since.

        Returns:
            `[{path, you_read, now, by}]`, so many as are shown; `now` is 0 for what is deleted.
        """
        moved = self._moved.get(agent)
        if not moved:
            return []
        found: list[dict[str, Any]] = []
        past: list[str] = []
        changed, inside = frozenset(paths), tuple(f"{place}/" for place in below)
        for path, (version, by) in moved.items():
            sight = self._sights[agent, path]
            if sight.at <= now_s - READ_FOR_S:
                past.append(path)
            elif path not in changed and path not in below and not path.startswith(inside):
                found.append({"path": path, "you_read": sight.version, "now": version, "by": by})
            if len(found) == STALE_SHOWN_MAX:
                break
        for path in past:
            del moved[path]
        return found

    def told(self, agent: str, paths: Iterable[str]) -> None:
        """Forget reads that *agent* now knows to be overtaken: each is told once."""
        for path in paths:
            if path in self._moved.get(agent, ()):  # not what it has read again meanwhile
                self._forget((agent, path))

    async def load(self, db: Database) -> None:
        """Remember what was known when the server ended."""

        async def read(tx: Transaction) -> tuple[list[reads.ReadRow], list[reads.Moved]]:
            return await reads.all_kept(tx), await reads.moved(tx)

        kept, moved = await db.read_long(read)
        for row in kept:
            self._keep((row.agent, row.path), Sight(row.version, row.parts, row.at))
        self._unwritten.clear()
        for one in moved:
            if (one.agent, one.path) in self._sights:
                self._moved[one.agent][one.path] = (one.version, one.by)

    async def flush(self, db: Database) -> None:
        """Write what was not yet written; what cannot be written now waits for the next time."""
        if not self._unwritten:
            return
        keys, self._unwritten = self._unwritten, set()
        kept = [(*key, sight.version, sight.parts, sight.at) for key in keys if (sight := self._sights.get(key))]
        gone = [key for key in keys if key not in self._sights]

        async def write(tx: Transaction) -> None:
            await reads.record(tx, kept)
            await reads.forget(tx, gone)

        written = False
        with contextlib.suppress(Unavailable):
            try:
                await db.write(write)
                written = True
            finally:
                if not written:
                    self._unwritten.update(key for key in keys if key in self._sights)
                    self._unwritten.update(gone[: LIMITS.reads_max])

    def _change(self, event: Event, path: str, version: int) -> None:
        for agent in list(self._readers.get(path, ())):
            if agent != event.agent:
                self._moved[agent][path] = (version, event.agent)
                continue
            sight, op = self._sights[agent, path], event.data.get("op")
            if version and (op == "write" or op in KEEPS_PARTS):
                parts = sight.parts if op in KEEPS_PARTS else None
                self._moved[agent].pop(path, None)
                self._keep((agent, path), Sight(version, parts, sight.at))
            else:
                self._forget((agent, path))

    def _keep(self, key: Key, sight: Sight) -> None:
        self._sights[key] = sight
        self._sights.move_to_end(key)
        self._readers[key[1]].add(key[0])
        self._unwritten.add(key)
        if len(self._sights) > LIMITS.reads_max:
            self._forget(next(iter(self._sights)))

    def _forget(self, key: Key) -> None:
        if self._sights.pop(key, None) is None:
            return
        agent, path = key
        self._readers[path].discard(agent)
        if not self._readers[path]:
            del self._readers[path]
        self._moved[agent].pop(path, None)
        self._unwritten.add(key)
