"""Moves joins on by what happened to them, and does what they decide: fire, wait, tell that time is over."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from workspace_server.core import firings
from workspace_server.core.joins.changes import Change, Failed, Listed, Saved, Struck, without_room
from workspace_server.core.joins.deciding import Fire, TimedOut, Wait, advance, fire, skip, time_out
from workspace_server.core.joins.rate import admit
from workspace_server.core.joins.state import Join, new_join
from workspace_server.core.triggers.definition import Definition
from workspace_server.core.triggers.targets import Target, Webhook
from workspace_server.services.automation.catalogue import Active
from workspace_server.services.automation.missing import MISSING_SHOWN_MAX, missing_of, with_holders
from workspace_server.services.automation.placing import Touched, Work
from workspace_server.services.automation.targets.handing import Handed, Made, Taken, Taker
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import joins, meta, triggers
from workspace_server.storage.tables.joins import SHARED, JoinRow
from workspace_server.storage.tables.triggers import FiringRow


@dataclass(frozen=True, slots=True)
class _Answered:
    """What became of a proposal: the join, when to look at it again, and the events."""

    join: Join
    due_at: float | None
    made: list[Made]


class Playing:
    """Plays what one commit, or the time, has brought.

    Args:
        targets: Who takes a firing, by the kind of its target.
        timer_set: Called after the commit when a join waits for its time.
    """

    def __init__(self, tx: Transaction, targets: Mapping[type[Target], Taker], timer_set: Callable[[], None]) -> None:
        self._tx = tx
        self._targets = targets
        self._timer_set = timer_set

    async def play(self, work: Work) -> list[Made]:
        """Move the joins on, those first that hold what others share, and return the events that this makes."""
        made: list[Made] = []
        for (trigger_id, key), touched in sorted(work.items(), key=lambda item: item[0][1] != SHARED):
            row = await joins.join_of(self._tx, trigger_id, key)
            before = None if row is None else row.join
            if row is None:
                if not any(_is_remembered(touched.active.definition, change) for change in touched.changes):
                    continue
                row = await self._new_join(touched, key)
            if key == SHARED:
                join, _ = advance(touched.active.definition, row.join, touched.changes, now_s=self._tx.now_s)
                await joins.save_join(self._tx, replace(row, join=join), before, due_at=None)
            else:
                made += await self._move(touched, _in_order(touched.active, row), before)
        return made

    async def _new_join(self, touched: Touched, key: str) -> JoinRow:
        rule, trigger_id = touched.active.definition, touched.active.trigger_id
        if not rule.watched:
            join = new_join(())
        elif rule.mode == "each":
            join = new_join([key])
        elif key == SHARED:
            join = new_join(rule.shared_slots())
        else:
            shared = await joins.join_of(self._tx, trigger_id, SHARED) if rule.captures else None
            join = new_join(rule.slots(touched.captures), shared.join.slots if shared is not None else None)
        return JoinRow(join_id=None, trigger_id=trigger_id, key=key, captures=touched.captures, join=join)

    async def _move(self, touched: Touched, row: JoinRow, before: Join | None) -> list[Made]:
        """Move one join on, do what it says, and ask again until there is nothing more to do now."""
        active, changes = touched.active, touched.changes
        made = _turned_away(active, row, changes)
        due_at: float | None = None
        while True:
            join, decision = advance(active.definition, row.join, changes, now_s=self._tx.now_s)
            row, changes = replace(row, join=join), []
            if active.paused or not isinstance(decision, (Wait, TimedOut, Fire)):
                break
            if isinstance(decision, Wait):
                due_at = decision.until_s
                break
            answer = self._time_out if isinstance(decision, TimedOut) else self._answer
            answered = await answer(active, row, decision)  # type: ignore[arg-type]  # each takes its own kind
            row, due_at = replace(row, join=answered.join), answered.due_at
            made += answered.made
            if due_at is not None:
                break
        if due_at is not None:
            self._tx.after_commit(self._timer_set)
        await joins.save_join(self._tx, row, before, due_at=due_at)
        return made

    async def _time_out(self, active: Active, row: JoinRow, _: TimedOut) -> _Answered:
        """Tell that the round's time is over, and what is missing."""
        rule = active.definition
        assert rule.deadline is not None
        data = {
            "trigger": rule.name,
            "key": dict(row.captures),
            "missing": await with_holders(self._tx, await missing_of(self._tx, rule, row)),
            "inputs": [
                {"path": slot.path, "version": slot.current.version}
                for slot in row.join.wanted
                if slot.fresh and slot.current is not None
            ],
            "within_seconds": rule.deadline.within_seconds,
            "on_timeout": rule.deadline.on_timeout,
        }
        return _Answered(time_out(rule, row.join), None, [Made(type="trigger.timed_out", data=data)])

    async def _answer(self, active: Active, row: JoinRow, decision: Fire) -> _Answered:
        """Fire, unless the loop guard minds."""
        rule, about = active.definition, firings.subject(decision)
        depth = decision.parent.depth + 1 if decision.parent is not None else 1
        if depth > rule.max_depth:
            data = firings.event_data(rule, row.captures, decision, reason="depth", depth=depth)
            join = skip(rule, row.join, decision.inputs)
            return _Answered(join, None, [Made(type="trigger.suppressed", path=about, data=data)])
        rate = await triggers.rate(self._tx, active.trigger_id)
        after, until = admit(rate, per_minute=rule.rate_per_minute, now_s=self._tx.now_s)
        if after != rate:
            await triggers.set_rate(self._tx, active.trigger_id, after)
        if until is not None:
            data = firings.event_data(rule, row.captures, decision, reason="rate")
            told = [Made(type="trigger.suppressed", path=about, data=data)] if after != rate else []
            return _Answered(row.join, until, told)
        missing = await missing_of(self._tx, rule, row) if decision.partial else []
        fired = replace(row, join=fire(rule, row.join, decision.inputs))
        taken, made = await self._fire(active, fired, decision, missing)
        join = fired.join if taken.in_flight else replace(fired.join, in_flight=row.join.in_flight)
        return _Answered(join, None, made)

    async def _fire(
        self, active: Active, row: JoinRow, decision: Fire, missing: list[dict[str, Any]]
    ) -> tuple[Taken, list[Made]]:
        """Insert the firing, hand it to its target, and return what became of it, with the events."""
        rule = active.definition
        firing_id = await meta.raise_counter(self._tx, "firing")
        cause = firings.chain(triggers.firing_name(firing_id), decision.parent)
        firing = FiringRow(
            firing_id=firing_id,
            trigger_id=active.trigger_id,
            key=row.key,
            number=row.join.fired,
            at=self._tx.now_s,
            root=cause.root,
            depth=cause.depth,
            data=firings.firing_data(
                rule, row.captures, decision, cause, seq=await self._seq(decision), missing=missing
            ),
            in_flight=1,
            agent=rule.target.agent if isinstance(rule.target, Webhook) else None,
        )
        await triggers.insert_firing(self._tx, firing)
        about = firings.subject(decision)
        handed = Handed(rule=rule, row=firing, inputs=firings.inputs(rule, decision), path=about)
        taken = await self._targets[type(rule.target)].take(self._tx, handed)
        if not taken.in_flight:
            await triggers.end_firing(self._tx, firing_id)
        for made in taken.made:
            made.data.setdefault("cause", cause.as_json())
        told = {"missing": missing} if decision.partial else {}
        facts = {"firing": cause.firing, "mode": rule.mode, **told, **taken.facts}
        fired = Made(type="trigger.fired", path=about, data=firings.event_data(rule, row.captures, decision, **facts))
        return taken, [fired, *taken.made]

    async def _seq(self, decision: Fire) -> int:
        """Return the seq of the newest input, or where the log stands when the schedule alone fires."""
        if decision.inputs:
            return max(save.seq for save in decision.inputs)
        return await meta.counter(self._tx, "seq")


def _is_remembered(rule: Definition, change: Change) -> bool:
    """Whether a change makes a join of a key that has none yet."""
    if isinstance(change, Struck):
        return not rule.watched
    return isinstance(change, (Failed, Listed)) or (isinstance(change, Saved) and change.counts)


def _in_order(active: Active, row: JoinRow) -> JoinRow:
    """Return a join whose named inputs stand as the trigger names them."""
    rule, slots = active.definition, row.join.slots
    if rule.mode == "each":
        return row
    named = {path: slots[path] for path in rule.slots(row.captures) if path in slots}
    return replace(row, join=replace(row.join, slots=named | dict(slots)))


def _turned_away(active: Active, row: JoinRow, changes: list[Change]) -> list[Made]:
    """Return the event that tells of inputs for which a join has no room, if there are any."""
    coming = [change.path for change in changes if isinstance(change, Saved) and change.matched and change.counts]
    lost = without_room(row.join, coming)
    if not lost:
        return []
    named = [{"path": path} for path in lost[:MISSING_SHOWN_MAX]]
    data = {"trigger": active.definition.name, "key": dict(row.captures), "reason": "slots", "inputs": named}
    return [Made(type="trigger.suppressed", path=lost[0] if len(lost) == 1 else None, data=data)]
