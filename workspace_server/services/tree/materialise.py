"""Brings the working tree to what was committed, and syncs it later, in batches.

Two promises meet here: a reader of the folder sees what was acknowledged, and what a person saved there in between is
never lost. So new content changes places with what stands at the path, and the displaced bytes are looked at, once
right away and once more before they go: whatever is not known to be the server's own is handed to the `Strangers`.

An intent is cleared only after the sync. What a crash leaves between is redone at start.
"""

import asyncio
import itertools
import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

import anyio

from workspace_server.errors import InvalidPath, Unavailable, WorkspaceError
from workspace_server.services.tree.goals import (
    Done,
    Goal,
    Known,
    Open,
    content_of,
    deletions_first,
    readable_goals,
    reopened,
)
from workspace_server.services.tree.leftovers import Leftover, clear, hash_of
from workspace_server.services.tree.strangers import Stranger, Strangers
from workspace_server.storage.content import ObjectStore
from workspace_server.storage.database import Database, Transaction
from workspace_server.storage.disk.ignore import Ignore, is_control_file
from workspace_server.storage.disk.signatures import Signature
from workspace_server.storage.disk.tree import Displaced, Tree
from workspace_server.storage.tables import files, intents

log = logging.getLogger(__name__)

BATCH_MAX = 256
"""Most paths brought up to date in one go: with their inline content they fit into 16 MiB."""
SYNC_EVERY_S = 0.25
"""How long working copies wait to be synced together."""
RETRY_S = 5.0
"""How often a path is tried again whose place was taken by something that is no file, or that the disk refused."""
FINISH_ROUNDS = 3
"""How often the last sync is repeated for what it finds itself."""
RECORDS_MAX = 500
"""Most paths whose sync is recorded in one transaction."""


class _Settled(NamedTuple):
    """A path that was brought to its goal and waits to be synced."""

    intent_id: int
    known: Known


class Materialiser:
    """Writes committed heads into the working tree, one materialiser per path at a time.

    What every face relies on: when `settle` returns, a reader of the folder sees the committed content, or something
    newer (or the intent stays open and `status` names it). The log and the database stay the truth.

    Attributes:
        strangers: Who takes what is displaced and not ours; while it is None, such files are kept in `.workspace/lost`.
        dirty: Called with each path whose content on disk is not what was put there.
        blocked: Paths that cannot be brought up to date now, with the reason.
    """

    def __init__(self, *, tree: Tree, ignore: Ignore, db: Database, objects: ObjectStore, boot_id: str) -> None:
        self.strangers: Strangers | None = None
        self.dirty: Callable[[str], None] = lambda _path: None
        self.blocked: dict[str, str] = {}
        self._tree = tree
        self._ignore = ignore
        self._db = db
        self._objects = objects
        self._boot_id = boot_id
        self._known: dict[str, Known] = {}
        self._goals: dict[str, Goal] = {}
        self._open: dict[str, Open] = {}  # until the newest intent of the path is cleared
        self._wanted: dict[str, list[asyncio.Future[None]]] = {}  # with those who wait for it
        self._underway: dict[str, list[asyncio.Future[None]]] = {}
        self._worker: asyncio.Task[None] | None = None
        self._settled: dict[str, _Settled] = {}
        self._leftovers: list[Leftover] = []
        self._asked: set[str] = set()
        self._due = asyncio.Event()
        self._syncing = asyncio.Lock()

    def look(self, path: str) -> None:
        """Pass when a regular file may stand at *path*; quick enough for the event loop's thread.

        Raises:
            IsDirectory: A directory stands there.
            InvalidPath: A link, a special file or a file with other links stands there, or the path is ignored.
            Unavailable: The disk does not answer.
        """
        try:
            place = self._tree.look(path)
            ignored = place.kind in {"absent", "file"} and self._ignore.ignored(path)
        except OSError as error:
            raise Unavailable(
                "The folder cannot be read.", hint="See `workspace-server status`.", retryable=True, reason=str(error)
            ) from error
        place.refuse(path)
        if ignored:
            raise InvalidPath(
                f"{path} is ignored here: what is written there would be shared with nobody.",
                hint="Choose another name, or change .gitignore or .workspaceignore.",
                path=path,
                reason="ignored",
            )

    def follow(self, goals: Mapping[str, Goal | None]) -> None:
        """Begin with what a commit wants at some paths; None says that the database must be asked."""
        for path, goal in goals.items():
            if goal is None:
                self._goals.pop(path, None)
            else:
                self._goals[path] = self._opened(goal)
            self.want(path)

    async def followed(self, paths: Iterable[str]) -> None:
        """Return when what commits have wanted at *paths* is visible."""
        for path in paths:
            waiting = self._wanted.get(path, self._underway.get(path))
            if waiting is not None:
                waiting.append(asyncio.get_running_loop().create_future())
                await waiting[-1]

    async def settle(self, paths: Iterable[str]) -> None:
        """Bring each path to its newest committed version; return when that is visible."""
        for path in (paths := list(paths)):
            self.want(path)
        await self.followed(paths)

    async def mend(self, paths: Iterable[str]) -> None:
        """Write what is committed and not in the folder, such as after a deletion that was not recorded."""
        missing = [path for path in paths if self._tree.look(path).kind == "absent"]
        if missing:
            goals = await self._db.write(lambda tx: reopened(tx, missing, boot_id=self._boot_id))
            self.follow({goal.path: goal for goal in goals})
            await self.followed(missing)

    def want(self, path: str) -> None:
        """Ask for *path* to be brought to its newest committed version."""
        self._wanted.setdefault(path, [])
        if self._worker is None or self._worker.done():
            self._worker = asyncio.get_running_loop().create_task(self._work())

    def known(self, path: str) -> Known | None:
        """Return what was put at *path* and is not recorded yet."""
        return self._known.get(path)

    def found(self, path: str, sha256: str, signature: Signature) -> None:
        """Take note that content which was just committed was read from the tree, where it still stands."""
        self._known[path] = Known(sha256, signature)

    def let_go(self, leftover: Leftover) -> None:
        """Remove a displaced file after the next sync, or once nobody has it open for writing any more."""
        self._leftovers.append(leftover)
        self._due.set()

    def tell(self, path: str) -> None:
        """Call `dirty` once the intent of *path* is cleared: what was seen there meanwhile must be looked at again.

        To be called from the transaction that has seen the intent, so that its clearing comes after.
        """
        self._asked.add(path)

    async def run(self) -> None:
        """Sync what was written, again and again, and retry what was blocked; runs until cancelled."""
        while True:
            with anyio.move_on_after(RETRY_S):
                await self._due.wait()
            for path in list(self.blocked):
                self.want(path)
            await anyio.sleep(SYNC_EVERY_S)
            try:
                await self.sync()
            except Exception:
                log.exception("working copies could not be synced; their intents stay open")

    async def finish(self) -> None:
        """Finish what was asked for and sync it; what is still open for writing stays for recovery."""
        for _ in range(FINISH_ROUNDS):  # a sync may find a late edit, whose copy is to be written and synced too
            while self._worker is not None and not self._worker.done():
                await self._worker
            async with self._syncing:  # what a sync at work has taken is not synced before its end
                done = not self._settled and not self._leftovers
            if done:
                return
            try:
                await self.sync()
            except (OSError, WorkspaceError) as error:
                log.warning("working copies could not be synced, which is left to the next start: %s", error)
                return

    async def _work(self) -> None:
        while self._wanted:
            batch = self._underway = dict(itertools.islice(self._wanted.items(), BATCH_MAX))
            for path in batch:
                del self._wanted[path]
            try:
                await self._bring(list(batch))
            except Exception as error:
                log.exception("the working tree could not follow; the intents stay open")
                self.blocked.update(dict.fromkeys(batch, _unexpected(error)))  # so that `run` tries them again
            self._underway = {}
            for future in itertools.chain.from_iterable(batch.values()):
                if not future.done():
                    future.set_result(None)

    async def _bring(self, paths: Sequence[str]) -> None:
        goals, unreadable = await self._goals_of(paths)
        for path in set(paths) - {goal.path for goal in goals}:
            self._block(path, unreadable.get(path))
        done = await asyncio.to_thread(lambda: [self._reach(goal) for goal in goals])
        for one in done:
            self._note(one)
        for one in done:
            if one.stranger is not None:
                await self._hand_over(one.stranger)

    async def _goals_of(self, paths: Sequence[str]) -> tuple[list[Goal], dict[str, str]]:
        """Return what is to stand at *paths*, as their last commits or the database say, and what cannot be read."""
        handed = [self._goals.pop(path) for path in paths if path in self._goals]
        found = [goal.knowing(self._known.get(goal.path)) for goal in handed]
        unreadable: dict[str, str] = {}
        if left := [path for path in paths if path not in {goal.path for goal in handed}]:
            read, unreadable = await readable_goals(self._db, left, self._known, boot_id=self._boot_id)
            found += map(self._opened, read)
        return deletions_first(found), unreadable

    def _opened(self, goal: Goal) -> Goal:
        return self._open.setdefault(goal.path, Open()).joined_by(goal)

    def _reach(self, goal: Goal) -> Done:
        """Bring one path to its goal; runs in a thread."""
        try:
            if self._is_reached(goal):
                return Done(goal, goal.known if goal.sha256 else Known(None, None))
            if goal.tree_leads:
                return Done(goal, None)
            return self._placed(goal) if goal.sha256 else self._removed(goal)
        except WorkspaceError as refusal:
            return Done(goal, None, blocked=str(refusal.facts.get("reason") or refusal.code))
        except OSError as error:
            return Done(goal, None, blocked=error.strerror or "the disk refused")
        except Exception as error:  # whatever it is, the other paths of the batch go on
            if goal.path not in self.blocked:  # else it has been said
                log.exception("%s could not be brought up to date", goal.path)
            return Done(goal, None, blocked=_unexpected(error))

    def _is_reached(self, goal: Goal) -> bool:
        if goal.sha256 is None:
            return self._tree.look(goal.path).kind != "file"  # a directory, say: the file is gone, that is none of ours
        if goal.known.sha256 != goal.sha256:
            return False
        signature = self._tree.look(goal.path).signature
        return signature is not None and signature.same_file(goal.known.signature)

    def _placed(self, goal: Goal) -> Done:
        staged = self._tree.stage(content_of(goal, self._objects), goal.path)
        try:
            displaced = self._tree.place(staged, goal.path)
        except BaseException:
            self._tree.discard(staged.name)
            raise
        return self._judged(Done(goal, Known(goal.sha256, staged.signature)), displaced)

    def _removed(self, goal: Goal) -> Done:
        gone = self._tree.remove(goal.path)
        self._tree.prune(goal.path)
        return self._judged(Done(goal, Known(None, None)), gone)

    def _judged(self, done: Done, displaced: Displaced | None) -> Done:
        """Tell whether displaced bytes are the server's own."""
        if displaced is None:
            return done
        goal = done.goal
        # The file that was put there, untouched since: no need to read it.
        ours = goal.known.sha256 is not None and displaced.signature.same_file(goal.known.signature)
        if ours or hash_of(self._tree, displaced.name) in goal.ours:
            signature = displaced.signature if ours else None  # what was read may change in the same tick, unseen
            return done._replace(leftover=Leftover(displaced.name, goal.path, goal.ours, signature))
        if goal.torn:
            kept = self._tree.keep(displaced.name)
            log.warning("%s was torn by a power cut; its bytes are kept at %s", goal.path, kept)
            return done
        return done._replace(stranger=Stranger(goal.path, displaced.name, goal.sha256 is not None))

    def _note(self, done: Done) -> None:
        path = done.goal.path
        self._block(path, done.blocked)
        if done.blocked is not None:
            return
        if is_control_file(path):
            self._ignore.forget()
        if done.known is not None:
            self._known[path] = done.known
        else:
            self._known.pop(path, None)
        self._settled[path] = _Settled(done.goal.intent_id, done.known or Known(None, None))
        if done.leftover is not None:
            self.let_go(done.leftover)
        self._due.set()

    def _block(self, path: str, reason: str | None) -> None:
        if reason is None:
            self.blocked.pop(path, None)
        else:
            if path not in self.blocked:
                log.warning("%s cannot be brought up to date: %s", path, reason)
            self.blocked[path] = reason

    async def _hand_over(self, stranger: Stranger) -> None:
        taken = await self.strangers.take(stranger) if self.strangers is not None else None
        if taken is not None:  # and not removed: whoever wrote this may have it open, and write on
            self.let_go(Leftover(stranger.temporary, stranger.path, taken))
            return
        kept = await asyncio.to_thread(self._tree.keep, stranger.temporary)
        log.warning("an edit of %s from outside could not be recorded; its bytes are kept at %s", stranger.path, kept)

    async def sync(self) -> None:
        """Make what was written survive a power cut, record it, and clear its intents.

        Raises:
            OSError: The disk refused; the intents stay open.
            Unavailable: The database did; likewise.
        """
        async with self._syncing:
            self._due.clear()
            settled, self._settled = self._settled, {}
            leftovers, self._leftovers = self._leftovers, []
            try:
                records = await asyncio.to_thread(self._sync, settled)
                await self._record(records)
            except BaseException:
                self._settled = {**settled, **self._settled}
                self._leftovers = leftovers + self._leftovers
                raise
            waiting, strangers = await asyncio.to_thread(clear, self._tree, leftovers)
            self._leftovers = waiting + self._leftovers
            if waiting:
                self._due.set()
            for leftover in strangers:
                await self._hand_over(Stranger(leftover.path, leftover.temporary, replaced=True))

    def _sync(self, settled: dict[str, _Settled]) -> list[tuple[str, _Settled, Known]]:
        """Sync the paths and return what is to be recorded of each; runs in a thread."""
        if not settled:
            return []
        self._tree.sync(settled)
        now_ns = time.time_ns()
        records = []
        for path, at in settled.items():
            try:
                signature = self._tree.look(path).signature
            except OSError:
                signature = None
            record = Known(at.known.sha256, None)
            if signature is not None and signature.same_file(at.known.signature) and signature.trusted(now_ns):
                record = Known(at.known.sha256, signature)
            records.append((path, at, record))
        return records

    async def _record(self, records: Sequence[tuple[str, _Settled, Known]]) -> None:
        for first in range(0, len(records), RECORDS_MAX):
            part = records[first : first + RECORDS_MAX]

            async def write(tx: Transaction, part: Sequence[tuple[str, _Settled, Known]] = part) -> None:
                for path, at, record in part:
                    await files.set_tree(tx, path, record.sha256, str(record.signature) if record.signature else None)
                    await intents.clear(tx, path, up_to=at.intent_id)

            await self._db.write(write, essential=True)  # what was deleted takes its room until this is recorded
        for path, at, record in records:
            newest = self._open.get(path)
            if newest is not None and newest.intent_id <= at.intent_id:
                del self._open[path]
            if path in self._settled:
                continue  # it has moved on meanwhile
            if self._known.get(path) == at.known:
                del self._known[path]
            asked = path in self._asked
            if asked:  # not discarded in any case: the writer's thread may have asked since, for a newer intent
                self._asked.discard(path)
            if asked or record.signature is None:
                # Changed since, or not to be told by its time stamp: its content must say.
                self.dirty(path)


def _unexpected(error: Exception) -> str:
    return f"unexpected {type(error).__name__}; see the log"
