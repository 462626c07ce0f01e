"""Leases on paths, directories and patterns: who may have one, and which write passes under it.

A lock does not stop an expired holder from working. Its fence does: every commit that names the handle is refused once
the lock is no longer live, whether or not somebody took it since.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from workspace_server.core.claims import Claims
from workspace_server.core.limits import LIMITS
from workspace_server.core.patterns import Selector
from workspace_server.errors import InvalidArgument, Locked, LockLost, NotFound

Mode = Literal["exclusive", "shared", "intent"]
State = Literal["live", "released", "expired", "broken"]
HANDLE_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
"""Characters of the random part of a handle: none that is mistaken for another."""
_NAME = re.compile(r"L([1-9][0-9]{0,14})", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """One granted lock.

    Attributes:
        handle: What its holder gives with writes; random, bound to the agent, shown to nobody else.
        fence: The workspace-wide increasing number of this grant.
        deadline_s: When it ends, on the boot clock, unless renewed.
        granted_seq: Where the log stood when it was granted.
        session: The process that keeps it while it lives; None when only calls do.
        used_s: When a call last named it, on the boot clock.
        on_disk: Its holder edits the files in the folder itself, so that edits there are the holder's.
    """

    lock_id: int
    handle: str
    agent: str
    mode: Mode
    fence: int
    selectors: tuple[Selector, ...]
    purpose: str | None
    ttl_s: float
    deadline_s: float
    granted_seq: int
    granted_at: float
    state: State = "live"
    session: str | None = None
    used_s: float = 0.0
    on_disk: bool = False

    def is_live(self, now_s: float) -> bool:
        """Whether it still holds at *now_s* on the boot clock."""
        return self.state == "live" and now_s < self.deadline_s

    def covers(self, path: str) -> bool:
        """Whether *path* lies under this lock."""
        return any(selector.keeps(path) for selector in self.selectors)

    def bars(self, path: str) -> bool:
        """Whether a new file at *path* would take a name from what lies under this lock, or lies under it itself."""
        return any(map(Selector("path", path).overlaps, self.selectors))

    def names(self) -> list[str]:
        """What it covers, as its holder wrote it."""
        return [selector.shown for selector in self.selectors]


def check_ttl(ttl_s: float) -> None:
    """Pass when a lock may live for *ttl_s* seconds.

    Raises:
        InvalidArgument: It may not.
    """
    if not LIMITS.lock_ttl_s_min <= ttl_s <= LIMITS.lock_ttl_s_max:
        raise InvalidArgument(
            f"ttl_seconds must be {LIMITS.lock_ttl_s_min} to {LIMITS.lock_ttl_s_max}.",
            hint="Take a short lock and renew it by using it.",
            argument="ttl_seconds",
            reason=f"{ttl_s} is out of bounds",
        )


def prolonged(lock: Lock, now_s: float) -> float | None:
    """Return until when a sign of life of its process keeps a lock, or None when it changes too little to be written.

    A process may live on while its agent hangs: without a call that names the lock it is kept for so long, no longer.
    """
    until_s = min(now_s + lock.ttl_s, lock.used_s + LIMITS.lock_ttl_s_max)
    return until_s if until_s - lock.deadline_s >= lock.ttl_s / 4 else None


def held_alike(live: Iterable[Lock], *, agent: str, mode: Mode, selectors: Sequence[Selector]) -> Lock | None:
    """Return the lock that *agent* already has on exactly this, if any."""
    wanted = set(selectors)
    for lock in live:
        if lock.agent == agent and lock.mode == mode and set(lock.selectors) == wanted:
            return lock
    return None


def in_the_way(live: Iterable[Lock], *, mode: Mode, selectors: Sequence[Selector]) -> tuple[Lock, Selector] | None:
    """Return a lock that keeps a new one in *mode* on *selectors* from being granted, with the part it disputes."""
    claims = Claims(selectors)
    for lock in live:
        if not modes_agree(lock.mode, mode) and any(map(claims.meet, lock.selectors)):
            return lock, disputed(selectors, lock.selectors)
    return None


def modes_agree(one: Mode, other: Mode) -> bool:
    """Whether locks in these modes may lie over each other: an intent only tells, and reading shares."""
    return "intent" in (one, other) or one == other == "shared"


def disputed(mine: Sequence[Selector], theirs: Sequence[Selector]) -> Selector:
    """Return the first part of *mine* that some path of *theirs* may lie in; the two are known to meet."""
    return next(filter(Claims(theirs).meet, mine))


def holder(locks: Iterable[Lock], path: str) -> str | None:
    """Return the agent that has *path* for itself under one of *locks*, if any does."""
    return next((lock.agent for lock in locks if lock.mode == "exclusive" and lock.covers(path)), None)


def check_handle(lock: Lock | None, handle: str, *, agent: str, now_s: float, path: str | None = None) -> Lock:
    """Return the lock behind *handle* when it is live and the caller's.

    Raises:
        LockLost: It expired, was broken or released, or never was the caller's.
    """
    if lock is None or lock.agent != agent:
        raise lost(handle, "unknown", path=path)
    if lock.state == "broken":
        raise lost(handle, "broken", path=path)
    if lock.state == "released":
        raise lost(handle, "unknown", path=path)
    if not lock.is_live(now_s):
        raise lost(handle, "expired", path=path)
    return lock


def check_write(
    path: str, *, given: Sequence[Lock], covering: Iterable[Lock], agent: str, now_s: float, new: bool = False
) -> Lock | None:
    """Return the exclusive lock under which a write to *path* goes, or None when it goes under none.

    Args:
        given: The caller's own live locks whose handles came with the write.
        covering: Locks that may cover the path, or bar it, whoever holds them.
        new: There is no file yet, so that the write must not take a name from what somebody has locked, either.

    Raises:
        Locked: A live exclusive lock covers the path, or bars it, and its handle was not given.
    """
    mine = {lock.handle for lock in given}
    for lock in covering:
        in_the_way = lock.bars(path) if new else lock.covers(path)
        if in_the_way and lock.mode == "exclusive" and lock.is_live(now_s) and lock.handle not in mine:
            raise locked(lock, path, agent=agent, now_s=now_s)
    for lock in given:
        if lock.mode == "exclusive" and lock.covers(path):
            return lock
    return None


def number_named(name: str) -> int | None:
    """Return the number of the lock that *name* names to everybody (`L42`), or None when it is no such name."""
    found = _NAME.fullmatch(name)
    return None if found is None else int(found[1])


def check_breakable(lock: Lock | None, name: str, *, now_s: float) -> Lock:
    """Return the lock that is to be broken when it is live.

    Raises:
        NotFound: There is none, or it has ended.
    """
    if lock is None or not lock.is_live(now_s):
        raise NotFound(
            f"There is no live lock {name}.", hint="The command `locks`, or list_locks, shows the live ones.", lock=name
        )
    return lock


def check_use(given: Sequence[Lock], paths: Sequence[str]) -> None:
    """Pass when each lock that came with a write covers something of it.

    Raises:
        InvalidArgument: One covers none of *paths*, so its holder is mistaken about what it protects.
    """
    for lock in given:
        if not any(lock.covers(path) for path in paths):
            raise InvalidArgument(
                f"The lock {lock.handle} does not cover {paths[0]}.",
                hint=f"lock_files(paths=[{paths[0]!r}]) gives a handle for it; or leave `lock` out.",
                argument="lock",
                reason=f"it covers {', '.join(lock.names()[:5])}",
            )


def locked(lock: Lock, path: str, *, agent: str, now_s: float) -> Locked:
    """Return the refusal that says who holds *path* and for how long."""
    yours = lock.agent == agent
    hint = (
        "You hold it: give its handle as `lock`. list_locks(mine=True) shows it."
        if yours
        else f"lock_files(paths=[{path!r}], wait_seconds={LIMITS.wait_s_max}) waits for {lock.agent}. Or do other work."
    )
    return Locked(
        f"{path} is locked by {'you' if yours else lock.agent}.",
        hint=hint,
        retryable=not yours,
        path=path,
        agent=lock.agent,
        yours=yours,
        purpose=lock.purpose,
        mode=lock.mode,
        lock_name=f"L{lock.lock_id}",
        lock_paths=lock.names(),
        expires_in_seconds=max(0, round(lock.deadline_s - now_s)),
    )


def lost(handle: str, reason: Literal["expired", "broken", "unknown"], *, path: str | None = None) -> LockLost:
    """Return the refusal of a handle that no longer holds anything."""
    said = {
        "expired": "The lock has expired.",
        "broken": "The lock was broken: somebody else changed what it covered, or a person ended it.",
        "unknown": "There is no such lock of yours.",
    }
    if path is None:
        hint = "list_locks(mine=True) shows the locks you hold; lock_files(paths=[…]) takes a new one."
    else:
        hint = f"lock_files(paths=[{path!r}]) again, read what changed, then write under the new handle."
    return LockLost(
        said[reason],
        hint=hint,
        lock=handle,
        reason=reason,
        path=path,
    )
