"""An agent's own tool edits a file in the folder: checked out before, so that nobody else does, and checked in after.

Between the two an edit of the file on disk is the agent's, and its version is by the agent. What stood there before is
taken in first, so that nobody is given somebody else's work.
"""

from collections.abc import Sequence
from dataclasses import replace

import anyio

from workspace_server.core import locks as rules
from workspace_server.core.access import Caller
from workspace_server.core.limits import LIMITS
from workspace_server.core.locks import Lock
from workspace_server.core.paths import canonical_file
from workspace_server.errors import Locked, Unavailable
from workspace_server.services.arguments import plain_text
from workspace_server.services.files import changes, explaining
from workspace_server.services.folder import Folder
from workspace_server.services.locking import granting, leases
from workspace_server.services.locking.granting import Wanted
from workspace_server.services.locking.leases import CHECK_OUT
from workspace_server.services.recording import Commit, Result
from workspace_server.services.tree.disk import Disk, Unsteady
from workspace_server.services.tree.working_tree import WorkingTree
from workspace_server.storage.database import Transaction
from workspace_server.storage.disk.watcher import Dirty
from workspace_server.storage.tables import files, locks

ROUNDS = 20
"""How often the folder and the head are compared until they agree."""
PAUSE_S = 0.05


class Checkouts:
    """Check-out and check-in of one file. Errors: locked, invalid_path, is_directory, forbidden, unavailable."""

    def __init__(self, folder: Folder, tree: WorkingTree) -> None:
        self._folder = folder
        self._tree = tree
        self._disk = Disk(tree.tree, folder.objects)

    async def check_out(
        self,
        caller: Caller,
        *,
        path: str,
        session: str | None = None,
        purpose: str | None = None,
        ttl_seconds: float = 120,
    ) -> Result:
        """Lock a file that the caller's own tool is about to edit in the folder.

        Returns `{lock, fence, paths, mode, expires_in_seconds, expires_at, versions}`. Under an exclusive lock that the
        caller has already, it is that lock: from then on until the check-in it is for work in the folder at this path,
        and as ever at all others.

        Args:
            session: Tells two that work under one name apart: what one has checked out is locked for the other.
            purpose: What others are told, and the message of the version.
        """
        rules.check_ttl(ttl_seconds)
        plain_text("purpose", purpose, LIMITS.purpose_chars_max)
        place = self._folder.place(caller, path)
        caller.require("lock", place)
        await self._take_in(place)
        mine = _named(session)
        wanted = Wanted(paths=[{"path": place}], mode="exclusive", ttl_s=ttl_seconds, purpose=purpose, on_disk=True)

        async def body(commit: Commit) -> Result:
            for held in await _covering(commit.tx, place):
                if held.agent != caller.agent or _is_anothers(held, mine) or not leases.is_seen(caller, held):
                    raise _locked(held, place, caller, commit.tx.boot_s)
                if held.session != mine:
                    until_s = commit.tx.boot_s + ttl_seconds
                    await locks.check_out(commit.tx, held.lock_id, place, until_s=until_s)
                return await granting.renewed(commit, held, max(held.ttl_s, ttl_seconds))
            row = await files.by_path(commit.tx, place)
            if row is None or not row.live:
                await changes.check_place(commit.tx, place)
            commit.caller = replace(commit.caller, session=mine)
            return await granting.acquire(commit, wanted)

        try:
            granted = await self._folder.recorder.change(caller, "check_out", body)
        except Locked as refusal:
            raise explaining.locked(caller, refusal) from None
        return await granting.told(self._folder.db, caller, granted)

    async def check_in(self, caller: Caller, *, path: str, session: str | None = None) -> Result:
        """Take in what the caller's own tool has left at *path*, and end the check-out.

        Returns `{path, version, by, released}`; version 0 when no file stands there. `by` is another one than the
        caller when the check-out had ended before.
        """
        place = canonical_file(path)
        self._folder.may_write(caller, place)
        caller.require("lock", place)
        await self._take_in(place)
        mine = _named(session)

        async def body(commit: Commit) -> Result:
            row = await files.by_path(commit.tx, place)
            live = row is not None and bool(row.live)
            released = []
            for held in await _covering(commit.tx, place):
                if held.agent == caller.agent and held.session != mine:
                    await locks.check_in(commit.tx, held.lock_id, place)
                elif held.agent == caller.agent:
                    await leases.end(commit, held, "released")
                    released.append(held.handle)
            return {
                "path": place,
                "version": row.version if row is not None and live else 0,
                "by": row.modified_by if row is not None else None,
                "released": released,
            }

        return await self._folder.recorder.change(caller, "check_in", body)

    async def _take_in(self, path: str) -> None:
        """Record what stands at *path* on disk, until it and the head are the same.

        Raises:
            Unavailable: They do not become so: the file is being written all the time, or cannot be.
        """
        reconciler, materialiser = self._tree.reconciler, self._folder.materialiser
        assert reconciler is not None, "the folder is served"
        for _ in range(ROUNDS):
            await materialiser.sync()
            await reconciler.reconcile(Dirty(False, {path}), patient=False)
            if await self._agrees(path):
                return
            await anyio.sleep(PAUSE_S)
        raise Unavailable(
            f"{path} in the folder is not what the workspace holds, and does not become so.",
            hint="`workspace-server status` says why; try again.",
            retryable=True,
            path=path,
            reason=materialiser.blocked.get(path, "it keeps changing"),
        )

    async def _agrees(self, path: str) -> bool:
        row = await self._folder.db.read(lambda tx: files.by_path(tx, path))
        head = row.sha256 if row is not None and row.live else None
        try:
            found = await self._disk.read(path, expected=head, patient=False)
        except (Unsteady, OSError):
            return False
        return (found.sha256 if found is not None else None) == head


async def _covering(tx: Transaction, path: str) -> Sequence[Lock]:
    return [lock for lock in await locks.covering(tx, path) if lock.mode == "exclusive" and lock.covers(path)]


def _named(session: str | None) -> str:
    return CHECK_OUT + (session or "")


def _is_anothers(held: Lock, mine: str) -> bool:
    """Whether a lock of the same agent is a check-out of another session of it."""
    return held.session is not None and held.session.startswith(CHECK_OUT) and held.session != mine


def _locked(held: Lock, path: str, caller: Caller, now_s: float) -> Exception:
    refusal = rules.locked(held, path, agent=caller.agent, now_s=now_s)
    if held.agent == caller.agent:
        refusal.hint = "Another session under your name edits it: wait until it is done, or use a name of your own."
        refusal.retryable = True
    return refusal
