"""Queues and jobs over HTTP."""

from typing import Annotated, Literal

from pydantic import Field
from starlette.responses import Response

from workspace_server.core.limits import LIMITS
from workspace_server.interfaces.http import results
from workspace_server.interfaces.http.arguments import Seconds
from workspace_server.interfaces.http.call import Body, Call
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


class FinishJob(Body):
    """How it went."""

    outcome: Literal["done", "retry", "failed"] = "done"
    note: str | None = Field(default=None, max_length=LIMITS.note_chars_max)
    delay_seconds: Seconds = 0


async def add_job(call: Call, body: AddJob) -> Response:
    """Put a job into a queue."""
    inputs = [entry if isinstance(entry, str) else entry.model_dump() for entry in body.inputs]
    result = await call.engine.jobs.add_job(
        call.caller, queue=call.values["queue"], instructions=body.instructions, inputs=inputs, key=body.key
    )
    return json_response(result, 201)


async def claim_job(call: Call, body: ClaimJob) -> Response:
    """Take the next job of a queue; `job` is absent when there is none."""
    result = await call.engine.jobs.claim_job(
        call.caller,
        queue=call.values["queue"],
        wait_seconds=body.wait_seconds,
        visibility_seconds=body.visibility_seconds,
    )
    return json_response(result)


async def finish_job(call: Call, body: FinishJob) -> Response:
    """Say how a claimed job went; locks taken for it are released."""
    return json_response(await call.engine.jobs.finish_job(call.caller, job=call.values["job"], **body.model_dump()))


OPERATIONS = (
    operation("POST", "/queues/{queue}:add", add_job, result=results.AddedJob, answers={201: "Added."}),
    operation("POST", "/queues/{queue}:claim", claim_job, result=results.ClaimedJob),
    operation("POST", "/jobs/{job}:finish", finish_job, result=results.FinishedJob),
)
