"""Triggers that fire by the clock: which moments a schedule names, and what becomes of those that had no server."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain, islice, takewhile
from typing import Final
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from workspace_server.core.access import SERVER
from workspace_server.core.joins.changes import Struck
from workspace_server.core.moments import iso
from workspace_server.core.triggers.definition import Definition
from workspace_server.core.triggers.parsing import parse_definition
from workspace_server.core.triggers.schedule import Schedule
from workspace_server.services.arguments import refused
from workspace_server.services.automation.reaction import Reaction
from workspace_server.services.automation.targets.handing import Made
from workspace_server.services.folder import Folder
from workspace_server.services.recording import Commit, Result
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import schedules, triggers

ON_TIME_S: Final = 60.0
"""A moment that is found later than this had no server, or one that slept."""
MISSED_MAX: Final = 1_000
"""Most missed moments that are counted one by one; a server that was away for longer says that many."""
DUE_MAX: Final = 200
"""Most triggers that one transaction fires."""


def moments(schedule: Schedule, *, after_s: float) -> Iterator[float]:
    """Yield the moments after *after_s* that a schedule names which `check` has passed, in seconds since 1970."""
    for moment in _read(schedule, after_s):
        yield moment.timestamp()


def _read(schedule: Schedule, from_s: float, *, backwards: bool = False) -> CronSim:
    try:
        zone = ZoneInfo(schedule.timezone)
    except (KeyError, ValueError, OSError):  # a name that is a directory or no file name raises the others
        raise refused(
            "timezone", f"there is no time zone {schedule.timezone[:100]}", 'For example "Europe/Berlin".'
        ) from None
    try:
        return CronSim(schedule.cron, datetime.fromtimestamp(from_s, tz=UTC).astimezone(zone), reverse=backwards)
    except CronSimError as error:
        raise refused(
            "schedule", f"is no cron expression: {error}", 'For example "0 9 * * 1-5": at nine from Monday to Friday.'
        ) from None


def check(schedule: Schedule) -> None:
    """Pass when there are moments that *schedule* names.

    Raises:
        InvalidArgument: It is no cron expression, or one of a day that never comes; or there is no such time zone.
    """
    next(moments(schedule, after_s=0.0))


async def begin(tx: Transaction, trigger_id: int, rule: Definition) -> None:
    """Let a trigger that has a schedule fire by it from now on: it was made, approved or resumed."""
    if rule.schedule is not None:
        await schedules.set_next(tx, trigger_id, next(moments(rule.schedule, after_s=tx.now_s)))


@dataclass(frozen=True, slots=True)
class _Due:
    """The moments that have come since the last look: the last of them, how many before, and whether all are late."""

    last: float
    earlier: int
    late: bool

    @property
    def missed(self) -> int:
        """How many had no server."""
        return self.earlier + self.late


class Schedules:
    """Fires the triggers whose moment has come."""

    def __init__(self, folder: Folder, reaction: Reaction) -> None:
        self._folder = folder
        self._reaction = reaction

    async def next_due_s(self) -> float | None:
        """Return in how many seconds the next moment comes, or None when no trigger has a schedule."""
        next_at = await self._folder.db.read(schedules.earliest)
        return None if next_at is None else next_at - self._folder.clock.wall_s()

    async def run_due(self) -> None:
        """Fire for what is due."""

        async def body(commit: Commit) -> Result:
            for trigger_id, moment in await schedules.due(commit.tx, limit=DUE_MAX):
                for made in await self._strike(commit.tx, trigger_id, moment):
                    await commit.add(made.type, path=made.path, version=made.version, **made.data)
            return {}

        await self._folder.recorder.change(SERVER, "schedule", body)

    async def begin(self) -> None:
        """Take up what was left: a clock set back must not put the next moment off, and a fork has none yet."""

        async def body(tx: Transaction) -> None:
            for row in await triggers.by_the_clock(tx):
                schedule = parse_definition(row.definition).schedule
                if schedule is not None:
                    soon = next(moments(schedule, after_s=tx.now_s))
                    known = (await schedules.next_of(tx, [row.trigger_id])).get(row.trigger_id)
                    await schedules.set_next(tx, row.trigger_id, soon if known is None else min(known, soon))

        await self._folder.db.write(body)

    async def _strike(self, tx: Transaction, trigger_id: int, moment: float) -> list[Made]:
        """Fire for the moments from *moment* to now, as the trigger says of those that were missed."""
        row = await triggers.by_id(tx, trigger_id)
        schedule = parse_definition(row.definition).schedule
        assert schedule is not None
        await schedules.set_next(tx, trigger_id, next(moments(schedule, after_s=tx.now_s)))
        due = _due(schedule, moment, now_s=tx.now_s)
        if schedule.missed == "once" or not due.missed:
            return await self._reaction.strike(tx, trigger_id, Struck(at=due.last, missed=due.missed))
        made = [] if due.late else await self._reaction.strike(tx, trigger_id, Struck(at=due.last))
        data = {"trigger": row.name, "reason": "missed", "missed": due.missed, "scheduled_at": iso(moment)}
        return [Made(type="trigger.suppressed", data=data), *made]


def _due(schedule: Schedule, moment: float, *, now_s: float) -> _Due:
    # A moment that falls on now counts: looking back begins just after it.
    last = max(moment, next(_read(schedule, now_s + 1, backwards=True)).timestamp())
    earlier = takewhile(lambda one: one < last, chain([moment], moments(schedule, after_s=moment)))
    return _Due(last=last, earlier=sum(1 for _ in islice(earlier, MISSED_MAX)), late=now_s - last > ON_TIME_S)
