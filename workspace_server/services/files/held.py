"""The locks under which one commit goes: those its caller gave, and those that stand in its way."""

from collections.abc import Sequence
from dataclasses import dataclass

from workspace_server.core import locks as lock_rules
from workspace_server.core.locks import Lock
from workspace_server.services.arguments import handles, refused
from workspace_server.services.locking import leases
from workspace_server.services.recording import Commit
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import locks


class Held:
    """The caller's locks in one commit: those it gave are live and its own, and are renewed by being used.

    Attributes:
        overdue: Locks that covered a path of this commit and whose time has run out; the commit ends them.
    """

    def __init__(self, given: Sequence[Lock], agent: str, now_s: float) -> None:
        self.given = given
        self.overdue: list[Lock] = []
        self._agent = agent
        self._now_s = now_s

    @classmethod
    async def check(cls, commit: Commit, handles: Sequence[str], paths: Sequence[str]) -> "Held":
        """Return the locks behind *handles*, renewed.

        Raises:
            LockLost: One is not live, or not the caller's.
            InvalidArgument: One covers none of *paths*.
        """
        held = await cls.take(commit, handles, paths[0])
        lock_rules.check_use(held.given, paths)
        return held

    @classmethod
    async def take(cls, commit: Commit, handles: Sequence[str], path: str) -> "Held":
        """Return the locks behind *handles*, renewed, when it is not known yet what they have to cover.

        Raises:
            LockLost: One is not live, or not the caller's.
        """
        held = await cls.look(commit.tx, commit.caller.agent, handles, path)
        for lock in held.given:
            await leases.use(commit, lock, lock.ttl_s)
        return held

    @classmethod
    async def look(cls, tx: Transaction, agent: str, handles: Sequence[str], path: str) -> "Held":
        """Return the locks behind *handles*, as a reader may.

        Raises:
            LockLost: One is not live, or not the caller's.
        """
        given = [
            lock_rules.check_handle(await locks.by_handle(tx, handle), handle, agent=agent, now_s=tx.boot_s, path=path)
            for handle in handles
        ]
        return cls(given, agent, tx.boot_s)

    async def allow(self, tx: Transaction, path: str, *, new: bool = False) -> Lock | None:
        """Return the exclusive lock under which a write to *path* goes, or None.

        Args:
            new: A file is to be made there, so that a lock on a name that it would take counts as well.

        Raises:
            Locked: There is a live exclusive lock whose handle was not given.
        """
        covering = await locks.covering(tx, path, overdue=True, barring=new)
        self.overdue += [lock for lock in covering if not lock.is_live(self._now_s)]
        return lock_rules.check_write(
            path, given=self.given, covering=covering, agent=self._agent, now_s=self._now_s, new=new
        )


async def allowed(commit: Commit, held: Held, path: str, *, new: bool = False) -> Lock | None:
    """Return the exclusive lock under which *path* is changed, or None; end those that stood there past their time.

    A lock that nobody has marked as expired yet gets fresh time at a restart. Not so one whose files were changed by
    others meanwhile: its holder would replace what it never saw.
    """
    lock = await held.allow(commit.tx, path, new=new)
    while held.overdue:
        await leases.end(commit, held.overdue.pop(), "expired")
    return lock


@dataclass(frozen=True, slots=True, kw_only=True)
class Locking:
    """Under which locks a change is made, and whether it is the last one under them."""

    handles: Sequence[str] = ()
    unlock: bool = False

    @classmethod
    def of(cls, lock: str | Sequence[str] | None, *, unlock: bool = False) -> "Locking":
        """Return what the arguments of a call say.

        Raises:
            InvalidArgument: There is nothing to unlock.
        """
        if unlock and not lock:
            raise refused("unlock", "there is no lock given to be released", "Give its handle as `lock` as well.")
        return cls(handles=handles(lock), unlock=unlock)

    async def end(self, commit: Commit, held: Held) -> None:
        """Release the locks, when this was the last change under them."""
        if self.unlock:
            await leases.release(commit, held.given)
