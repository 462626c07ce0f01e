"""Who waits for which files: a change wakes those whom it concerns, and nobody else of ten thousand."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager

from workspace_server.core.patterns import Selector
from workspace_server.services.automation.bells import Bell
from workspace_server.storage.tables.events import Event

LOCK_ENDS = frozenset({"lock.released", "lock.expired", "lock.broken"})


class Watch(Bell):
    """Rung at each change that may concern one who waits.

    Attributes:
        held: Whether a lock holds up what is waited for: then the end of any lock concerns it, too.
    """

    def __init__(self, wide: Sequence[Selector]) -> None:
        super().__init__()
        self.held = False
        self._wide = wide

    def covers(self, path: str) -> bool:
        """Return whether *path* lies in a directory or under a pattern that is waited for."""
        return any(selector.covers(path) for selector in self._wide)


class Watches:
    """All watches of one server, found by the path that changes."""

    def __init__(self) -> None:
        self._by_path: defaultdict[str, set[Watch]] = defaultdict(set)
        self._wide: set[Watch] = set()
        self._all: set[Watch] = set()

    @contextmanager
    def watch(self, paths: Collection[str], wide: Sequence[Selector]) -> Iterator[Watch]:
        """Watch *paths*, and what lies in the directories and under the patterns *wide*, until the block ends."""
        watch = Watch(wide)
        self._all.add(watch)
        for path in paths:
            self._by_path[path].add(watch)
        if wide:
            self._wide.add(watch)
        try:
            yield watch
        finally:
            self._all.discard(watch)
            self._wide.discard(watch)
            for path in paths:
                self._by_path[path].discard(watch)
                if not self._by_path[path]:
                    del self._by_path[path]

    def notice(self, happened: Sequence[Event]) -> None:
        """Ring for what happened."""
        for watch in self._concerned(happened):
            watch.ring()

    def _concerned(self, happened: Sequence[Event]) -> Iterable[Watch]:
        concerned: set[Watch] = set()
        if any(event.type in LOCK_ENDS for event in happened):
            concerned |= {watch for watch in self._all if watch.held}
        for path in {event.path for event in happened if event.path is not None}:
            concerned |= self._by_path.get(path, set())
            concerned |= {watch for watch in self._wide if watch.covers(path)}
        return concerned
