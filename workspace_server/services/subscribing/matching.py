"""Follows the log for all subscriptions and puts what they want into the outbox.

It follows rather than sits in the commit, so that a change costs its writer nothing however many subscribe. Nothing is
lost by that: up to where the log was looked at stands in the database, and moves on in the transaction that fills the
outbox. Looking is a read; the writer is asked only for what somebody wants.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Any, Final

import anyio

from workspace_server.core.cursors import cursor
from workspace_server.core.interests import Interests
from workspace_server.core.limits import LIMITS
from workspace_server.core.subscription_errors import Numbers
from workspace_server.core.subscriptions import parse_wanted
from workspace_server.services.automation.bells import Bell
from workspace_server.services.events import Events
from workspace_server.services.folder import Folder
from workspace_server.services.subscribing import outbox, reading
from workspace_server.services.subscribing.permission import SENT, Standing, may_want, sent_to
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import events, meta, subscriptions
from workspace_server.storage.tables.events import Event
from workspace_server.storage.tables.subscriptions import SubscriptionRow

log = logging.getLogger(__name__)

WAIT_S: Final = 3_600.0
LOOK_S_MAX: Final = 30.0
"""Longest time without a look at which subscriptions have come to their end."""
AFTER_FAILURE_S: Final = 1.0
ROWS_AT_ONCE: Final = 500
BEHIND_AT_ONCE: Final = 4
"""So many that are behind catch up in one step, a page each: others wait for the writer, too."""
KEPT_EVERY: Final = 1_000
"""How far the place may move on in memory alone; after a stop so much is looked at again."""


@dataclass(slots=True)
class _Found:
    """What one step is to write: everything that the look at the log has found."""

    edition: str
    seen_seq: int
    matched: list[tuple[SubscriptionRow, Event]] = field(default_factory=list)
    gaps: list[SubscriptionRow] = field(default_factory=list)
    places: dict[int, int | None] = field(default_factory=dict)
    ended: list[SubscriptionRow] = field(default_factory=list)
    silent: list[SubscriptionRow] = field(default_factory=list)
    barred: list[SubscriptionRow] = field(default_factory=list)
    more: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to write but how far the log was looked at."""
        return not (self.matched or self.gaps or self.places or self.ended or self.silent or self.barred)


class _Known:
    """The subscriptions of one edition, made ready to be asked.

    Attributes:
        followers: Those that are not behind.
        behind: The others.
        look_at: When the first of them may have come to its end, in seconds since 1970.
    """

    def __init__(self, edition: str, rows: Sequence[SubscriptionRow]) -> None:
        self.edition = edition
        self.rows = rows
        self.followers = Interests(
            (row, parse_wanted(row.event, row.arguments)) for row in rows if row.seen_seq is None
        )
        self.behind = [row for row in rows if row.seen_seq is not None]
        ends = [row.refresh_before for row in rows if row.refresh_before is not None]
        self.look_at = min([*ends, *map(_silent_at, rows)], default=inf)


class Matching:
    """Finds out who wants what.

    Args:
        due: Called with an endpoint after a commit that put something into the outbox for it.
    """

    def __init__(
        self,
        folder: Folder,
        log: Events,
        *,
        numbers: Numbers,
        standing: Standing,
        due: Callable[[int], None],
    ) -> None:
        self._folder = folder
        self._log = log
        self._numbers = numbers
        self._standing = standing
        self._due = due
        self._bell = Bell()
        self._known = _Known("", ())
        self._seen_seq: int | None = None
        self._kept_seq = 0
        self._permitted_until_s = 0.0

    def look_at_permissions(self) -> None:
        """End what somebody has subscribed to who may not have it any more: a token has ended."""
        self._permitted_until_s = 0.0
        self._bell.ring()

    def look(self) -> None:
        """Look at the subscriptions again: one of them has changed."""
        self._bell.ring()

    async def place(self, tx: Transaction, row: SubscriptionRow) -> int:
        """Return up to where the log was looked at for a subscription: what it wants of that is in the outbox."""
        if row.seen_seq is not None:
            return row.seen_seq
        kept_seq = await subscriptions.seen_seq(tx)
        assert kept_seq is not None, "it was written with the place of the first that caught up"
        return max(kept_seq, self._seen_seq or 0)

    async def run(self) -> None:
        """Match until cancelled."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._listen)
            while True:
                try:
                    await self.settle()
                except Exception:
                    log.exception("subscriptions could not be matched")
                    await anyio.sleep(AFTER_FAILURE_S)
                    continue
                await self._bell.wait(LOOK_S_MAX)

    async def settle(self) -> None:
        """Match everything that the log holds by now."""
        while await self._step():
            pass

    async def _listen(self) -> None:
        seq = self._log.head_seq
        while True:
            seq = await self._log.wait(seq, WAIT_S)
            self._bell.ring()

    async def _step(self) -> bool:
        """Match a part of the log and return whether there is more."""
        found = await self._folder.db.read(self._look)
        if found is None:
            return False
        if not found.is_empty or found.seen_seq - self._kept_seq >= KEPT_EVERY:
            if not await self._folder.db.write(lambda tx: self._write(tx, found)):
                self._permitted_until_s = 0.0
                return True  # the subscriptions were others by then
            self._kept_seq = found.seen_seq
        self._seen_seq = found.seen_seq
        return found.more

    async def _look(self, tx: Transaction) -> _Found | None:
        """Return what there is to do; None when nobody subscribes."""
        edition = await subscriptions.edition(tx)
        if edition != self._known.edition:
            self._known = _Known(edition, await subscriptions.present(tx))
        known = self._known
        if not known.rows:
            self._seen_seq = None
            return None
        head_seq = await meta.counter(tx, "seq")
        seen_seq = await subscriptions.seen_seq(tx) if self._seen_seq is None else self._seen_seq
        if not known.followers or seen_seq is None:
            seen_seq = head_seq
        found = _Found(edition, seen_seq)
        if tx.now_s >= known.look_at:
            found.ended = [row for row in known.rows if not row.lives(tx.now_s)]
            found.silent = [row for row in known.rows if row.lives(tx.now_s) and tx.now_s >= _silent_at(row)]
        if self._folder.clock.boot_s() >= self._permitted_until_s:
            self._permitted_until_s = self._folder.clock.boot_s() + LOOK_S_MAX
            found.barred = [row for row in known.rows if row.lives(tx.now_s) and not self._may(row)]
        await self._follow(tx, known, found)
        await self._catch_up(tx, [row for row in known.behind if row.lives(tx.now_s)], found)
        found.more |= found.seen_seq < head_seq
        return found

    async def _follow(self, tx: Transaction, known: "_Known", found: _Found) -> None:
        """Look at the next events for all that are not behind."""
        if not known.followers:
            return
        page = await events.after(tx, found.seen_seq, limit=ROWS_AT_ONCE)
        if page and page[0].seq != found.seen_seq + 1:
            found.gaps += [row for row in known.rows if row.seen_seq is None and row.lives(tx.now_s)]
        for event in page:
            found.seen_seq = event.seq
            wanting = known.followers.who_want(event.type, event.path, event.agent, event.data)
            found.matched += [(row, event) for row in wanting if row.lives(tx.now_s)]

    async def _catch_up(self, tx: Transaction, behind: list[SubscriptionRow], found: _Found) -> None:
        """Look at older events for some that are behind, up to where the others are."""
        for row in behind[:BEHIND_AT_ONCE]:
            assert row.seen_seq is not None
            page = await reading.look(
                tx,
                self._standing(row.principal, row.token),
                parse_wanted(row.event, row.arguments),
                after_seq=row.seen_seq,
                most=ROWS_AT_ONCE,
                rows_max=ROWS_AT_ONCE,
                until_seq=found.seen_seq,
            )
            found.matched += [(row, event) for event in page.found]
            if page.skipped_to is not None:
                found.gaps.append(row)
            found.places[row.subscription_id] = page.seen_seq if page.more else None
        found.more |= bool(behind)

    async def _write(self, tx: Transaction, found: _Found) -> bool:
        """Write what was found; return False, and write nothing, when the subscriptions are others by now."""
        if await subscriptions.edition(tx) != found.edition:
            return False
        gone: set[int] = set()
        await self._end(tx, found, gone)
        for row in found.gaps:
            if row.subscription_id not in gone:
                await self._tell_gap(tx, row, found)
        for row, event in found.matched:
            if row.subscription_id not in gone:
                await self._put(tx, row, event, found, gone)
        for subscription_id, seen_seq in found.places.items():
            if subscription_id not in gone:
                await subscriptions.set_place(tx, subscription_id, seen_seq)
        await subscriptions.set_seen_seq(tx, found.seen_seq)
        return True

    async def _end(self, tx: Transaction, found: _Found, gone: set[int]) -> None:
        """End the subscriptions whose time is over, or that may not go on."""
        for row in found.ended:
            await outbox.end(tx, row)
        for row in found.silent:
            message = "Nothing has arrived at the receiver for a long time."
            await self._terminate(tx, row, self._numbers.callback, message, gone, reason=row.last_error)
        for row in found.barred:
            if row.subscription_id not in gone:
                await self._bar(tx, row, gone)

    async def _put(self, tx: Transaction, row: SubscriptionRow, event: Event, found: _Found, gone: set[int]) -> None:
        """Put an event on its way, when its subscriber may still have it and the way is not full."""
        if not self._may(row):
            await self._bar(tx, row, gone)
            return
        if sent_to(self._standing(row.principal, row.token), event) is None:
            return
        _, count = await subscriptions.way(tx, row.subscription_id)
        if count >= LIMITS.subscription_pending_max:
            await outbox.give_up(tx, row, "too much was on its way to the subscription")
            await self._tell_gap(tx, row, found)
        await outbox.put_event(tx, row, event)
        self._due_after(tx, row)

    def _may(self, row: SubscriptionRow) -> bool:
        """Whether a subscriber may still have what it names."""
        return may_want(self._standing(row.principal, row.token), row, *SENT)

    async def _bar(self, tx: Transaction, row: SubscriptionRow, gone: set[int]) -> None:
        message = f"{row.principal} may not read any more."
        await self._terminate(tx, row, self._numbers.forbidden, message, gone)

    async def _tell_gap(self, tx: Transaction, row: SubscriptionRow, found: _Found) -> None:
        """Tell a receiver that events are missing, and from where on they are not."""
        place = found.places.get(row.subscription_id)
        await outbox.put_control(tx, row, {"type": "gap", "cursor": cursor(found.seen_seq if place is None else place)})
        self._due_after(tx, row)

    async def _terminate(
        self, tx: Transaction, row: SubscriptionRow, code: int, message: str, gone: set[int], **data: Any
    ) -> None:
        await outbox.terminate(tx, row, {"code": code, "message": message, **({"data": data} if data else {})})
        gone.add(row.subscription_id)
        self._due_after(tx, row)

    def _due_after(self, tx: Transaction, row: SubscriptionRow) -> None:
        tx.after_commit(lambda: self._due(row.endpoint_id))


def _silent_at(row: SubscriptionRow) -> float:
    """Return when a subscription that never ends by itself has not been heard of for too long."""
    if row.refresh_before is not None or row.failed_since is None:
        return inf
    return row.failed_since + LIMITS.subscription_silent_s_max
