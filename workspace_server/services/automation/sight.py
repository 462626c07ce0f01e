"""Which triggers a caller sees: those that lie wholly in its scope. Any other is to it as one that never was.

A name is no path, so that a refusal could only confirm it. What a trigger has set off is seen by who sees the trigger.
"""

import json
from collections.abc import Awaitable, Callable, Collection, Iterable
from functools import lru_cache
from typing import Final, TypeVar

from workspace_server.core.access import Caller
from workspace_server.core.patterns import Selector
from workspace_server.core.triggers.parsing import parse_definition
from workspace_server.core.triggers.reach import has, has_all, reach
from workspace_server.errors import NotFound
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import triggers
from workspace_server.storage.tables.triggers import TriggerRow

Item = TypeVar("Item")
ROWS_AT_ONCE: Final = 200
SIFTED_MAX: Final = 2_000
"""Most rows that are looked at for one page of those that a caller sees; the next page goes on behind them."""


def sees(caller: Caller, row: TriggerRow) -> bool:
    """Return whether a caller sees a trigger, deleted or not."""
    return has_all(caller) or has(caller, reach_of(row))


def reach_of(row: TriggerRow) -> tuple[Selector, ...]:
    """Return all that a trigger names, deleted or not."""
    return reach_by_text(json.dumps(row.definition))


@lru_cache(maxsize=1_024)
def reach_by_text(definition: str) -> tuple[Selector, ...]:
    """Return all that a trigger of this definition names; as JSON, for a page of rows asks about few triggers."""
    return reach(parse_definition(json.loads(definition)))


async def named(tx: Transaction, caller: Caller, name: str) -> TriggerRow:
    """Return the trigger of that name.

    Raises:
        NotFound: There is none, or none that the caller sees.
    """
    row = await triggers.by_name(tx, name)
    if row is None or not sees(caller, row):
        raise unknown(name)
    return row


def unknown(name: str) -> NotFound:
    """Return the refusal of a trigger's name, to be raised."""
    return NotFound(f"There is no trigger {name}.", hint="list_triggers() shows those that are.", trigger=name)


async def present(tx: Transaction, caller: Caller, *, after: str = "", limit: int | None = None) -> list[TriggerRow]:
    """Return the triggers that a caller sees and that are not deleted, by name, at most *limit*.

    Args:
        after: Only those whose names come after this one.
    """
    if limit is None or has_all(caller):
        rows = await triggers.present(tx, after=after, limit=-1 if limit is None else limit)
        return [row for row in rows if sees(caller, row)]
    found: list[TriggerRow] = []
    while len(found) < limit:  # as many looks as there are triggers at most, and those are bounded
        rows = await triggers.present(tx, after=after, limit=ROWS_AT_ONCE)
        found += [row for row in rows if sees(caller, row)]
        if len(rows) < ROWS_AT_ONCE:
            break
        after = rows[-1].name
    return found[:limit]


async def seen_among(tx: Transaction, caller: Caller, trigger_ids: Iterable[int | None]) -> Collection[int]:
    """Return which of some triggers, deleted or not, a caller sees."""
    ids = sorted({one for one in trigger_ids if one is not None})
    if has_all(caller):
        return ids
    return {one for one, row in (await triggers.by_ids(tx, ids)).items() if sees(caller, row)}


async def page(
    tx: Transaction,
    caller: Caller,
    read: Callable[[int | None, int], Awaitable[list[Item]]],
    *,
    before: int | None,
    limit: int,
    place: Callable[[Item], tuple[int, int | None]],
) -> tuple[list[Item], int | None]:
    """Return the newest rows before a number that belong to triggers which the caller sees, and where to go on.

    A page costs a bounded amount, however little is the caller's: it may be short or empty while there is more to look
    at. It is the last one only when there is nowhere to go on.

    Args:
        read: Returns the rows before a number, newest first, at most so many.
        place: Returns a row's number, and the trigger that it belongs to; who sees all is shown those of none, too.
    """
    found: list[Item] = []
    sees_all, looked_at = has_all(caller), 0
    while looked_at < SIFTED_MAX:
        asked = limit + 1 if sees_all else ROWS_AT_ONCE
        rows = await read(before, asked)
        looked_at += len(rows)
        seen = await seen_among(tx, caller, (place(row)[1] for row in rows))
        found += [row for row in rows if sees_all or place(row)[1] in seen]
        if len(found) > limit:
            return found[:limit], place(found[limit - 1])[0]
        if len(rows) < asked:
            return found, None
        before = place(rows[-1])[0]
    return found, before
