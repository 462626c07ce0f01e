"""What a trigger would have done: past events played through its rules again, and nothing kept of it.

The rules are the very ones that run in commits. They are run in a transaction that is rolled back, on a clock that
goes by the events; so what a rehearsal says is what would have happened, but for two things. Every firing ends at once,
since nobody works on it. And locks of the time are not looked at: the log tells who took them, not what they held back.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from workspace_server.core.access import Caller
from workspace_server.core.joins.changes import Change, Struck
from workspace_server.core.joins.state import Save
from workspace_server.core.limits import LIMITS
from workspace_server.core.triggers.definition import Definition
from workspace_server.core.triggers.parsing import parse_definition
from workspace_server.core.triggers.reach import require_all_of
from workspace_server.core.triggers.targets import Target
from workspace_server.services.arguments import bounded, refused
from workspace_server.services.automation.catalogue import Active, Catalogue
from workspace_server.services.automation.checking import Checking
from workspace_server.services.automation.making import definition_of
from workspace_server.services.automation.placing import Placing, Touched, Work
from workspace_server.services.automation.playing import Playing
from workspace_server.services.automation.schedules import moments
from workspace_server.services.automation.sight import named
from workspace_server.services.automation.standing import keys_of
from workspace_server.services.automation.targets.handing import Handed, Made, Taken, Taker
from workspace_server.services.folder import Folder
from workspace_server.services.recording import Result
from workspace_server.services.times import iso
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import events, joins, meta, triggers
from workspace_server.storage.tables.events import Event

NAME: Final = ":rehearsal"
"""No trigger can be called so."""
STRIKES_MAX: Final = 100
"""Most moments of a schedule that a rehearsal plays."""
FIRINGS_SHOWN_MAX: Final = 100
TOLD: Final = {"trigger.fired": "firings", "trigger.suppressed": "suppressed", "trigger.timed_out": "timed_out"}


class _DoneError(Exception):
    """Carries the answer out of the transaction, which this rolls back."""

    def __init__(self, answer: Result) -> None:
        super().__init__()
        self.answer = answer


class Rehearsing:
    """Tries triggers on what has happened. Errors: invalid_argument, not_found, forbidden."""

    def __init__(self, folder: Folder, checking: Checking) -> None:
        self._folder = folder
        self._checking = checking

    async def test_trigger(
        self,
        caller: Caller,
        *,
        name: str | None = None,
        fields: Mapping[str, Any] | None = None,
        since_seq: int | None = None,
        limit: int = LIMITS.rehearsal_events_max,
    ) -> Result:
        """Play past events through a trigger, without firing it.

        Args:
            name: A trigger that there is.
            fields: Instead of a name, the fields of one that there is not yet.
            since_seq: Where to begin; else as late as *limit* allows.
            limit: Most events.

        Returns:
            `{trigger, from_seq, to_seq, more, firings, suppressed, timed_out, keys}`: each firing with `at`, `seq` (of
            the event that brought it), `key` and `inputs`; the keys as they stand in the end. `more` when there are
            later events than were played.
        """
        caller.require_somewhere("trigger")
        bounded("limit", limit, 1, LIMITS.rehearsal_events_max)
        if (name is None) == (fields is None):
            raise refused("name", "either a trigger that there is or the fields of a new one", "Give one of the two.")

        async def body(tx: Transaction) -> None:
            if name is not None:
                rule = parse_definition((await named(tx, caller, name)).definition)
            else:
                assert fields is not None
                rule = await definition_of(tx, {"name": "rehearsed", **fields}, caller)
                require_all_of(caller, rule)
            raise _DoneError(await self._rehearse(tx, rule, since_seq, limit))

        try:
            await self._folder.db.write(body)
        except _DoneError as done:
            return done.answer
        raise AssertionError("a rehearsal always ends by its answer")

    async def _rehearse(self, tx: Transaction, rule: Definition, since_seq: int | None, limit: int) -> Result:
        head, now_s = await meta.counter(tx, "seq"), tx.now_s
        first = await events.before_newest(tx, limit) if since_seq is None else since_seq
        played = await events.after(tx, first, limit=limit)
        stage = await _Stage.made(tx, rule, self._checking, created_seq=first)
        for event in played:
            await stage.until(event.at)
            await stage.play(event)
        await stage.until(now_s)
        last = played[-1].seq if played else first
        return {
            "trigger": rule.name,
            "from_seq": first,
            "to_seq": last,
            "more": last < head,
            **{shown: stage.told[kind][:FIRINGS_SHOWN_MAX] for kind, shown in TOLD.items()},
            "fired": len(stage.told["trigger.fired"]),
            "keys": await keys_of(tx, rule, stage.trigger_id),
        }


class _Placing(Placing):
    """Without the locks of today: they say nothing of what was saved before them."""

    async def _held(self, save: Save) -> Save:
        return save


class _Taker:
    """Every kind of target: takes note and lets go."""

    async def take(self, tx: Transaction, handed: Handed) -> Taken:  # noqa: ARG002  # as every taker is called
        """Do nothing of what a firing sets off."""
        return Taken(facts={}, in_flight=False)


@dataclass(slots=True, kw_only=True)
class _Stage:
    """One trigger alone, on a clock of its own.

    Attributes:
        told: What it made, by the type of the event.
        strikes: The moments of its schedule that are still to come.
    """

    tx: Transaction
    active: Active
    checking: Checking
    takers: Mapping[type[Target], Taker]
    strikes: list[float]
    seq: int
    told: dict[str, list[Result]] = field(default_factory=lambda: {kind: [] for kind in TOLD})

    @classmethod
    async def made(cls, tx: Transaction, rule: Definition, checking: Checking, *, created_seq: int) -> "_Stage":
        """Make the trigger, as if that had been where the log stood at *created_seq*."""
        began = await events.at(tx, created_seq + 1)
        from_s = tx.now_s if began is None else began.at
        strikes: list[float] = []
        for moment in moments(rule.schedule, after_s=from_s) if rule.schedule is not None else ():
            if moment > tx.now_s or len(strikes) == STRIKES_MAX:
                break
            strikes.append(moment)
        trigger_id = await triggers.insert(
            tx, name=NAME, definition=rule.as_mapping(), state="active", secret=None, agent=NAME
        )
        active = Active(trigger_id=trigger_id, definition=rule, created_seq=created_seq, paused=False)
        taker = {type(rule.target): _Taker()}
        return cls(tx=tx, active=active, checking=checking, takers=taker, strikes=strikes, seq=created_seq)

    @property
    def trigger_id(self) -> int:
        """The trigger, for as long as the transaction lasts."""
        return self.active.trigger_id

    async def play(self, event: Event) -> None:
        """Let *event* happen."""
        self.tx.now_s, self.seq = event.at, event.seq
        placing = _Placing(self.tx, Catalogue.of(self.active), self.checking)
        await placing.place(event)
        await self._play(placing.work)

    async def until(self, now_s: float) -> None:
        """Let the time pass: what waited is due, and the schedule strikes."""
        while True:
            due_at = await joins.next_due_of(self.tx, self.trigger_id)
            strike = self.strikes[0] if self.strikes else None
            times = [time for time in (due_at, strike) if time is not None and time <= now_s]
            if not times:
                break
            self.tx.now_s = max(self.tx.now_s, min(times)) if due_at == min(times) else min(times)
            if strike == min(times):
                await self._again(Struck(at=self.strikes.pop(0)))
            else:
                await self._again()
        self.tx.now_s = now_s

    async def _again(self, *changes: Change) -> None:
        """Look at all joins again."""
        places = await joins.all_of(self.tx, self.trigger_id) if self.active.definition.watched else [(0, "")]
        await self._play({(self.trigger_id, key): Touched(self.active, {}, list(changes)) for _, key in places})

    async def _play(self, work: Work) -> None:
        for made in await Playing(self.tx, self.takers, lambda: None).play(work):
            self._tell(made)

    def _tell(self, made: Made) -> None:
        if made.type in self.told:
            shown = {name: value for name, value in made.data.items() if name not in {"trigger", "firing", "cause"}}
            self.told[made.type].append({"at": iso(self.tx.now_s), "seq": self.seq, **shown})
