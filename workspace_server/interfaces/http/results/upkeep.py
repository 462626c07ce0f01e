"""Results of upkeep."""

from typing import Any

from workspace_server.interfaces.http.results.base import Changed, Result, VersionOf


class Purged(Changed):
    """What was removed: versions of the file, and those of others that had the same content."""

    path: str
    versions: list[int]
    also: list[VersionOf]
    deleted: int = 0
    seq: int = 0


class UpkeepWork(Result):
    """What is being done: `done` of `total` in the present step; `total` is 0 while it is not known."""

    task: str
    since: str
    step: str
    done: int
    total: int


class UpkeepState(Result):
    """What is being done, and what the last piece of work did; null when there is none."""

    running: UpkeepWork | None
    last: dict[str, Any] | None
