"""Tools that keep others out, and let them in again."""

from typing import TYPE_CHECKING, Literal

from workspace_server.core.access import Caller
from workspace_server.interfaces.mcp.registry import Answer, ToolSpec
from workspace_server.interfaces.mcp.schemas import Arguments
from workspace_server.interfaces.mcp.tools.fields import Handles, Lifetime, Seconds, Selectors, named

if TYPE_CHECKING:
    from workspace_server.services.engine import Engine


class LockFiles(Arguments):
    """What to lock, or which lock to renew."""

    paths: Selectors | None = None
    lock: str | None = None
    mode: Literal["exclusive", "shared", "intent"] = "exclusive"
    ttl_seconds: Lifetime = 600
    wait_seconds: Seconds = 0
    purpose: str | None = None


class UnlockFiles(Arguments):
    """Which locks to give back."""

    lock: Handles | None = None
    paths: Selectors | None = None


class ListLocks(Arguments):
    """Which locks."""

    path: str | None = None
    mine: bool = False


async def lock_files(engine: "Engine", caller: Caller, given: LockFiles) -> Answer:
    """Take or renew a lock."""
    paths = None if given.paths is None else named(given.paths)
    return await engine.locks.lock_files(
        caller,
        paths=paths,
        lock=given.lock,
        mode=given.mode,
        ttl_seconds=given.ttl_seconds,
        wait_seconds=given.wait_seconds,
        purpose=given.purpose,
    )


async def unlock_files(engine: "Engine", caller: Caller, given: UnlockFiles) -> Answer:
    """Give locks back."""
    return await engine.locks.unlock_files(
        caller, lock=given.lock, paths=None if given.paths is None else named(given.paths)
    )


async def list_locks(engine: "Engine", caller: Caller, given: ListLocks) -> Answer:
    """List locks."""
    return await engine.locks.list_locks(caller, **given.model_dump())


TOOLS = (
    ToolSpec(
        name="lock_files",
        description=(
            "Keep others from changing files while you work on them. `paths` are paths, directories ('research/') or"
            " patterns, also of files that do not exist yet: all are locked or none. Returns a handle such as"
            " 'L42-k7q9': pass it as `lock` to every write below those paths, which also keeps it alive. It ends"
            " after ttl_seconds (5-3600) without use; lock_files(lock=handle) renews it. exclusive: only you write."
            " shared: no exclusive lock meanwhile, but writes pass. intent: keeps nobody out; who writes there is told."
            " If somebody holds it you get `locked` with who, why and for how long; wait_seconds (up to 50) waits in"
            " line, and asking again keeps your place. Short edits need no lock. Unlock when done: others wait for it."
            " Example: lock_files(paths=['research/anyio/'], purpose='collecting facts')"
        ),
        params=LockFiles,
        verb="lock",
        handler=lock_files,
        core=True,
        repeatable=True,
        waits=True,
    ),
    ToolSpec(
        name="unlock_files",
        description=(
            "Give back a lock by its handle (or several), or your own locks that lie within `paths`."
            " Example: unlock_files(lock='L42-k7q9')"
        ),
        params=UnlockFiles,
        verb="lock",
        handler=unlock_files,
        core=True,
    ),
    ToolSpec(
        name="list_locks",
        description=(
            "Who holds what, why, and for how long, and who waits. mine=true shows yours with their handles."
            " Example: list_locks(path='research/')"
        ),
        params=ListLocks,
        verb="read",
        handler=list_locks,
        changes=False,
    ),
)
