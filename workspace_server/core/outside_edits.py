"""What a lock makes of an edit on disk: whose it is, and whether it counts.

An edit on disk has happened; no lock can refuse it. It can only say who made it, end, or have the edit kept aside.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from workspace_server.core.access import EXTERNAL
from workspace_server.core.locks import Lock

Policy = Literal["accept", "conflict_copy"]


class Verdict(NamedTuple):
    """What becomes of an edit of one path.

    Attributes:
        agent: Whose edit it is.
        message: What its version says; None for nothing.
        broken: The locks that end with it.
        aside: The head stays, and the edit becomes a conflict copy.
    """

    agent: str = EXTERNAL
    message: str | None = None
    broken: tuple[Lock, ...] = ()
    aside: bool = False


def judge(covering: Sequence[Lock], *, policy: Policy) -> Verdict:
    """Return what becomes of an edit on disk under the live *covering* locks.

    The holder of a lock that is for work in the folder has made the edits there; nobody can tell it from another
    process that edits the same file meanwhile. Shared and intent locks say nothing about who may write.
    """
    exclusive = tuple(lock for lock in covering if lock.mode == "exclusive")
    for lock in exclusive:
        if lock.on_disk:
            return Verdict(agent=lock.agent, message=lock.purpose)
    if exclusive and policy == "conflict_copy":
        return Verdict(aside=True)
    return Verdict(broken=exclusive)
