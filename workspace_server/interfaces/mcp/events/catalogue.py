"""The events that can be subscribed to, with the schemas of their arguments and of what they tell."""

from collections.abc import Mapping
from typing import Any, Final

from workspace_server.core.events import EVENT_TYPES
from workspace_server.core.limits import LIMITS
from workspace_server.core.subscriptions import ANYTHING, NAMES

Schema = dict[str, Any]

DESCRIPTIONS: Final[Mapping[str, str]] = {
    "file.created": "A path has content that had none.",
    "file.updated": "A path has a new version.",
    "file.deleted": "A path has no content any more; its versions stay readable.",
    "file.moved": "A file went to another path; moved_from names the old one.",
    "file.restored": "An older version is the head again, as a new version.",
    "file.conflict": "Work from two sides met and both were kept; the copy is named.",
    "file.indexed": "The facts of that version can be queried.",
    "files.committed": "Ends a commit of several files, after their own events.",
    "lock.acquired": "A lock was granted.",
    "lock.released": "A lock was given back by its holder.",
    "lock.expired": "A lock's time ran out.",
    "lock.broken": "A person, or an edit on disk, ended a lock.",
    "trigger.fired": "A trigger fired; its data names the inputs at their versions.",
    "trigger.timed_out": "A trigger's inputs were not all in by its deadline; its data names what is missing.",
    "trigger.suppressed": "A trigger would have fired, and a guard against loops held it back.",
    "trigger.paused": "A trigger fires no more until it is resumed.",
    "trigger.resumed": "A trigger that was paused goes on.",
    "agent.paused": "A person holds an agent's changes up; whom names it.",
    "agent.resumed": "An agent that was paused goes on.",
    "agent.noted": "A person has left an agent a note.",
    "agent.acknowledged": "An agent has said that it read a note.",
    "workspace.paused": "A person holds the changes of all agents up, and what triggers would send out.",
    "workspace.resumed": "A workspace that was paused goes on.",
    "delivery.failed": "A webhook was given up after its last attempt.",
    "endpoint.disabled": "A webhook's receiver wants no more, and is called no more.",
    "approval.requested": "A flow waits for a person's decision.",
    "approval.granted": "A person has approved.",
    "approval.denied": "A person has refused.",
    "attention.added": "Something needs a person.",
    "attention.resolved": "Something needs a person no more.",
    "link.created": "Somebody made an address under which others may read a file or a directory.",
    "link.revoked": "Such an address leads nowhere any more.",
    "log.restored": "The workspace was made from a backup; what happened after that backup is not in the log.",
    ANYTHING: "Anything that happens in the workspace; `types` narrows it down, and data.type says what it was.",
}
"""What each event says; every type of the log has a line."""

_FILES: Final[Schema] = {
    "description": (
        "Only events about these files: paths, directories such as 'research/', or patterns with * and ? within a name"
        " and ** across directories."
    ),
    "anyOf": [
        {"type": "string"},
        {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": LIMITS.subscription_files_max},
    ],
}
_AGENT: Final[Schema] = {"type": "string", "description": "Only what this agent did; external for edits on disk."}
_TYPES: Final[Schema] = {
    "type": "array",
    "description": "Only events of these types.",
    "items": {"type": "string", "enum": list(EVENT_TYPES)},
    "minItems": 1,
}
_PAYLOAD: Final[Schema] = {
    "seq": {"type": "integer", "description": "Its number in the log, and the seq that other tools take."},
    "type": {"type": "string", "enum": list(EVENT_TYPES)},
    "at": {"type": "string", "format": "date-time"},
    "agent": {"type": "string", "description": "Whose act it is."},
}
_OF_FILES: Final[Schema] = {
    "path": {"type": "string"},
    "version": {"type": "integer"},
    "url": {"type": "string", "description": "Where people open the file."},
    "previous_version": {"type": "integer"},
    "sha256": {"type": "string"},
    "size_bytes": {"type": "integer"},
    "media_type": {"type": "string"},
    "message": {"type": "string", "description": "What the author said about it."},
    "sources": {"type": "array", "items": {"type": "object"}},
    "cause": {"type": "object", "description": "The firing that led to it, and the chain behind that."},
}


def listed(*, webhook: bool) -> list[dict[str, Any]]:
    """Return the answer to `events/list`.

    Args:
        webhook: Whether its receiver may have events sent to an address.
    """
    delivery = ["poll", "push", "webhook"] if webhook else ["poll", "push"]
    return [
        {
            "name": name,
            "description": DESCRIPTIONS[name],
            "delivery": delivery,
            "inputSchema": input_schema(name),
            "payloadSchema": payload_schema(name),
        }
        for name in NAMES
    ]


def input_schema(name: str) -> Schema:
    """Return the JSON Schema of an event's arguments."""
    properties = {"files": _FILES, "agent": _AGENT} | ({"types": _TYPES} if name == ANYTHING else {})
    return {"type": "object", "properties": properties, "additionalProperties": False}


def payload_schema(name: str) -> Schema:
    """Return the JSON Schema of an event's data, which may hold more than it names."""
    properties = dict(_PAYLOAD)
    required = list(_PAYLOAD)
    if name != ANYTHING:
        properties["type"] = {"const": name}
    if name == ANYTHING or name.startswith("file."):
        properties |= _OF_FILES
    if name.startswith("file."):
        required += ["path", "url"]
    return {"type": "object", "properties": properties, "required": required}
