"""What a join waits for, in words: for who lists triggers, and for the event that says that it waits in vain."""

from collections.abc import Sequence
from typing import Any, Final

from workspace_server.core.joins.missing import missing
from workspace_server.core.patterns import parse_selector
from workspace_server.core.triggers.definition import Definition
from workspace_server.errors import WorkspaceError
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import events, files, meta
from workspace_server.storage.tables.joins import JoinRow

MISSING_SHOWN_MAX: Final = 100
"""Most things that are named as missing."""
SOUGHT_MAX: Final = 20_000
"""How many of the newest events are looked through for who last held a file."""


async def missing_of(tx: Transaction, rule: Definition, row: JoinRow) -> list[dict[str, Any]]:
    """Return what keeps a join from firing as `[{path?, reason, …}]`."""
    return (await missing_of_all(tx, [(rule, row)]))[0]


async def missing_of_all(tx: Transaction, some: Sequence[tuple[Definition, JoinRow]]) -> list[list[dict[str, Any]]]:
    """Return of each join what keeps it from firing, as `missing_of` does, by one query for all of them."""
    told = [_told(rule, row) for rule, row in some]
    absent = {one["path"] for each in told for one in each if one["reason"] == "absent"}
    live = {there.path for there in await files.by_paths(tx, list(absent)) if there.live} if absent else set()
    # What stands there does so since before the trigger, or is by somebody who does not count.
    return [
        [one | {"reason": "old"} if one["reason"] == "absent" and one["path"] in live else one for one in each]
        for each in told
    ]


def _told(rule: Definition, row: JoinRow) -> list[dict[str, Any]]:
    found = missing(rule, row.join, manifest=None if rule.manifest is None else rule.manifest.resolve(row.captures))
    return [one.as_json() for one in found[:MISSING_SHOWN_MAX]]


async def with_holders(tx: Transaction, told: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what is missing with the agent who last held each file: under a lock, or else as its last writer."""
    paths = [one["path"] for one in told if "path" in one and "agent" not in one]
    whose = {row.path: row.modified_by for row in await files.by_paths(tx, paths)}
    beyond = await meta.counter(tx, "seq") - SOUGHT_MAX
    granted = await events.newest(tx, beyond, limit=SOUGHT_MAX, only=events.Only(types=["lock.acquired"]))
    for event in reversed(granted):  # the newest has the last word
        for path in paths:
            if any(_covers(str(name), path) for name in event.data.get("paths", ())):
                whose[path] = event.agent
    return [one | {"agent": whose[one["path"]]} if one.get("path") in whose else one for one in told]


def _covers(name: str, path: str) -> bool:
    """Return whether a lock on *name*, as an event spells it, covers *path*."""
    try:
        return name == path or parse_selector(name, lambda _: False).covers(path)
    except WorkspaceError:
        return False  # a path that would read as no pattern, and is another one
