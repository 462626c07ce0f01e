"""A plain model of the workspace: a dictionary of lists of contents, a list of locks, and the drafts.

It says what each call must answer, or by which code it must refuse; nothing of the server is used for it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

PATHS = ["a.md", "b.md", "d/a.md", "d/b.md", "d/e/c.md"]
TTL_S = 60

Answer = dict[str, Any]


@dataclass
class File:
    """All contents that a path ever had, and whether the last one is still there."""

    versions: list[str] = field(default_factory=list)
    live: bool = False

    @property
    def current(self) -> int:
        return len(self.versions) if self.live else 0

    @property
    def text(self) -> str | None:
        return self.versions[-1] if self.live else None


@dataclass
class Lock:
    handle: str
    agent: str
    selectors: frozenset[str]
    mode: str
    fence: int
    deadline_s: float
    state: str = "live"

    def covers(self, path: str) -> bool:
        return covers(self.selectors, path)

    @property
    def keeps_out(self) -> bool:
        return self.state == "live" and self.mode == "exclusive"


@dataclass(frozen=True)
class Draft:
    """Content that was refused."""

    agent: str
    content: str
    append: bool


class Refused(Exception):
    """What must be refused, by code."""


def covers(selectors: frozenset[str], path: str) -> bool:
    return any(one in {path, "/"} or (one.endswith("/") and path.startswith(one)) for one in selectors)


def overlap(ours: frozenset[str], theirs: frozenset[str]) -> bool:
    def within(one: str, other: str) -> bool:
        return other in {one, "/"} or (other.endswith("/") and one.startswith(other))

    return any(within(one, other) or within(other, one) for one in ours for other in theirs)


class Model:
    """The workspace as it should be.

    Attributes:
        changes: How many events of changed files there must be.
    """

    def __init__(self, now_s: Callable[[], float]) -> None:
        self.files = {path: File() for path in PATHS}
        self.locks: list[Lock] = []
        self.drafts: dict[str, Draft] = {}
        self.fence = 0
        self.changes = 0
        self._now_s = now_s

    # Locks

    def given(self, agent: str, handle: str | None) -> Lock | None:
        """Return the lock of a handle that came with a call, renewed."""
        if handle is None:
            return None
        lock = next((lock for lock in self.locks if lock.handle == handle), None)
        if lock is None or lock.agent != agent or lock.state != "live":
            raise Refused("lock_lost")
        lock.deadline_s = self._now_s() + TTL_S
        return lock

    def stopped(self, given: Lock | None, path: str) -> None:
        """Refuse a change of a path that a lock keeps others out of."""
        if any(lock.keeps_out and lock is not given and lock.covers(path) for lock in self.locks):
            raise Refused("locked")

    def used(self, given: Lock | None, paths: Sequence[str]) -> None:
        if given is not None and not any(given.covers(path) for path in paths):
            raise Refused("invalid_argument")

    def under(self, agent: str, handle: str | None, path: str) -> bool:
        """Return whether a change of one path is made under an exclusive lock, or refuse it."""
        given = self.given(agent, handle)
        self.used(given, [path])
        self.stopped(given, path)
        return _frees(given, path)

    def alike(self, agent: str, selectors: frozenset[str], mode: str) -> Lock | None:
        """Return the live lock that is just the one that is asked for."""
        asked = (agent, selectors, mode)
        live = (lock for lock in self.locks if lock.state == "live")
        return next((lock for lock in live if (lock.agent, lock.selectors, lock.mode) == asked), None)

    def in_the_way(self, selectors: frozenset[str], mode: str) -> list[Lock]:
        return [
            lock
            for lock in self.locks
            if lock.state == "live"
            and "intent" not in {lock.mode, mode}
            and "exclusive" in {lock.mode, mode}
            and overlap(lock.selectors, selectors)
        ]

    def lock(self, agent: str, selectors: frozenset[str], mode: str) -> Answer:
        versions = {path: file.current for path, file in self.files.items() if file.live and covers(selectors, path)}
        alike = self.alike(agent, selectors, mode)
        if alike is not None:
            alike.deadline_s = self._now_s() + TTL_S
            return {"fence": alike.fence, "lock": alike.handle, "versions": versions}
        if self.in_the_way(selectors, mode):
            raise Refused("locked")
        self.fence += 1
        return {"fence": self.fence, "versions": versions, "expires_in_seconds": TTL_S, "mode": mode}

    def granted(self, agent: str, selectors: frozenset[str], mode: str, said: Answer) -> None:
        """Take note of a new lock, under the handle that the workspace gave it."""
        deadline_s = self._now_s() + TTL_S
        self.locks.append(Lock(said["lock"], agent, selectors, mode, said["fence"], deadline_s))

    def renew(self, agent: str, handle: str) -> Answer:
        lock = self.given(agent, handle)
        assert lock is not None
        return {"lock": lock.handle, "fence": lock.fence}

    def unlock(self, agent: str, handle: str) -> Answer:
        lock = self.given(agent, handle)
        assert lock is not None
        lock.state = "released"
        return {"released": [handle]}

    def break_lock(self, handle: str) -> Answer:
        lock = next(lock for lock in self.locks if lock.handle == handle)
        if lock.state != "live":
            raise Refused("not_found")
        lock.state = "broken"
        self.fence += 1
        return {}

    def expire(self) -> None:
        for lock in self.locks:
            if lock.state == "live" and self._now_s() >= lock.deadline_s:
                lock.state = "expired"

    def start_anew(self) -> None:
        """A restart gives live locks fresh time."""
        for lock in self.locks:
            if lock.state == "live":
                lock.deadline_s = max(lock.deadline_s, self._now_s() + TTL_S)

    # Files

    def put(self, path: str, content: str, *, expect: int | None, free: bool) -> Answer:
        """Put content at a path, *free* of the need to say what it replaces."""
        file = self.files[path]
        created = not file.live
        if file.live and file.versions[-1] == content:
            return {"version": len(file.versions), "unchanged": True, "created": False}
        if expect is not None and expect != file.current:
            raise Refused("conflict")
        if file.live and expect is None and not free:
            raise Refused("version_required")
        file.versions.append(content)
        file.live = True
        self.changes += 1
        return {"version": len(file.versions), "unchanged": False, "created": created}

    def write(
        self, agent: str, path: str, content: str, *, expect: int | None, overwrite: bool, handle: str | None
    ) -> Answer:
        held = self.under(agent, handle, path)
        return self.put(path, content, expect=expect, free=overwrite or held)

    def append(self, agent: str, path: str, content: str, *, handle: str | None) -> Answer:
        self.under(agent, handle, path)
        return self.put(path, (self.files[path].text or "") + content, expect=None, free=True)

    def edit(self, agent: str, path: str, old: str, new: str, *, handle: str | None) -> Answer:
        self.under(agent, handle, path)
        text = self.files[path].text
        if text is None:
            raise Refused("not_found")
        if text.count(old) != 1:
            raise Refused("edit_failed")
        return {"version": self.put(path, text.replace(old, new), expect=None, free=True)["version"]}

    def move(
        self, agent: str, path: str, to: str, *, expect: int | None, overwrite: bool, handle: str | None, copy: bool
    ) -> Answer:
        if path == to:
            raise Refused("invalid_argument")
        source, target = self.files[path], self.files[to]
        given = self.given(agent, handle)
        for place in (to,) if copy else (path, to):
            self.stopped(given, place)
        if not source.live:
            raise Refused("not_found")
        self.used(given, [path, to])
        if not target.live and expect and expect != source.current:
            raise Refused("conflict")
        named = expect if target.live else None
        made = self.put(to, source.versions[-1], expect=named, free=overwrite or _frees(given, to))
        if not copy:
            source.live = False
            self.changes += made["unchanged"]  # the move alone is then the change
        return {"version": made["version"], "files": 1}

    def delete(self, agent: str, path: str, *, handle: str | None) -> Answer:
        given = self.given(agent, handle)
        self.stopped(given, path)
        if not self.files[path].live:
            raise Refused("not_found")
        self.used(given, [path])
        self.files[path].live = False
        self.changes += 1
        return {"files": 1}

    def restore(self, agent: str, path: str, number: int | None, *, expect: int | None, overwrite: bool) -> Answer:
        self.stopped(None, path)
        versions = self.files[path].versions
        if not versions or (number or 1) > len(versions):
            raise Refused("not_found")
        return self.put(path, versions[(number or len(versions)) - 1], expect=expect, free=overwrite)

    def commit(self, agent: str, content: str, chosen: Sequence[str], *, handle: str | None) -> Answer:
        """Write all of *chosen* but the last one, which is deleted: all or nothing."""
        given = self.given(agent, handle)
        self.used(given, chosen)
        for path in chosen:
            self.stopped(given, path)
        if not self.files[chosen[-1]].live:
            raise Refused("not_found")
        for path in chosen[:-1]:
            self.put(path, content, expect=None, free=True)
        self.files[chosen[-1]].live = False
        self.changes += 1
        rows: list[Answer] = [{"path": path, "version": len(self.files[path].versions)} for path in chosen]
        rows[-1]["deleted"] = True
        return {"files": rows}

    def save_outside(self, path: str, content: str) -> None:
        """Somebody saves a file in the folder: it becomes a version, and ends the locks that kept others out."""
        if not self.put(path, content, expect=None, free=True)["unchanged"]:
            for lock in self.locks:
                if lock.keeps_out and lock.covers(path):
                    lock.state = "broken"

    def send_draft(self, agent: str, name: str, path: str, *, expect: int) -> Answer:
        draft = self.drafts[name]
        if draft.agent != agent:
            raise Refused("not_found")
        self.under(agent, None, path)
        content = (self.files[path].text or "") + draft.content if draft.append else draft.content
        return self.put(path, content, expect=expect, free=False)

    def texts(self) -> dict[str, str | None]:
        return {path: file.text for path, file in self.files.items()}

    def taken_back(self, before: dict[str, str | None]) -> None:
        """Put every file back to what it was, as an undo of all that came since."""
        for path, text in before.items():
            file = self.files[path]
            if text is None and file.live:
                file.live = False
                self.changes += 1
            elif text is not None:
                self.put(path, text, expect=None, free=True)


def _frees(given: Lock | None, path: str) -> bool:
    """Whether a lock that came with a call stands for the version that it replaces."""
    return given is not None and given.mode == "exclusive" and given.covers(path)
