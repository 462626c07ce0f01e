"""The workspace against a plain model of it: whatever is done in whatever order, both say the same.

The model is a dictionary of lists of contents and a list of locks. It shows that no update is lost, that versions are
1..n and never change (I2), that each accepted change has exactly one event (I3), and that the feed replayed from 0 is
the present listing (I9).
"""

import shutil
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from anyio.from_thread import start_blocking_portal
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from workspace_server.config import Settings
from workspace_server.core.access import Caller
from workspace_server.core.clock import ManualClock
from workspace_server.errors import LockLost, WorkspaceError
from workspace_server.services.engine import Engine

PATHS = ["a.md", "b.md", "d/a.md", "d/b.md", "d/e/c.md"]
SELECTORS = [*PATHS, "d/", "d/e/", "/"]
AGENTS = ["ann", "bob"]
TTL_S = 60

paths = st.sampled_from(PATHS)
agents = st.sampled_from(AGENTS)
contents = st.sampled_from(["one\n", "two\n", "three\n"])
words = st.sampled_from(["none", "right", "stale", "absent", "overwrite"])


@dataclass
class File:
    """All contents that a path ever had, and whether the last one is still there."""

    versions: list[str] = field(default_factory=list)
    live: bool = False

    @property
    def current(self) -> int:
        return len(self.versions) if self.live else 0


@dataclass
class Lock:
    handle: str
    agent: str
    selectors: frozenset[str]
    exclusive: bool
    fence: int
    deadline_s: float
    state: str = "live"

    def covers(self, path: str) -> bool:
        return any(one in {path, "/"} or (one.endswith("/") and path.startswith(one)) for one in self.selectors)


class Refused(Exception):
    """What the model expects to be refused, by code."""


class Workspace(RuleBasedStateMachine):
    """Each rule does the same to the workspace and to the model, and compares what both say."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="workspace-model-"))
        self.clock = ManualClock()
        self._portal = start_blocking_portal("asyncio")
        self.portal = self._portal.__enter__()
        self.files = {path: File() for path in PATHS}
        self.locks: list[Lock] = []
        self.fence = 0
        self.changes = 0
        self.seq = 0
        self.replayed: dict[str, tuple[int, str]] = {}
        self.events = 0
        self.open()

    def open(self) -> None:
        self._engine = self.portal.wrap_async_context_manager(
            Engine.open(self.folder, settings=Settings(), clock=self.clock)
        )
        self.engine = self._engine.__enter__()

    def teardown(self) -> None:
        for path, file in self.files.items():
            for number, content in enumerate(file.versions, 1):
                assert self.text(path, number) == content
        self._engine.__exit__(None, None, None)
        self._portal.__exit__(None, None, None)
        shutil.rmtree(self.folder)

    def text(self, path: str, number: int) -> str | None:
        return self.portal.call(lambda: self.engine.files.read_file(ANN, path=path, version=number)).text

    # What both do

    def same(
        self, call: Callable[[], Awaitable[dict[str, Any]]], expected: Callable[[], dict[str, Any]]
    ) -> dict[str, Any] | None:
        """Do it to both; return the answer, or None when both refused."""
        said, wanted = self.outcome(call), self.foreseen(expected)
        if isinstance(wanted, str) or isinstance(said, str):
            assert said == wanted
            return None
        assert {name: said[name] for name in wanted} == wanted
        return said

    def outcome(self, call: Callable[[], Awaitable[dict[str, Any]]]) -> dict[str, Any] | str:
        """Return the workspace's answer, or the code of its refusal."""
        try:
            return self.portal.call(call)
        except WorkspaceError as refusal:
            return refusal.code

    def foreseen(self, expected: Callable[[], dict[str, Any]]) -> dict[str, Any] | str:
        """Return the model's answer, or the code of its refusal."""
        try:
            return expected()
        except Refused as refusal:
            return str(refusal)

    def caller(self, agent: str) -> Caller:
        return Caller(agent=agent)

    def under(self, agent: str, handle: str | None, touched: list[str]) -> Lock | None:
        """Return the exclusive lock that the first path is under, or refuse, as the rules say."""
        given = None
        if handle is not None:
            given = next((lock for lock in self.locks if lock.handle == handle), None)
            if given is None or given.agent != agent or given.state != "live":
                raise Refused("lock_lost")
            given.deadline_s = self.clock.boot_s() + TTL_S
            if not any(given.covers(path) for path in touched):
                raise Refused("invalid_argument")
        for path in touched:
            for lock in self.locks:
                if lock.state == "live" and lock.exclusive and lock is not given and lock.covers(path):
                    raise Refused("locked")
        return given if given is not None and given.exclusive and given.covers(touched[-1]) else None

    def renew(self, agent: str, handle: str | None) -> None:
        """Renew the lock: every call that gives its handle does, also one that is refused."""
        for lock in self.locks:
            if lock.handle == handle and lock.agent == agent and lock.state == "live":
                lock.deadline_s = self.clock.boot_s() + TTL_S

    def put(self, path: str, content: str, *, expect: int | None, free: bool) -> dict[str, Any]:
        """Put content at a path in the model, *free* of the need to say what it replaces."""
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

    def word(self, path: str, word: str) -> tuple[dict[str, Any], int | None]:
        """Return the arguments that say which content is replaced, and the version they name."""
        expect = {"right": self.files[path].current, "stale": len(self.files[path].versions) - 1, "absent": 0}.get(word)
        if expect is not None:
            return {"expect_version": expect}, expect
        return ({"overwrite": True} if word == "overwrite" else {}), None

    def handle(self, index: int | None) -> str | None:
        return None if index is None or not self.locks else self.locks[index % len(self.locks)].handle

    handles = st.none() | st.integers(0, 9)

    # Rules

    @rule(path=paths, agent=agents, content=contents, word=words, lock=handles)
    def write(self, path: str, agent: str, content: str, word: str, lock: int | None) -> None:
        given, expect = self.word(path, word)
        handle = self.handle(lock)

        def model() -> dict[str, Any]:
            held = self.under(agent, handle, [path])
            return self.put(path, content, expect=expect, free=word == "overwrite" or held is not None)

        self.same(
            lambda: self.engine.files.write_file(self.caller(agent), path=path, content=content, lock=handle, **given),
            model,
        )

    @rule(path=paths, agent=agents, lock=handles)
    def append(self, path: str, agent: str, lock: int | None) -> None:
        handle = self.handle(lock)

        def model() -> dict[str, Any]:
            self.under(agent, handle, [path])
            file = self.files[path]
            before = file.versions[-1] if file.live else ""
            return self.put(path, before + "more\n", expect=None, free=True)

        self.same(
            lambda: self.engine.files.write_file(
                self.caller(agent), path=path, content="more\n", append=True, lock=handle
            ),
            model,
        )

    @rule(path=paths, agent=agents, old=contents, new=contents, lock=handles)
    def edit(self, path: str, agent: str, old: str, new: str, lock: int | None) -> None:
        handle = self.handle(lock)

        def model() -> dict[str, Any]:
            self.under(agent, handle, [path])
            file = self.files[path]
            if not file.live:
                raise Refused("not_found")
            if file.versions[-1].count(old) != 1:
                raise Refused("edit_failed")
            made = self.put(path, file.versions[-1].replace(old, new), expect=None, free=True)
            return {"version": made["version"]}

        edits = [{"old_text": old, "new_text": new}]
        self.same(lambda: self.engine.files.edit_file(self.caller(agent), path=path, edits=edits, lock=handle), model)

    @rule(path=paths, to=paths, agent=agents, word=words, lock=handles, copy=st.booleans())
    def move(self, *, path: str, to: str, agent: str, word: str, lock: int | None, copy: bool) -> None:
        given, expect = self.word(to, word)
        handle = self.handle(lock)

        def model() -> dict[str, Any]:
            source, target = self.files[path], self.files[to]
            if path == to:
                raise Refused("invalid_argument")
            self.renew(agent, handle)
            if not source.live:
                raise Refused("not_found")
            covered = self.under(agent, handle, [path, to]) if not copy else self.copying(agent, handle, path, to)
            if not target.live and expect and expect != source.current:
                raise Refused("conflict")
            named = expect if target.live else None
            free = word == "overwrite" or covered is not None
            made = self.put(to, source.versions[-1], expect=named, free=free)
            if not copy:
                source.live = False
                self.changes += made["unchanged"]  # the move alone is then the change
            return {"version": made["version"], "files": 1}

        self.same(
            lambda: self.engine.files.move_file(self.caller(agent), path=path, to=to, copy=copy, lock=handle, **given),
            model,
        )

    def copying(self, agent: str, handle: str | None, path: str, to: str) -> Lock | None:
        """A copy is stopped by locks on its destination only, but a lock on its source is of use to it."""
        lock = next((one for one in self.locks if one.handle == handle), None)
        if lock is not None and lock.agent == agent and lock.state == "live" and lock.covers(path):
            lock.deadline_s = self.clock.boot_s() + TTL_S
            if not lock.covers(to):
                return self.under(agent, None, [to])
        return self.under(agent, handle, [to])

    @rule(path=paths, agent=agents, lock=handles)
    def delete(self, path: str, agent: str, lock: int | None) -> None:
        handle = self.handle(lock)

        def model() -> dict[str, Any]:
            self.renew(agent, handle)
            if not self.files[path].live:
                raise Refused("not_found")
            self.under(agent, handle, [path])
            self.files[path].live = False
            self.changes += 1
            return {"files": 1}

        self.same(lambda: self.engine.files.delete_file(self.caller(agent), path=path, lock=handle), model)

    @rule(path=paths, agent=agents, number=st.none() | st.integers(1, 4), word=words)
    def restore(self, path: str, agent: str, number: int | None, word: str) -> None:
        given, expect = self.word(path, word)

        def model() -> dict[str, Any]:
            versions = self.files[path].versions
            if not versions or (number or 1) > len(versions):
                raise Refused("not_found")
            self.under(agent, None, [path])
            content = versions[(number or len(versions)) - 1]
            return self.put(path, content, expect=expect, free=word == "overwrite")

        self.same(lambda: self.engine.files.restore_file(self.caller(agent), path=path, version=number, **given), model)

    @rule(agent=agents, content=contents, chosen=st.lists(paths, min_size=1, max_size=3, unique=True), lock=handles)
    def commit(self, agent: str, content: str, chosen: list[str], lock: int | None) -> None:
        handle = self.handle(lock)
        # The last one is deleted, so that some commits are refused in their middle.
        changes: list[dict[str, Any]] = [
            {"op": "write", "path": path, "content": content, "overwrite": True} for path in chosen[:-1]
        ]
        changes.append({"op": "delete", "path": chosen[-1]})

        def model() -> dict[str, Any]:
            self.under_all(agent, handle, chosen)
            if not self.files[chosen[-1]].live:
                raise Refused("not_found")
            for path in chosen[:-1]:
                self.put(path, content, expect=None, free=True)
            self.files[chosen[-1]].live = False
            self.changes += 1
            return {"files": [self.row(path, deleted=path == chosen[-1]) for path in chosen]}

        self.same(lambda: self.engine.files.commit_files(self.caller(agent), changes=changes, lock=handle), model)

    def under_all(self, agent: str, handle: str | None, chosen: list[str]) -> None:
        """As `under`, for changes that are checked one after the other."""
        self.under(agent, handle, chosen[:1]) if handle is None else self.under_given(agent, handle, chosen)
        for path in chosen[:-1]:
            self.locked_for(path, handle)
        self.locked_for(chosen[-1], handle)

    def under_given(self, agent: str, handle: str, chosen: list[str]) -> None:
        given = next((lock for lock in self.locks if lock.handle == handle), None)
        if given is None or given.agent != agent or given.state != "live":
            raise Refused("lock_lost")
        given.deadline_s = self.clock.boot_s() + TTL_S
        if not any(given.covers(path) for path in chosen):
            raise Refused("invalid_argument")

    def locked_for(self, path: str, handle: str | None) -> None:
        for lock in self.locks:
            if lock.state == "live" and lock.exclusive and lock.handle != handle and lock.covers(path):
                raise Refused("locked")

    def row(self, path: str, *, deleted: bool) -> dict[str, Any]:
        row: dict[str, Any] = {"path": path, "version": len(self.files[path].versions)}
        return {**row, "deleted": True} if deleted else row

    @rule(agent=agents, chosen=st.sets(st.sampled_from(SELECTORS), min_size=1, max_size=2), exclusive=st.booleans())
    def lock(self, agent: str, chosen: set[str], exclusive: bool) -> None:
        wanted = frozenset(chosen)
        alike = next(
            (
                lock
                for lock in self.locks
                if lock.state == "live" and (lock.agent, lock.selectors, lock.exclusive) == (agent, wanted, exclusive)
            ),
            None,
        )

        def model() -> dict[str, Any]:
            now_s = self.clock.boot_s()
            versions = {
                path: len(file.versions)
                for path, file in self.files.items()
                if file.live and Lock("", agent, wanted, exclusive, 0, 0.0).covers(path)
            }
            if alike is not None:
                alike.deadline_s = now_s + TTL_S
                return {"fence": alike.fence, "lock": alike.handle, "versions": versions}
            for lock in self.locks:
                if lock.state == "live" and (lock.exclusive or exclusive) and self.overlap(lock.selectors, wanted):
                    raise Refused("locked")
            self.fence += 1
            return {"fence": self.fence, "versions": versions, "expires_in_seconds": TTL_S}

        mode: Any = "exclusive" if exclusive else "shared"
        said = self.same(
            lambda: self.engine.locks.lock_files(
                self.caller(agent), paths=sorted(chosen), mode=mode, ttl_seconds=TTL_S
            ),
            model,
        )
        if said is not None and alike is None:
            self.locks.append(Lock(said["lock"], agent, wanted, exclusive, said["fence"], self.clock.boot_s() + TTL_S))

    def overlap(self, ours: frozenset[str], theirs: frozenset[str]) -> bool:
        def within(one: str, other: str) -> bool:
            return other in {one, "/"} or (other.endswith("/") and one.startswith(other))

        return any(within(one, other) or within(other, one) for one in ours for other in theirs)

    @precondition(lambda self: self.locks)
    @rule(agent=agents, index=st.integers(0, 9), release=st.booleans())
    def renew_or_unlock(self, agent: str, index: int, release: bool) -> None:
        lock = self.locks[index % len(self.locks)]

        def model() -> dict[str, Any]:
            if lock.agent != agent or lock.state != "live":
                raise Refused("lock_lost")
            if release:
                lock.state = "released"
                return {"released": [lock.handle]}
            lock.deadline_s = self.clock.boot_s() + TTL_S
            return {"lock": lock.handle, "fence": lock.fence}

        locks = self.engine.locks
        self.same(
            lambda: (
                locks.unlock_files(self.caller(agent), lock=lock.handle)
                if release
                else locks.lock_files(self.caller(agent), lock=lock.handle, ttl_seconds=TTL_S)
            ),
            model,
        )

    @rule(seconds=st.sampled_from([20, TTL_S]))
    def time_goes_by(self, seconds: int) -> None:
        self.clock.advance(seconds)
        for lock in self.locks:
            if lock.state == "live" and self.clock.boot_s() >= lock.deadline_s:
                lock.state = "expired"
        self.portal.call(self.engine.locks.expire)

    @rule()
    def close_and_reopen(self) -> None:
        self._engine.__exit__(None, None, None)
        self.open()
        for lock in self.locks:
            if lock.state == "live":
                lock.deadline_s = max(lock.deadline_s, self.clock.boot_s() + TTL_S)

    # What holds at all times

    @invariant()
    def the_listing_is_the_model(self) -> None:
        found = self.portal.call(
            lambda: self.engine.listing.list_files(ANN, recursive=True, detail="full", max_tokens=10_000)
        )
        assert {row["path"]: row["version"] for row in found["files"]} == {
            path: file.current for path, file in self.files.items() if file.live
        }

    @invariant()
    def the_folder_holds_the_heads(self) -> None:
        for path, file in self.files.items():
            place = self.folder / path
            assert (place.read_text() if place.is_file() else None) == (file.versions[-1] if file.live else None)

    @invariant()
    def the_feed_has_one_event_per_change_and_no_gap_and_replays_to_the_listing(self) -> None:
        fed = self.portal.call(lambda: self.engine.events.feed(ANN, since_seq=self.seq, limit=1_000))
        for event in fed["events"]:
            assert event["seq"] == self.seq + 1
            self.seq = event["seq"]
            if event["type"] in {"file.created", "file.updated", "file.deleted", "file.moved", "file.restored"}:
                self.events += 1
                if event["type"] == "file.deleted":
                    del self.replayed[event["path"]]
                    continue
                self.replayed[event["path"]] = (event["version"], event["sha256"])
                if "moved_from" in event:
                    del self.replayed[event["moved_from"]["path"]]
        assert self.events == self.changes
        assert {path: version for path, (version, _) in self.replayed.items()} == {
            path: file.current for path, file in self.files.items() if file.live
        }

    @invariant()
    def the_locks_are_the_model(self) -> None:
        found = self.portal.call(lambda: self.engine.locks.list_locks(ANN))
        assert {(row["fence"], row["agent"]) for row in found["locks"]} == {
            (lock.fence, lock.agent) for lock in self.locks if lock.state == "live"
        }


ANN = Caller(agent="ann")

TestWorkspace = pytest.mark.timeout(300)(Workspace.TestCase)
TestWorkspace.settings = settings(max_examples=25, stateful_step_count=30, deadline=None)


# Negative controls: the same machine must find a workspace that does not keep its word.


class Careless:
    """Writes of a server that replaces whatever is there."""

    def __init__(self, files: Any) -> None:
        self._files = files

    def __getattr__(self, name: str) -> Any:
        return getattr(self._files, name)

    async def write_file(self, caller: Caller, **given: Any) -> dict[str, Any]:
        replaced = {"overwrite": not given.get("append", False), "expect_version": None}
        return await self._files.write_file(caller, **given | replaced)


class Fenceless(Careless):
    """Writes of a server that lets a holder write whose lock is gone."""

    async def write_file(self, caller: Caller, **given: Any) -> dict[str, Any]:
        try:
            return await self._files.write_file(caller, **given)
        except LockLost:
            return await self._files.write_file(caller, **given | {"lock": None})


@pytest.mark.timeout(300)
@pytest.mark.parametrize("double", [Careless, Fenceless])
def test_a_workspace_that_breaks_its_word_is_found(double: type[Careless]) -> None:
    class Broken(Workspace):
        def open(self) -> None:
            super().open()
            self.engine.files = double(self.engine.files)  # type: ignore[assignment]  # a double of the use cases

    with pytest.raises(AssertionError):
        run_state_machine_as_test(
            Broken,
            settings=settings(
                max_examples=200, stateful_step_count=30, deadline=None, database=None, phases=[Phase.generate]
            ),
        )
