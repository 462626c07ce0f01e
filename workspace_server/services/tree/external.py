"""Records what processes outside have done to the folder: edits as versions, deletions, conflict copies.

An edit on disk has happened; nobody can refuse it. So it passes every lock, which then ends, and every precondition.
"""

import logging
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Literal, NamedTuple

from workspace_server.core.access import EXTERNAL, Caller
from workspace_server.core.locks import Lock
from workspace_server.errors import InvalidPath, IsDirectory, NameTaken, WorkspaceError
from workspace_server.services.files import changes
from workspace_server.services.files.changes import Held, Put
from workspace_server.services.locking.locks import Locks
from workspace_server.services.recording import Commit, Recorder, Result
from workspace_server.services.tree.disk import Disk, Unsteady
from workspace_server.services.tree.materialise import Materialiser
from workspace_server.services.tree.strangers import Stranger
from workspace_server.storage.content import Content, ObjectStore
from workspace_server.storage.database import Transaction
from workspace_server.storage.disk.scan import LeftOut
from workspace_server.storage.disk.signatures import Signature
from workspace_server.storage.tables import intents, meta

log = logging.getLogger(__name__)

BY_EXTERNAL = Caller(agent=EXTERNAL)


class Edit(NamedTuple):
    """What was found at a path: content with its signature, or (both None) nothing.

    `version` and `live` are the head that it was compared with: once that has moved on, the path is looked at anew.
    `early` says the same of one whose working copy was still on its way: it may stand there by now.
    """

    path: str
    content: Content | None
    signature: Signature | None
    version: int
    live: bool
    early: bool = False


class Recorded(NamedTuple):
    """What became of the edits: how many changed something, and which paths must be looked at again."""

    changed: int
    again: list[str]
    seq: int | None = None


class _Unhindered(Held):
    """No lock stops what has already happened."""

    def __init__(self) -> None:
        super().__init__([], EXTERNAL, 0.0)

    async def allow(self, tx: Transaction, path: str) -> Lock | None:  # noqa: ARG002 - the answer is the same for all
        return None


class External:
    """Turns what was found on disk into commits; also takes what the materialiser has displaced."""

    def __init__(
        self, *, recorder: Recorder, objects: ObjectStore, locks: Locks, materialiser: Materialiser, disk: Disk
    ) -> None:
        self._recorder = recorder
        self._objects = objects
        self._locks = locks
        self._materialiser = materialiser
        self._disk = disk

    async def record(
        self, edits: Sequence[Edit], left_out: LeftOut, *, caller: Caller = BY_EXTERNAL, op: str = "external"
    ) -> Recorded:
        """Record the edits in one commit: several together are bracketed.

        What cannot stand beside the files that are there (a name that differs only by case) is counted in *left_out*.
        """
        done: list[Edit] = []
        again: list[str] = []

        async def body(commit: Commit) -> Result:
            done.clear()
            again.clear()
            if len(edits) > 1:
                commit.number = await meta.raise_counter(commit.tx, "commit")
            for edit in edits:
                verdict = await self._apply(commit, edit, op)
                if verdict == "done":
                    done.append(edit)
                elif verdict == "again":
                    again.append(edit.path)
                elif verdict == "refused":
                    left_out.add("case collision", edit.path)
            seq = commit.events[-1].seq if commit.events else None
            if commit.number is not None and commit.events:
                seq = await commit.add("files.committed", files=len(done))
            # So the materialiser knows of them before it looks, which follows the commit.
            commit.tx.after_commit(lambda: self._stand(done))
            return {"seq": seq, "changed": len(done)}

        result = await self._recorder.change(caller, op, body)
        await self._materialiser.followed([edit.path for edit in done])
        return Recorded(int(result["changed"]), list(again), result["seq"])

    def _stand(self, edits: Sequence[Edit]) -> None:
        for edit in edits:
            if edit.content is not None and edit.signature is not None:
                self._materialiser.found(edit.path, edit.content.sha256, edit.signature)

    async def _apply(
        self, commit: Commit, edit: Edit, op: str
    ) -> Literal["done", "again", "refused", "the materialiser will tell"]:
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
        if edit.content is None:
            await self._locks.break_covering(commit, edit.path)
            await changes.delete(commit, edit.path, _Unhindered(), expect_version=None, message=None)
            return "done"
        try:
            if not here.live:
                await changes.check_place(commit.tx, edit.path)
        except (NameTaken, InvalidPath, IsDirectory):
            return "refused"
        await self._locks.break_covering(commit, edit.path)
        put = Put(path=edit.path, op=op, content=edit.content, replaces=False)
        await changes.put(commit, self._objects, put, _Unhindered())
        return "done"

    async def take(self, stranger: Stranger) -> bool:
        """Keep an edit that the server has displaced: beside the newer content, or at its place where that is free.

        The copy is named by its content, so that the same bytes make one copy however often they turn up.
        """
        try:
            content = await self._disk.temporary(stranger.temporary)
        except (Unsteady, WorkspaceError):  # it is being written, or the disk takes no copy
            return False
        if content is None:
            return True

        async def body(commit: Commit) -> Result:
            head, row = await changes.head(commit.tx, stranger.path)
            if head.live and row is not None and row.sha256 == content.sha256:
                return {"path": stranger.path}
            if not head.live and not stranger.replaced:
                # Deleted while somebody edited it: the edit wins.
                await changes.put(commit, self._objects, _copy(stranger.path, content), _Unhindered())
                return {"path": stranger.path}
            path = conflict_path(stranger.path, content.sha256)
            twin, row = await changes.head(commit.tx, path)
            if not twin.live or row is None or row.sha256 != content.sha256:
                copy = _copy(path, content, conflict_of=stranger.path)
                await changes.put(commit, self._objects, copy, _Unhindered())
                await commit.add("file.conflict", path=stranger.path, version=head.version, copy=path)
            return {"path": path}

        try:
            result = await self._recorder.change(BY_EXTERNAL, "conflict", body)
        except WorkspaceError:
            log.exception("no copy could be recorded of an edit of %s", stranger.path)
            return False
        # Not awaited: the materialiser itself waits for us here.
        self._materialiser.want(str(result["path"]))
        return True


def _copy(path: str, content: Content, **facts: str) -> Put:
    return Put(path=path, op="conflict", content=content, replaces=False, event_facts=dict(facts))


def conflict_path(path: str, sha256: str) -> str:
    """Return where a copy with that content of a conflict about *path* goes: beside it, with its extension."""
    pure = PurePosixPath(path)
    room = 255 - len(f".conflict-{sha256[:8]}{pure.suffix}".encode())
    stem = pure.stem.encode()[:room].decode(errors="ignore") if len(pure.suffix.encode()) < 200 else ""
    name = f"{stem or 'copy'}.conflict-{sha256[:8]}{pure.suffix if stem else ''}"
    return name if pure.parent == PurePosixPath() else f"{pure.parent}/{name}"
