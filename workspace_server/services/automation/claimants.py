"""Which job is meant, whose it is, and how others are refused."""

from typing import Any

from workspace_server.core.access import Caller
from workspace_server.core.jobs import TAKEN_BACK, Outcome, job_number
from workspace_server.core.limits import LIMITS
from workspace_server.errors import JobLost, NotFound
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import jobs
from workspace_server.storage.tables.jobs import JobRow


async def known(tx: Transaction, job: str) -> JobRow:
    """Return the job of that name, for those who watch over jobs.

    Raises:
        NotFound: There is none.
    """
    number = job_number(job)
    row = None if number is None else await jobs.by_id(tx, number)
    if row is None:
        raise NotFound("There is no such job.", hint="`GET /jobs` lists them.", job=job[: LIMITS.handle_chars_max])
    return row


async def numbered(tx: Transaction, job: str) -> JobRow:
    """Return the job of that name.

    Raises:
        JobLost: There is none.
    """
    number = job_number(job)
    row = None if number is None else await jobs.by_id(tx, number)
    if row is None:
        raise lost(job, "There is no such job.")
    return row


async def own(tx: Transaction, caller: Caller, job: str, outcome: Outcome) -> JobRow:
    """Return the job when it is the caller's; also when it has ended in just this way (a repeat).

    Raises:
        JobLost: It is not.
    """
    row = await numbered(tx, job)
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
