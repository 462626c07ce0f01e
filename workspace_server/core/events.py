"""The types of events that this server writes."""

from collections.abc import Mapping
from typing import Any, Final, Literal, get_args

EventType = Literal[
    "file.created",
    "file.updated",
    "file.deleted",
    "file.moved",
    "file.restored",
    "file.conflict",
    "file.indexed",
    "files.committed",
    "lock.acquired",
    "lock.released",
    "lock.expired",
    "lock.broken",
    "trigger.fired",
    "trigger.timed_out",
    "trigger.suppressed",
    "trigger.paused",
    "trigger.resumed",
    "agent.paused",
    "agent.resumed",
    "agent.noted",
    "agent.acknowledged",
    "workspace.paused",
    "workspace.resumed",
    "delivery.failed",
    "endpoint.disabled",
    "approval.requested",
    "approval.granted",
    "approval.denied",
    "attention.added",
    "attention.resolved",
    "link.created",
    "link.revoked",
    "log.restored",
]

EVENT_TYPES: Final[tuple[str, ...]] = get_args(EventType)

FILE_CHANGES: Final = frozenset({"file.created", "file.updated", "file.deleted", "file.moved", "file.restored"})
"""Events that change what stands at a path."""


def paths_of(path: str | None, data: Mapping[str, Any]) -> list[str]:
    """Return the files that an event is about: its own, where a moved one came from, and those of a lock.

    Args:
        path: Of the event; None when it has none.
        data: Its facts.
    """
    moved = data.get("moved_from")
    origin = moved.get("path") if isinstance(moved, Mapping) else moved
    listed = data.get("paths", ())
    return [one for one in (path, origin, *listed) if isinstance(one, str)]
