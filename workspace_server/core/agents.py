"""Who may change anything now: agents that a person has paused, and notes that wait to be acknowledged.

A pause stops changes, not reading: what an agent learns meanwhile does no harm. What hands something back goes on as
well, so that nobody else waits for a paused agent. Whoever has the verb `admin` is never held up: that is who resumes.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from workspace_server.core.access import Caller, is_reserved
from workspace_server.errors import Paused

GIVES_BACK: Final = frozenset({"unlock_files", "finish_job", "unsubscribe", "acknowledge"})
"""Actions of a paused agent that are not refused, because somebody may wait for what they give."""
HAS_HAPPENED: Final = frozenset({"check_in", "external"})
"""Nor are these: an agent's own tool has saved a file in the folder, and it is only taken in."""
_NOTE = re.compile(r"N([1-9][0-9]{0,15})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """Who stopped an agent, or all of them, and why; `at` in seconds since 1970."""

    by: str
    at: float
    note: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What a person has left for an agent.

    Attributes:
        must_acknowledge: Whether the agent changes nothing until it has said that it read this.
        at: Seconds since 1970.
    """

    number: int
    agent: str
    by: str
    at: float
    text: str
    must_acknowledge: bool

    @property
    def name(self) -> str:
        """What names it in calls."""
        return note_name(self.number)

    @property
    def acknowledging(self) -> str:
        """The call that acknowledges it."""
        return f'finish_job(job="{self.name}", outcome="done", note="…")'


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """All that holds changes up.

    Attributes:
        workspace: The pause of everybody.
        agents: The pauses of single agents.
        unread: Of each agent the oldest note that it has yet to acknowledge.
    """

    workspace: Pause | None
    agents: Mapping[str, Pause]
    unread: Mapping[str, Note]

    def pause_of(self, agent: str) -> Pause | None:
        """Return what stops an agent: the pause of all comes before its own."""
        return self.workspace or self.agents.get(agent)


FREE: Final = Standing(workspace=None, agents={}, unread={})
"""Nothing holds anybody up."""


def check_free(standing: Standing, caller: Caller, action: str) -> None:
    """Pass when nothing holds up this change.

    Raises:
        Paused: The caller, or everybody, is paused, or has a note to acknowledge first.
    """
    if action in GIVES_BACK | HAS_HAPPENED or caller.scope.is_whole("admin") or is_reserved(caller.agent):
        return
    pause = standing.pause_of(caller.agent)
    if pause is not None:
        raise _paused(caller, pause, all_are=standing.workspace is not None)
    note = standing.unread.get(caller.agent)
    if note is not None:
        raise _unread(note)


def note_name(number: int) -> str:
    """Return what names a note."""
    return f"N{number}"


def note_number(name: str) -> int | None:
    """Return the number behind a note's name, or None when it cannot be one."""
    found = _NOTE.fullmatch(name)
    return None if found is None else int(found[1])


def _paused(caller: Caller, pause: Pause, *, all_are: bool) -> Paused:
    who = "The workspace" if all_are else caller.agent
    return Paused(
        f"{who} is paused by {pause.by}" + (f": {pause.note}" if pause.note else "."),
        hint="Nothing was changed. Reading goes on; make the same call again later: a person lets you go on.",
        retryable=True,
        by=pause.by,
        note=pause.note,
    )


def _unread(note: Note) -> Paused:
    return Paused(
        f"{note.by} has left you a note that you must acknowledge before you change anything: {note.text}",
        hint=f"{note.acknowledging} says that you have read it; then make this call again.",
        by=note.by,
        note=note.text,
        acknowledge=note.name,
    )
