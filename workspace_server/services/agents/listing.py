"""The use cases that tell who works here: what each agent does, holds, has written and was served."""

import json
from collections.abc import Sequence
from typing import Any

from workspace_server.core.access import Caller
from workspace_server.core.agents import Pause
from workspace_server.core.jobs import job_name
from workspace_server.core.limits import LIMITS
from workspace_server.core.locks import Lock
from workspace_server.core.quotas import Usage, account
from workspace_server.errors import NotFound
from workspace_server.services.agents.presence import Presence
from workspace_server.services.arguments import bounded, refused
from workspace_server.services.automation.claimants import is_told
from workspace_server.services.events import told_to
from workspace_server.services.folder import Folder
from workspace_server.services.locking import leases
from workspace_server.services.recording import Result
from workspace_server.services.times import iso
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import agents, events, jobs, locks, notes, pauses, totals
from workspace_server.storage.tables.agents import AgentRow
from workspace_server.storage.tables.events import Event
from workspace_server.storage.tables.notes import NoteRow

PATHS_SHOWN = 5
"""How many paths of a lock are shown."""
FILES_SHOWN = 20
"""How many of the files that an agent has written are shown."""
FILES_LOOKED_AT = 200
"""How many of these are looked at for those that a caller may read."""


class Listing:
    """Tell who works here. Errors: forbidden, invalid_argument, not_found."""

    def __init__(self, folder: Folder, presence: Presence) -> None:
        self._folder = folder
        self._presence = presence

    async def list_agents(self, caller: Caller, *, limit: int = 50, cursor: str | None = None) -> Result:
        """Return `{agents, paused, next_cursor?}`, those first that were seen last.

        `paused` is the pause of the whole workspace, as `{by, at, note}`, or None. Whoever may not read all files is
        told of those agents whose doings it sees some of, and of these doings.
        """
        caller.require_somewhere("read")
        bounded("limit", limit, 1, LIMITS.agents_page_max)
        before = None if cursor is None else _place(cursor)

        async def read(tx: Transaction) -> Result:
            rows = await self._page(tx, caller, before, limit + 1)
            found: Result = {
                "agents": [shown for _, shown in rows[:limit]],
                "paused": _pause((await pauses.current(tx)).get(pauses.EVERYBODY), caller),
            }
            if len(rows) > limit:
                last = rows[limit - 1][0]
                found["next_cursor"] = json.dumps([last.last_at, last.agent])
            return found

        return await self._folder.db.read_long(read)

    async def show_agent(self, caller: Caller, *, agent: str) -> Result:
        """Return all about one agent: what the list says, and also what each tool served it, its notes and its files.

        Raises:
            NotFound: Nobody of that name was ever heard of, or the caller sees nothing of what it does.
        """
        caller.require_somewhere("read")

        async def read(tx: Transaction) -> Result:
            row = await agents.by_name(tx, agent)
            shown = None if row is None else await self._told(tx, caller, row, await locks.live(tx))
            if shown is None:
                raise NotFound(
                    f"Nobody has worked here as {agent[: LIMITS.agent_chars_max]}.",
                    hint="GET /api/v1/agents lists who has.",
                    agent=agent[: LIMITS.agent_chars_max],
                )
            is_all = caller.sees_all or agent == caller.agent
            tools = await agents.tools(tx, agent) if is_all else []
            left = await notes.of_agent(tx, agent, limit=LIMITS.notes_per_agent_max) if is_all else []
            return shown | {
                "tools": [{"tool": one.tool, "calls": one.calls, "tokens": one.tokens} for one in tools],
                "notes": [_note(one) for one in left],
                "files": [{**one, "at": iso(one["at"])} for one in (await _files(tx, caller, agent))[:FILES_SHOWN]],
            }

        return await self._folder.db.read_long(read)

    async def _page(
        self, tx: Transaction, caller: Caller, before: tuple[float, str] | None, limit: int
    ) -> list[tuple[AgentRow, Result]]:
        """Return agents of whom a caller is told, those first that were seen last, and what it is told of each."""
        held = await locks.live(tx)
        found: list[tuple[AgentRow, Result]] = []
        while len(found) < limit:
            page = await agents.page(tx, before=before, limit=limit)
            for row in page:
                shown = await self._told(tx, caller, row, held)
                found += [] if shown is None else [(row, shown)]
            if len(page) < limit:
                break
            before = page[-1].last_at, page[-1].agent
        return found[:limit]

    async def _told(self, tx: Transaction, caller: Caller, row: AgentRow, held: Sequence[Lock]) -> Result | None:
        """Return what a caller is told of an agent: all, or what it sees of its doings; None when it sees none.

        Of itself it is told besides how much it has done, also by another token than the one that it calls with.
        """
        if caller.sees_all:
            return await self._shown(tx, row, held)
        mine = [one for one in held if one.agent == row.agent and leases.is_seen(caller, one)]
        claimed = [one for one in await jobs.claimed_by(tx, row.agent) if is_told(caller, one)]
        written = await _files(tx, caller, row.agent)
        event = None if row.seq is None else await events.at(tx, row.seq)
        event = None if event is None else told_to(caller, event)
        seen: Result = {
            "last_call": None,
            "last_event": _event(event),
            "waiting": [],
            "locks": [_lock(one, tx.boot_s) for one in mine],
            "jobs": [{"job": job_name(one.job_id), "queue": one.queue} for one in claimed],
        }
        if row.agent == caller.agent:
            return await self._shown(tx, row, held) | seen
        times = [
            *(one["at"] for one in written[:1]),
            *(one.granted_at for one in mine),
            *(one.claimed_at for one in claimed if one.claimed_at is not None),
            *((event.at,) if event is not None else ()),
        ]
        if not times:
            return None
        return {
            "agent": row.agent,
            "verified": bool(row.verified),
            "door": None,
            "client": None,
            "first_seen": None,
            "last_seen": iso(max(times)),
            "paused": _pause((await pauses.current(tx)).get(row.agent), caller),
            **seen,
            "written": None,
            "stored": None,
            "served": None,
            "notes_open": 0,
        }

    async def _shown(self, tx: Transaction, row: AgentRow, held: Sequence[Lock]) -> Result:
        calls, tokens = await agents.served(tx, row.agent)
        day = await agents.day(tx, row.agent)
        return {
            "agent": row.agent,
            "verified": bool(row.verified),
            "door": row.door,
            "client": row.client,
            "first_seen": None if row.first_at is None else iso(row.first_at),
            "last_seen": None if row.first_at is None else iso(row.last_at),
            "paused": _pause((await pauses.current(tx)).get(row.agent)),
            "last_call": _call(row),
            "last_event": _event(None if row.seq is None else await events.at(tx, row.seq)),
            "waiting": self._waiting(row.agent, tx.now_s),
            "locks": [_lock(one, tx.boot_s) for one in held if one.agent == row.agent],
            "jobs": [{"job": job_name(one.job_id), "queue": one.queue} for one in await jobs.claimed_by(tx, row.agent)],
            "written": {
                "files": row.files,
                "versions": row.versions,
                "bytes": row.bytes,
                "day": {"files": day.files, "versions": day.versions, "bytes": day.bytes},
            },
            "stored": await self._stored(tx, row.agent),
            "served": {"calls": calls, "tokens": tokens},
            "notes_open": await notes.open_of(tx, row.agent),
        }

    async def _stored(self, tx: Transaction, agent: str) -> Result:
        """Return what stands there of an agent, or of its crew, and what may."""
        whose, quota = account(agent), self._folder.quotas.agent
        held = Usage(0, 0) if whose is None else await totals.of_account(tx, whose)
        return {"files": held.files, "bytes": held.bytes, "files_max": quota.files, "bytes_max": quota.bytes}

    def _waiting(self, agent: str, now_s: float) -> list[Result]:
        return [
            {"tool": call.tool, "about": call.about, "seconds": max(0, round(now_s - call.at))}
            for call in self._presence.open_calls(agent)
        ]


def _place(cursor: str) -> tuple[float, str]:
    """Return where a page begins, by the cursor of the one before."""
    try:
        at, name = json.loads(cursor)
        return float(at), str(name)
    except (ValueError, TypeError, OverflowError, RecursionError):
        raise refused("cursor", "is none of this list", "Leave it out to begin anew.") from None


async def _files(tx: Transaction, caller: Caller, agent: str) -> list[dict[str, Any]]:
    """Return the files that an agent has written last, newest first: those of them that a caller may read."""
    latest = await agents.latest_files(tx, agent, limit=FILES_SHOWN if caller.sees_all else FILES_LOOKED_AT)
    return [one for one in latest if caller.sees(one["path"])]


def _pause(pause: Pause | None, caller: Caller | None = None) -> Result | None:
    """Return a pause; its note may speak of anything, so that a *caller* who sees a part is not told it."""
    if pause is None:
        return None
    is_hidden = caller is not None and not caller.sees_all
    return {"by": pause.by, "at": iso(pause.at), "note": None if is_hidden else pause.note}


def _call(row: AgentRow) -> Result | None:
    return None if row.called_at is None else {"tool": row.tool, "about": row.about, "at": iso(row.called_at)}


def _event(event: Event | None) -> Result | None:
    if event is None:
        return None
    told: dict[str, Any] = {"seq": event.seq, "type": event.type, "at": iso(event.at)}
    return told | ({} if event.path is None else {"path": event.path, "version": event.version})


def _lock(lock: Lock, now_s: float) -> Result:
    paths = lock.names()
    return {
        "name": leases.name(lock),
        "paths": paths[:PATHS_SHOWN],
        "more_paths": max(0, len(paths) - PATHS_SHOWN),
        "mode": lock.mode,
        "purpose": lock.purpose,
        "expires_in_seconds": max(0, round(lock.deadline_s - now_s)),
    }


def _note(row: NoteRow) -> Result:
    note = row.note
    return {
        "note": note.name,
        "by": note.by,
        "at": iso(note.at),
        "text": note.text,
        "acknowledge": note.must_acknowledge,
        "shown_at": None if row.shown_at is None else iso(row.shown_at),
        "acknowledged_at": None if row.acknowledged_at is None else iso(row.acknowledged_at),
        "words": row.words,
    }
