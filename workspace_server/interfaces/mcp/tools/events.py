"""Tools that wait for files and follow what happens."""

from typing import TYPE_CHECKING, Literal

from workspace_server.core.access import Caller
from workspace_server.interfaces.mcp.registry import Answer, ToolSpec
from workspace_server.interfaces.mcp.schemas import Arguments
from workspace_server.interfaces.mcp.tools.fields import Count, Seconds, Selectors, named

if TYPE_CHECKING:
    from workspace_server.services.engine import Engine


class WaitFor(Arguments):
    """What to wait for, and for how long."""

    files: Selectors
    mode: Literal["all", "any", "count"] = "all"
    count: Count | None = None
    since_seq: Count | None = None
    indexed: bool = False
    timeout_seconds: Seconds = 25


class ListEvents(Arguments):
    """Which events."""

    since_seq: Count | None = None
    types: list[str] | None = None
    path: str | None = None
    agent: str | None = None
    squash: bool = True
    limit: Count = 100
    max_tokens: Count = 1500


async def wait_for(engine: "Engine", caller: Caller, given: WaitFor) -> Answer:
    """Wait for files."""
    return await engine.waits.wait_for(
        caller,
        files=named(given.files),
        mode=given.mode,
        count=given.count,
        since_seq=given.since_seq,
        indexed=given.indexed,
        timeout_seconds=given.timeout_seconds,
    )


async def list_events(engine: "Engine", caller: Caller, given: ListEvents) -> Answer:
    """List what happened."""
    return await engine.events.list_events(caller, **given.model_dump())


TOOLS = (
    ToolSpec(
        name="wait_for",
        description=(
            "Wait until files of others are saved and unlocked, instead of polling. `files` are paths or patterns; mode"
            " 'all' (each of them), 'any' or 'count'. What is already there counts at once; since_seq=N counts only"
            " saves after N. indexed=true also waits until their facts can be queried. status 'timeout' (at most 50 s)"
            " names what is missing and why: call again, or do something else meanwhile. When a file starts a whole"
            " task, create_trigger is better than waiting."
            " Example: wait_for(files=['a/facts.md', 'b/facts.md'], timeout_seconds=50)"
        ),
        params=WaitFor,
        verb="read",
        handler=wait_for,
        core=True,
        changes=False,
        waits=True,
    ),
    ToolSpec(
        name="list_events",
        description=(
            "What happened in the workspace: saves, deletes, moves, locks, firings, with who did it. Without since_seq"
            " the newest ones; pass next_seq as since_seq to follow on. squash=true keeps the last event of each path."
            " Example: list_events(since_seq=120, path='research/')"
        ),
        params=ListEvents,
        verb="read",
        handler=list_events,
        changes=False,
    ),
)
