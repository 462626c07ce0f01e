"""Results of operations on files."""

from typing import Any, Literal

from pydantic import Field

from workspace_server.interfaces.http.results.base import Changed, Result, VersionOf


class ListedFile(Result):
    """A file, or a directory with the number of files below it."""

    path: str
    type: Literal["file", "directory"]
    version: int = 0
    size_bytes: int = 0
    media_type: str = ""
    modified_at: str = ""
    modified_by: str = ""
    locked_by: str = ""
    deleted: bool = False
    gone: Literal["", "purged", "retention"] = ""
    files: int = 0


class FileList(Result):
    """A page of files; `seq` is the change up to which it is true."""

    files: list[ListedFile]
    next_cursor: str = ""
    seq: int


class StaleInput(Result):
    """A file that the change was made from and that has moved on since; `now` is 0 when it is deleted."""

    path: str
    you_read: int
    now: int
    by: str


class UnknownSource(Result):
    """A source that never was."""

    path: str
    version: int


class FailedChecks(Result):
    """A version that does not count for a trigger, and what it lacks."""

    trigger: str
    path: str
    failures: list[str]


class Warned(Result):
    """What the caller should look at, each entry with one of these; the change was made all the same."""

    stale_inputs: list[StaleInput] = Field(default_factory=list)
    unknown_sources: list[UnknownSource] = Field(default_factory=list)
    failed_checks: list[FailedChecks] = Field(default_factory=list)


class Announced(Result):
    """What another agent has announced to do with files of this call."""

    paths: list[str]
    agent: str
    purpose: str | None
    expires_in_seconds: int


class Remarked(Changed):
    """What every answer to a change of files may say besides."""

    warnings: list[Warned] = Field(default_factory=list)
    intents: list[Announced] = Field(default_factory=list)


class Written(Remarked):
    """A file as it was written; `unchanged` when it held the same already."""

    path: str
    version: int
    seq: int
    sha256: str
    size_bytes: int
    created: bool
    merged: bool
    unchanged: bool
    url: str


class Edited(Remarked):
    """A file as it was edited, and the difference."""

    path: str
    version: int
    seq: int
    diff: str
    dry_run: bool = False
    unchanged: bool = False


class Moved(Remarked):
    """Where a file, or how many files, moved or were copied."""

    path: str
    to: str
    version: int | None = None
    seq: int
    files: int


class Deleted(Remarked):
    """How many files were deleted."""

    path: str
    seq: int
    files: int


class Committed(Remarked):
    """A commit of several files; `seq` is that of its last event."""

    commit: str
    seq: int
    files: list[VersionOf]


class HistoryEntry(Result):
    """A version, or (`op` is `delete`) the deletion of one."""

    version: int
    seq: int
    at: str
    by: str
    op: str
    message: str | None
    size_bytes: int = 0
    sha256: str = ""
    gone: Literal["", "purged", "retention"] = ""
    sources: list[VersionOf] = Field(default_factory=list)
    moved_from: VersionOf | None = None
    moved_to: str = ""


class FileHistory(Result):
    """Versions and deletions, newest first."""

    path: str
    versions: list[HistoryEntry]


class Place(Result):
    """Where in a text to read on."""

    start_line: int
    start_column: int


class FileText(Result):
    """Lines of a text, or of the text of a document (`extracted`), from the page on which the first of them stands."""

    path: str
    version: int
    media_type: str
    encoding: str
    size_bytes: int
    modified_by: str
    modified_at: str
    locked_by: str = ""
    intents: list[Announced] = Field(default_factory=list)
    extracted: bool = False
    index_reason: str = ""
    pages: int = 0
    page: int = 0
    start_line: int
    end_line: int
    total_lines: int
    more: bool
    next: Place | None = None
    text: str


class FileDescription(Result):
    """What a file is about."""

    path: str
    version: int
    modified_by: str
    title: str | None
    media_type: str
    size_bytes: int
    lines: int | None = None
    pages: int = 0
    index_state: str
    index_reason: str = ""
    outline: list[str]
    facts: list[dict[str, Any]]
    profile: dict[str, Any] = Field(default_factory=dict)
    sources: list[VersionOf]
    used_by: list[VersionOf]


class Difference(Result):
    """A unified diff of two versions."""

    path: str
    from_version: int = Field(alias="from")
    to: int
    diff: str


class WrittenLines(Result):
    """Neighbouring lines and the version that brought them; `or_before` where the way back was left at it."""

    start_line: int
    end_line: int
    path: str
    version: int
    seq: int
    at: str
    by: str
    op: str
    message: str | None
    or_before: bool = False


class LeftWay(Result):
    """The version at which the way back was left, and why."""

    path: str
    version: int
    reason: Literal["versions", "bytes", "time", "gone", "not_text", "too_different", "scope"]


class FileBlame(Result):
    """Who wrote which lines; `stopped` when not all versions were looked through."""

    path: str
    version: int
    start_line: int
    end_line: int
    total_lines: int
    more: bool
    stretches: list[WrittenLines]
    stopped: LeftWay | None = None
