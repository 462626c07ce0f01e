"""Rows of who works here: when agents were seen, what they were served, and, by the log, what they have written.

All of it is written behind the calls and the commits, many at once.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from workspace_server.core.agents_written import Acted, Saved
from workspace_server.storage.database import Transaction

HOUR_S = 3600
DAY_HOURS = 24
FILES_COUNTED_MAX = 1_000
"""Most files of one agent's day that are counted; one more says that there are more."""


class Sighting(NamedTuple):
    """What was seen of an agent since it was last written down; times in seconds since 1970."""

    agent: str
    first_at: float
    last_at: float
    verified: bool
    door: str
    client: str | None
    tool: str
    about: str | None


class Served(NamedTuple):
    """What an agent was served by one tool."""

    agent: str
    tool: str
    calls: int
    tokens: int


class AgentRow(NamedTuple):
    """One agent; `files`, `versions` and `bytes` are what it has written."""

    agent: str
    first_at: float | None
    last_at: float
    verified: bool
    door: str | None
    client: str | None
    tool: str | None
    about: str | None
    called_at: float | None
    seq: int | None
    files: int
    versions: int
    bytes: int


class Day(NamedTuple):
    """What an agent has written in the last 24 hours; of files at most one more than are counted."""

    files: int
    versions: int
    bytes: int


_ROW = "agent, first_at, last_at, verified, door, client, tool, about, called_at, seq, files, versions, bytes"

_HEARD_OF = (
    "first_at = coalesce(min(first_at, excluded.first_at), excluded.first_at),"
    " last_at = CASE WHEN first_at IS NULL THEN excluded.last_at ELSE max(last_at, excluded.last_at) END"
)
"""Whoever only a person has named counts from when it is heard of."""


async def see(tx: Transaction, seen: Iterable[Sighting]) -> None:
    """Record who has called."""
    await tx.many(
        "INSERT INTO agents (agent, first_at, last_at, verified, door, client, tool, about, called_at)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?3) ON CONFLICT (agent) DO UPDATE SET"
        f" {_HEARD_OF},"
        " verified = excluded.verified, door = excluded.door, client = coalesce(excluded.client, client),"
        " tool = excluded.tool, about = excluded.about, called_at = excluded.called_at",
        seen,
    )


async def serve(tx: Transaction, served: Iterable[Served]) -> None:
    """Add what was served."""
    await tx.many(
        "INSERT INTO agent_tools (agent, tool, calls, tokens) VALUES (?, ?, ?, ?) ON CONFLICT (agent, tool)"
        " DO UPDATE SET calls = calls + excluded.calls, tokens = tokens + excluded.tokens",
        served,
    )


async def save(tx: Transaction, saved: Iterable[Saved]) -> None:
    """Add what was written."""
    of_agent: dict[str, list[Saved]] = {}
    for one in saved:
        of_agent.setdefault(one.agent, []).append(one)
    for agent, some in of_agent.items():
        await _save(tx, agent, some)
    await tx.run("DELETE FROM agent_hours WHERE hour <= ?", int(tx.now_s // HOUR_S) - DAY_HOURS)


async def _save(tx: Transaction, agent: str, saved: Sequence[Saved]) -> None:
    """Add what one agent has written, of each file once."""
    row = await tx.one(
        "SELECT count(*) FROM agent_files WHERE agent = ? AND path IN (SELECT value FROM json_each(?))",
        agent,
        json.dumps([one.path for one in saved]),
    )
    assert row is not None
    await tx.many(
        "INSERT INTO agent_files (agent, path, versions, at) VALUES (?, ?, ?, ?) ON CONFLICT (agent, path)"
        " DO UPDATE SET versions = versions + excluded.versions, at = excluded.at",
        [(agent, one.path, one.versions, one.at) for one in saved],
    )
    versions, size = sum(one.versions for one in saved), sum(one.bytes for one in saved)
    await tx.run(
        "UPDATE agents SET files = files + ?, versions = versions + ?, bytes = bytes + ? WHERE agent = ?",
        len(saved) - row[0],
        versions,
        size,
        agent,
    )
    hours: defaultdict[int, tuple[int, int]] = defaultdict(lambda: (0, 0))
    for one in saved:
        count, length = hours[int(one.at // HOUR_S)]
        hours[int(one.at // HOUR_S)] = count + one.versions, length + one.bytes
    await tx.many(
        "INSERT INTO agent_hours (agent, hour, versions, bytes) VALUES (?, ?, ?, ?) ON CONFLICT (agent, hour)"
        " DO UPDATE SET versions = versions + excluded.versions, bytes = bytes + excluded.bytes",
        [(agent, hour, *sums) for hour, sums in hours.items()],
    )


async def expect(tx: Transaction, agent: str) -> None:
    """Give an agent that was never heard of a row, for what waits for it."""
    await tx.run(
        "INSERT INTO agents (agent, last_at, verified) VALUES (?, ?, 0) ON CONFLICT (agent) DO NOTHING",
        agent,
        tx.now_s,
    )


async def act(tx: Transaction, acted: Iterable[Acted]) -> None:
    """Record what agents did last."""
    await tx.many(
        "INSERT INTO agents (agent, seq, first_at, last_at, verified) VALUES (?, ?, ?, ?, 0) ON CONFLICT (agent)"
        f" DO UPDATE SET seq = excluded.seq, {_HEARD_OF}",
        acted,
    )


async def counted(tx: Transaction) -> int:
    """Return up to which seq the log is counted."""
    row = await tx.one("SELECT seq FROM agents_log")
    return 0 if row is None else int(row[0])


async def count_to(tx: Transaction, seq: int) -> None:
    """Take note that the log is counted up to *seq*."""
    await tx.run("DELETE FROM agents_log")
    await tx.run("INSERT INTO agents_log (seq) VALUES (?)", seq)


async def forget_beyond(tx: Transaction, most: int) -> None:
    """Keep *most* agents: forget those that were seen longest ago, but for paused ones and those with open notes."""
    beyond = await tx.all(
        "SELECT agent FROM agents WHERE agent NOT IN (SELECT agent FROM agent_pauses) AND agent NOT IN"
        " (SELECT agent FROM agent_notes WHERE shown_at IS NULL OR (must_acknowledge = 1 AND acknowledged_at IS NULL))"
        " ORDER BY last_at DESC LIMIT -1 OFFSET ?",
        most,
    )
    for table in ("agents", "agent_tools", "agent_files", "agent_hours", "agent_notes"):
        await tx.many(f"DELETE FROM {table} WHERE agent = ?", beyond)


async def page(tx: Transaction, *, before: tuple[float, str] | None, limit: int) -> list[AgentRow]:
    """Return agents, those first that were seen last.

    Args:
        before: When the last one of the page before was seen, and its name.
    """
    at, name = before or (float("inf"), "")
    rows = await tx.all(
        f"SELECT {_ROW} FROM agents WHERE last_at < ?1 OR (last_at = ?1 AND agent > ?2)"
        " ORDER BY last_at DESC, agent LIMIT ?3",
        at,
        name,
        limit,
    )
    return [AgentRow._make(row) for row in rows]


async def by_name(tx: Transaction, agent: str) -> AgentRow | None:
    """Return one agent, or None when it was never heard of."""
    row = await tx.one(f"SELECT {_ROW} FROM agents WHERE agent = ?", agent)
    return None if row is None else AgentRow._make(row)


async def tools(tx: Transaction, agent: str) -> list[Served]:
    """Return what an agent was served, by tool, those first that served it most."""
    rows = await tx.all(
        "SELECT agent, tool, calls, tokens FROM agent_tools WHERE agent = ? ORDER BY tokens DESC, tool", agent
    )
    return [Served._make(row) for row in rows]


async def served(tx: Transaction, agent: str) -> tuple[int, int]:
    """Return how many calls of an agent were answered, and with how many tokens."""
    row = await tx.one(
        "SELECT coalesce(sum(calls), 0), coalesce(sum(tokens), 0) FROM agent_tools WHERE agent = ?", agent
    )
    assert row is not None
    return int(row[0]), int(row[1])


async def day(tx: Transaction, agent: str) -> Day:
    """Return what an agent has written in the last 24 hours, by whole hours."""
    hour = int(tx.now_s // HOUR_S) - DAY_HOURS
    row = await tx.one(
        "SELECT coalesce(sum(versions), 0), coalesce(sum(bytes), 0) FROM agent_hours WHERE agent = ? AND hour > ?",
        agent,
        hour,
    )
    files = await tx.one(
        "SELECT count(*) FROM (SELECT 1 FROM agent_files WHERE agent = ? AND at >= ? LIMIT ?)",
        agent,
        (hour + 1) * HOUR_S,
        FILES_COUNTED_MAX + 1,
    )
    assert row is not None
    assert files is not None
    return Day(int(files[0]), int(row[0]), int(row[1]))


async def latest_files(tx: Transaction, agent: str, *, limit: int) -> list[dict[str, Any]]:
    """Return the files that an agent has written last, newest first, as `{path, versions, at}`."""
    rows = await tx.all(
        "SELECT path, versions, at FROM agent_files WHERE agent = ? ORDER BY at DESC LIMIT ?", agent, limit
    )
    return [{"path": path, "versions": versions, "at": at} for path, versions, at in rows]
