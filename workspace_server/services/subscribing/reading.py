"""Read the log as a subscription sees it: from a cursor on, only what it wants, by pages of bounded work."""

from collections.abc import Iterable
from dataclasses import dataclass

from workspace_server.core.access import Caller
from workspace_server.core.cursors import Place, place, seq_of
from workspace_server.core.limits import LIMITS
from workspace_server.core.subscriptions import Wanted, require_wanted
from workspace_server.services.events import Events, told_to
from workspace_server.services.folder import Folder
from workspace_server.services.recording import Result
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import events, meta
from workspace_server.storage.tables.events import Event

ROWS_AT_ONCE = 500
FEW = 200
"""So many events are read where they are awaited; more on a thread of their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What a subscription finds in a part of the log.

    Attributes:
        found: The events that it wants, oldest first.
        seen_seq: Up to where the log was looked at.
        more: Whether the log goes on beyond.
        skipped_to: Up to where events are no longer kept that would have been on the page; None when all are.
    """

    found: list[Event]
    seen_seq: int
    more: bool
    skipped_to: int | None


async def begin(tx: Transaction, cursor: str | None, *, max_age_s: float | None, replay_max: int | None) -> Place:
    """Return where to begin reading for whoever holds *cursor*; None: from now on.

    Args:
        max_age_s: Older events are not wanted.
        replay_max: Nor is more than so many of the newest; None: all there are.
    """
    head_seq = await meta.counter(tx, "seq")
    if cursor is None:
        return Place(head_seq, truncated=False)
    seen_seq = seq_of(cursor)
    if seen_seq is None:
        return place(None, head_seq=head_seq, following_seq=None)
    least_seq = 0
    if max_age_s is not None:
        young_seq = await events.first_since(tx, tx.now_s - max_age_s, after_seq=seen_seq)
        least_seq = head_seq if young_seq is None else young_seq - 1
    if replay_max is not None:
        least_seq = max(least_seq, await events.before_newest(tx, replay_max))
    following_seq = await events.following(tx, seen_seq)
    return place(seen_seq, head_seq=head_seq, following_seq=following_seq, least_seq=least_seq)


async def look(
    tx: Transaction,
    caller: Caller,
    wanted: Wanted,
    *,
    after_seq: int,
    most: int,
    rows_max: int,
    until_seq: int | None = None,
) -> Page:
    """Return what is wanted beyond *after_seq*: up to *most* events among up to *rows_max*.

    So a page may be empty while there is more to look at.

    Args:
        caller: Who is to be told: of what it may read.
        until_seq: The last event that is looked at; None: the last there is.
    """
    last_seq = await meta.counter(tx, "seq") if until_seq is None else until_seq
    following_seq = await events.following(tx, after_seq)
    found: list[Event] = []
    seen_seq, left = after_seq, rows_max
    while seen_seq < last_seq and left > 0 and len(found) < most:
        page = await events.after(tx, seen_seq, limit=min(ROWS_AT_ONCE, left))
        rows = [event for event in page if event.seq <= last_seq]
        left -= len(page)
        seen_seq = _pick(rows, caller, wanted, found, most=most, seen_seq=seen_seq)
        if len(found) < most and (len(rows) < len(page) or not page):
            seen_seq = last_seq
    return Page(
        found=found,
        seen_seq=seen_seq,
        more=seen_seq < last_seq,
        skipped_to=None if following_seq in {None, after_seq + 1} else following_seq - 1,
    )


def _pick(
    rows: Iterable[Event], caller: Caller, wanted: Wanted, found: list[Event], *, most: int, seen_seq: int
) -> int:
    """Add to *found* what is wanted of *rows* until it has *most*; return up to where they were looked at."""
    for event in rows:
        seen_seq = event.seq
        told = told_to(caller, event)
        if told is not None and wanted.wants(told.type, told.path, told.agent, told.data):
            found.append(told)
            if len(found) == most:
                break
    return seen_seq


class Reading:
    """The log for who asks for it: by polls and streams. Errors: forbidden."""

    def __init__(self, folder: Folder, log: Events) -> None:
        self._folder = folder
        self.log = log

    async def begin(self, caller: Caller, cursor: str | None, *, max_age_s: float | None = None) -> Place:
        """Return where to begin reading for whoever holds *cursor*; None: from now on."""
        caller.require_somewhere("read")

        async def body(tx: Transaction) -> Place:
            return await begin(tx, cursor, max_age_s=max_age_s, replay_max=None)

        # A bound of age may have to look through the log.
        return await (self._folder.db.read(body) if max_age_s is None else self._folder.db.read_long(body))

    def whole(self, caller: Caller, event: Event) -> Result:
        """Return an event of a page as programs get it."""
        # What is left out for one reader must not be for others: only whole events are made once for all.
        return self.log.tail.whole(event) if caller.sees_all else self.log.whole(event)

    async def page(self, caller: Caller, wanted: Wanted, after_seq: int, *, most: int) -> Page:
        """Return what is wanted beyond *after_seq*, at most so many; the caller's permission is looked at each time."""
        require_wanted(caller, wanted, "read")
        near = self.log.tail.after(after_seq)
        if near is not None:  # a thousand streams need not ask the database for the same event
            found: list[Event] = []
            seen_seq = _pick(near, caller, wanted, found, most=most, seen_seq=after_seq)
            return Page(found=found, seen_seq=seen_seq, more=bool(near) and seen_seq < near[-1].seq, skipped_to=None)

        async def body(tx: Transaction) -> Page:
            return await look(tx, caller, wanted, after_seq=after_seq, most=most, rows_max=LIMITS.poll_rows_max)

        few = self.log.head_seq - after_seq <= FEW
        return await (self._folder.db.read(body) if few else self._folder.db.read_long(body))
