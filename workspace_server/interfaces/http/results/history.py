"""Results of operations on the past."""

from typing import Literal

from workspace_server.interfaces.http.results.base import Changed, Result


class UndoneFile(Result):
    """What was done to a file: `restored_version` is the one that stands there again, when it was one of its own."""

    path: str
    did: Literal["restored", "merged", "deleted", "nothing"]
    version: int = 0
    restored_version: int = 0


class LeftFile(Result):
    """A file that stays as it is: what stands there now, and what stood there before the agent (null: nothing)."""

    path: str
    reason: str
    version: int | None
    version_before: int | None


class UndoneWork(Changed):
    """What was taken back, and what is left to a person; a dry run has neither `commit` nor `seq`, but `preview`."""

    agent: str
    since_seq: int
    until_seq: int
    commit: str | None = None
    seq: int = 0
    files: list[UndoneFile]
    left: list[LeftFile]
    dry_run: bool = False
    preview: str = ""
