"""Records what processes outside have done to the folder: edits as versions, deletions, conflict copies.

An edit on disk has happened; nobody can refuse it. So it passes every lock, which then ends, and every precondition.
"""

import logging
from collections import defaultdict
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from pathlib import PurePosixPath
from typing import Literal, NamedTuple

from workspace_server.core import outside_edits
from workspace_server.core.access import EXTERNAL, Caller
from workspace_server.core.locks import Lock
from workspace_server.core.outside_edits import Policy, Verdict
from workspace_server.core.versions import Head
from workspace_server.errors import InvalidPath, IsDirectory, NameTaken, WorkspaceError
from workspace_server.services.files import changes
from workspace_server.services.files.changes import Put
from workspace_server.services.files.held import Held
from workspace_server.services.locking.locks import Locks
from workspace_server.services.recording import Commit, Recorder, Result
from workspace_server.services.tree import arrivals, turnover
from workspace_server.services.tree.disk import Disk, Unsteady
from workspace_server.services.tree.edits import Edit
from workspace_server.services.tree.goals import reopened
from workspace_server.services.tree.materialise import Materialiser
from workspace_server.services.tree.strangers import Stranger
from workspace_server.storage import content as contents
from workspace_server.storage.content import Content, ObjectStore
from workspace_server.storage.database import Transaction
from workspace_server.storage.disk.scan import LeftOut
from workspace_server.storage.tables import intents, locks, meta

log = logging.getLogger(__name__)

Outcome = Literal["done", "again", "refused", "aside", "the holder's", "the materialiser will tell"]
BY_EXTERNAL = Caller(agent=EXTERNAL)


class Recorded(NamedTuple):
    """What became of the edits: how many changed something, and which paths must be looked at again."""

    changed: int
    again: list[str]
    seq: int | None = None


class _Unhindered(Held):
    """No lock stops what has already happened; one that stood there past its time ends, as with any other change."""

    def __init__(self) -> None:
        super().__init__([], EXTERNAL, 0.0)

    async def allow(self, tx: Transaction, path: str, *, new: bool = False) -> Lock | None:
        there = await locks.covering(tx, path, overdue=True, barring=new)
        self.overdue += [lock for lock in there if not lock.is_live(tx.boot_s)]
        return None


class External:
    """Turns what was found on disk into commits; also takes what the materialiser has displaced.

    Args:
        policy: What becomes of an edit of a file that an agent has locked.
    """

    def __init__(
        self,
        *,
        recorder: Recorder,
        objects: ObjectStore,
        locks: Locks,
        materialiser: Materialiser,
        disk: Disk,
        policy: Policy,
    ) -> None:
        self._recorder = recorder
        self._objects = objects
        self._locks = locks
        self._materialiser = materialiser
        self._disk = disk
        self._policy = policy

    async def record(
        self,
        edits: Sequence[Edit],
        left_out: LeftOut,
        *,
        caller: Caller = BY_EXTERNAL,
        op: str = "external",
        synced: bool = False,
    ) -> Recorded:
        """Record the edits in one commit: several together are bracketed. Those of lock holders get commits of theirs.

        What cannot stand beside the files that are there (a name that differs only by case) is counted in *left_out*.

        Args:
            synced: The folder was synced after the edits were read.
        """
        found: defaultdict[Outcome, list[Edit]] = defaultdict(list)
        theirs: defaultdict[str, list[Edit]] = defaultdict(list)

        async def body(commit: Commit) -> Result:
            found.clear()
            theirs.clear()
            if len(edits) > 1:
                commit.number = await meta.raise_counter(commit.tx, "commit")
            lost = await _lost(commit.tx, edits)
            found["again"] += [edit for edit in edits if edit.path in lost]
            turned = await turnover.record(commit, edits, op=op, but=lost) if synced else set()
            arrived = await arrivals.record(commit, edits, op=op, but=lost) if synced else set()
            for edit in edits:
                if edit.path in lost or edit.path in turned or edit.path in arrived:
                    continue
                verdict = await self._verdict(commit.tx, edit.path) if op == "external" else Verdict(caller.agent)
                outcome = await self._apply(commit, edit, op, verdict)
                found[outcome].append(edit)
                if outcome == "the holder's":
                    theirs[verdict.agent].append(edit)
            changed = len(turned) + len(arrived) + len(found["done"])
            seq = commit.events[-1].seq if commit.events else None
            if commit.number is not None and commit.events:
                seq = await commit.add("files.committed", files=changed)
            # So the materialiser knows of them before it looks, which follows the commit.
            commit.tx.after_commit(lambda: self._stand(found["done"]))
            return {"seq": seq, "changed": changed}

        result = await self._recorder.change(caller, op, body)
        await self._materialiser.followed([edit.path for edit in found["done"] + found["aside"]])
        for edit in found["refused"]:
            left_out.add("case collision", edit.path)
        recorded = Recorded(int(result["changed"]), [edit.path for edit in found["again"]], result["seq"])
        for agent, some in theirs.items():
            more = await self.record(some, left_out, caller=Caller(agent=agent), op=op)
            recorded = Recorded(recorded.changed + more.changed, recorded.again + more.again, more.seq or recorded.seq)
        return recorded

    def _stand(self, edits: Sequence[Edit]) -> None:
        for edit in edits:
            if edit.content is not None and edit.signature is not None:
                self._materialiser.found(edit.path, edit.content.sha256, edit.signature)

    async def _verdict(self, tx: Transaction, path: str) -> Verdict:
        return outside_edits.judge(await locks.covering(tx, path), policy=self._policy)

    async def _apply(self, commit: Commit, edit: Edit, op: str, verdict: Verdict) -> Outcome:
        here, row = await changes.head(commit.tx, edit.path)
        if await intents.of_path(commit.tx, edit.path):
            # It looks at what it displaces, and again when it syncs; what comes after that is seen once it has done.
            self._materialiser.tell(edit.path)
            return "the materialiser will tell"
        if edit.early or here.version != edit.version or here.live != edit.live:
            return "again"
        known = row.sha256 if row is not None and here.live else None
        if known == (edit.content.sha256 if edit.content else None):
            return "done"
        if verdict.agent != commit.caller.agent:
            return "the holder's" if commit.caller.agent == EXTERNAL else "again"
        return await self._accept(commit, edit, op, verdict, here)

    async def _accept(self, commit: Commit, edit: Edit, op: str, verdict: Verdict, here: Head) -> Outcome:
        """Record an edit as its verdict says."""
        try:
            if edit.content is not None and not here.live:
                await changes.check_place(commit.tx, edit.path)
        except (NameTaken, InvalidPath, IsDirectory):
            return "refused"  # and no copy could stand beside it either
        if verdict.aside:
            return await self._put_aside(commit, edit, here)
        if edit.content is None:
            await self._end(commit, verdict.broken)
            await changes.delete(commit, edit.path, _Unhindered(), expect_version=None, message=verdict.message)
            return "done"
        await self._end(commit, verdict.broken)
        put = Put(path=edit.path, op=op, content=edit.content, replaces=False, message=verdict.message)
        await changes.put(commit, self._objects, put, _Unhindered())
        return "done"

    async def _end(self, commit: Commit, broken: Sequence[Lock]) -> None:
        for held in broken:
            await self._locks.end(commit, held, "broken")

    async def _put_aside(self, commit: Commit, edit: Edit, here: Head) -> Outcome:
        """Keep an edit of a locked file as a conflict copy, and have the folder follow the head again.

        The copy comes with the same commit: what the materialiser displaces then is known, also after a power cut.
        """
        if edit.content is not None:
            await self._copy(commit, edit.path, edit.content, here)
        if here.live:
            goals = await reopened(commit.tx, [edit.path], boot_id=commit.tx.boot_id)
            commit.goals.update((goal.path, goal) for goal in goals)
        else:
            await commit.intend(None, edit.path, op="conflict")  # what stands there does not count
        return "aside"

    async def _copy(self, commit: Commit, path: str, content: Content, here: Head) -> str:
        """Put content beside *path* unless it is there, and return where."""
        beside = conflict_path(path, content.sha256)
        if not await _holds(commit.tx, beside, content):
            copy = _conflict(beside, content, conflict_of=path)
            try:
                await changes.put(commit, self._objects, copy, _Unhindered())
            except NameTaken as taken:
                beside = str(taken.facts["existing"])
                if not await _holds(commit.tx, beside, content):
                    raise  # else it is the copy of another spelling of the path, with the same bytes
            await commit.add("file.conflict", path=path, version=here.version, copy=beside)
        return beside

    async def take(self, stranger: Stranger) -> AbstractSet[str] | None:
        """Keep an edit that the server has displaced: beside the newer content, or at its place where that is free.

        The copy is named by its content, so that the same bytes make one copy however often they turn up.
        """
        try:
            content = await self._disk.temporary(stranger.temporary)
        except Unsteady:
            return frozenset()
        except WorkspaceError:  # the disk takes no copy
            return None
        if content is None:
            return frozenset()

        async def body(commit: Commit) -> Result:
            head, row = await changes.head(commit.tx, stranger.path)
            if head.live and row is not None and row.sha256 == content.sha256:
                return {"path": stranger.path}
            kept = (await self._verdict(commit.tx, stranger.path)).aside
            if not head.live and not stranger.replaced and not kept:
                # Deleted while somebody edited it: the edit wins.
                await changes.put(commit, self._objects, _conflict(stranger.path, content), _Unhindered())
                return {"path": stranger.path}
            return {"path": await self._copy(commit, stranger.path, content, head)}

        try:
            result = await self._recorder.change(BY_EXTERNAL, "conflict", body)
        except WorkspaceError:
            log.exception("no copy could be recorded of an edit of %s", stranger.path)
            return None
        # Not awaited: the materialiser itself waits for us here.
        self._materialiser.want(str(result["path"]))
        return {content.sha256}


async def _holds(tx: Transaction, path: str, content: Content) -> bool:
    """Whether that very content stands at *path*."""
    head, row = await changes.head(tx, path)
    return head.live and row is not None and row.sha256 == content.sha256


async def _lost(tx: Transaction, edits: Sequence[Edit]) -> set[str]:
    """Return the paths of edits whose content was stored ahead and removed since, as nothing named it yet."""
    ahead = {edit.path: edit.content.sha256 for edit in edits if edit.content is not None and edit.content.is_stored}
    missing = await contents.missing(tx, list(ahead.values())) if ahead else set()
    return {path for path, sha256 in ahead.items() if sha256 in missing} if missing else set()


def _conflict(path: str, content: Content, **facts: str) -> Put:
    return Put(path=path, op="conflict", content=content, replaces=False, event_facts=dict(facts))


def conflict_path(path: str, sha256: str) -> str:
    """Return where a copy with that content of a conflict about *path* goes: beside it, with its extension."""
    pure = PurePosixPath(path)
    room = 255 - len(f".conflict-{sha256[:8]}{pure.suffix}".encode())
    stem = pure.stem.encode()[:room].decode(errors="ignore") if len(pure.suffix.encode()) < 200 else ""
    name = f"{stem or 'copy'}.conflict-{sha256[:8]}{pure.suffix if stem else ''}"
    return name if pure.parent == PurePosixPath() else f"{pure.parent}/{name}"
