"""Queues and jobs over HTTP."""

from typing import Annotated

from pydantic import Field
from starlette.responses import Response

from workspace_server.core.jobs import Outcome
from workspace_server.core.limits import LIMITS
from workspace_server.interfaces.http import results
from workspace_server.interfaces.http.arguments import Count, Seconds
from workspace_server.interfaces.http.call import Body, Call, Query
from workspace_server.interfaces.http.checkouts import Session
from workspace_server.interfaces.http.connection import while_connected
from workspace_server.interfaces.http.errors import json_response
from workspace_server.interfaces.http.files import Source
from workspace_server.interfaces.http.operations import operation


class AddJob(Body):
    """What is to be done, with which inputs; jobs of the same key are one."""

    instructions: str
    inputs: list[str | Source] = Field(default=[], max_length=LIMITS.job_inputs_max)
    key: str | None = None


class ClaimJob(Body):
    """How long to wait for a job, and for how long it is to be the caller's."""

    wait_seconds: Annotated[int, Field(ge=0, le=LIMITS.wait_s_max)] = 0
    visibility_seconds: Seconds = 1800
    session: Session | None = None


class FinishJob(Body):
    """How it went; with `blocked`, what a person is asked."""

    outcome: Outcome = "done"
    note: str | None = Field(default=None, max_length=LIMITS.note_chars_max)
    delay_seconds: Seconds = 0


class WriteLog(Body):
    """What the program of an attempt has printed so far, of which the beginning and the end are kept."""

    attempt: Count
    text: str
    size_bytes: Count = 0


class CancelJob(Body):
    """Why."""

    note: str | None = None


class ListJobs(Query):
    """Which jobs."""

    queue: str | None = None
    state: str | None = None
    agent: str | None = None
    trigger: str | None = None
    limit: Count = 50
    cursor: str | None = None


class ReadLog(Query):
    """Of which attempt; the last one that has a log unless given."""

    attempt: Count | None = None


async def add_job(call: Call, body: AddJob) -> Response:
    """Put a job into a queue."""
    inputs = [entry if isinstance(entry, str) else entry.model_dump() for entry in body.inputs]
    result = await call.engine.jobs.add_job(
        call.caller, queue=call.values["queue"], instructions=body.instructions, inputs=inputs, key=body.key
    )
    return json_response(result, 201)


async def claim_job(call: Call, body: ClaimJob) -> Response:
    """Take the next job of a queue; `job` is absent when there is none."""
    claiming = call.engine.jobs.claim_job(
        call.caller,
        queue=call.values["queue"],
        wait_seconds=body.wait_seconds,
        visibility_seconds=body.visibility_seconds,
        session=body.session,
    )
    return json_response(await while_connected(call.request, claiming) if body.wait_seconds else await claiming)


async def finish_job(call: Call, body: FinishJob) -> Response:
    """Say how a claimed job went; locks taken for it are released."""
    return json_response(await call.engine.jobs.finish_job(call.caller, job=call.values["job"], **body.model_dump()))


async def write_log(call: Call, body: WriteLog) -> Response:
    """Keep what the program of a claimed job has printed so far; also a sign of life for it."""
    return json_response(await call.engine.jobs.write_log(call.caller, job=call.values["job"], **body.model_dump()))


async def list_queues(call: Call) -> Response:
    """List the queues: their jobs by state, how long the oldest one waits, and how many wait for jobs."""
    return json_response(await call.engine.queues.list_queues(call.caller))


async def list_jobs(call: Call, query: ListJobs) -> Response:
    """List jobs, newest first."""
    return json_response(await call.engine.queues.list_jobs(call.caller, **query.model_dump()))


async def show_job(call: Call) -> Response:
    """Return all about one job, also its inputs and of which attempts logs are kept."""
    return json_response(await call.engine.queues.show_job(call.caller, job=call.values["job"]))


async def read_log(call: Call, query: ReadLog) -> Response:
    """Return what the program of an attempt at a job has printed: its beginning and its end."""
    return json_response(await call.engine.queues.read_log(call.caller, job=call.values["job"], attempt=query.attempt))


async def revive_job(call: Call) -> Response:
    """Put a job that failed, or was given up, back into its queue."""
    return json_response(await call.engine.queues.revive_job(call.caller, job=call.values["job"]))


async def cancel_job(call: Call, body: CancelJob) -> Response:
    """Give up a job that is not at its end; needs the verb `admin`."""
    return json_response(await call.engine.jobs.cancel_job(call.caller, job=call.values["job"], note=body.note))


OPERATIONS = (
    operation("GET", "/queues", list_queues, result=results.QueueList),
    operation("POST", "/queues/{queue}:add", add_job, result=results.AddedJob, answers={201: "Added."}),
    operation("POST", "/queues/{queue}:claim", claim_job, result=results.ClaimedJob),
    operation("GET", "/jobs", list_jobs, result=results.JobList),
    operation("GET", "/jobs/{job}", show_job, result=results.WholeJob),
    operation("POST", "/jobs/{job}:finish", finish_job, result=results.FinishedJob),
    operation("GET", "/jobs/{job}:log", read_log, result=results.JobLog),
    operation("POST", "/jobs/{job}:log", write_log, result=results.LoggedJob),
    operation("POST", "/jobs/{job}:cancel", cancel_job, result=results.FinishedJob),
    operation("POST", "/jobs/{job}:revive", revive_job, result=results.FinishedJob),
)
