"""What the operations answer, for the description. The services make the answers; tests hold them to these models."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Result(BaseModel):
    """An object with exactly these members; one with a default may be absent."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Changed(Result):
    """What every answer to a change may say: `replayed` marks the stored answer to a repeated Idempotency-Key."""

    replayed: bool = False


class VersionOf(Result):
    """One version of one file; `deleted` when a commit deleted it."""

    path: str
    version: int
    deleted: bool = False


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
    files: int = 0


class FileList(Result):
    """A page of files; `seq` is the change up to which it is true."""

    files: list[ListedFile]
    next_cursor: str = ""
    seq: int


class Written(Changed):
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
    warnings: list[Any] = []


class Edited(Changed):
    """A file as it was edited, and the difference."""

    path: str
    version: int
    seq: int
    diff: str
    dry_run: bool = False
    unchanged: bool = False


class Moved(Changed):
    """Where a file, or how many files, moved or were copied."""

    path: str
    to: str
    version: int | None = None
    seq: int
    files: int


class Deleted(Changed):
    """How many files were deleted."""

    path: str
    seq: int
    files: int


class Committed(Changed):
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
    sources: list[VersionOf] = []
    moved_from: VersionOf | None = None
    moved_to: str = ""


class FileHistory(Result):
    """Versions and deletions, newest first."""

    path: str
    versions: list[HistoryEntry]


class FileDescription(Result):
    """What a file is about."""

    path: str
    version: int
    title: str | None
    media_type: str
    size_bytes: int
    lines: int | None
    index_state: str
    index_reason: str = ""
    outline: list[str]
    facts: list[dict[str, Any]]
    profile: dict[str, Any] = {}
    sources: list[VersionOf]
    used_by: list[VersionOf]


class HeldLock(Result):
    """A live lock; `lock` is its handle, and shown only to its holder."""

    paths: list[str]
    mode: Literal["exclusive", "shared"]
    agent: str
    purpose: str | None
    fence: int
    expires_in_seconds: int
    lock: str = ""


class LockList(Result):
    """Live locks."""

    locks: list[HeldLock]


class GrantedLock(Changed):
    """A lock that the caller holds now, with the versions of the files that it covers."""

    lock: str
    fence: int
    paths: list[str]
    mode: Literal["exclusive", "shared"]
    expires_in_seconds: int
    expires_at: str
    versions: dict[str, int]


class Released(Changed):
    """The handles of the locks that were released."""

    released: list[str]


class Passage(Result):
    """A stretch of a file's text, and where it stands."""

    path: str
    version: int
    start_line: int
    end_line: int
    page: int = 0
    heading: str = ""
    text: str
    score: float = 0


class Fact(Result):
    """A short statement and the lines that say so; the members after `by` come with `detail=full`."""

    fact: str
    cite: str
    kind: str
    by: str
    subject: str = ""
    key: str = ""
    value: str = ""
    unit: str = ""
    quote: str = ""
    path: str = ""
    version: int = 0
    start_line: int = 0
    end_line: int = 0
    page: int = 0
    at: str = ""


class SaidValue(Result):
    """What one source says."""

    value: str
    cite: str
    by: str


class Contradiction(Result):
    """Sources that disagree."""

    subject: str
    key: str
    values: list[SaidValue]


class Found(Result):
    """Passages; `complete` when the index knows every change, `indexed_seq` else the last one it knows."""

    hits: list[Passage]
    total_matches: int = 0
    indexed_seq: int
    complete: bool
    did_you_mean: str = ""


class FoundFacts(Result):
    """Facts, contradictions among them, and passages in the room that is left."""

    facts: list[Fact]
    conflicts: list[Contradiction]
    passages: list[Passage]
    indexed_seq: int
    complete: bool


class Event(BaseModel):
    """A committed change; its type says which further members it has."""

    model_config = ConfigDict(extra="allow", frozen=True, strict=True)

    seq: int
    type: str
    at: str
    agent: str
    path: str = ""
    version: int | None = None
    url: str = ""


class EventPage(Result):
    """Events in their order; go on from `next_seq`. `truncated`: older ones are kept no longer."""

    events: list[Event]
    next_seq: int
    truncated: bool


class Trigger(BaseModel):
    """A trigger: its definition, and how it stands."""

    model_config = ConfigDict(extra="allow", frozen=True, strict=True)

    trigger: str
    state: Literal["active", "needs_approval"]
    created_by: str
    created_at: str
    fired: int
    in_flight: int
    pending: int
    failures: int
    last_firing: dict[str, Any] = {}
    keys: list[dict[str, Any]] = []


class TriggerList(Result):
    """All triggers."""

    triggers: list[Trigger]


class CreatedTrigger(Changed):
    """A new trigger; `secret` signs its webhooks and is shown this once."""

    trigger: str
    state: Literal["active", "needs_approval"]
    warnings: list[str]
    secret: str = ""


class DeletedTrigger(Changed):
    """The name of the trigger that is no more."""

    deleted: str


class Attempt(Result):
    """One attempt to deliver."""

    number: int
    at: str
    status: int | None
    failure: str | None
    latency_ms: float
    answer: str


class Delivery(Result):
    """One firing on its way to one address."""

    delivery: str
    trigger: str
    firing: str
    endpoint: str
    state: str
    at: str
    next_at: str = ""
    ended_at: str = ""
    reason: str = ""
    attempts: list[Attempt]


class DeliveryList(Result):
    """A page of deliveries, newest first."""

    deliveries: list[Delivery]
    next_cursor: str = ""


class Redelivery(Changed):
    """A delivery that is tried again."""

    delivery: str
    state: str


class AddedJob(Changed):
    """The job, or the unfinished one of the same key."""

    job: str


class Job(Result):
    """A job that is the caller's until it is finished or falls silent."""

    job: str
    queue: str
    trigger: str = ""
    instructions: str | None
    inputs: list[VersionOf]
    attempt: int
    expires_in_seconds: int
    cause: str | None


class ClaimedJob(Changed):
    """The job; absent when the queue is empty."""

    job: Job | None = None


class FinishedJob(Changed):
    """What became of the job."""

    job: str
    state: str


class Difference(Result):
    """A unified diff of two versions."""

    path: str
    from_version: int = Field(alias="from")
    to: int
    diff: str


class Anything(BaseModel):
    """An object whose members its description does not fix."""

    model_config = ConfigDict(extra="allow")
