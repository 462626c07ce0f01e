"""Locks over HTTP."""

from typing import Literal

from pydantic import Field
from starlette.responses import Response

from workspace_server.core.limits import LIMITS
from workspace_server.interfaces.http import results
from workspace_server.interfaces.http.arguments import Seconds
from workspace_server.interfaces.http.call import Body, Call, Query
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
    ttl_seconds: Seconds = 600
    purpose: str | None = Field(default=None, max_length=LIMITS.purpose_chars_max)


class RenewLock(Body):
    """For how long from now."""

    ttl_seconds: Seconds = 600


async def list_locks(call: Call, query: ListLocks) -> Response:
    """List live locks: what they cover, who holds them, why and for how long."""
    return json_response(await call.engine.locks.list_locks(call.caller, path=query.path, mine=query.mine))


async def lock_files(call: Call, body: LockFiles) -> Response:
    """Lock several paths together, or none of them."""
    paths = [entry if isinstance(entry, str) else {"path": entry.path} for entry in body.paths]
    result = await call.engine.locks.lock_files(
        call.caller, paths=paths, mode=body.mode, ttl_seconds=body.ttl_seconds, purpose=body.purpose
    )
    return json_response(result, 201)


async def renew_lock(call: Call, body: RenewLock) -> Response:
    """Keep a lock for longer."""
    result = await call.engine.locks.lock_files(call.caller, lock=call.values["lock"], ttl_seconds=body.ttl_seconds)
    return json_response(result)


async def unlock_files(call: Call) -> Response:
    """Release a lock."""
    return json_response(await call.engine.locks.unlock_files(call.caller, lock=call.values["lock"]))


OPERATIONS = (
    operation("GET", "/locks", list_locks, result=results.LockList),
    operation("POST", "/locks", lock_files, result=results.GrantedLock, answers={201: "Granted, or renewed."}),
    operation("PATCH", "/locks/{lock}", renew_lock, result=results.GrantedLock),
    operation("DELETE", "/locks/{lock}", unlock_files, result=results.Released),
)
