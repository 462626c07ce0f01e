"""The use case of whoever looks back: what happened last, by whom, where and of which kind."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from workspace_server.core.access import Caller
from workspace_server.core.events import EVENT_TYPES, paths_of
from workspace_server.core.limits import LIMITS
from workspace_server.core.patterns import Selector
from workspace_server.services.arguments import bounded, plain_text, refused
from workspace_server.services.events import PAST_ALL, Events, told_to
from workspace_server.services.folder import Folder
from workspace_server.services.recording import Result
from workspace_server.services.selecting import places
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import event_search, meta
from workspace_server.storage.tables.event_search import Sought, Stretch
from workspace_server.storage.tables.events import Event

CHUNK: Final = 1_000
"""How many events are compared with a pattern at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which events are looked for.

    Attributes:
        types: None for all but `file.indexed`, which follows from others and tells a person nothing new.
        agent: Who made them.
        path: A file, a directory or a pattern.
        squash: One line per path: its last event, and how many there were.
    """

    types: Sequence[str] | None = None
    agent: str | None = None
    path: str | None = None
    squash: bool = False


class Activity:
    """The log from its end, for people. Errors: invalid_argument, invalid_path."""

    def __init__(self, folder: Folder, log: Events) -> None:
        self._folder = folder
        self._log = log

    async def recent(
        self, caller: Caller, wanted: Wanted, *, before: int | None = None, after: int = 0, limit: int = 50
    ) -> Result:
        """Return `{events, seq, older?}`: whole events with `after < seq < before`, newest first.

        Args:
            limit: Most events, or lines when *wanted* squashes them; each of those has `changes` when it is of several.

        Returns:
            `seq` is where the log stood; `older` is before which to go on, absent when nothing is left. There may be
            no events and yet more to look through: a page looks at no more than a part of a long log.
        """
        caller.require_somewhere("read")
        bounded("limit", limit, 1, LIMITS.events_page_max)
        bounded("before", before or 0, 0, 1 << 53)
        for kind in wanted.types or ():
            if kind not in EVENT_TYPES:
                raise refused("types", f"there is no event type {kind}", f"One of {', '.join(EVENT_TYPES)}")
        plain_text("agent", wanted.agent, LIMITS.agent_chars_max)
        most = LIMITS.events_squashed_max if wanted.squash else limit

        async def read(tx: Transaction) -> tuple[list[Event], int, int | None]:
            head = await meta.counter(tx, "seq")
            stretch = Stretch(after, min(head + 1, before or head + 1))
            found, older = await _found(tx, caller, wanted, stretch, most=most)
            return found, head, older

        found, head, older = await self._folder.db.read_long(read)
        lines = [(event, 1) for event in found]
        if wanted.squash:
            lines, cut = _squashed(found, most=limit)
            older = cut or older
        events = [self._log.whole(event) | ({"changes": count} if count > 1 else {}) for event, count in lines]
        result: Result = {"events": events, "seq": head}
        return result if older is None else {**result, "older": older}

    async def seq_of(self, caller: Caller, *, at_s: float) -> int:
        """Return before which seq what happened before a time stands, in seconds since 1970."""
        caller.require_somewhere("read")
        found = await self._folder.db.read(lambda tx: event_search.first_since(tx, at_s))
        return self._log.head_seq + 1 if found is None else found


async def _found(
    tx: Transaction, caller: Caller, wanted: Wanted, stretch: Stretch, *, most: int
) -> tuple[list[Event], int | None]:
    """Return the newest events that are wanted, and before which seq there may be more."""
    types = wanted.types or [kind for kind in EVENT_TYPES if kind != "file.indexed"]
    chosen = None if wanted.path is None else (await places(tx, [wanted.path], argument="path"))[0]
    sought = Sought(types, wanted.agent, chosen.text if chosen is not None and chosen.kind == "path" else None)
    if not caller.sees_all or (chosen is not None and sought.path is None):
        return await _looked_through(tx, caller, sought, chosen, stretch, most=most)
    found = await event_search.newest(tx, sought, stretch, limit=most + 1)
    return found[:most], found[most - 1].seq if len(found) > most else None


async def _looked_through(
    tx: Transaction, caller: Caller, sought: Sought, chosen: Selector | None, stretch: Stretch, *, most: int
) -> tuple[list[Event], int | None]:
    """Return the events of which a caller is told about what is chosen, from the newest part of a stretch."""
    floor = max(stretch.after, stretch.before - 1 - LIMITS.events_looked_through_max)
    found: list[Event] = []
    before = stretch.before
    while True:
        page = await _chunk(tx, sought, chosen, Stretch(floor, before))
        fitting = (one for one in page if chosen is None or any(map(chosen.covers, paths_of(one.path, one.data))))
        found += [one for event in fitting if (one := told_to(caller, event)) is not None]
        if len(found) > most:
            return found[:most], found[most - 1].seq
        if len(page) < CHUNK:
            return found, floor + 1 if floor > stretch.after else None
        before = page[-1].seq


async def _chunk(tx: Transaction, sought: Sought, chosen: Selector | None, stretch: Stretch) -> list[Event]:
    """Return the newest events of a stretch among which those are that are wanted."""
    if chosen is None or sought.path is not None:
        return await event_search.newest(tx, sought, stretch, limit=CHUNK)
    first = chosen.literal_prefix
    return await event_search.between(tx, sought, stretch, first=first, last=first + PAST_ALL, limit=CHUNK)


def _squashed(found: Sequence[Event], *, most: int) -> tuple[list[tuple[Event, int]], int | None]:
    """Return the last event of each path with how many there were, and the seq of the last one that found room.

    Args:
        found: Newest first.
    """
    lines: dict[str, tuple[Event, int]] = {}
    for index, event in enumerate(found):
        key = event.path or f"#{event.seq}"
        last, count = lines.get(key, (event, 0))
        if not count and len(lines) == most:
            return list(lines.values()), found[index - 1].seq
        lines[key] = (last, count + 1)
    return list(lines.values()), None
