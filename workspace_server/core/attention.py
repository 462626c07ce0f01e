"""What needs a person: of which kinds it is, what may be done about it, and which events begin and end it.

The list of what needs a person follows from the log: an event that says that something is stuck opens an entry, and the
event that says that it goes on again closes it. Only what has no event of its own is said by whoever knows it.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, Protocol, get_args

Kind = Literal[
    "timed_out",
    "dead_letter",
    "endpoint_disabled",
    "conflict",
    "suppressed",
    "failed_extraction",
    "approval",
    "needs_approval",
    "blocked_job",
    "dead_job",
    "failed_command",
    "over_quota",
]
Action = Literal["approve", "deny", "reply", "retry", "dismiss"]

KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
ACTIONS: Final[Mapping[Kind, tuple[Action, ...]]] = {
    "timed_out": ("dismiss",),
    "dead_letter": ("retry", "dismiss"),
    "endpoint_disabled": ("retry", "dismiss"),
    "conflict": ("dismiss",),
    "suppressed": ("dismiss",),
    "failed_extraction": ("dismiss",),
    "approval": ("approve", "deny"),
    "needs_approval": ("approve", "deny"),
    "blocked_job": ("reply",),
    "dead_job": ("retry", "dismiss"),
    "failed_command": ("retry", "dismiss"),
    "over_quota": ("dismiss",),
}
"""What a person may do about an entry of each kind; what only a decision can end cannot be dismissed."""
SUMMARY_CHARS_MAX: Final = 300
ENTRIES_SHOWN_MAX: Final = 50
"""Most entries of a list in what an entry tells; the whole list stands in the event that it came from."""


POST_PREFIX: Final = "msg_attention_"
"""What the ids of webhooks about the list itself begin with."""


class Happened(Protocol):
    """One event."""

    @property
    def type(self) -> str:
        """What happened."""

    @property
    def path(self) -> str | None:
        """To which file."""

    @property
    def data(self) -> dict[str, Any]:
        """What else is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """Something that needs a person.

    Attributes:
        key: Tells it from others of its kind: what happens again under an open key is the same entry.
        summary: What a person reads first, in one sentence.
        path: The file that it is about, when it is about one.
        about: What else is known, as JSON.
    """

    kind: Kind
    key: str
    summary: str
    path: str | None = None
    about: Mapping[str, Any] = field(default_factory=dict)


Place = tuple[Kind, str]
"""A kind and a key: what tells an open entry from all others."""


def needed(event: Happened) -> Need | None:
    """Return what *event* asks of a person, or None."""
    read = _BEGINS.get(event.type)
    return None if read is None else read(event)


def settled(event: Happened) -> Sequence[Place]:
    """Return which entries, should they be open, *event* ends."""
    read = _ENDS.get(event.type)
    return () if read is None else read(event)


def is_posted(event: Happened) -> bool:
    """Whether a webhook tells of *event*: an entry that comes or goes, unless it is about such a webhook."""
    return event.type in {"attention.added", "attention.resolved"} and not event.data["key"].startswith(POST_PREFIX)


def shortened(about: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an entry tells with its long lists cut, so that it stays small."""
    shown: dict[str, Any] = {}
    for name, value in about.items():
        if isinstance(value, list) and len(value) > ENTRIES_SHOWN_MAX:
            shown |= {name: value[:ENTRIES_SHOWN_MAX], f"{name}_more": len(value) - ENTRIES_SHOWN_MAX}
        else:
            shown[name] = value
    return shown


def summarised(text: str) -> str:
    """Return a summary on one line and within its bound."""
    line = " ".join(text.split())
    return line if len(line) <= SUMMARY_CHARS_MAX else line[: SUMMARY_CHARS_MAX - 1] + "…"


def join_place(event: Happened) -> str:
    """Return what tells one join from others: its trigger, and its key when it has one."""
    key = event.data.get("key") or {}
    return f"{event.data['trigger']} {json.dumps(key, ensure_ascii=False, sort_keys=True)}" if key else _trigger(event)


def _trigger(event: Happened) -> str:
    return str(event.data["trigger"])


def _about(event: Happened) -> dict[str, Any]:
    return {name: value for name, value in event.data.items() if name not in {"cause", "commit"}}


def _timed_out(event: Happened) -> Need | None:
    if event.data.get("on_timeout", "escalate") != "escalate":
        return None  # the trigger was told what to do without anybody
    missing = [str(one["path"]) for one in event.data.get("missing", []) if "path" in one]
    summary = f"{_trigger(event)} waited in vain" + (f" for {', '.join(missing)}" if missing else "")
    return Need(kind="timed_out", key=join_place(event), summary=summary, path=event.path, about=_about(event))


def _suppressed(event: Happened) -> Need | None:
    reason = str(event.data.get("reason"))
    if reason == "missed":
        return None  # the trigger was told to leave out what had no server
    why = {
        "depth": "it sets itself off again and again",
        "rate": "it fires too often",
        "slots": "more files wait in it than it can remember",
    }.get(reason, reason)
    return Need(
        kind="suppressed",
        key=f"{_trigger(event)} {reason}",
        summary=f"{_trigger(event)} was held back: {why}",
        path=event.path,
        about=_about(event),
    )


def _dead_letter(event: Happened) -> Need:
    said = event.data
    summary = f"A delivery to {said.get('address')} was given up: {said.get('reason')}"
    return Need(kind="dead_letter", key=str(said["delivery"]), summary=summary, about=_about(event))


def _disabled(event: Happened) -> Need:
    endpoint = str(event.data["endpoint"])
    summary = f"{event.data.get('address')} wants no more webhooks"
    return Need(kind="endpoint_disabled", key=endpoint, summary=summary, about=_about(event))


def _conflict(event: Happened) -> Need:
    copy = str(event.data["copy"])
    summary = f"{event.path} was changed by two sides; the other side's work is {copy}"
    return Need(kind="conflict", key=copy, summary=summary, path=event.path, about=_about(event))


def _unread(event: Happened) -> Need | None:
    if event.data.get("state") != "failed":
        return None
    assert event.path is not None
    summary = f"{event.path} could not be read for the index"
    return Need(kind="failed_extraction", key=event.path, summary=summary, path=event.path, about=_about(event))


def _asked(event: Happened) -> Need:
    summary = str(event.data.get("question") or f"{_trigger(event)} waits for an approval")
    return Need(kind="approval", key=str(event.data["firing"]), summary=summary, path=event.path, about=_about(event))


def _gone(event: Happened) -> Sequence[Place]:
    path = event.path if event.type == "file.deleted" else (event.data.get("moved_from") or {}).get("path")
    return () if path is None else (("conflict", path), ("failed_extraction", path))


def _read(event: Happened) -> Sequence[Place]:
    return (("failed_extraction", str(event.path)),) if event.data.get("state") != "failed" else ()


def _fired(event: Happened) -> Sequence[Place]:
    # A chain that grew too deep is not over because its trigger fires once more: a loop does that all day.
    return (("timed_out", join_place(event)), ("suppressed", f"{_trigger(event)} rate"))


_BEGINS: Final[Mapping[str, Callable[[Happened], Need | None]]] = {
    "trigger.timed_out": _timed_out,
    "trigger.suppressed": _suppressed,
    "delivery.failed": _dead_letter,
    "endpoint.disabled": _disabled,
    "file.conflict": _conflict,
    "file.indexed": _unread,
    "approval.requested": _asked,
}
_ENDS: Final[Mapping[str, Callable[[Happened], Sequence[Place]]]] = {
    "file.deleted": _gone,
    "file.moved": _gone,
    "file.indexed": _read,
    "trigger.fired": _fired,
}
