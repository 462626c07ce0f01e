"""The use cases of the log: read it by pages, follow it, wait for it to move."""

import asyncio
from collections.abc import Sequence
from typing import Any

from workspace_server.core import tokens
from workspace_server.core.access import Caller
from workspace_server.core.events import EVENT_TYPES
from workspace_server.core.limits import LIMITS
from workspace_server.core.patterns import Selector
from workspace_server.services.arguments import bounded, refused
from workspace_server.services.folder import Folder
from workspace_server.services.recording import Result
from workspace_server.services.selecting import selectors
from workspace_server.services.times import iso
from workspace_server.storage import events, meta
from workspace_server.storage.database import Transaction
from workspace_server.storage.events import Event

CURSOR_TOKENS = 30
"""What is kept of a budget for the keys around the events."""
AGENTS_TYPES = tuple(kind for kind in EVENT_TYPES if kind != "file.indexed")
PAST_ALL = "\U0010ffff"


class Head:
    """Where the log stands, and who waits for it to move."""

    def __init__(self, seq: int) -> None:
        self.seq = seq
        self._moved = asyncio.Event()

    def move_to(self, seq: int) -> None:
        """Wake everybody who waits for a seq beyond theirs."""
        if seq > self.seq:
            self.seq = seq
            moved, self._moved = self._moved, asyncio.Event()
            moved.set()

    async def beyond(self, seq: int, timeout_s: float) -> int:
        """Return where the log stands once that is beyond *seq*, or after *timeout_s* seconds."""
        try:
            async with asyncio.timeout(timeout_s):
                while self.seq <= seq:
                    await self._moved.wait()
        except TimeoutError:
            pass
        return self.seq


class Events:
    """The log for agents (short), for programs (whole) and for whoever waits. Errors: invalid_argument."""

    def __init__(self, folder: Folder, head: Head) -> None:
        self._folder = folder
        self._head = head

    @property
    def head_seq(self) -> int:
        """Where the log stands."""
        return self._head.seq

    async def wait(self, after_seq: int, timeout_s: float) -> int:
        """Return where the log stands once that is beyond *after_seq*, or after *timeout_s* seconds."""
        return await self._head.beyond(after_seq, timeout_s)

    async def list_events(
        self,
        caller: Caller,
        *,
        since_seq: int | None = None,
        types: Sequence[str] | None = None,
        path: str | None = None,
        agent: str | None = None,
        squash: bool = True,
        limit: int = 100,
        max_tokens: int = 1_500,
    ) -> Result:
        """Return `{events, next_seq, truncated}` in short form; the newest ones when *since_seq* is None.

        Without *types* the index's own `file.indexed` is left out: it would hide who changed the file.
        """
        types = types or AGENTS_TYPES
        bounded("limit", limit, 1, LIMITS.events_page_max)
        bounded("max_tokens", max_tokens, LIMITS.tokens_min, LIMITS.tokens_max)
        if since_seq is None:
            since_seq = await self._folder.db.read(lambda tx: events.newest(tx, limit, types))
        found, next_seq = await self._page(
            caller, since_seq=since_seq, types=types, path=path, agent=agent, limit=limit
        )
        lines = _squashed(found) if squash else [_short(event, 1) for event in found]
        room = max_tokens - CURSOR_TOKENS
        shown: list[Result] = []
        for line in lines:
            room -= tokens.of_result(line) + 1
            if room < 0 and shown:
                next_seq = min(int(one["first_seq"]) for one in lines[len(shown) :]) - 1
                break
            shown.append(line)
        for line in shown:
            del line["first_seq"]
        return {"events": shown, "next_seq": next_seq, "truncated": False}

    async def feed(
        self,
        caller: Caller,
        *,
        since_seq: int = 0,
        types: Sequence[str] | None = None,
        path: str | None = None,
        agent: str | None = None,
        limit: int = 100,
    ) -> Result:
        """Return `{events, next_seq, truncated}` with whole events, oldest first, beyond *since_seq*."""
        bounded("limit", limit, 1, LIMITS.events_page_max)
        bounded("since_seq", since_seq, 0, 1 << 53)
        found, next_seq = await self._page(
            caller, since_seq=since_seq, types=types, path=path, agent=agent, limit=limit
        )
        return {"events": [self.whole(event) for event in found], "next_seq": next_seq, "truncated": False}

    def whole(self, event: Event) -> Result:
        """Return an event as programs get it: what the log holds, and the file's address."""
        facts: Result = {"seq": event.seq, "type": event.type, "at": iso(event.at), "agent": event.agent}
        if event.path is not None:
            facts |= {"path": event.path, "version": event.version, "url": self._folder.url(event.path)}
        return facts | event.data

    async def _page(
        self,
        caller: Caller,
        *,
        since_seq: int,
        types: Sequence[str] | None,
        path: str | None,
        agent: str | None,
        limit: int,
    ) -> tuple[list[Event], int]:
        """Return the next events that fit, and the seq up to which all were looked at."""
        caller.require("read")
        for kind in types or ():
            if kind not in EVENT_TYPES:
                raise refused("types", f"there is no event type {kind}", f"One of {', '.join(EVENT_TYPES)}")

        async def read(tx: Transaction) -> tuple[list[Event], int]:
            head = await meta.counter(tx, "seq")
            chosen = (await selectors(tx, [path], argument="path"))[0] if path is not None else None
            bounds = None if chosen is None else _bounds(chosen)
            found: list[Event] = []
            after = since_seq
            while len(found) < limit:
                page = await events.after(tx, after, limit=limit, types=types, agent=agent, path_range=bounds)
                fitting = [one for one in page if chosen is None or (one.path and chosen.covers(one.path))]
                found += fitting[: limit - len(found)]
                if len(page) < limit:
                    return found, found[-1].seq if len(found) == limit else max(head, since_seq)
                after = page[-1].seq
            return found, found[-1].seq

        return await self._folder.db.read(read)


def _bounds(chosen: Selector) -> tuple[str, str]:
    first = chosen.literal_prefix
    return first, (first + PAST_ALL)


def _squashed(found: Sequence[Event]) -> list[Result]:
    """Return one line per path: its last event, and how many there were."""
    counts: dict[str, tuple[Event, int, int]] = {}
    for event in found:
        key = event.path or f"#{event.seq}"
        _, count, first = counts.pop(key, (event, 0, event.seq))
        counts[key] = (event, count + 1, first)
    lines = []
    for event, count, first in counts.values():
        line = _short(event, count)
        line["first_seq"] = first
        lines.append(line)
    return lines


def _short(event: Event, count: int) -> Result:
    line: dict[str, Any] = {"seq": event.seq, "type": event.type, "agent": event.agent, "first_seq": event.seq}
    if event.path is not None:
        line |= {"path": event.path, "version": event.version}
    if event.data.get("message"):
        line["message"] = event.data["message"]
    for name in ("paths", "trigger", "moved_from"):
        if name in event.data:
            line[name] = event.data[name]
    if count > 1:
        line["changes"] = count
    return line
