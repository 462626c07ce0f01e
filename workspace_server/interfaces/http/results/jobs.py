"""Results of queues and jobs."""

from typing import Any

from pydantic import Field

from workspace_server.core.jobs import State
from workspace_server.interfaces.http.results.base import Changed, Result


class AddedJob(Changed):
    """The job, or the unfinished one of the same key."""

    job: str


class JobInput(Result):
    """One version of one file; of a trigger that waits for the index, with how that has read it."""

    path: str
    version: int
    index_state: str = ""


class Job(Result):
    """A job that is the caller's until it is finished or falls silent; from `key` on, what its firing has to say."""

    job: str
    queue: str
    trigger: str = ""
    instructions: str | None
    by: str
    inputs: list[JobInput]
    attempt: int
    expires_in_seconds: int
    cause: str | None
    reply: str = ""
    key: dict[str, str] = Field(default_factory=dict)
    missing: list[dict[str, Any]] = Field(default_factory=list)
    unclean: bool = False
    holders: list[str] = Field(default_factory=list)
    coalesced: int = 0
    scheduled_at: str = ""
    missed: int = 0


class ClaimedJob(Changed):
    """The job; absent when the queue is empty."""

    job: Job | None = None


class FinishedJob(Changed):
    """What became of the job."""

    job: str
    state: State


class LoggedJob(Result):
    """The job whose log was kept, and how it stands: its program may have finished it by itself."""

    job: str
    state: State


class Queue(Result):
    """One queue: how many of its jobs are in each state, and who waits for whom."""

    queue: str
    queued: int
    claimed: int
    blocked: int
    done: int
    failed: int
    dead: int
    oldest_seconds: int = 0
    waiting: int


class QueueList(Result):
    """The queues, by name."""

    queues: list[Queue]


class ListedJob(Result):
    """A job as it stands."""

    job: str
    queue: str
    state: State
    key: str = ""
    trigger: str = ""
    cause: str = ""
    instructions: str = ""
    attempt: int
    failures: int
    agent: str = ""
    created_at: str
    created_by: str
    not_before: str = ""
    claimed_at: str = ""
    ended_at: str = ""
    note: str = ""
    reply: str = ""


class JobList(Result):
    """A page of jobs, newest first."""

    jobs: list[ListedJob]
    next_cursor: str = ""


class WholeJob(ListedJob):
    """All about one job; `logs` are the attempts whose logs are kept, `attention` is its entry in that list."""

    inputs: list[JobInput]
    logs: list[int]
    expires_in_seconds: int = 0
    attention: str = ""


class JobLog(Result):
    """What the program of one attempt has printed: its beginning and its end."""

    job: str
    attempt: int
    agent: str
    at: str
    size_bytes: int
    log: str
