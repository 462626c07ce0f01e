"""Results of what needs a person."""

from typing import Any, Literal

from pydantic import Field

from workspace_server.core.attention import Action, Kind
from workspace_server.interfaces.http.results.base import Changed, Result


class MovedOn(Result):
    """An input that is not what was asked about any more; `now` is the version that stands there, null for none."""

    path: str
    version: int
    now: int | None


class Attention(Result):
    """One entry: what it is, what a person may do about it, and how it ended when it is over.

    `reason` is why a file could not be read.
    """

    attention: str
    kind: Kind
    summary: str
    path: str = ""
    at: str
    about: dict[str, Any]
    actions: list[Action]
    stale: list[MovedOn] = Field(default=[])
    url: str = ""
    reason: str = ""
    ended_at: str = ""
    ended_by: str = ""
    outcome: str = ""
    note: str = ""


class AttentionList(Result):
    """A page of entries, newest first, and how many are open of each kind and about each of some triggers."""

    attention: list[Attention]
    open: dict[str, int]
    open_by_trigger: dict[str, int]
    next_cursor: str = ""


class Decided(Changed):
    """What became of the entry; `stale` when an input had moved on, `trigger` when it was about one."""

    attention: str
    outcome: Literal["approved", "denied", "dismissed", "replied", "retried"]
    stale: bool = False
    trigger: str = ""
