"""Tokens: the proof of who somebody is, with what that one may do where.

A token is random, shown once, and kept as a digest only. Its public id stands in it, so that whoever finds one in a
place where it should not be can say which one to revoke.
"""

import hashlib
import re
from dataclasses import dataclass
from typing import Final, Literal

from workspace_server.core.access import Caller, agent_name
from workspace_server.core.limits import LIMITS
from workspace_server.core.scopes import Scope
from workspace_server.errors import Forbidden, InvalidArgument, NotFound

ID_BYTES: Final = 6
SECRET_BYTES: Final = 32
"""256 random bits: nobody guesses them, so a digest of them needs no salt and no slowness."""
PREFIX: Final = "wst_"
"""What every token made here begins with, and no other one."""
_TOKEN = re.compile(rf"{PREFIX}([0-9a-f]{{12}})_[A-Za-z0-9_-]{{43}}")
_ID = re.compile(r"[0-9a-f]{12}")
State = Literal["live", "expired", "revoked"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """One token.

    Attributes:
        token_id: Its public name.
        agent: Whose it is: an agent's name, or with *is_crew* that of a crew, whose members act as `agent/NAME`.
        created_at: Like all times here in seconds since 1970.
        expires_at: From when it proves nothing any more; None for never.
        used_at: When it was last used, but for the last seconds.
    """

    token_id: str
    agent: str
    is_crew: bool
    scope: Scope
    note: str | None
    created_by: str
    created_at: float
    expires_at: float | None
    revoked_at: float | None = None
    revoked_by: str | None = None
    used_at: float | None = None

    def state(self, now_s: float) -> State:
        """Return whether it still proves anything, and if not, why."""
        if self.revoked_at is not None:
            return "revoked"
        return "live" if self.expires_at is None or now_s < self.expires_at else "expired"

    def acts_as(self, claimed: object) -> str:
        """Return the name under which its bearer acts, who calls itself *claimed*.

        Raises:
            Forbidden: The name is another one's.
            InvalidArgument: It is malformed.
        """
        said = None if claimed is None or claimed == "" else agent_name(claimed)
        if said is None or said == self.agent:
            return self.agent
        if self.is_crew:
            member = said.removeprefix(f"{self.agent}/")
            if "/" not in member:
                return agent_name(f"{self.agent}/{member}")
        raise Forbidden(
            f"This token is {self.agent}'s, and you call yourself {said}.",
            hint="Leave the name out, or ask the operator for a token of your own.",
            reason="agent",
        )

    def is_of(self, agent: str) -> bool:
        """Return whether somebody with this token may act as *agent*."""
        return agent == self.agent or (self.is_crew and agent.startswith(f"{self.agent}/"))

    def caller(self, agent: str) -> Caller:
        """Return who acts under a name of its own by this token."""
        return Caller(agent=agent, scope=self.scope, verified=True, token=self.token_id)


def spelled(token_id: str, secret: str) -> str:
    """Return the token of a public id, `ID_BYTES` in hexadecimal, and `SECRET_BYTES` random ones in base64url."""
    return f"{PREFIX}{token_id}_{secret}"


def digest(token: str) -> str | None:
    """Return what is kept of a token; None when it can be none."""
    return hashlib.sha256(token.encode()).hexdigest() if _TOKEN.fullmatch(token) else None


def public_id(token: str) -> str | None:
    """Return the public id that a token says; None when it can be none."""
    found = _TOKEN.fullmatch(token)
    return None if found is None else found[1]


def check_owner(agent: str, *, is_crew: bool) -> str:
    """Return the name of the agent or crew that a token is to be for.

    Raises:
        InvalidArgument: It is none, or with its members' names it would be too long.
    """
    name = agent_name(agent)
    if not agent or (is_crew and ("/" in name or len(name) > LIMITS.agent_chars_max // 2)):
        raise InvalidArgument(
            "That is no name of an agent or a crew.",
            hint=f"A crew has one name of up to {LIMITS.agent_chars_max // 2} characters, without a /.",
            argument="agent",
            reason="malformed name",
        )
    return name


def check_term(seconds: float | None) -> None:
    """Pass when a token may live for so long.

    Raises:
        InvalidArgument: That is too short, or too long.
    """
    if seconds is not None and not LIMITS.token_s_min <= seconds <= LIMITS.token_s_max:
        raise InvalidArgument(
            f"expires_in_seconds: a token lives for {LIMITS.token_s_min} to {LIMITS.token_s_max} seconds.",
            hint="Leave it out for a token that lives until it is revoked.",
            argument="expires_in_seconds",
            reason="out of bounds",
        )


def check_id(token_id: str) -> str:
    """Return the public id of a token.

    Raises:
        NotFound: It is none; what was given is not said again, as it may be a whole token.
    """
    if not _ID.fullmatch(token_id):
        raise unknown()
    return token_id


def unknown() -> NotFound:
    """Return the refusal of a token that is not there."""
    return NotFound("There is no such token.", hint="GET /tokens, or `token list`, shows them by their ids.")
