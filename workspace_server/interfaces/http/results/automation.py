"""Results of triggers, deliveries and jobs."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from workspace_server.interfaces.http.results.base import Changed, Result, VersionOf


class Trigger(BaseModel):
    """A trigger: its definition, and how it stands."""

    model_config = ConfigDict(extra="allow", frozen=True, strict=True)

    trigger: str
    state: Literal["active", "needs_approval"]
    created_by: str
    created_at: str
    fired: int
    in_flight: int
    pending: int
    failures: int
    last_firing: dict[str, Any] = {}
    keys: list[dict[str, Any]] = []


class TriggerList(Result):
    """All triggers."""

    triggers: list[Trigger]


class CreatedTrigger(Changed):
    """A new trigger; `secret` signs its webhooks and is shown this once."""

    trigger: str
    state: Literal["active", "needs_approval"]
    warnings: list[str]
    secret: str = ""


class DeletedTrigger(Changed):
    """The name of the trigger that is no more."""

    deleted: str


class Attempt(Result):
    """One attempt to deliver."""

    number: int
    at: str
    status: int | None
    failure: str | None
    latency_ms: float
    answer: str


class Delivery(Result):
    """One firing on its way to one address."""

    delivery: str
    trigger: str
    firing: str
    endpoint: str
    state: str
    at: str
    next_at: str = ""
    ended_at: str = ""
    reason: str = ""
    attempts: list[Attempt]


class DeliveryList(Result):
    """A page of deliveries, newest first."""

    deliveries: list[Delivery]
    next_cursor: str = ""


class Redelivery(Changed):
    """A delivery that is tried again."""

    delivery: str
    state: str


class AddedJob(Changed):
    """The job, or the unfinished one of the same key."""

    job: str


class Job(Result):
    """A job that is the caller's until it is finished or falls silent."""

    job: str
    queue: str
    trigger: str = ""
    instructions: str | None
    inputs: list[VersionOf]
    attempt: int
    expires_in_seconds: int
    cause: str | None


class ClaimedJob(Changed):
    """The job; absent when the queue is empty."""

    job: Job | None = None


class FinishedJob(Changed):
    """What became of the job."""

    job: str
    state: str
