"""Tools that hand work to other agents through queues."""

from typing import TYPE_CHECKING

from pydantic import Field

from workspace_server.core.access import Caller
from workspace_server.core.jobs import Outcome
from workspace_server.interfaces.mcp.registry import Answer, ToolSpec
from workspace_server.interfaces.mcp.schemas import Arguments
from workspace_server.interfaces.mcp.tools.fields import Seconds, Source

if TYPE_CHECKING:
    from workspace_server.services.engine import Engine


class AddJob(Arguments):
    """What is to be done, with what."""

    queue: str
    instructions: str
    inputs: list[str | Source] = Field(default_factory=list)
    key: str | None = None


class ClaimJob(Arguments):
    """Which queue, and how long to wait for it."""

    queue: str
    wait_seconds: Seconds = 0
    visibility_seconds: Seconds = 1800


class FinishJob(Arguments):
    """How it went."""

    job: str
    outcome: Outcome = "done"
    note: str | None = None
    delay_seconds: Seconds = 0


async def add_job(engine: "Engine", caller: Caller, given: AddJob) -> Answer:
    """Add a job."""
    inputs = [one if isinstance(one, str) else one.model_dump() for one in given.inputs]
    return await engine.jobs.add_job(
        caller, queue=given.queue, instructions=given.instructions, inputs=inputs, key=given.key
    )


async def claim_job(engine: "Engine", caller: Caller, given: ClaimJob) -> Answer:
    """Take a job."""
    return await engine.jobs.claim_job(caller, **given.model_dump())


async def finish_job(engine: "Engine", caller: Caller, given: FinishJob) -> Answer:
    """End a job."""
    return await engine.jobs.finish_job(caller, **given.model_dump())


TOOLS = (
    ToolSpec(
        name="add_job",
        description=(
            "Put work into a queue for another agent. `inputs` are the files it is about: paths, or"
            " {path, version}. Open jobs with the same `key` are one."
            " Example: add_job(queue='editor', instructions='Shorten to one page', inputs=['draft.md'])"
        ),
        params=AddJob,
        verb="jobs",
        handler=add_job,
    ),
    ToolSpec(
        name="claim_job",
        description=(
            "Take the next job of a queue; wait_seconds (at most 50) waits for one. No `job` in the answer means"
            " that there is none. It is yours for visibility_seconds, renewed by your calls; then somebody else gets"
            " it. Work on the input versions that it names, then call finish_job."
            " Example: claim_job(queue='editor', wait_seconds=50)"
        ),
        params=ClaimJob,
        verb="jobs",
        handler=claim_job,
        core=True,
        waits=True,
    ),
    ToolSpec(
        name="finish_job",
        description=(
            "Say how a job went: 'done', 'retry' (again later, after delay_seconds), 'failed', with a note on why, or"
            " 'blocked': the note asks a person, whose answer brings the job back with `reply`."
            " Locks you took for it are released. Example: finish_job(job='J7', note='final.md saved')"
        ),
        params=FinishJob,
        verb="jobs",
        handler=finish_job,
        core=True,
    ),
)
