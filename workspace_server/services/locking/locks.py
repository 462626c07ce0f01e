"""The use cases of locks: take, renew, release, list, and end those whose time is over."""

import json
from collections.abc import Callable, Sequence

from workspace_server.core import locks as rules
from workspace_server.core.access import Caller
from workspace_server.core.limits import LIMITS
from workspace_server.core.lock_queue import Place, before
from workspace_server.core.locks import Lock, Mode, State
from workspace_server.core.patterns import Selector
from workspace_server.errors import Locked
from workspace_server.services.arguments import bounded, handles, plain_text, refused
from workspace_server.services.files import explaining
from workspace_server.services.folder import Folder
from workspace_server.services.locking import granting, leases
from workspace_server.services.locking.granting import Wanted
from workspace_server.services.locking.handing_over import HandingOver
from workspace_server.services.locking.line import Line
from workspace_server.services.recording import Commit, Result
from workspace_server.services.selecting import Names, places
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import lock_waits, locks, meta

HINT_CHARS_MAX = 300
"""Longest call that a hint spells out."""
RANKED_MAX = 200
"""How many places in the line are compared with all before them when the line is shown."""
LOOK_AGAIN_S = 1.0
"""How often a call that waits looks at the clock; it is woken when it is its turn."""


class Locks:
    """Leases that the server enforces in every commit. Errors: locked, lock_lost, invalid_argument, quota_exceeded."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._handing = HandingOver(folder)
        self.line = Line(folder.db)
        folder.recorder.freed = self.line.ring

    async def lock_files(
        self,
        caller: Caller,
        *,
        paths: Names | None = None,
        lock: str | None = None,
        mode: Mode = "exclusive",
        ttl_seconds: float = 600,
        wait_seconds: float = 0,
        purpose: str | None = None,
        on_disk: bool = False,
    ) -> Result:
        """Lock paths, directories and patterns, all or none, or renew a lock.

        Returns `{lock, fence, paths, expires_in_seconds, expires_at, versions}`; asking again for what one holds
        alone returns the same lock, renewed.

        Args:
            wait_seconds: For how long to wait in the line when somebody holds it, or waits for it and came first.
            on_disk: The caller edits the files in the folder itself; such an edit is the caller's, and breaks no lock.
        """
        caller.require_somewhere("lock")
        rules.check_ttl(ttl_seconds)
        bounded("wait_seconds", wait_seconds, 0, LIMITS.wait_s_max)
        plain_text("purpose", purpose, LIMITS.purpose_chars_max)
        if (paths is None) == (lock is None):
            example = "lock_files(paths=['a.md']) locks, lock_files(lock='L42-…') renews."
            raise refused("paths", "give either paths to lock, or lock to renew", example)
        if lock is not None:
            return await self._renew(caller, lock, ttl_seconds)
        assert paths is not None
        if not 1 <= len(paths) <= LIMITS.lock_paths_max:
            reason = f"takes 1 to {LIMITS.lock_paths_max} entries"
            raise refused("paths", reason, "A directory ('research/') or a pattern covers many files.")
        wanted = Wanted(paths=paths, mode=mode, ttl_s=ttl_seconds, purpose=purpose, on_disk=on_disk)
        try:
            return await self._grant(caller, wanted, wait_seconds)
        except Locked as refusal:
            if not refusal.facts["yours"]:
                refusal.hint = _waiting_hint(wanted, in_line="queue_position" in refusal.facts)
            raise explaining.locked(caller, refusal) from None

    async def unlock_files(
        self, caller: Caller, *, lock: str | Sequence[str] | None = None, paths: Names | None = None
    ) -> Result:
        """Release locks by handle, or the caller's own that lie wholly within *paths*; return `{released}`."""
        caller.require_somewhere("lock")
        if not lock and not paths:
            raise refused("lock", "nothing to unlock", "unlock_files(lock='L42-…') or unlock_files(paths=['a.md'])")

        async def body(commit: Commit) -> Result:
            tx, done = commit.tx, []
            for handle in dict.fromkeys(handles(lock)):
                found = await locks.by_handle(tx, handle)
                held = _own(caller, found, handle, tx.boot_s)
                await self.end(commit, held, "released")
                done.append(handle)
            if paths:
                within = await places(tx, paths, argument="paths")
                for held in await locks.granted_to(tx, caller.agent):
                    if leases.is_seen(caller, held) and all(_inside(part, within) for part in held.selectors):
                        await self.end(commit, held, "released")
                        done.append(held.handle)
            return {"released": done}

        return await self._folder.recorder.change(caller, "unlock_files", body)

    async def end_lock(self, caller: Caller, lock: str, *, note: str | None = None) -> Result:
        """Release the caller's own lock by its handle, or break anybody's by its name (`L42`); return `{released}`.

        A person or program with the verb admin for all that it covers may break a lock: its holder's next write under
        it is refused, and the log says who did it.
        """
        number = rules.number_named(lock)
        if number is None:
            return await self.unlock_files(caller, lock=lock)
        caller.require_somewhere("admin")
        said = plain_text("note", note, LIMITS.note_chars_max)

        async def body(commit: Commit) -> Result:
            found = await locks.by_number(commit.tx, number)
            if found is not None and not all(caller.scope.within("admin", part) for part in found.selectors):
                found = None  # whether it is there is told to nobody who may not break it
            held = rules.check_breakable(found, lock, now_s=commit.tx.boot_s)
            await meta.raise_counter(commit.tx, "fence")  # no fence that was given out is the newest any more
            await self.end(commit, held, "broken", note=said)
            return {"released": [lock]}

        return await self._folder.recorder.change(caller, "break_lock", body)

    async def list_locks(self, caller: Caller, *, path: str | None = None, mine: bool = False) -> Result:
        """Return `{locks, waiting}`: the live locks, oldest first, and who waits for one, in the order of the line.

        `locks: [{name, paths, mode, agent, purpose, fence, expires_in_seconds, lock?}]` with own handles only;
        `waiting: [{paths, mode, agent, purpose, queue_position?, waiting_seconds}]`; far back in a long line nobody is
        told the position.
        """
        caller.require_somewhere("read")

        async def read(tx: Transaction) -> Result:
            wanted = (await places(tx, [path], argument="path"))[0] if path is not None else None
            line = await lock_waits.line(tx)

            def shown(one: Lock | Place) -> bool:
                if (mine and one.agent != caller.agent) or not leases.is_seen(caller, one):
                    return False
                return wanted is None or any(wanted.overlaps(part) for part in one.selectors)

            return {
                "locks": [_shown(held, caller, tx.boot_s) for held in await locks.live(tx) if shown(held)],
                "waiting": _all_waiting(line, shown, tx.now_s),
            }

        return await self._folder.db.read(read)

    async def page_of_locks(self, caller: Caller, *, limit: int, after: int = 0) -> Result:
        """Return `{locks, held, waiting, in_line, next?}`: live locks, oldest first, and the first who wait for one.

        `held` and `in_line` say how many there are in all; of both no more than *limit* are returned, as `list_locks`
        does.

        Args:
            after: `next` of the page before.
        """
        caller.require_somewhere("read")
        bounded("limit", limit, 1, LIMITS.list_rows_max)

        async def read(tx: Transaction) -> Result:
            held, count = await _page(tx, caller, after=after, limit=limit + 1)
            waiting = _all_waiting(await lock_waits.line(tx), lambda one: leases.is_seen(caller, one), tx.now_s)
            shown: Result = {
                "locks": [_shown(one, caller, tx.boot_s) for one in held[:limit]],
                "held": count,
                "waiting": waiting[:limit],
                "in_line": len(waiting),
            }
            return shown if len(held) <= limit else {**shown, "next": held[limit - 1].lock_id}

        return await self._folder.db.read(read)

    async def keep_session(self, session: str) -> None:
        """Keep the locks of a process that has given a sign of life."""
        await leases.keep_session(self._folder.db, session)

    async def expire(self) -> float | None:
        """End the locks whose time is over, and those granted to calls that nobody waits for any more.

        Returns when the next one ends, on the boot clock, or None.
        """
        await self._handing.give_back()

        async def body(commit: Commit) -> Result:
            for held in await locks.expired(commit.tx):
                await self.end(commit, held, "expired")
            return {"next": await locks.next_deadline(commit.tx)}

        due = await self._folder.db.read(locks.next_deadline)
        if due is None or due > self._folder.clock.boot_s():
            return due
        result = await self._folder.recorder.change(Caller(agent="server"), "expire_locks", body)
        return None if result["next"] is None else float(result["next"])

    async def end(self, commit: Commit, held: Lock, state: State, *, note: str | None = None) -> None:
        """End a lock and tell of it."""
        await leases.end(commit, held, state, note=note)

    async def _grant(self, caller: Caller, wanted: Wanted, wait_s: float) -> Result:
        until_s = self._folder.clock.boot_s() + wait_s
        try:
            return await self._handing.take(caller, wanted)
        except Locked as refusal:
            if not wait_s or refusal.facts["yours"]:  # nobody waits for a lock of its own
                raise
        async with self.line.joined(caller.agent, wanted) as turn:
            seen = turn.times
            while True:
                left_s = until_s - self._folder.clock.boot_s()
                if left_s > 0 and not await turn.beyond(seen, min(left_s, LOOK_AGAIN_S)):
                    continue
                seen = turn.times
                try:
                    return await self._handing.take(caller, wanted, turn)
                except Locked:
                    if left_s <= 0:
                        raise

    async def _renew(self, caller: Caller, handle: str, ttl_s: float) -> Result:
        async def body(commit: Commit) -> Result:
            found = await locks.by_handle(commit.tx, handle)
            held = _own(caller, found, handle, commit.tx.boot_s)
            return await granting.renewed(commit, held, ttl_s)

        granted = await self._folder.recorder.change(caller, "lock_files", body)
        return await granting.told(self._folder.db, caller, granted)


async def _page(tx: Transaction, caller: Caller, *, after: int, limit: int) -> tuple[list[Lock], int]:
    """Return the live locks after one of which a caller is told, and how many there are of those in all."""
    if caller.sees_all:
        return await locks.page(tx, after=after, limit=limit), await locks.count_live(tx)
    seen = [one for one in await locks.live(tx) if leases.is_seen(caller, one)]
    return [one for one in seen if one.lock_id > after][:limit], len(seen)


def _own(caller: Caller, found: Lock | None, handle: str, now_s: float) -> Lock:
    """Return the caller's own live lock; one that it took by a token that grants more is none of this one's.

    Raises:
        LockLost: It is not live, or not the caller's.
    """
    seen = found if found is not None and leases.is_seen(caller, found) else None
    return rules.check_handle(seen, handle, agent=caller.agent, now_s=now_s)


def _shown(lock: Lock, caller: Caller, now_s: float) -> Result:
    facts: Result = {
        "name": leases.name(lock),
        "paths": lock.names(),
        "mode": lock.mode,
        "agent": lock.agent,
        "purpose": lock.purpose,
        "fence": lock.fence,
        "expires_in_seconds": max(0, round(lock.deadline_s - now_s)),
    }
    if lock.agent == caller.agent:
        facts["lock"] = lock.handle
    return facts


def _waiting_hint(wanted: Wanted, *, in_line: bool) -> str:
    named = ", ".join(repr(path) if isinstance(path, str) else json.dumps(path) for path in wanted.paths)
    mode = "" if wanted.mode == "exclusive" else f", mode={wanted.mode!r}"
    call = f"lock_files(paths=[{named}]{mode}, wait_seconds={LIMITS.wait_s_max})"
    if len(call) > HINT_CHARS_MAX:
        call = f"The same call with wait_seconds={LIMITS.wait_s_max}"
    kept = f"; your place in line is kept for {LIMITS.lock_place_kept_s} s" if in_line else ""
    return f"{call} waits in line for it{kept}. Or do other work first."


def _all_waiting(line: Sequence[Place], chosen: Callable[[Place], bool], now_s: float) -> list[Result]:
    return [
        _waiting(place, line if index < RANKED_MAX else (), now_s)
        for index, place in enumerate(line)
        if place.waiting and chosen(place)
    ]


def _waiting(place: Place, line: Sequence[Place], now_s: float) -> Result:
    facts: Result = {
        "paths": place.names(),
        "mode": place.mode,
        "agent": place.agent,
        "purpose": place.purpose,
        "waiting_seconds": max(0, round(now_s - place.since)),
    }
    if line:
        earlier = before(line, mode=place.mode, selectors=place.selectors, number=place.number)
        facts["queue_position"] = sum(1 for _ in earlier) + 1
    return facts


def _inside(part: Selector, within: Sequence[Selector]) -> bool:
    """Whether *part* lies wholly in what was named; a pattern only in a directory above it, or in itself."""
    for outer in within:
        if outer == part:
            return True
        if outer.kind == "directory" and part.literal_prefix.startswith(outer.text):
            return True
        if part.kind == "path" and outer.covers(part.text):
            return True
    return False
