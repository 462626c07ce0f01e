"""Locks over HTTP."""

from typing import Annotated, Literal

from pydantic import Field
from starlette.responses import Response

from workspace_server.core.limits import LIMITS
from workspace_server.interfaces.http import results
from workspace_server.interfaces.http.arguments import Lifetime
from workspace_server.interfaces.http.call import Body, Call, Query
from workspace_server.interfaces.http.connection import while_connected
from workspace_server.interfaces.http.errors import json_response
from workspace_server.interfaces.http.operations import operation


class ListLocks(Query):
    """Which locks."""

    path: str | None = None
    mine: bool = False


class NamedPath(Body):
    """A path that is to be taken literally, whatever characters it has."""

    path: str


class LockFiles(Body):
    """What to lock: paths, `dir/` or patterns; all of them or none."""

    paths: list[str | NamedPath] = Field(min_length=1, max_length=LIMITS.lock_paths_max)
    mode: Literal["exclusive", "shared", "intent"] = "exclusive"
    ttl_seconds: Lifetime = 600
    wait_seconds: Annotated[int, Field(ge=0, le=LIMITS.wait_s_max)] = 0
    purpose: str | None = Field(default=None, max_length=LIMITS.purpose_chars_max)


class RenewLock(Body):
    """For how long from now."""

    ttl_seconds: Lifetime = 600


class EndLock(Query):
    """Why a lock is broken, for the log."""

    note: str | None = Field(default=None, max_length=LIMITS.note_chars_max)


async def list_locks(call: Call, query: ListLocks) -> Response:
    """List live locks: what they cover, who holds them, why and for how long; and who waits for one."""
    return json_response(await call.engine.locks.list_locks(call.caller, path=query.path, mine=query.mine))


async def lock_files(call: Call, body: LockFiles) -> Response:
    """Lock several paths together, or none of them; `wait_seconds` waits in the line for them."""
    locking = call.engine.locks.lock_files(
        call.caller,
        paths=[entry if isinstance(entry, str) else {"path": entry.path} for entry in body.paths],
        mode=body.mode,
        ttl_seconds=body.ttl_seconds,
        wait_seconds=body.wait_seconds,
        purpose=body.purpose,
    )
    return json_response(await while_connected(call.request, locking) if body.wait_seconds else await locking, 201)


async def renew_lock(call: Call, body: RenewLock) -> Response:
    """Keep a lock for longer."""
    result = await call.engine.locks.lock_files(call.caller, lock=call.values["lock"], ttl_seconds=body.ttl_seconds)
    return json_response(result)


async def end_lock(call: Call, query: EndLock) -> Response:
    """Release a lock by its handle; with the verb `admin`, break anybody's by its name (`L42`)."""
    return json_response(await call.engine.locks.end_lock(call.caller, call.values["lock"], note=query.note))


OPERATIONS = (
    operation("GET", "/locks", list_locks, result=results.LockList),
    operation("POST", "/locks", lock_files, result=results.GrantedLock, answers={201: "Granted, or renewed."}),
    operation("PATCH", "/locks/{lock}", renew_lock, result=results.GrantedLock),
    operation("DELETE", "/locks/{lock}", end_lock, result=results.Released),
)
