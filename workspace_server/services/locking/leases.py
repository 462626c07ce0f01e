"""How a lock goes on or ends, and what its events say."""

import contextlib
from collections.abc import Sequence
from typing import Any

from workspace_server.core import locks as rules
from workspace_server.core.access import Caller
from workspace_server.core.events import EventType
from workspace_server.core.limits import LIMITS
from workspace_server.core.lock_queue import Place
from workspace_server.core.locks import Lock, State
from workspace_server.core.scopes import Verb
from workspace_server.errors import Unavailable
from workspace_server.services.recording import Commit
from workspace_server.storage.database import Database, Transaction
from workspace_server.storage.tables import lock_waits, locks

CHECK_OUT = "checkout:"
"""What the session of a lock begins with that lasts from check-out to check-in; no other process takes it over."""
_KINDS: dict[State, EventType] = {"released": "lock.released", "expired": "lock.expired", "broken": "lock.broken"}


def is_seen(caller: Caller, one: Lock | Place) -> bool:
    """Whether a caller is told of a lock, or of who waits for one: of what lies wholly in its scope.

    Of its own it is told where it could have taken it: with another token it may have locked more than it sees by this.
    """
    verbs: Sequence[Verb] = ("read", "lock") if one.agent == caller.agent else ("read",)
    return any(all(caller.scope.within(verb, part) for part in one.selectors) for verb in verbs)


async def end(commit: Commit, held: Lock, state: State, *, note: str | None = None) -> None:
    """End a lock and tell of it, also those who wait for it; a broken one says who broke it."""
    await locks.end(commit.tx, held.lock_id, state)
    commit.tx.after_commit(commit.freed)
    by = commit.caller.agent if state == "broken" else None
    await commit.add(_KINDS[state], agent=held.agent, **told(held), by=by, note=note)


async def use(commit: Commit, held: Lock, ttl_s: float) -> None:
    """Let a lock that a call names go on for *ttl_s* seconds from now; the process that called keeps it henceforth."""
    tx, session = commit.tx, commit.caller.session
    if session is not None and session != held.session and not (held.session or "").startswith(CHECK_OUT):
        await locks.bind(tx, held.lock_id, session)
    await locks.renew(tx, held.lock_id, ttl_s=ttl_s, deadline_s=tx.boot_s + ttl_s)


async def resume(tx: Transaction) -> None:
    """Bring locks over a restart: holders get fresh time, and those who waited keep their places for a while."""
    await locks.give_fresh_time(tx)
    await lock_waits.leave_all(tx, kept_s=LIMITS.lock_place_kept_s)


async def release(commit: Commit, held: Sequence[Lock]) -> None:
    """Release the locks that came with a call, in the commit that is the last one under them."""
    for lock in held:
        await end(commit, lock, "released")


async def keep(db: Database, caller: Caller, given: Sequence[str]) -> None:
    """Renew what the caller still holds: every call that gives a handle does, also one that is refused."""

    async def renew(tx: Transaction) -> None:
        for handle in given:
            lock = await locks.by_handle(tx, handle)
            if lock is not None and lock.agent == caller.agent and lock.is_live(tx.boot_s):
                await locks.renew(tx, lock.lock_id, ttl_s=lock.ttl_s, deadline_s=tx.boot_s + lock.ttl_s)

    if given:
        with contextlib.suppress(Unavailable):
            await db.write(renew)


async def keep_session(db: Database, session: str) -> None:
    """Keep the locks of a process that has given a sign of life; those that have run out stay so."""

    async def due(tx: Transaction) -> list[tuple[int, float]]:
        found = [(lock.lock_id, rules.prolonged(lock, tx.boot_s)) for lock in await locks.of_session(tx, session)]
        return [(number, until_s) for number, until_s in found if until_s is not None]

    async def prolong(tx: Transaction) -> None:
        for number, until_s in await due(tx):
            await locks.prolong(tx, number, deadline_s=until_s)

    if await db.read(due):  # most signs of life change nothing, and cost no write
        with contextlib.suppress(Unavailable):
            await db.write(prolong)


def told(lock: Lock) -> dict[str, Any]:
    """Return what events say of a lock: never its handle."""
    return {"lock": name(lock), "fence": lock.fence, "paths": lock.names(), "mode": lock.mode}


def name(lock: Lock) -> str:
    """Return what names a lock to others: its handle without the secret part."""
    return lock.handle.partition("-")[0]
