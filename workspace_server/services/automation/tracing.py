"""What stands around a firing: the changes and firings that led to it, and those that followed from it.

Everything is found by its number or by an index, so that a run costs what is shown of it, however long the log is.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from workspace_server.core.access import Caller
from workspace_server.core.events import FILE_CHANGES
from workspace_server.core.triggers.reach import has_all
from workspace_server.services.automation.sight import seen_among, sees
from workspace_server.services.events import told_to
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import attempts, deliveries, events, jobs, triggers
from workspace_server.storage.tables.attempts import AttemptRow
from workspace_server.storage.tables.deliveries import DeliveryRow
from workspace_server.storage.tables.events import Event
from workspace_server.storage.tables.jobs import JobRow
from workspace_server.storage.tables.triggers import FiringRow

FIRINGS_MAX: Final = 100
"""Most firings of a run."""
CHANGES_MAX: Final = 400
"""Most changes of a run, and most that one look at the log brings."""
LEVELS_MAX: Final = 20
"""How many firings up a run is followed, and how many down."""
INPUTS_MAX: Final = 30
"""Most inputs of one firing that are followed."""
TOLD: Final = (
    *sorted(FILE_CHANGES),
    "file.conflict",
    "trigger.suppressed",
    "trigger.timed_out",
    "approval.requested",
    "approval.granted",
    "approval.denied",
)
"""The events that are steps of a run: what firings are led to by, and what they lead to."""


@dataclass(slots=True)
class Traced:
    """What was found.

    Attributes:
        names: What the firings' triggers are called.
        cut: Whether more was there than is followed.
    """

    changes: dict[int, Event] = field(default_factory=dict)
    firings: dict[int, FiringRow] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)
    jobs: list[JobRow] = field(default_factory=list)
    deliveries: list[tuple[DeliveryRow, Sequence[AttemptRow]]] = field(default_factory=list)
    cut: bool = False


async def trace(tx: Transaction, *, firings: Sequence[int] = (), seqs: Sequence[int] = ()) -> Traced:
    """Return what led to some firings, what followed from them, and what followed from some changes."""
    found = Traced()
    begun = await triggers.firings(tx, firings)
    await _back(tx, found, begun)
    found.firings.update({row.firing_id: row for row in begun})
    _take(found, await events.by_seqs(tx, seqs))
    await _on(tx, found, [row.firing_id for row in begun], list(seqs))
    await _beside(tx, found)
    ids = list(found.firings)
    found.names = await triggers.names(tx, sorted({row.trigger_id for row in found.firings.values()}))
    found.jobs = await jobs.of_firings(tx, ids)
    sent = await deliveries.of_firings(tx, ids)
    made = await attempts.of_deliveries(tx, [row.delivery_id for row in sent])
    found.deliveries = [(row, made[row.delivery_id]) for row in sent]
    return found


async def seen_of(tx: Transaction, caller: Caller, found: Traced) -> Traced:
    """Return what a caller sees of it: the firings of its triggers with what they led to, and changes of its files."""
    if has_all(caller):
        return found
    seen = await seen_among(tx, caller, (row.trigger_id for row in found.firings.values()))
    firings = {number: row for number, row in found.firings.items() if row.trigger_id in seen}
    changes = {}
    for seq, event in found.changes.items():
        told = await _told_to(tx, caller, event)
        if told is not None:
            cause = event.data.get("cause")
            own = cause is not None and triggers.firing_number(cause["firing"]) in firings
            changes[seq] = told._replace(data=told.data | {"cause": cause if own else None})
    return replace(
        found,
        changes=changes,
        firings=firings,
        jobs=[row for row in found.jobs if row.firing_id in firings],
        deliveries=[(row, made) for row, made in found.deliveries if row.firing_id in firings],
    )


async def _told_to(tx: Transaction, caller: Caller, event: Event) -> Event | None:
    """Return what a caller is told of a change; of what a trigger or an approval says, when it sees that trigger."""
    if "trigger" not in event.data:
        return told_to(caller, event)
    row = await triggers.by_name(tx, event.data["trigger"])
    named = [event.path, *(one["path"] for one in event.data.get("inputs", ()))]
    is_seen = row is not None and sees(caller, row) and all(path is None or caller.sees(path) for path in named)
    return event if is_seen else None


async def _back(tx: Transaction, found: Traced, begun: Sequence[FiringRow]) -> None:
    """Go from firings to their inputs, from those to the firings that led to them, and so on."""
    rows = begun
    for _ in range(LEVELS_MAX):
        seqs = sorted({seq for row in rows for seq in input_seqs(row)} - found.changes.keys())
        changes = await events.by_seqs(tx, seqs[: _room(found.changes, CHANGES_MAX)])
        found.cut |= len(seqs) > _room(found.changes, CHANGES_MAX)
        _take(found, changes)
        above = {number for change in changes if (number := _caused_by(change.data)) is not None}
        unseen = sorted(above - found.firings.keys() - {row.firing_id for row in begun})
        room = _room(found.firings, FIRINGS_MAX)
        found.cut |= len(unseen) > room
        rows = await triggers.firings(tx, unseen[:room])
        found.firings.update({row.firing_id: row for row in rows})
        if not rows:
            return
    found.cut = True


async def _on(tx: Transaction, found: Traced, firing_ids: Sequence[int], seqs: Sequence[int]) -> None:
    """Go from firings to what they led to, from that to the firings that took it, and so on."""
    ids, changes = list(firing_ids), list(seqs)
    for _ in range(LEVELS_MAX):
        names = [triggers.firing_name(firing_id) for firing_id in ids]
        led = await events.led_to(tx, names, types=TOLD, limit=CHANGES_MAX) if names else []
        fresh = [event for event in led if event.seq not in found.changes]
        room = _room(found.changes, CHANGES_MAX)
        found.cut |= len(fresh) > room or len(led) == CHANGES_MAX
        _take(found, fresh[:room])
        changes += [event.seq for event in fresh[:room]]
        room = _room(found.firings, FIRINGS_MAX)
        # One more than there is room for, so that it is known whether there are more.
        took = await triggers.that_took(tx, changes, limit=len(found.firings) + room + 1)
        unseen = [firing_id for firing_id in took if firing_id not in found.firings]
        found.cut |= len(unseen) > room
        rows = await triggers.firings(tx, unseen[:room])
        found.firings.update({row.firing_id: row for row in rows})
        if not rows:
            return
        ids, changes = [row.firing_id for row in rows], []
    found.cut = True


async def _beside(tx: Transaction, found: Traced) -> None:
    """Add what else the firings took, which came about in other runs: without it one does not see what they needed."""
    seqs = sorted({seq for row in found.firings.values() for seq in input_seqs(row)} - found.changes.keys())
    room = _room(found.changes, CHANGES_MAX)
    found.cut |= len(seqs) > room
    _take(found, await events.by_seqs(tx, seqs[:room]))


def _take(found: Traced, some: Iterable[Event]) -> None:
    found.changes.update({event.seq: event for event in some})


def input_seqs(row: FiringRow) -> list[int]:
    """Return which changes brought the inputs of a firing, as many as are followed."""
    return [one["seq"] for one in row.data["inputs"][:INPUTS_MAX]]


def _caused_by(data: dict[str, Any]) -> int | None:
    cause = data.get("cause")
    return None if cause is None else triggers.firing_number(cause["firing"])


def _room(kept: dict[int, Any], most: int) -> int:
    return max(0, most - len(kept))
