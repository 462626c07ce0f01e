"""Events as people read them: who did what to which file, and how that looks."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from workspace_server.core.events import EVENT_TYPES
from workspace_server.interfaces.web.view import View
from workspace_server.services.activity import Wanted

Event = dict[str, Any]
PAGE = 50
SERVER = "server"

_VERBS = {
    "file.created": ("plus", "good", "created"),
    "file.updated": ("pencil", "plain", "updated"),
    "file.deleted": ("trash", "bad", "deleted"),
    "file.moved": ("arrow", "plain", "moved"),
    "file.restored": ("clock", "good", "restored"),
    "file.conflict": ("alert", "bad", "left a conflict in"),
    "file.indexed": ("search", "quiet", "indexed"),
    "files.committed": ("layers", "plain", "closed the commit of"),
    "lock.acquired": ("lock", "hold", "locked"),
    "lock.released": ("unlock", "quiet", "unlocked"),
    "lock.expired": ("clock", "hold", "let the lock expire on"),
    "lock.broken": ("alert", "bad", "lost the lock on"),
    "trigger.fired": ("bolt", "fire", "fired"),
    "trigger.timed_out": ("clock", "warn", "waits in vain"),
    "trigger.suppressed": ("bolt", "bad", "suppressed"),
    "trigger.paused": ("bolt", "hold", "is paused"),
    "trigger.resumed": ("bolt", "good", "goes on"),
    "agent.paused": ("clock", "hold", "paused"),
    "agent.resumed": ("bolt", "good", "let go on"),
    "agent.noted": ("quote", "warn", "left a note for"),
    "agent.acknowledged": ("check", "good", "acknowledged"),
    "workspace.paused": ("clock", "hold", "paused the workspace"),
    "workspace.resumed": ("bolt", "good", "let the workspace go on"),
    "delivery.failed": ("alert", "bad", "gave up on"),
    "endpoint.disabled": ("alert", "bad", "disabled"),
    "approval.requested": ("alert", "warn", "asks for an approval"),
    "approval.granted": ("check", "good", "approved"),
    "approval.denied": ("alert", "bad", "denied"),
    "attention.added": ("alert", "warn", "needs a person"),
    "attention.resolved": ("check", "quiet", "settled"),
    "link.created": ("arrow", "warn", "shared"),
    "link.revoked": ("check", "quiet", "revoked a link to"),
    "log.restored": ("alert", "warn", "restored"),
}
KINDS: dict[str, tuple[str, ...]] = {
    "files": ("file.", "files."),
    "locks": ("lock.",),
    "triggers": ("trigger.", "delivery.", "endpoint."),
    "agents": ("agent.", "workspace."),
    "attention": ("attention.", "approval."),
}
NOISE = ("file.indexed",)
"""Events that follow from others and tell a person nothing new."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """One line of the activity: *agent* (or *trigger*) *verb* *path* (or *subject*), and what else is known.

    The server itself is no agent: what it does has no doer.
    """

    seq: int
    at: str
    agent: str | None
    icon: str
    tone: str
    verb: str
    path: str | None
    version: int | None
    trigger: str | None
    subject: str | None
    message: str | None
    changes: int = 1
    """Of how many changes of the path it is the last."""
    attention: str | None = None
    """Which entry of what needs a person it is about."""

    @property
    def day(self) -> str:
        """The day on which it happened, in UTC."""
        return self.at[:10]


@dataclass(frozen=True, slots=True)
class Doing:
    """What an agent did last."""

    agent: str
    happening: Happening
    changes: int


def happening(event: Event) -> Happening:
    """Return an event as a line of the activity."""
    icon, tone, verb = _VERBS.get(event["type"], ("dot", "plain", event["type"]))
    return Happening(
        seq=event["seq"],
        at=event["at"],
        agent=None if event["agent"] == SERVER else event["agent"],
        icon=icon,
        tone=tone,
        verb=verb,
        path=event.get("path"),
        version=event.get("version"),
        trigger=event.get("trigger"),
        subject=_subject(event),
        message=_message(event),
        changes=event.get("changes", 1),
        attention=event.get("attention"),
    )


def agents(happenings: Iterable[Happening], most: int = 8) -> Sequence[Doing]:
    """Return who has acted lately, the latest first; *happenings* are newest first."""
    last: dict[str, Happening] = {}
    counts: dict[str, int] = {}
    for one in happenings:
        if one.agent is not None:
            last.setdefault(one.agent, one)
            counts[one.agent] = counts.get(one.agent, 0) + 1
    return [Doing(agent, one, counts[agent]) for agent, one in last.items()][:most]


def types_of(kind: str | None) -> Sequence[str] | None:
    """Return the types of events of a kind; None for every kind."""
    if kind is None:
        return None
    return [one for one in EVENT_TYPES if one.startswith(KINDS[kind]) and one not in NOISE]


async def newest(view: View, *, limit: int = PAGE) -> list[Event]:
    """Return the newest events, newest first."""
    found: list[Event] = (await view.engine.activity.recent(view.caller, Wanted(), limit=limit))["events"]
    return found


def _subject(event: Event) -> str | None:
    if event["type"] == "files.committed":
        return f"{event.get('files', 'several')} files as {event.get('commit', 'one commit')}"
    paths = event.get("paths")
    if isinstance(paths, list):
        return ", ".join(map(str, paths[:3])) + (f" and {len(paths) - 3} more" if len(paths) > 3 else "")
    known = (event.get(name) for name in ("whom", "delivery", "address", "queue", "job"))
    return next((str(one) for one in known if one is not None), None)


def _message(event: Event) -> str | None:
    origin = event.get("moved_from")
    if event["type"] == "file.moved" and isinstance(origin, dict):
        return f"from {origin.get('path')}"
    said = (event.get(name) for name in ("message", "purpose", "reason", "summary", "question", "note"))
    return next((str(one) for one in said if one), None)
