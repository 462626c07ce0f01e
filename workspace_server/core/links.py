"""Share links: an address by which whoever has it reads one file or directory, for a while.

The id in the address is the whole proof, so it is random, shown once, and kept as a digest only. What a link leads to
goes by its path: pinned to what stood there once, or whatever stands there now.
"""

import hashlib
import re
from dataclasses import dataclass
from typing import Final, Literal

from workspace_server.core.limits import LIMITS
from workspace_server.errors import InvalidArgument, NotFound

ID_BYTES: Final = 24
"""192 random bits: 32 characters of an address."""
_ID = re.compile(r"[A-Za-z0-9_-]{32}")
_NAME = re.compile(r"S([1-9][0-9]{0,14})")
State = Literal["open", "expired", "revoked"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One share link.

    Attributes:
        path: What it leads to; the root is the empty string.
        version: Of a file, the version that it is pinned to; None for the newest.
        as_of_seq: Of a directory, the moment that it is pinned to; None for now.
        created_at: Like all times here in seconds since 1970.
        opened: How often it was opened, but for the last seconds.
    """

    number: int
    path: str
    is_directory: bool
    version: int | None
    as_of_seq: int | None
    note: str | None
    created_by: str
    created_at: float
    expires_at: float
    revoked_at: float | None
    revoked_by: str | None
    opened: int
    opened_at: float | None

    def state(self, now_s: float) -> State:
        """Return whether it still leads anywhere, and if not, why."""
        if self.revoked_at is not None:
            return "revoked"
        return "open" if now_s < self.expires_at else "expired"


def digest(link_id: str) -> str | None:
    """Return what is kept of the id in an address; None when it can be no id."""
    return hashlib.sha256(link_id.encode()).hexdigest() if _ID.fullmatch(link_id) else None


def name_of(number: int) -> str:
    """Return what a link is called where it is listed: `S7`. It opens nothing."""
    return f"S{number}"


def number_of(name: str) -> int:
    """Return the number in a link's name.

    Raises:
        NotFound: It is none.
    """
    found = _NAME.fullmatch(name)
    if found is None:
        raise unknown(name)
    return int(found[1])


def unknown(name: str) -> NotFound:
    """Return the refusal of a link that is not there."""
    return NotFound(
        f"There is no link {name[:20]}.", hint="GET /links, or the command `links`, lists them.", link=name[:20]
    )


def check_term(seconds: float) -> None:
    """Pass when a link may live for so long.

    Raises:
        InvalidArgument: That is too short, or too long.
    """
    if not LIMITS.link_s_min <= seconds <= LIMITS.link_s_max:
        raise InvalidArgument(
            f"expires_in_seconds: a link lives for {LIMITS.link_s_min} to {LIMITS.link_s_max} seconds.",
            hint=f"Leave it out for {LIMITS.link_s} seconds, and make another one later.",
            argument="expires_in_seconds",
            reason="out of bounds",
        )


def inside(link: Link, below: str) -> str:
    """Return the path that stands *below* what a link leads to.

    Args:
        below: A canonical path; empty for what the link leads to itself.

    Raises:
        NotFound: It leads to a file, which has nothing below it.
    """
    if not below:
        return link.path
    if not link.is_directory:
        raise NotFound("There is nothing at this address.", path=below)
    return f"{link.path}/{below}" if link.path else below


def shared_part(link: Link, path: str) -> str | None:
    """Return what stands below the link at *path*; None when the link does not lead there."""
    if not link.is_directory:
        return "" if path == link.path else None
    if not link.path or path == link.path:
        return path if not link.path else ""
    return path[len(link.path) + 1 :] if path.startswith(f"{link.path}/") else None
