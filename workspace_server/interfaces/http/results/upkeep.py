"""Results of upkeep."""

from typing import Any

from workspace_server.interfaces.http.results.base import Changed, Result, VersionOf


class Purged(Changed):
    """What was removed: versions of the file, and those of others that had the same content.

    `kept` says where content stands now that the file had too; `not_removed` are its versions that have it, and stay.
    """

    path: str
    versions: list[int]
    not_removed: list[int]
    also: list[VersionOf]
    kept: list[VersionOf]
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
    """What is being done, what the last piece of work did, and what a purge waits for; null when there is none."""

    running: UpkeepWork | None
    last: dict[str, Any] | None
    waits_for: str | None
