"""Results of operations on tokens."""

from workspace_server.core.access_tokens import State
from workspace_server.interfaces.http.results.base import Changed, Result


class ListedToken(Result):
    """A token as it is listed; `id` stands in it, and proves nothing."""

    id: str
    agent: str
    crew: bool
    allow: list[str]
    state: State
    by: str
    at: str
    note: str = ""
    expires_at: str = ""
    revoked_at: str = ""
    revoked_by: str = ""
    used_at: str = ""


class TokenList(Result):
    """Tokens, newest first."""

    tokens: list[ListedToken]


class CreatedToken(Changed):
    """The new token; `token` itself is not stored, so the answer to a repeated request lacks it."""

    id: str
    agent: str
    crew: bool
    allow: list[str]
    state: State
    by: str
    at: str
    note: str = ""
    expires_at: str = ""
    token: str = ""


class RevokedToken(Changed):
    """A token that proves nothing any more, and why."""

    id: str
    state: State
