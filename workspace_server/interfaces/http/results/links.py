"""Results of operations on share links."""

from typing import Literal

from workspace_server.core.links import State
from workspace_server.interfaces.http.results.base import Changed, Result


class ShareLink(Result):
    """A link as it is listed; `opened` counts the pages and downloads that it gave."""

    link: str
    path: str
    type: Literal["file", "directory"]
    state: State
    by: str
    at: str
    expires_at: str
    opened: int
    version: int = 0
    as_of_seq: int = 0
    note: str = ""
    opened_at: str = ""
    revoked_at: str = ""
    revoked_by: str = ""


class LinkList(Result):
    """A page of links, newest first."""

    links: list[ShareLink]
    next_cursor: str = ""


class CreatedLink(Changed):
    """The new link; its address `url` is not stored, so the answer to a repeated request lacks it."""

    link: str
    path: str
    expires_at: str
    version: int = 0
    as_of_seq: int = 0
    url: str = ""


class RevokedLink(Changed):
    """A link that leads nowhere any more, and why."""

    link: str
    state: Literal["revoked", "expired"]
