"""Tools that start other agents when files are saved."""

from typing import TYPE_CHECKING, Any, Literal

from workspace_server.core.access import Caller
from workspace_server.interfaces.mcp.registry import Answer, ToolSpec
from workspace_server.interfaces.mcp.schemas import Arguments
from workspace_server.interfaces.mcp.tools.fields import Selectors, named

if TYPE_CHECKING:
    from workspace_server.services.engine import Engine


class CreateTrigger(Arguments):
    """A rule: when these files are saved, start that."""

    name: str
    files: Selectors | None = None
    mode: Literal["each", "all", "any", "count"] = "each"
    count: int | None = None
    queue: str | None = None
    url: str | None = None
    instructions: str | None = None
    within_seconds: int | None = None
    on_timeout: str | None = None
    schedule: str | None = None
    options: dict[str, Any] | None = None


class ListTriggers(Arguments):
    """Which triggers."""

    name: str | None = None


class DeleteTrigger(Arguments):
    """Which trigger."""

    name: str


async def create_trigger(engine: "Engine", caller: Caller, given: CreateTrigger) -> Answer:
    """Create a trigger."""
    fields = given.model_dump(exclude={"files"})
    return await engine.triggers.create_trigger(
        caller, files=None if given.files is None else named(given.files), **fields
    )


async def list_triggers(engine: "Engine", caller: Caller, given: ListTriggers) -> Answer:
    """List triggers."""
    return await engine.triggers.list_triggers(caller, **given.model_dump())


async def delete_trigger(engine: "Engine", caller: Caller, given: DeleteTrigger) -> Answer:
    """Delete a trigger."""
    return await engine.triggers.delete_trigger(caller, **given.model_dump())


TOOLS = (
    ToolSpec(
        name="create_trigger",
        description=(
            "Start somebody when files are saved, exactly once, even if nobody is connected. mode 'each': every save;"
            " 'any': whatever is new; 'count': so many of them; 'all': ALL named paths, or `count` of a pattern, are in"
            " and unlocked; {name} makes one round per value: 'research/{topic}/facts.md'. Target: `queue` (agents"
            " claim_job) or `url` (signed webhook; `secret` is shown once). options: refire 'all'|'any' (which saves"
            " make the next round), manifest (a file with the paths), settle, since, indexed, checks."
            " Example: create_trigger(name='analyst', files=['a.md', 'b.md'], mode='all', queue='analyst',"
            " instructions='Compare both, write comparison.md')"
        ),
        params=CreateTrigger,
        verb="trigger",
        handler=create_trigger,
        repeatable=True,
    ),
    ToolSpec(
        name="list_triggers",
        description=(
            "Which triggers there are, which files are in, which are missing and why, when each fired last, what"
            " failed. Look here when something did not start. Example: list_triggers(name='analyst')"
        ),
        params=ListTriggers,
        verb="read",
        handler=list_triggers,
        changes=False,
    ),
    ToolSpec(
        name="delete_trigger",
        description="Remove a trigger; jobs it has made already stay. Example: delete_trigger(name='analyst')",
        params=DeleteTrigger,
        verb="trigger",
        handler=delete_trigger,
        destroys=True,
    ),
)
