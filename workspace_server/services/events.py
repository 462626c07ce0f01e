"""The use cases of the log: read it by pages, follow it, wait for it to move."""

import asyncio
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple

from workspace_server.core import tokens
from workspace_server.core.access import Caller
from workspace_server.core.events import EVENT_TYPES, FILE_CHANGES, paths_of
from workspace_server.core.limits import LIMITS
from workspace_server.core.patterns import Selector
from workspace_server.services.arguments import bounded, plain_text, refused, too_small
from workspace_server.services.folder import Folder
from workspace_server.services.recording import Result
from workspace_server.services.selecting import selectors
from workspace_server.services.tail import Tail
from workspace_server.services.times import iso
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import events, meta
from workspace_server.storage.tables.events import Event, Only
from workspace_server.storage.upkeep import cutting

MESSAGE_CHARS = 200
"""How much of a message a short event shows."""
PATHS_SHOWN = 5
"""How many paths of a lock a short event shows."""
AGENTS_TYPES = tuple(kind for kind in EVENT_TYPES if kind != "file.indexed" and not kind.startswith("attention."))
"""What agents are told unasked: who did what. The index and the list for people follow from that."""
PAST_ALL = "\U0010ffff"
OF_FILES = FILE_CHANGES | {"file.indexed", "lock.acquired", "lock.released", "lock.expired", "lock.broken"}
"""Events that name no other files than those they are about."""
TOLD = frozenset(
    "message sha256 size_bytes media_type op sources moved_from previous_version index_state created"
    " lock paths mode purpose fence ttl_seconds expires_at by note".split()
)
"""What is told of such an event to whoever may not read all files: a fact that is added is told once it stands here."""


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


class _Page(NamedTuple):
    """Some events, oldest first, the seq up to which all were looked at, and whether some before it are gone."""

    events: list[Event]
    next_seq: int
    truncated: bool


class Events:
    """The log for agents (short), for programs (whole) and for whoever waits. Errors: invalid_argument."""

    def __init__(self, folder: Folder, head: Head) -> None:
        self._folder = folder
        self._head = head
        self.tail = Tail(self.whole)

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

        Without *types* `file.indexed` and `attention.…` are left out: they would hide who changed the file.
        """
        bounded("limit", limit, 1, LIMITS.events_page_max)
        bounded("max_tokens", max_tokens, LIMITS.tokens_min, LIMITS.tokens_max)
        newest = since_seq is None
        bounded("since_seq", since_seq or 0, 0, 1 << 53)
        page = await self._page(
            caller, since_seq=since_seq, types=types or AGENTS_TYPES, path=path, agent=agent, limit=limit
        )
        result: Result = {"events": [], "next_seq": page.next_seq, "truncated": page.truncated}
        lines, count = _fitting(page.events, result, max_tokens, squash=squash, newest=newest)
        if count < len(page.events) and not newest:
            result["next_seq"] = page.events[count - 1].seq
        return {**result, "events": lines}

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
        """Return `{events, next_seq, truncated}` with whole events, oldest first, beyond *since_seq*.

        With `truncated`, some that came after *since_seq* are kept no longer: whoever did not begin at 0 begins anew.
        """
        bounded("limit", limit, 1, LIMITS.events_page_max)
        bounded("since_seq", since_seq, 0, 1 << 53)
        near = self.tail.after(since_seq) if path is None and caller.sees_all else None
        if near is not None:
            return self._near(caller, near, since_seq=since_seq, types=types, agent=agent, limit=limit)
        page = await self._page(caller, since_seq=since_seq, types=types, path=path, agent=agent, limit=limit)
        whole = [self.whole(event) for event in page.events]
        return {"events": whole, "next_seq": page.next_seq, "truncated": page.truncated}

    def _near(
        self,
        caller: Caller,
        near: Sequence[Event],
        *,
        since_seq: int,
        types: Sequence[str] | None,
        agent: str | None,
        limit: int,
    ) -> Result:
        """Return a page of the newest events, which are in memory."""
        _check(caller, types, agent)
        fitting = (one for one in near if (not types or one.type in types) and agent in (None, one.agent))
        found = list(islice(fitting, limit))
        next_seq = found[-1].seq if len(found) == limit else max(self._head.seq, since_seq)
        return {"events": [self.tail.whole(event) for event in found], "next_seq": next_seq, "truncated": False}

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
        since_seq: int | None,
        types: Sequence[str] | None,
        path: str | None,
        agent: str | None,
        limit: int,
    ) -> _Page:
        """Return events that fit.

        Args:
            since_seq: The next ones beyond it; None for the newest ones.
        """
        _check(caller, types, agent)

        async def read(tx: Transaction) -> _Page:
            head = await meta.counter(tx, "seq")
            chosen = (await selectors(tx, [path], argument="path"))[0] if path is not None else None
            only = Only(types=types, agent=agent, path_range=None if chosen is None else _bounds(chosen))
            select = events.before if since_seq is None else events.after
            at = head + 1 if since_seq is None else since_seq
            found: list[Event] = []
            more = True
            while len(found) < limit and more:
                page = await select(tx, at, limit=limit, only=only)
                fitting = (one for one in page if chosen is None or _concerns(one, chosen))
                found += [one for told in fitting if (one := told_to(caller, told)) is not None]
                more = len(page) == limit
                at = page[-1].seq if page else at
            del found[limit:]
            if since_seq is None:
                return _Page(found[::-1], head, truncated=False)
            next_seq = found[-1].seq if len(found) == limit else max(head, since_seq)
            return _Page(found, next_seq, truncated=since_seq < (await cutting.floor(tx)).seq)

        # What is filtered may have to look at the whole log, so it does that off the event loop's thread.
        filtered = path is not None or agent is not None or not caller.sees_all
        return await (self._folder.db.read_long(read) if filtered else self._folder.db.read(read))


def _check(caller: Caller, types: Sequence[str] | None, agent: str | None) -> None:
    caller.require_somewhere("read")
    for kind in types or ():
        if kind not in EVENT_TYPES:
            raise refused("types", f"there is no event type {kind}", f"One of {', '.join(EVENT_TYPES)}")
    plain_text("agent", agent, LIMITS.agent_chars_max)


def _concerns(event: Event, chosen: Selector) -> bool:
    """Whether the event is about a chosen path; a move is about both of its paths."""
    return any(chosen.covers(path) for path in paths_of(event.path, event.data))


def told_to(caller: Caller, event: Event) -> Event | None:
    """Return what a caller is told of an event; None for nothing, when it is not about files that the caller may read.

    What is about no file is told to whoever may read all of them: it may name any.
    """
    if caller.sees_all:
        return event
    listed = event.data.get("paths", ())
    if event.type not in OF_FILES or not all(map(caller.sees, [*([event.path] if event.path else []), *listed])):
        return None
    if event.path is None and not listed:
        return None
    origin = event.data.get("moved_from")
    hidden = {"moved_from"} if isinstance(origin, Mapping) and not caller.sees(str(origin.get("path"))) else set()
    data = {name: value for name, value in event.data.items() if name in TOLD and name not in hidden}
    if "sources" in data:
        data["sources"] = [one for one in data["sources"] if caller.sees(str(one["path"]))]
    return event._replace(data=data)


def _bounds(chosen: Selector) -> tuple[str, str]:
    first = chosen.literal_prefix
    return first, (first + PAST_ALL)


def _fitting(
    found: Sequence[Event], around: Result, max_tokens: int, *, squash: bool, newest: bool
) -> tuple[list[Result], int]:
    """Return as many events as fit, as lines in the order of the log, and how many those are.

    Args:
        around: The answer without its lines.
        squash: One line per path: its last event, and how many there were.
        newest: Keep the last ones rather than the first.
    """
    lines: dict[str, tuple[Event, int, int]] = {}
    room = tokens.room_bytes(around, max_tokens)
    for taken, event in enumerate(reversed(found) if newest else found):
        key = event.path if squash and event.path is not None else f"#{event.seq}"
        last, count, size = lines.get(key, (event, 0, 0))
        last = last if newest else event
        line_bytes = tokens.bytes_of(_short(last, count + 1)) + 1
        room -= line_bytes - size
        if room < 0:
            if not taken:
                raise too_small(max_tokens + tokens.of_bytes(-room))
            return _lines(lines), taken
        lines[key] = (last, count + 1, line_bytes)
    return _lines(lines), len(found)


def _lines(lines: Mapping[str, tuple[Event, int, int]]) -> list[Result]:
    return [_short(event, count) for event, count, _ in sorted(lines.values(), key=lambda line: line[0].seq)]


def _short(event: Event, count: int) -> Result:
    line: dict[str, Any] = {"seq": event.seq, "type": event.type, "agent": event.agent}
    if event.path is not None:
        line |= {"path": event.path, "version": event.version}
    message = event.data.get("message")
    if message:
        line["message"] = message if len(message) <= MESSAGE_CHARS else message[: MESSAGE_CHARS - 1] + "…"
    for name in ("trigger", "moved_from", "whom"):
        if name in event.data:
            line[name] = event.data[name]
    paths = event.data.get("paths")
    if paths:
        more = len(paths) - PATHS_SHOWN
        line["paths"] = paths if more <= 0 else [*paths[:PATHS_SHOWN], f"… and {more} more"]
    if count > 1:
        line["changes"] = count
    return line
