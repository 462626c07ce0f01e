"""What follows from a change inside the commit that makes it: joins move on, triggers fire, deliveries and jobs appear.

Everything here runs in a transaction of somebody else. So a committed change always has its firing, a refused one
never, and whoever is killed in between has lost nothing: what is not sent yet stands in the database.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from workspace_server.core import firings
from workspace_server.core.access import IMPORT, Caller
from workspace_server.core.events import FILE_CHANGES
from workspace_server.core.joins import (
    Cause,
    Change,
    Finished,
    Fire,
    Join,
    Removed,
    Save,
    Saved,
    Unlocked,
    Wait,
    admit,
    advance,
    fire,
    new_join,
    skip,
)
from workspace_server.core.limits import LIMITS
from workspace_server.core.triggers.definition import key_text
from workspace_server.core.triggers.targets import Target
from workspace_server.services.automation.catalogue import Active, Catalogue
from workspace_server.services.automation.targets.handing import Handed, Made, Taken, Taker
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import files, jobs, locks, meta, triggers
from workspace_server.storage.tables.events import Event
from workspace_server.storage.tables.triggers import SHARED, FiringRow, JoinRow

LOCK_ENDS: Final = frozenset({"lock.released", "lock.expired", "lock.broken"})
DUE_MAX: Final = 200
"""Most joins that one transaction of the timers looks at."""


@dataclass(slots=True)
class _Touched:
    """What one commit changed for one join."""

    active: Active
    captures: dict[str, str]
    changes: list[Change] = field(default_factory=list)


_Work = dict[tuple[int, str], _Touched]


class Reaction:
    """Moves the triggers on.

    Args:
        targets: Who takes a firing, by the kind of its target.

    Attributes:
        timer_set: Called after a commit that set a timer.
    """

    def __init__(self, targets: Mapping[type[Target], Taker]) -> None:
        self._catalogue = Catalogue()
        self._targets = targets
        self.timer_set: Callable[[], None] = lambda: None

    def can_start(self, target: Target) -> bool:
        """Return whether this server has targets of that kind."""
        return type(target) in self._targets

    async def cause(self, tx: Transaction, caller: Caller) -> dict[str, Any] | None:
        """Return the causal chain of what *caller* does: of the firing it names, else of the job it has open."""
        if caller.cause is not None:
            number = triggers.firing_number(caller.cause)
            named = None if number is None else await triggers.firing(tx, number)
            if named is not None:
                return triggers.cause_of(named.firing_id, named.root, named.depth).as_json()
        chain = await jobs.chain_of(tx, caller.agent)
        return None if chain is None else triggers.cause_of(*chain).as_json()

    async def advance(self, tx: Transaction, happened: Sequence[Event]) -> list[Made]:
        """Move every trigger on that *happened* concerns and return the events that this makes."""
        relevant = [event for event in happened if event.type in FILE_CHANGES or event.type in LOCK_ENDS]
        if not relevant or not await self._catalogue.renew(tx):
            return []
        work: _Work = {}
        for event in relevant:
            await self._place(tx, event, work)
        return await self._play(tx, work)

    async def backfill(self, tx: Transaction, trigger_id: int, rows: Iterable[files.FileRow]) -> list[Made]:
        """Take the files that are already there for inputs of a new trigger (`since: "existing"`)."""
        await self._catalogue.renew(tx)
        active = self._catalogue.get(trigger_id)
        work: _Work = {}
        for row in rows:
            if active is not None:
                save = Save(path=row.path, version=row.version, seq=row.seq, sha256=row.sha256, agent=row.modified_by)
                await self._put(tx, active, Saved(await _held(tx, save)), row.path, work)
        return await self._play(tx, work)

    async def look_again(self, tx: Transaction) -> list[Made]:
        """Look at the joins whose time has come."""
        await self._catalogue.renew(tx)
        return await self._again(tx, await triggers.due(tx, limit=DUE_MAX), [])

    async def finish(self, tx: Transaction, firing_id: int) -> list[Made]:
        """Take a firing out of flight: what came in meanwhile may fire now."""
        place = await triggers.end_firing(tx, firing_id)
        if place is None:
            return []
        await self._catalogue.renew(tx)
        return await self._again(tx, [place], [Finished()])

    async def _again(self, tx: Transaction, places: Iterable[tuple[int, str]], changes: Sequence[Change]) -> list[Made]:
        work: _Work = {}
        for trigger_id, key in places:
            active = self._catalogue.get(trigger_id)
            if active is not None:  # a deleted trigger has no joins any more
                work[trigger_id, key] = _Touched(active, {}, list(changes))
        return await self._play(tx, work)

    async def _place(self, tx: Transaction, event: Event, work: _Work) -> None:
        """Find the joins that an event concerns."""
        if event.type in LOCK_ENDS:
            fence = event.data.get("fence")
            if not isinstance(fence, int):
                return
            for trigger_id, key in await triggers.held_by(tx, fence):
                active = self._catalogue.get(trigger_id)
                if active is not None:
                    work.setdefault((trigger_id, key), _Touched(active, {})).changes.append(Unlocked(fence))
            return
        gone = event.path if event.type == "file.deleted" else (event.data.get("moved_from") or {}).get("path")
        if gone is not None:
            for active in self._catalogue.concerned(gone):
                await self._put(tx, active, Removed(gone), gone, work)
        if event.type == "file.deleted" or event.path is None:
            return
        if event.data.get("previous_version") == event.version:
            return  # moved onto a file of the same bytes: nothing new stands there
        concerned = list(self._catalogue.concerned(event.path))
        save = await _held(tx, _save(event)) if concerned else None
        for active in concerned:
            assert save is not None
            counts = await self._counts(tx, active, event)
            await self._put(tx, active, Saved(save, counts), event.path, work)

    async def _counts(self, tx: Transaction, active: Active, event: Event) -> bool:
        """Whether an input makes its slot fresh: no import, no quiet undo, and not what the trigger itself set off."""
        rule = active.definition
        if event.data.get("quiet"):
            return False
        if rule.since != "existing" and (event.agent == IMPORT or event.data.get("op") == "import"):
            return False
        cause = event.data.get("cause")
        if cause is None or rule.include_own_writes:
            return True
        number = triggers.firing_number(cause["firing"])
        firing = None if number is None else await triggers.firing(tx, number)
        return firing is None or firing.trigger_id != active.trigger_id

    async def _put(self, tx: Transaction, active: Active, change: Change, path: str, work: _Work) -> None:
        """Note a change of *path* for every join of a trigger that it is an input of."""
        rule = active.definition
        for place in rule.places(path):
            if place.key is None:
                keys = [(SHARED, {}), *await triggers.keys_of(tx, active.trigger_id, limit=LIMITS.trigger_keys_max)]
            else:
                keys = [(path if rule.mode == "each" else key_text(place.key), dict(place.key))]
            for key, captures in keys:
                work.setdefault((active.trigger_id, key), _Touched(active, captures)).changes.append(change)

    async def _play(self, tx: Transaction, work: _Work) -> list[Made]:
        """Move the joins on, those first that hold what others share."""
        made: list[Made] = []
        for (trigger_id, key), touched in sorted(work.items(), key=lambda item: item[0][1] != SHARED):
            row = await triggers.join_of(tx, trigger_id, key)
            before = None if row is None else row.join
            if row is None:
                if not any(isinstance(change, Saved) and change.counts for change in touched.changes):
                    continue  # nothing that it would have to remember
                row = await self._new_join(tx, touched, key)
            elif touched.active.definition.mode == "all" and key != SHARED:
                order = touched.active.definition.slots(row.captures)  # inputs stand as the trigger names them
                row = replace(row, join=replace(row.join, slots={path: row.join.slots[path] for path in order}))
            if key == SHARED:
                join, _ = advance(touched.active.definition, row.join, touched.changes, now_s=tx.now_s)
                await triggers.save_join(tx, replace(row, join=join), before, due_at=None)
            else:
                made += await self._move(tx, touched, row, before)
        return made

    async def _new_join(self, tx: Transaction, touched: _Touched, key: str) -> JoinRow:
        rule, trigger_id = touched.active.definition, touched.active.trigger_id
        if rule.mode == "each":
            join = new_join([key])
        elif key == SHARED:
            join = new_join(rule.shared_slots())
        else:
            shared = await triggers.join_of(tx, trigger_id, SHARED) if rule.shared_slots() else None
            join = new_join(rule.slots(touched.captures), shared.join.slots if shared is not None else None)
        return JoinRow(join_id=None, trigger_id=trigger_id, key=key, captures=touched.captures, join=join)

    async def _move(self, tx: Transaction, touched: _Touched, row: JoinRow, before: Join | None) -> list[Made]:
        """Move one join on and do what it says."""
        active = touched.active
        join, decision = advance(active.definition, row.join, touched.changes, now_s=tx.now_s)
        due_at: float | None = None
        made: list[Made] = []
        if isinstance(decision, Wait):
            due_at = decision.until_s
        elif isinstance(decision, Fire):
            join, due_at, made = await self._answer(tx, active, replace(row, join=join), decision)
        if due_at is not None:
            tx.after_commit(self.timer_set)
        await triggers.save_join(tx, replace(row, join=join), before, due_at=due_at)
        return made

    async def _answer(
        self, tx: Transaction, active: Active, row: JoinRow, decision: Fire
    ) -> tuple[Join, float | None, list[Made]]:
        """Fire, unless the loop guard minds; return the join, when to look again, and the events."""
        rule, about = active.definition, firings.subject(decision)
        depth = decision.parent.depth + 1 if decision.parent is not None else 1
        if depth > rule.max_depth:
            data = firings.event_data(rule, row.captures, decision, reason="depth", depth=depth)
            return skip(row.join), None, [Made(type="trigger.suppressed", path=about, data=data)]
        rate = await triggers.rate(tx, active.trigger_id)
        after, until = admit(rate, per_minute=rule.rate_per_minute, now_s=tx.now_s)
        if after != rate:
            await triggers.set_rate(tx, active.trigger_id, after)
        if until is not None:
            data = firings.event_data(rule, row.captures, decision, reason="rate")
            told = [Made(type="trigger.suppressed", path=about, data=data)] if after != rate else []
            return row.join, until, told
        join = fire(row.join)
        taken, made = await self._fire(tx, active, replace(row, join=join), decision)
        return join if taken.in_flight else replace(join, busy=False), None, made

    async def _fire(self, tx: Transaction, active: Active, row: JoinRow, decision: Fire) -> tuple[Taken, list[Made]]:
        """Insert the firing, hand it to its target, and return what became of it, with the events."""
        rule = active.definition
        firing_id = await meta.raise_counter(tx, "firing")
        cause = firings.chain(triggers.firing_name(firing_id), decision.parent)
        firing = FiringRow(
            firing_id=firing_id,
            trigger_id=active.trigger_id,
            key=row.key,
            number=row.join.fired,
            at=tx.now_s,
            root=cause.root,
            depth=cause.depth,
            data=firings.firing_data(rule, row.captures, decision, cause),
            in_flight=1,
        )
        await triggers.insert_firing(tx, firing)
        about = firings.subject(decision)
        handed = Handed(rule=rule, row=firing, inputs=firings.inputs(decision), path=about)
        taken = await self._targets[type(rule.target)].take(tx, handed)
        if not taken.in_flight:
            await triggers.end_firing(tx, firing_id)
        for made in taken.made:
            made.data.setdefault("cause", cause.as_json())
        facts = {"firing": cause.firing, "mode": rule.mode, **taken.facts}
        fired = Made(type="trigger.fired", path=about, data=firings.event_data(rule, row.captures, decision, **facts))
        return taken, [fired, *taken.made]


async def _held(tx: Transaction, save: Save) -> Save:
    """Return *save* with the exclusive lock that covers its path now."""
    for lock in await locks.covering(tx, save.path):
        if lock.mode == "exclusive" and lock.covers(save.path):
            return replace(save, fence=lock.fence, holder=lock.agent)
    return save


def _save(event: Event) -> Save:
    assert event.path is not None
    assert event.version is not None
    cause = event.data.get("cause")
    return Save(
        path=event.path,
        version=event.version,
        seq=event.seq,
        sha256=event.data["sha256"],
        agent=event.agent,
        cause=None if cause is None else Cause(**cause),
    )
