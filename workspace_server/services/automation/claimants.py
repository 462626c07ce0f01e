"""Which job is meant, whose it is, and how others are refused."""

from typing import Any, Final

from workspace_server.core.access import Caller
from workspace_server.core.jobs import TAKEN_BACK, Outcome, is_seen, job_number
from workspace_server.core.limits import LIMITS
from workspace_server.core.patterns import Selector
from workspace_server.errors import JobLost, NotFound
from workspace_server.services.automation.sight import reach_by_text
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import jobs
from workspace_server.storage.tables.jobs import JobRow

OWN: Final = "\n"
"""What follows in a key that another job has already, of which whoever gave it is not told."""


def is_told(caller: Caller, row: JobRow) -> bool:
    """Whether a caller is told of a job: a trigger's words may be about all that it watches."""
    named = [Selector("path", str(one["path"])) for one in row.inputs]
    named += () if row.definition is None else reach_by_text(row.definition)
    return is_seen(caller, named=named, agents={row.created_by, row.agent})


async def known(tx: Transaction, caller: Caller, job: str) -> JobRow:
    """Return the job of that name, for those who watch over jobs.

    Raises:
        NotFound: There is none of which the caller is told.
    """
    number = job_number(job)
    row = None if number is None else await jobs.by_id(tx, number)
    if row is None or not is_told(caller, row):
        raise NotFound("There is no such job.", hint="`GET /jobs` lists them.", job=job[: LIMITS.handle_chars_max])
    return row


def check_decides(caller: Caller, row: JobRow) -> None:
    """Pass when a caller has the verb admin for all that a job names; for one that names nothing, for everything.

    Raises:
        Forbidden: It has not.
    """
    for path in [one["path"] for one in row.inputs] or [None]:
        caller.require("admin", path)


async def twin_of(tx: Transaction, caller: Caller, queue: str, key: str) -> tuple[str, int | None]:
    """Return the key under which a new job is kept, and the open job of that key of which the caller is told, if any.

    A job of which the caller is not told may have that key. Then its own is kept under another one, so that it learns
    nothing of the other.
    """
    kept = [key, f"{key}{OWN}{caller.agent}"]
    open_ = [await jobs.unfinished(tx, queue, one) for one in kept]
    rows = [None if number is None else await jobs.by_id(tx, number) for number in open_]
    told = next((row.job_id for row in rows if row is not None and is_told(caller, row)), None)
    return (kept[0] if open_[0] is None else kept[1]), told


def shown_key(row: JobRow) -> str | None:
    """Return the key of a job as it was given."""
    return None if row.key is None else row.key.partition(OWN)[0]


async def numbered(tx: Transaction, caller: Caller, job: str) -> JobRow:
    """Return the job of that name.

    Raises:
        JobLost: There is none of which the caller is told.
    """
    number = job_number(job)
    row = None if number is None else await jobs.by_id(tx, number)
    if row is None or not is_told(caller, row):
        raise lost(job, "There is no such job.")
    return row


async def own(tx: Transaction, caller: Caller, job: str, outcome: Outcome) -> JobRow:
    """Return the job when it is the caller's; also when it has ended in just this way (a repeat).

    Raises:
        JobLost: It is not.
    """
    row = await numbered(tx, caller, job)
    if row.agent == caller.agent and row.state in {"claimed", outcome}:
        return row
    raise not_yours(row, caller, job)


def not_yours(row: JobRow, caller: Caller, job: str) -> JobLost:
    """Return why a job is not the caller's, to be raised."""
    if row.agent == caller.agent and row.state not in {"claimed", *TAKEN_BACK}:
        return lost(job, f"This job is over already: it is {row.state}.", state=row.state)
    if caller.agent in row.lost_by:
        return lost(job, "Your time for this job ran out, and it went back to its queue.", reason="expired")
    return lost(job, "It is not a job of yours.")


def lost(job: str, message: str, *, reason: str = "unknown", **facts: Any) -> JobLost:
    """Return the refusal of a job that is not the caller's, to be raised."""
    hint = "claim_job the next one; what you saved stays."
    return JobLost(message, hint=hint, job=job[: LIMITS.handle_chars_max], reason=reason, **facts)
