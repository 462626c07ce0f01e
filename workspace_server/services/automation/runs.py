"""Runs for those who watch: what led to what, from the first change on, and which step went wrong."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from workspace_server.core.access import Caller
from workspace_server.core.jobs import State as JobState
from workspace_server.core.jobs import job_name
from workspace_server.core.limits import LIMITS
from workspace_server.core.runs import Placed, State, Step, put_in_order
from workspace_server.core.triggers.fields import check_name
from workspace_server.errors import NotFound
from workspace_server.services.arguments import bounded, refused
from workspace_server.services.automation.deliveries import shown_delivery
from workspace_server.services.automation.sight import named, page, seen_among
from workspace_server.services.automation.tracing import Traced, input_seqs, seen_of, trace
from workspace_server.services.folder import Folder
from workspace_server.services.recording import Result
from workspace_server.services.times import iso
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import triggers
from workspace_server.storage.tables.attempts import AttemptRow
from workspace_server.storage.tables.deliveries import DeliveryRow
from workspace_server.storage.tables.events import Event
from workspace_server.storage.tables.jobs import JobRow
from workspace_server.storage.tables.triggers import FiringRow

DEPTH_MAX: Final = 20
"""Behind how many firings steps are left out of a run."""
ID_DIGITS_MAX: Final = 15
_JOB_STATES: Final[dict[JobState, State]] = {
    "queued": "going",
    "claimed": "going",
    "blocked": "waiting",
    "done": "done",
    "failed": "failed",
    "dead": "failed",
}
_CHANGE_STATES: Final[dict[str, State]] = {
    "trigger.suppressed": "failed",
    "trigger.timed_out": "failed",
    "approval.denied": "failed",
}
_DELIVERY_STATES: Final[dict[str, State]] = {"pending": "going", "delivered": "done", "dead": "failed"}
_JOB_FACTS: Final = ("queue", "attempt", "failures", "agent", "note", "reply")


class Runs:
    """Tells what led to what. Errors: invalid_argument, not_found, forbidden."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder

    async def list_runs(
        self, caller: Caller, *, trigger: str | None = None, limit: int = 30, cursor: str | None = None
    ) -> Result:
        """Return `{runs, next_cursor?}`, newest first, each by the firing that it began with.

        `others` says how many more firings the same change has set off; each is a run of its own. Who does not see all
        triggers is shown the runs that one began which it sees, and its firings alone count; a page may be short.

        Args:
            trigger: Instead of the beginnings, all firings of this one.
        """
        caller.require_somewhere("trigger")
        bounded("limit", limit, 1, LIMITS.runs_page_max)
        if trigger is not None:
            check_name("trigger", trigger)
        before = 1 << 62 if cursor is None else triggers.firing_number(cursor)
        if before is None:
            raise refused("cursor", "is not one that this list gave")

        async def read(tx: Transaction) -> Result:
            trigger_id = None if trigger is None else (await named(tx, caller, trigger)).trigger_id

            async def some(before: int | None, most: int) -> list[FiringRow]:
                return await triggers.page_of_firings(tx, before=before or 0, limit=most, trigger_id=trigger_id)

            rows, following = await page(
                tx, caller, some, before=before, limit=limit, place=lambda row: (row.firing_id, row.trigger_id)
            )
            shown: Result = {"runs": await _beginnings(tx, caller, rows)}
            return shown if following is None else {**shown, "next_cursor": triggers.firing_name(following)}

        return await self._folder.db.read_long(read)

    async def show_run(self, caller: Caller, *, run: str) -> Result:
        """Return what led to a firing and what followed from it; or what followed from a change.

        Args:
            run: A firing (`F12`), or the number of a change (`345`).

        Returns:
            `{run, state, wrong?, more, steps}`: each step with `step, kind, at, state, depth, gap_seconds?, after` and
            what its kind has to tell. `wrong` names the one that failed first. `more` when not all of it is shown.
            Steps of files and triggers that the caller does not see are left out, and tell nothing of the state.
        """
        caller.require_somewhere("trigger")
        number = triggers.firing_number(run)

        async def read(tx: Transaction) -> Traced:
            if number is not None:
                return await seen_of(tx, caller, await trace(tx, firings=[number]))
            return await seen_of(tx, caller, await trace(tx, seqs=[int(run)])) if _is_seq(run) else Traced()

        found = await self._folder.db.read_long(read)
        if not (number in found.firings or (_is_seq(run) and int(run) in found.changes)):
            raise NotFound(
                "There is no such run.", hint="GET /api/v1/runs lists the firings that runs began with.", run=run[:40]
            )
        made = put_in_order(_steps(found), steps_max=LIMITS.run_steps_max, depth_max=DEPTH_MAX)
        shown: Result = {"run": run, "state": made.state, "wrong": made.wrong, "more": made.more or found.cut}
        if made.wrong is None:
            del shown["wrong"]
        return {**shown, "steps": [_placed(placed) for placed in made.steps]}


async def _beginnings(tx: Transaction, caller: Caller, rows: Sequence[FiringRow]) -> list[Result]:
    """Return the runs that some firings began, each with how far it is, as far as the caller sees it."""
    names = await triggers.names(tx, sorted({row.trigger_id for row in rows}))
    counts = await triggers.chains(tx, sorted({row.root for row in rows}))
    set_off = await triggers.set_off(tx, sorted({row.data["seq"] for row in rows if row.data["inputs"]}))
    beside = {one for some in set_off.values() for one, _ in some} | {
        one[0] for some in counts.values() for one in some
    }
    seen = await seen_among(tx, caller, beside)
    shown: list[Result] = []
    for row in rows:
        mine = [count for trigger_id, *count in counts[row.root] if trigger_id in seen]
        firings, in_flight, asking, failed = (sum(some) for some in zip(*mine, strict=True))
        inputs = [{name: one[name] for name in ("path", "version", "agent")} for one in row.data["inputs"]]
        state: State = "failed" if failed else "waiting" if asking else "going" if in_flight else "done"
        shown.append(
            {
                "run": triggers.firing_name(row.firing_id),
                "trigger": names[row.trigger_id],
                "key": row.data["key"],
                "at": iso(row.at),
                "inputs": inputs,
                "firings": firings,
                "others": max(0, sum(count for one, count in set_off.get(row.data["seq"], ()) if one in seen) - 1),
                "state": state,
            }
        )
    return shown


def _steps(found: Traced) -> list[Step]:
    """Return the steps of a run, those of one moment in the order in which they came about."""
    doing = {row.firing_id: job_name(row.job_id) for row in found.jobs if row.firing_id is not None}
    doing |= {row.firing_id: row.message_id for row, _ in found.deliveries if row.firing_id is not None}
    seqs = {firing_id: row.data["seq"] for firing_id, row in found.firings.items()}
    ordered = [
        *(((seq, 0), _change(event, doing)) for seq, event in found.changes.items()),
        *(((seqs[number], 1), _firing(row, found, doing)) for number, row in found.firings.items()),
        *(((seqs[row.firing_id or 0], 2), _job(row)) for row in found.jobs),
        *(((seqs[row.firing_id or 0], 2), _delivery(row, made)) for row, made in found.deliveries),
    ]
    return [step for _, step in sorted(ordered, key=lambda one: one[0])]


def _change(event: Event, doing: Mapping[int, str]) -> Step:
    cause = event.data.get("cause")
    number = None if cause is None else triggers.firing_number(cause["firing"])
    after = () if number is None else (doing.get(number, triggers.firing_name(number)),)
    told = {name: event.data[name] for name in ("trigger", "reason", "note", "message") if event.data.get(name)}
    facts = {"seq": event.seq, "type": event.type, "path": event.path, "version": event.version, "agent": event.agent}
    known = {name: value for name, value in facts.items() if value is not None}
    held = event.data.get("reason") == "rate"  # it fires later
    state: State = "going" if held else _CHANGE_STATES.get(event.type, "done")
    return Step(name=f"#{event.seq}", kind="change", at=event.at, state=state, after=after, facts=known | told)


def _firing(row: FiringRow, found: Traced, doing: Mapping[int, str]) -> Step:
    data = row.data
    facts: dict[str, Any] = {
        "trigger": found.names[row.trigger_id],
        "key": data["key"],
        "inputs": [{"path": one["path"], "version": one["version"]} for one in data["inputs"]],
    }
    facts |= {name: data[name] for name in ("missing", "unclean", "holders", "scheduled_at") if data.get(name)}
    # What is in flight and neither a job nor a delivery waits for a person's word.
    in_flight: State = "going" if row.firing_id in doing else "waiting"
    return Step(
        name=triggers.firing_name(row.firing_id),
        kind="firing",
        at=row.at,
        state=in_flight if row.in_flight else "done",
        after=tuple(f"#{seq}" for seq in input_seqs(row)),
        facts=facts,
    )


def _job(row: JobRow) -> Step:
    told = {name: getattr(row, name) for name in _JOB_FACTS if getattr(row, name)}
    times = {"claimed_at": row.claimed_at, "ended_at": row.ended_at}
    return Step(
        name=job_name(row.job_id),
        kind="job",
        at=row.created_at,
        state=_JOB_STATES[row.state],  # type: ignore[index]  # the database knows no other
        after=(triggers.firing_name(row.firing_id or 0),),
        facts={**told, "is": row.state, **{name: iso(at) for name, at in times.items() if at is not None}},
    )


def _delivery(row: DeliveryRow, made: Sequence[AttemptRow]) -> Step:
    told = shown_delivery(row, made)
    facts = {name: value for name, value in told.items() if name not in {"at", "delivery", "kind", "state"}}
    return Step(
        name=row.message_id,
        kind="delivery",
        at=row.at,
        state=_DELIVERY_STATES[row.state],
        after=(triggers.firing_name(row.firing_id or 0),),
        facts={**facts, "is": row.state},
    )


def _placed(placed: Placed) -> Result:
    step = placed.step
    shown: Result = {"step": step.name, "kind": step.kind, "at": iso(step.at), "state": step.state}
    shown |= {"depth": placed.depth, "after": list(step.after)}
    if placed.gap_s is not None:
        shown["gap_seconds"] = round(placed.gap_s, 3)
    if placed.beside:
        shown["left_out"] = placed.beside
    return shown | dict(step.facts)


def _is_seq(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= ID_DIGITS_MAX
