"""Every refusal that a caller can meet, one class per code of the public contract.

A refusal tells its caller what to do next: `hint` names the next call. The classes are flat; faces translate them in
one place each, by `code` and `http_status`. A broken invariant of ours is no refusal: that is an `AssertionError`.
"""

from typing import ClassVar

Fact = object
"""A JSON value that goes out beside the message."""


class WorkspaceError(Exception):
    """The root of all refusals.

    Args:
        message: One sentence that says what is wrong.
        hint: The next call to make, in words an agent can act on.
        retryable: Whether the same call may succeed later without a change.
        **facts: JSON values that go out beside the message, named as in the contract.
    """

    code: ClassVar[str] = "internal"
    http_status: ClassVar[int] = 500

    def __init__(self, message: str, *, hint: str | None = None, retryable: bool = False, **facts: Fact) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.retryable = retryable
        self.facts = facts

    def as_dict(self) -> dict[str, Fact]:
        """Return the object that goes over the wire."""
        return {
            "code": self.code,
            "message": self.message,
            "hint": self.hint,
            "retryable": self.retryable,
            **self.facts,
        }


class NotFound(WorkspaceError):
    """There is nothing at that path or under that name."""

    code = "not_found"
    http_status = 404


class Gone(WorkspaceError):
    """The version existed and is kept no longer."""

    code = "gone"
    http_status = 410


class InvalidPath(WorkspaceError):
    """The path can never name a file of this workspace; `reason` says why."""

    code = "invalid_path"
    http_status = 400


class InvalidArgument(WorkspaceError):
    """An argument is missing, unknown or out of bounds; `argument` and `reason` say which and why."""

    code = "invalid_argument"
    http_status = 400


class IsDirectory(WorkspaceError):
    """A directory stands where a file is meant."""

    code = "is_directory"
    http_status = 409


class NameTaken(WorkspaceError):
    """A name that differs only by case or normal form exists."""

    code = "name_taken"
    http_status = 409


class NotText(WorkspaceError):
    """The file is not text, and text was asked for."""

    code = "not_text"
    http_status = 422


class VersionRequired(WorkspaceError):
    """The write would replace content without saying which."""

    code = "version_required"
    http_status = 428


class Conflict(WorkspaceError):
    """The file has moved on since the version that the caller named."""

    code = "conflict"
    http_status = 412


class Locked(WorkspaceError):
    """A live lock covers the path, and its handle was not given."""

    code = "locked"
    http_status = 423


class LockLost(WorkspaceError):
    """The lock has expired, was broken, or never was; `reason` says which."""

    code = "lock_lost"
    http_status = 409


class JobLost(WorkspaceError):
    """The job is no longer the caller's; `reason` says why."""

    code = "job_lost"
    http_status = 409


class EditFailed(WorkspaceError):
    """An edit's old text does not stand in the file exactly once."""

    code = "edit_failed"
    http_status = 422


class SuspiciousWrite(WorkspaceError):
    """The new content seems to leave out what it should have kept; `lost_lines` and `marker` say why."""

    code = "suspicious_write"
    http_status = 422


class Paused(WorkspaceError):
    """A person holds the caller's changes up, or wants a note acknowledged first; `by` and `note` say who and why."""

    code = "paused"
    http_status = 423


class TooLarge(WorkspaceError):
    """More than a limit allows; `limit` and `actual` are facts."""

    code = "too_large"
    http_status = 413


class QuotaExceeded(WorkspaceError):
    """The workspace or the agent has no room left."""

    code = "quota_exceeded"
    http_status = 507


class RateLimited(WorkspaceError):
    """Too many calls; `retry_after_seconds` says when to come back."""

    code = "rate_limited"
    http_status = 429


class Unauthenticated(WorkspaceError):
    """The caller must prove who it is."""

    code = "unauthenticated"
    http_status = 401


class Forbidden(WorkspaceError):
    """The caller may not do that there."""

    code = "forbidden"
    http_status = 403


LASTING = frozenset({"damaged", "newer schema", "another schema", "refused for good"})
"""The reasons of `Unavailable` that no later try changes."""


class Unavailable(WorkspaceError):
    """The server cannot do it now; nothing was changed."""

    code = "unavailable"
    http_status = 503


class Internal(WorkspaceError):
    """A fault of the server; the request id finds it in the log."""

    code = "internal"
    http_status = 500


ALL: tuple[type[WorkspaceError], ...] = tuple(WorkspaceError.__subclasses__())
"""Every class, in the order of this page."""
