"""The types of events that this server writes."""

from typing import Final, Literal, get_args

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
    "trigger.suppressed",
    "delivery.failed",
    "endpoint.disabled",
    "approval.requested",
    "approval.granted",
    "approval.denied",
    "attention.added",
    "attention.resolved",
    "log.restored",
]

EVENT_TYPES: Final[tuple[str, ...]] = get_args(EventType)

FILE_CHANGES: Final = frozenset({"file.created", "file.updated", "file.deleted", "file.moved", "file.restored"})
"""Events that change what stands at a path."""
