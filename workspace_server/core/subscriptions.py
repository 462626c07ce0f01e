"""What a subscription of the MCP Events extension wants, how it is told from others, and how long it lives."""

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from workspace_server.core.access import Caller
from workspace_server.core.events import EVENT_TYPES, paths_of
from workspace_server.core.limits import LIMITS
from workspace_server.core.patterns import Selector, parse_selector
from workspace_server.core.scopes import Verb
from workspace_server.errors import InvalidArgument

ANYTHING: Final = "workspace.event"
"""The event name that stands for every type, to be narrowed by `types`."""
NAMES: Final = (*EVENT_TYPES, ANYTHING)
"""What can be subscribed to: each type of the log, and all of them under one name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which events of the log a subscription wants; make it with `parse_wanted`.

    Attributes:
        types: Their types.
        files: They concern one of these; None for all, also those that concern no file.
        agent: Whose act they are; None for everybody's.
    """

    types: Collection[str]
    files: tuple[Selector, ...] | None = None
    agent: str | None = None

    def wants(self, kind: str, path: str | None, agent: str, data: Mapping[str, Any]) -> bool:
        """Return whether an event is among them."""
        if kind not in self.types or (self.agent is not None and agent != self.agent):
            return False
        if self.files is None:
            return True
        return any(selector.covers(one) for one in paths_of(path, data) for selector in self.files)


def parse_wanted(name: str, arguments: Mapping[str, Any]) -> Wanted:
    """Return what the event *name* with *arguments* stands for.

    Args:
        name: One of `NAMES`.
        arguments: `{files?, agent?, types?}`; a string of `files` that reads as a pattern is one, also when a file of
            that name exists, so that it means the same for as long as the subscription lives.

    Raises:
        InvalidArgument, InvalidPath: They are not of that form.
    """
    known = {"files", "agent", "types"} if name == ANYTHING else {"files", "agent"}
    for given in arguments:
        if given not in known:
            raise _wrong(given[:64], f"{name} takes {', '.join(sorted(known))}")
    types = _texts(arguments, "types", LIMITS.subscription_files_max)
    for kind in types or ():
        if kind not in EVENT_TYPES:
            raise _wrong("types", f"there is no event type {kind}")
    files = _texts(arguments, "files", LIMITS.subscription_files_max)
    agent = arguments.get("agent")
    if agent is not None and not (isinstance(agent, str) and 0 < len(agent) <= LIMITS.agent_chars_max):
        raise _wrong("agent", f"is text of 1 to {LIMITS.agent_chars_max} characters")
    return Wanted(
        types=frozenset(types or EVENT_TYPES) if name == ANYTHING else frozenset({name}),
        files=None if files is None else tuple(parse_selector(one, _never, argument="files") for one in files),
        agent=agent,
    )


def require_wanted(caller: Caller, wanted: Wanted, *verbs: Verb) -> None:
    """Pass when a caller may be told of what it wants: of all that it names, or, where it names no files, of any.

    Args:
        verbs: What it takes to be told in that way.

    Raises:
        Forbidden: It may not.
    """
    for verb in verbs:
        if wanted.files is None:
            caller.require_somewhere(verb)
        for selector in wanted.files or ():
            caller.require_within(verb, selector)


def canonical(arguments: Mapping[str, Any]) -> str:
    """Return the one spelling of a JSON object: equal arguments have equal spellings."""
    return json.dumps(arguments, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def handle(principal: str, url: str, name: str, arguments: Mapping[str, Any]) -> str:
    """Return the name of the subscription that these four make: the same at every time, and no secret."""
    key = json.dumps([principal, url, name, canonical(arguments)], ensure_ascii=False)
    return "sub_" + hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def granted_s(asked_s: float | None, *, for_ever: bool) -> float | None:
    """Return how long a subscription lives without being refreshed, in seconds; None for ever.

    Args:
        asked_s: What the client suggests; None when it leaves that to us.
        for_ever: Whether it asked for a subscription that does not expire, which nobody gets unasked.
    """
    if for_ever:
        return None
    if asked_s is None:
        return float(LIMITS.subscription_ttl_s)
    return min(max(asked_s, float(LIMITS.subscription_ttl_s_min)), float(LIMITS.subscription_ttl_s_max))


def watermark(seq: int, *, oldest_seq: int | None, seen_seq: int) -> int:
    """Return up to where everything will be acknowledged or given up, once the receiver has taken the event *seq*.

    Args:
        oldest_seq: The oldest event that is on its way to the subscription; None when none is.
        seen_seq: Up to where the log was looked at for it.
    """
    if oldest_seq is None:
        return seen_seq
    return seq if oldest_seq == seq else oldest_seq - 1


def occurrence(name: str, event: Mapping[str, Any], *, cursor: str | None = None) -> dict[str, Any]:
    """Return an event as the extension shows it, the same on every way to the client.

    Args:
        name: What was subscribed to.
        event: The whole event of the log, as programs get it.
        cursor: Where the subscription stands after it, when the way carries that with each event.
    """
    shown = {"eventId": event_id(event["seq"]), "name": name, "timestamp": event["at"], "data": dict(event)}
    return shown if cursor is None else {**shown, "cursor": cursor}


def event_id(seq: int) -> str:
    """Return the id of an event, by which receivers drop repeats."""
    return f"evt_{seq}"


def _texts(arguments: Mapping[str, Any], argument: str, most: int) -> list[str] | None:
    """Return an argument that is a text or a list of texts."""
    given = arguments.get(argument)
    if given is None:
        return None
    listed = [given] if isinstance(given, str) else given
    if not isinstance(listed, list) or not all(isinstance(one, str) for one in listed):
        raise _wrong(argument, "is text, or a list of texts")
    if not 1 <= len(listed) <= most or any(len(one) > LIMITS.pattern_chars_max for one in listed):
        raise _wrong(argument, f"takes 1 to {most} entries of up to {LIMITS.pattern_chars_max} characters")
    return listed


def _never(_: str) -> bool:
    return False


def _wrong(argument: str, reason: str) -> InvalidArgument:
    return InvalidArgument(
        f"{argument}: {reason}.",
        hint="events/list shows the arguments of each event.",
        argument=argument,
        reason=reason,
    )
