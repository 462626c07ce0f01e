"""The workspace against a plain model of it: whatever is done in whatever order, both say the same.

It shows that no update is lost, that versions are 1..n and never change (I2), that each accepted change has exactly one
event (I3), that the folder holds the heads (I4), that a lock keeps all but its holder out (I7), that clearing up takes
nothing away (I8), and that the feed replayed from 0 is the present listing (I9): also after a crash at rest.
"""

import shutil
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from anyio.from_thread import start_blocking_portal
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from tests.model.workspace_model import PATHS, TTL_S, Answer, Draft, Lock, Model, Refused
from workspace_server.config import Settings
from workspace_server.core.access import Caller
from workspace_server.core.clock import ManualClock
from workspace_server.core.scopes import ALL
from workspace_server.errors import LockLost, WorkspaceError
from workspace_server.services.engine import Engine
from workspace_server.storage.database import Transaction
from workspace_server.storage.disk.watcher import Dirty

SELECTORS = [*PATHS, "d/", "d/e/", "/"]
AGENTS = ["ann", "bob"]
WAIT_S = 50
PATIENCE_S = 60.0
"""Longest wait for what the workspace does in the background."""

paths = st.sampled_from(PATHS)
agents = st.sampled_from(AGENTS)
contents = st.sampled_from(["one\n", "two\n", "three\n"])
words = st.sampled_from(["none", "right", "stale", "absent", "overwrite"])
modes = st.sampled_from(["exclusive", "exclusive", "shared", "intent"])
handles = st.none() | st.integers(0, 9)
ANN = Caller(agent="ann")
PAT = Caller(agent="pat", scope=ALL)


class Workspace(RuleBasedStateMachine):
    """Each rule does the same to the workspace and to the model, and compares what both say."""

    def __init__(self) -> None:
        super().__init__()
        self.base = Path(tempfile.mkdtemp(prefix="workspace-model-"))
        self.folder = self.base / "0"
        self.folder.mkdir()
        self.lives = 0
        self.clock = ManualClock()
        self._portal = start_blocking_portal("asyncio")
        self.portal = self._portal.__enter__()
        self.model = Model(self.clock.boot_s)
        self.seq = 0
        self.replayed: dict[str, tuple[int, str]] = {}
        self.events = 0
        self.refusal: WorkspaceError | None = None
        self.open()

    def open(self) -> None:
        self._engine = self.portal.wrap_async_context_manager(
            Engine.open(self.folder, settings=Settings(), clock=self.clock)
        )
        self.engine = self._engine.__enter__()

    def teardown(self) -> None:
        for path, file in self.model.files.items():
            for number, content in enumerate(file.versions, 1):
                assert self.text(path, number) == content
        self._engine.__exit__(None, None, None)
        self._portal.__exit__(None, None, None)
        shutil.rmtree(self.base)

    def text(self, path: str, number: int) -> str | None:
        """Return the text of a version; None when the workspace has none that it gives."""
        try:
            return self.portal.call(lambda: self.engine.files.read_file(ANN, path=path, version=number)).text
        except WorkspaceError:
            return None

    # What both do

    def same(self, call: Callable[[], Awaitable[Answer]], expected: Callable[[], Answer]) -> Answer | None:
        """Do it to both; return the answer, or None when both refused."""
        said, wanted = self.outcome(call), self.foreseen(expected)
        if isinstance(wanted, str) or isinstance(said, str):
            assert said == wanted
            return None
        assert {name: said[name] for name in wanted} == wanted
        return said

    def outcome(self, call: Callable[[], Awaitable[Answer]]) -> Answer | str:
        """Return the workspace's answer, or the code of its refusal."""
        self.refusal = None
        try:
            return self.portal.call(call)
        except WorkspaceError as refusal:
            self.refusal = refusal
            return refusal.code

    def foreseen(self, expected: Callable[[], Answer]) -> Answer | str:
        """Return the model's answer, or the code of its refusal."""
        try:
            return expected()
        except Refused as refusal:
            return str(refusal)

    def word(self, path: str, word: str) -> tuple[dict[str, Any], int | None]:
        """Return the arguments that say which content is replaced, and the version they name."""
        file = self.model.files[path]
        expect = {"right": file.current, "stale": len(file.versions) - 1, "absent": 0}.get(word)
        if expect is not None:
            return {"expect_version": expect}, expect
        return ({"overwrite": True} if word == "overwrite" else {}), None

    def handle(self, index: int | None) -> str | None:
        locks = self.model.locks
        return None if index is None or not locks else locks[index % len(locks)].handle

    def keep_draft(self, agent: str, content: str, *, append: bool = False) -> None:
        """Nothing that was sent is thrown away."""
        kept = {"version_required", "conflict", "locked", "lock_lost"}
        if self.refusal is not None and self.refusal.code in kept:
            self.model.drafts[str(self.refusal.facts["draft"])] = Draft(agent, content, append)

    # Rules of files

    @rule(path=paths, agent=agents, content=contents, word=words, lock=handles)
    def write(self, path: str, agent: str, content: str, word: str, lock: int | None) -> None:
        given, expect = self.word(path, word)
        handle, overwrite = self.handle(lock), word == "overwrite"
        call = {"path": path, "content": content, "lock": handle, **given}
        self.same(
            lambda: self.engine.files.write_file(Caller(agent=agent), **call),
            lambda: self.model.write(agent, path, content, expect=expect, overwrite=overwrite, handle=handle),
        )
        self.keep_draft(agent, content)

    @rule(path=paths, agent=agents, lock=handles)
    def append(self, path: str, agent: str, lock: int | None) -> None:
        handle = self.handle(lock)
        call: dict[str, Any] = {"path": path, "content": "more\n", "append": True, "lock": handle}
        self.same(
            lambda: self.engine.files.write_file(Caller(agent=agent), **call),
            lambda: self.model.append(agent, path, "more\n", handle=handle),
        )
        self.keep_draft(agent, "more\n", append=True)

    @precondition(lambda self: self.model.drafts)
    @rule(path=paths, agent=agents, index=st.integers(0, 9))
    def send_a_draft(self, path: str, agent: str, index: int) -> None:
        """Also to another path, and by another agent, who must not have it."""
        name = sorted(self.model.drafts)[index % len(self.model.drafts)]
        expect = self.model.files[path].current
        self.same(
            lambda: self.engine.files.write_file(Caller(agent=agent), path=path, draft=name, expect_version=expect),
            lambda: self.model.send_draft(agent, name, path, expect=expect),
        )
        if self.refusal is None or self.refusal.code != "locked":
            return
        draft = self.model.drafts[name]
        self.model.drafts[str(self.refusal.facts["draft"])] = draft

    @rule(path=paths, agent=agents, old=contents, new=contents, lock=handles)
    def edit(self, path: str, agent: str, old: str, new: str, lock: int | None) -> None:
        handle, edits = self.handle(lock), [{"old_text": old, "new_text": new}]
        self.same(
            lambda: self.engine.files.edit_file(Caller(agent=agent), path=path, edits=edits, lock=handle),
            lambda: self.model.edit(agent, path, old, new, handle=handle),
        )

    @rule(path=paths, to=paths, agent=agents, word=words, lock=handles, copy=st.booleans())
    def move(self, *, path: str, to: str, agent: str, word: str, lock: int | None, copy: bool) -> None:
        given, expect = self.word(to, word)
        handle, overwrite = self.handle(lock), word == "overwrite"
        call = {"path": path, "to": to, "copy": copy, "lock": handle, **given}
        self.same(
            lambda: self.engine.files.move_file(Caller(agent=agent), **call),
            lambda: self.model.move(agent, path, to, expect=expect, overwrite=overwrite, handle=handle, copy=copy),
        )

    @rule(path=paths, agent=agents, lock=handles)
    def delete(self, path: str, agent: str, lock: int | None) -> None:
        handle = self.handle(lock)
        self.same(
            lambda: self.engine.files.delete_file(Caller(agent=agent), path=path, lock=handle),
            lambda: self.model.delete(agent, path, handle=handle),
        )

    @rule(path=paths, agent=agents, number=st.none() | st.integers(1, 4), word=words)
    def restore(self, path: str, agent: str, number: int | None, word: str) -> None:
        given, expect = self.word(path, word)
        self.same(
            lambda: self.engine.files.restore_file(Caller(agent=agent), path=path, version=number, **given),
            lambda: self.model.restore(agent, path, number, expect=expect, overwrite=word == "overwrite"),
        )

    @rule(agent=agents, content=contents, chosen=st.lists(paths, min_size=1, max_size=3, unique=True), lock=handles)
    def commit(self, agent: str, content: str, chosen: list[str], lock: int | None) -> None:
        """The last one is deleted, so that some commits are refused in their middle."""
        handle = self.handle(lock)
        changes: list[dict[str, Any]] = [
            {"op": "write", "path": path, "content": content, "overwrite": True} for path in chosen[:-1]
        ]
        changes.append({"op": "delete", "path": chosen[-1]})
        self.same(
            lambda: self.engine.files.commit_files(Caller(agent=agent), changes=changes, lock=handle),
            lambda: self.model.commit(agent, content, chosen, handle=handle),
        )

    @rule(path=paths, content=contents)
    def save_outside(self, path: str, content: str) -> None:
        """A person saves a file in the folder, as editors do: whole, beside it, and then in its place."""
        place, beside = self.folder / path, self.base / "saved"
        place.parent.mkdir(parents=True, exist_ok=True)
        beside.write_text(content)
        beside.replace(place)
        reconciler = self.engine.tree.reconciler
        assert reconciler is not None

        def taken_in() -> bool:
            self.portal.call(lambda: reconciler.reconcile(Dirty(True, set()), patient=False))
            try:
                return self.portal.call(lambda: self.engine.files.read_file(ANN, path=path)).text == content
            except WorkspaceError:
                return False

        self.until(taken_in)
        self.model.save_outside(path, content)

    # Rules of locks

    @rule(agent=agents, chosen=st.sets(st.sampled_from(SELECTORS), min_size=1, max_size=2), mode=modes)
    def lock(self, agent: str, chosen: set[str], mode: Any) -> None:
        wanted = frozenset(chosen)
        is_new = self.model.alike(agent, wanted, mode) is None
        call = {"paths": sorted(chosen), "mode": mode, "ttl_seconds": TTL_S}
        said = self.same(
            lambda: self.engine.locks.lock_files(Caller(agent=agent), **call),
            lambda: self.model.lock(agent, wanted, mode),
        )
        if said is not None and is_new:
            self.model.granted(agent, wanted, mode, said)

    @precondition(lambda self: self.model.locks)
    @rule(agent=agents, index=st.integers(0, 9), release=st.booleans())
    def renew_or_unlock(self, agent: str, index: int, release: bool) -> None:
        handle = self.handle(index)
        assert handle is not None
        locks = self.engine.locks
        if release:
            self.same(
                lambda: locks.unlock_files(Caller(agent=agent), lock=handle), lambda: self.model.unlock(agent, handle)
            )
        else:
            self.same(
                lambda: locks.lock_files(Caller(agent=agent), lock=handle, ttl_seconds=TTL_S),
                lambda: self.model.renew(agent, handle),
            )

    @precondition(lambda self: self.model.locks)
    @rule(index=st.integers(0, 9))
    def break_a_lock(self, index: int) -> None:
        handle = self.handle(index)
        assert handle is not None
        self.same(
            lambda: self.engine.locks.end_lock(PAT, handle.partition("-")[0]), lambda: self.model.break_lock(handle)
        )

    def waited_for(self) -> list[Lock]:
        """Return the locks that stand alone in the way of somebody else who wants just the same."""
        return [
            lock
            for lock in self.model.locks
            if lock.keeps_out and self.model.in_the_way(lock.selectors, "exclusive") == [lock]
        ]

    @precondition(lambda self: self.waited_for())
    @rule(index=st.integers(0, 9), mode=st.sampled_from(["exclusive", "shared"]))
    def wait_in_the_line(self, index: int, mode: Any) -> None:
        """Who waits gets the lock when its holder is done, and nobody who came later gets it before."""
        held = self.waited_for()[index % len(self.waited_for())]
        waiter = next(agent for agent in AGENTS if agent != held.agent)
        call = {"paths": sorted(held.selectors), "mode": mode, "ttl_seconds": TTL_S}
        locks = self.engine.locks
        waiting = self.portal.start_task_soon(
            lambda: locks.lock_files(Caller(agent=waiter), wait_seconds=WAIT_S, **call)
        )
        self.until(lambda: bool(self.portal.call(lambda: locks.list_locks(ANN))["waiting"]))
        assert self.outcome(lambda: locks.lock_files(Caller(agent="eve"), **call | {"mode": "shared"})) == "locked"
        self.portal.call(lambda: locks.unlock_files(Caller(agent=held.agent), lock=held.handle))
        said = waiting.result(PATIENCE_S)
        self.model.unlock(held.agent, held.handle)
        wanted = self.model.lock(waiter, held.selectors, mode)
        assert {name: said[name] for name in wanted} == wanted
        self.model.granted(waiter, held.selectors, mode, said)

    def until(self, seen: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not seen():
            assert time.monotonic() < deadline
            time.sleep(0.002)

    @rule(seconds=st.sampled_from([20, TTL_S]))
    def time_goes_by(self, seconds: int) -> None:
        self.clock.advance(seconds)
        self.model.expire()
        self.portal.call(self.engine.locks.expire)

    # Rules of the whole

    @rule(agent=agents, writes=st.lists(st.tuples(paths, contents), min_size=1, max_size=4), erase=st.none() | paths)
    def work_and_take_it_back(self, agent: str, writes: list[tuple[str, str]], erase: str | None) -> None:
        """An undo of all that came last brings back what stood there, whatever it was."""
        if any(lock.keeps_out for lock in self.model.locks):
            return
        before, since = self.model.texts(), self.engine.head_seq
        for path, content in writes:
            self.write(path, agent, content, "overwrite", None)
        if erase is not None:
            self.delete(erase, agent, None)
        done = self.portal.call(lambda: self.engine.undo.undo(PAT, agent=agent, since=since))
        assert done["left"] == []
        self.model.taken_back(before)

    @rule()
    def clear_up(self) -> None:
        upkeep = self.engine.upkeep
        self.portal.call(lambda: upkeep.start_gc(PAT))
        self.until(lambda: not self.portal.call(lambda: upkeep.status(PAT)).get("running"))

    @rule()
    def close_and_reopen(self) -> None:
        self._engine.__exit__(None, None, None)
        self.open()
        self.model.start_anew()

    @rule()
    def crash_and_reopen(self) -> None:
        """Go on from a copy of what stood on disk at one moment, as after a kill."""
        self.lives += 1
        image = self.base / str(self.lives)

        async def copy(_: Transaction) -> None:
            # On the writer's thread: nothing is written meanwhile, but for the search index, which is made anew.
            shutil.copytree(self.folder, image, symlinks=True, ignore=shutil.ignore_patterns("index"))

        self.portal.call(lambda: self.engine.db.write(copy))
        self._engine.__exit__(None, None, None)
        shutil.rmtree(self.folder)
        self.folder = image
        self.open()
        self.model.start_anew()

    # What holds at all times

    @invariant()
    def the_listing_is_the_model(self) -> None:
        found = self.portal.call(
            lambda: self.engine.listing.list_files(ANN, recursive=True, detail="full", max_tokens=10_000)
        )
        assert {row["path"]: row["version"] for row in found["files"]} == {
            path: file.current for path, file in self.model.files.items() if file.live
        }

    @invariant()
    def the_folder_holds_the_heads(self) -> None:
        for path, file in self.model.files.items():
            place = self.folder / path
            assert (place.read_text() if place.is_file() else None) == file.text

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
        assert self.events == self.model.changes, fed["events"]
        assert {path: version for path, (version, _) in self.replayed.items()} == {
            path: file.current for path, file in self.model.files.items() if file.live
        }

    @invariant()
    def the_locks_are_the_model(self) -> None:
        found = self.portal.call(lambda: self.engine.locks.list_locks(ANN))
        assert {(row["fence"], row["agent"], row["mode"]) for row in found["locks"]} == {
            (lock.fence, lock.agent, lock.mode) for lock in self.model.locks if lock.state == "live"
        }


TestWorkspace = Workspace.TestCase
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
