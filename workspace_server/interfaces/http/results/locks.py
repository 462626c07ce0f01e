"""Results of operations on locks."""

from typing import Literal

from pydantic import Field

from workspace_server.interfaces.http.results.base import Changed, Result
from workspace_server.interfaces.http.results.files import Announced


class HeldLock(Result):
    """A live lock; `name` is for everybody, `lock` is its handle, and shown only to its holder."""

    name: str
    paths: list[str]
    mode: Literal["exclusive", "shared", "intent"]
    agent: str
    purpose: str | None
    fence: int
    expires_in_seconds: int
    lock: str = ""


class WaitingCall(Result):
    """Who waits in the line for a lock; `queue_position` is 1 for whoever waits only for locks that are held."""

    paths: list[str]
    mode: Literal["exclusive", "shared", "intent"]
    agent: str
    purpose: str | None
    queue_position: int = 0
    waiting_seconds: int


class LockList(Result):
    """Live locks, and the line for them, the first one first."""

    locks: list[HeldLock]
    waiting: list[WaitingCall]


class GrantedLock(Changed):
    """A lock that the caller holds now, with the versions of the files that it covers, and others' announcements."""

    lock: str
    fence: int
    paths: list[str]
    mode: Literal["exclusive", "shared", "intent"]
    expires_in_seconds: int
    expires_at: str
    versions: dict[str, int]
    intents: list[Announced] = Field(default_factory=list)


class Released(Changed):
    """The handles of the locks that were released."""

    released: list[str]


class CheckedIn(Changed):
    """What stands at a path after a check-in: version 0 is no file. `by` made it; `released` are the caller's locks."""

    path: str
    version: int
    by: str | None
    released: list[str]
