"""Who calls, what for, and what it is served: held in memory, because a read must stay cheap, and written behind it.

A crash takes the last seconds of it along. Nothing rests on it: it is for people who watch.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from workspace_server.core.access import Caller
from workspace_server.core.clock import Clock
from workspace_server.core.limits import LIMITS
from workspace_server.core.tokens import of_bytes
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import agents
from workspace_server.storage.tables.agents import Served, Sighting

ABOUT_CHARS = 200
"""How much is shown of what a call is about."""
ABOUT = ("path", "queue", "query", "subject", "name", "job")
"""The arguments that say what a call is about, those first that say most. None of them is a handle of a lock."""
LISTS = ("files", "paths")


@dataclass(slots=True, eq=False)
class Call:
    """One call on its way; `at` in seconds since 1970, `counts` when what it is served is added up."""

    agent: str
    tool: str
    about: str | None
    at: float
    counts: bool = False


class Presence:
    """Who is here. Used on the event loop's thread alone."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._seen: dict[str, Sighting] = {}
        self._served: dict[tuple[str, str], tuple[int, int]] = {}
        self._open: dict[Call, None] = {}

    def begin(self, caller: Caller, tool: str, *, about: str | None = None, client: str | None = None) -> Call:
        """Take note that a call has come; `end` it whatever becomes of it."""
        now_s = self._clock.wall_s()
        call = Call(caller.agent, tool, about, now_s)
        self._open[call] = None
        if caller.scope.is_whole("admin"):  # the operator's own programs are no agents
            return call
        known = self._seen.get(caller.agent)
        if known is not None or len(self._seen) < LIMITS.agents_max:
            call.counts = True
            first_at = now_s if known is None else known.first_at
            client = client or (None if known is None else known.client)
            self._seen[caller.agent] = Sighting(
                caller.agent, first_at, now_s, caller.verified, caller.door, client, tool, about
            )
        return call

    def end(self, call: Call, size_bytes: int) -> None:
        """Take note that a call was answered, with so many bytes of text."""
        del self._open[call]
        if call.counts:  # also when who was seen has been written down meanwhile: calls may wait for long
            calls, tokens = self._served.get((call.agent, call.tool), (0, 0))
            self._served[call.agent, call.tool] = calls + 1, tokens + of_bytes(size_bytes)

    def open_calls(self, agent: str) -> list[Call]:
        """Return the calls of an agent that are not answered yet, the oldest first."""
        return [call for call in self._open if call.agent == agent]

    def drain(self) -> tuple[list[Sighting], list[Served]]:
        """Return what was seen and served since this was last asked."""
        seen, served = list(self._seen.values()), [Served(*key, *sums) for key, sums in self._served.items()]
        self._seen, self._served = {}, {}
        return seen, served

    def put_back(self, seen: list[Sighting], served: list[Served]) -> None:
        """Take back what could not be written."""
        for one in seen:
            newer = self._seen.get(one.agent)
            self._seen[one.agent] = one if newer is None else newer._replace(first_at=one.first_at)
        for was in served:
            calls, tokens = self._served.get((was.agent, was.tool), (0, 0))
            self._served[was.agent, was.tool] = calls + was.calls, tokens + was.tokens

    async def record(self, tx: Transaction, seen: list[Sighting], served: list[Served]) -> None:
        """Write what was seen and served."""
        await agents.see(tx, seen)
        await agents.serve(tx, served)


def about(arguments: Mapping[str, Any] | None) -> str | None:
    """Return what a call is about, by its arguments as they came: the first that says so."""
    if arguments is None:
        return None
    for name in ABOUT:
        if isinstance(arguments.get(name), str):
            return str(arguments[name][:ABOUT_CHARS])
    for name in LISTS:
        given = arguments.get(name)
        if isinstance(given, list) and given and isinstance(given[0], str):
            more = f" and {len(given) - 1} more" if len(given) > 1 else ""
            return given[0][:ABOUT_CHARS] + more
    return None
