"""A lock in the making: what is asked for, and the commit that grants it."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from workspace_server.core import lock_queue
from workspace_server.core import locks as rules
from workspace_server.core.access import Caller
from workspace_server.core.limits import LIMITS
from workspace_server.core.lock_queue import Place
from workspace_server.core.locks import HANDLE_ALPHABET, Lock, Mode
from workspace_server.core.patterns import Selector
from workspace_server.errors import QuotaExceeded
from workspace_server.services.history.moment import NOW, seen_by
from workspace_server.services.locking import leases
from workspace_server.services.locking.announced import others_near
from workspace_server.services.recording import Commit, Result
from workspace_server.services.selecting import Names, covered, places
from workspace_server.services.times import iso
from workspace_server.storage.database import Database, Transaction
from workspace_server.storage.tables import lock_waits, locks, meta

HANDLE_CHARS = 4
"""Random characters of a handle: enough against a slip. It works only for its agent, so it need not be a secret."""
VERSIONS_SHOWN_MAX = 200
"""Most files whose versions a granted lock lists."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A lock as it is asked for.

    Attributes:
        on_disk: Its holder is to edit the files in the folder itself.
    """

    paths: Names
    mode: Mode
    ttl_s: float
    purpose: str | None
    on_disk: bool = False


async def acquire(commit: Commit, wanted: Wanted, chosen: Sequence[Selector] | None = None) -> Result:
    """Return the lock that the caller now has on all that it wants; `told` makes it an answer.

    Args:
        chosen: What the paths were read as, when they have been read before.

    Raises:
        Locked: Somebody holds a part of it, or waits for it and came first; `queue_position` is the caller's own.
        QuotaExceeded: The caller holds too many locks, or too much under them.
    """
    tx, agent = commit.tx, commit.caller.agent
    if chosen is None:
        chosen = await places(tx, wanted.paths, argument="paths")
    for one in chosen:
        commit.caller.require_within("lock", one)
    for over in await locks.expired(tx):
        await leases.end(commit, over, "expired")
    live = await locks.live(tx)
    mine = rules.held_alike(live, agent=agent, mode=wanted.mode, selectors=chosen)
    if mine is not None:
        return await renewed(commit, mine, wanted.ttl_s)
    place = await _pass(commit, wanted.mode, chosen, live)
    if sum(held.agent == agent for held in live) >= LIMITS.locks_per_agent_max:
        raise QuotaExceeded(
            f"{agent} holds {LIMITS.locks_per_agent_max} locks.",
            hint="unlock_files what is done; one lock can cover many paths.",
            limit=LIMITS.locks_per_agent_max,
            actual=LIMITS.locks_per_agent_max + 1,
        )
    lock = await _new(commit, wanted, chosen)
    await locks.insert(tx, lock)
    if place is not None:
        await lock_waits.remove(tx, place.number)
        tx.after_commit(commit.freed)
    await commit.add("lock.acquired", **leases.told(lock), ttl_seconds=wanted.ttl_s, purpose=wanted.purpose)
    return _granted(tx, lock, lock.deadline_s)


async def renewed(commit: Commit, held: Lock, ttl_s: float) -> Result:
    """Return a lock that goes on for *ttl_s* seconds from now, kept by the process that asks."""
    await leases.use(commit, held, ttl_s)
    return _granted(commit.tx, held, commit.tx.boot_s + ttl_s)


async def told(db: Database, caller: Caller, granted: Result) -> Result:
    """Return the answer to a granted or renewed lock: with the versions of the files that it covers, and `intents`.

    To find them may take a look at every file there is, which is nothing to keep the writer waiting for.
    """

    async def around(tx: Transaction) -> Result:
        held = await locks.by_handle(tx, granted["lock"])
        if held is None:
            return {"versions": {}}
        intents = await others_near(tx, held, caller)
        versions = await covered(tx, held.selectors, limit=VERSIONS_SHOWN_MAX, view=seen_by(caller, NOW))
        return {"versions": versions, **({"intents": intents} if intents else {})}

    return {**granted, **await db.read_long(around)}


async def _pass(commit: Commit, mode: Mode, chosen: Sequence[Selector], live: Sequence[Lock]) -> Place | None:
    """Return the place in the line that the request has, if any, when nothing is in its way."""
    tx, agent = commit.tx, commit.caller.agent
    await lock_waits.drop_unkept(tx)
    line = await lock_waits.line(tx)
    place = next((place for place in line if place.is_for(agent=agent, mode=mode, selectors=chosen)), None)
    lock_queue.check_extent(chosen, live, (one for one in line if one is not place), agent=agent)
    number = None if place is None else place.number
    earlier = list(lock_queue.before(line, mode=mode, selectors=chosen, number=number))
    holder = rules.in_the_way(live, mode=mode, selectors=chosen)
    if holder is not None:
        refusal = rules.locked(holder[0], holder[1].shown, agent=agent, now_s=tx.boot_s)
        if refusal.facts["yours"] and leases.is_seen(commit.caller, holder[0]):
            refusal.hint = f"unlock_files(lock={holder[0].handle!r}), then call again: your own lock is in the way."
    elif earlier:
        refusal = lock_queue.behind(earlier[0], chosen, live, agent=agent, now_s=tx.boot_s)
    else:
        return place
    if place is not None:
        refusal.facts["queue_position"] = len(earlier) + 1
    raise refusal


async def _new(commit: Commit, wanted: Wanted, chosen: Sequence[Selector]) -> Lock:
    tx = commit.tx
    number = await meta.raise_counter(tx, "lock")
    return Lock(
        lock_id=number,
        handle=f"L{number}-" + "".join(secrets.choice(HANDLE_ALPHABET) for _ in range(HANDLE_CHARS)),
        agent=commit.caller.agent,
        mode=wanted.mode,
        fence=await meta.raise_counter(tx, "fence"),
        selectors=tuple(chosen),
        purpose=wanted.purpose,
        ttl_s=wanted.ttl_s,
        deadline_s=tx.boot_s + wanted.ttl_s,
        granted_seq=await meta.counter(tx, "seq"),
        granted_at=tx.now_s,
        session=commit.caller.session,
        used_s=tx.boot_s,
        on_disk=wanted.on_disk,
    )


def _granted(tx: Transaction, lock: Lock, deadline_s: float) -> Result:
    left_s = deadline_s - tx.boot_s
    return {
        "lock": lock.handle,
        "fence": lock.fence,
        "paths": lock.names(),
        "mode": lock.mode,
        "expires_in_seconds": round(left_s),
        "expires_at": iso(tx.now_s + left_s),
    }
