"""How triggers hang together: what their targets have written, and which triggers that has started.

A definition says what a trigger waits for and whom it calls, but not what becomes of it. That is seen in the log: in
what was done because of its newest firings.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from workspace_server.core.access import Caller
from workspace_server.core.events import FILE_CHANGES
from workspace_server.core.limits import LIMITS
from workspace_server.core.triggers.definition import Definition
from workspace_server.core.triggers.parsing import parse_definition
from workspace_server.core.triggers.reach import require_all_of
from workspace_server.core.triggers.targets import Webhook
from workspace_server.services.arguments import bounded, plain_text
from workspace_server.services.automation.endpoints import shown_endpoints
from workspace_server.services.automation.making import definition_of
from workspace_server.services.automation.sight import present
from workspace_server.services.automation.standing import shown
from workspace_server.services.automation.triggers import NAME_CHARS_MAX
from workspace_server.services.folder import Folder
from workspace_server.services.recording import Result
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import endpoints, events, triggers
from workspace_server.storage.tables.triggers import TriggerRow

FIRINGS_SEEN: Final = 300
"""How many of the newest firings are looked at for what they have led to."""
CHANGES_SEEN: Final = 500
WRITTEN_SHOWN_MAX: Final = 4
"""Most files that are named of what one trigger has led to."""
LEADING: Final = (*sorted(FILE_CHANGES), "approval.granted", "approval.denied")
_TARGETS: Final = ("queue", "url", "command", "approval")


class Flows:
    """Tells how triggers hang together. Errors: invalid_argument, forbidden."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder

    async def show_flows(self, caller: Caller, *, limit: int = 25, cursor: str | None = None) -> Result:
        """Return `{triggers, led_to, next_cursor?}`, the triggers by name.

        `led_to` has for each trigger `{path, times, starts}` of what was done because of it lately: the files that were
        changed most often, and which of these triggers that may start.
        """
        caller.require_somewhere("trigger")
        bounded("limit", limit, 1, LIMITS.list_rows_max)
        plain_text("cursor", cursor, NAME_CHARS_MAX)

        async def read(tx: Transaction) -> Result:
            rows = await present(tx, caller, after=cursor or "", limit=limit + 1)
            more = {"next_cursor": rows[limit - 1].name} if len(rows) > limit else {}
            rows = rows[:limit]
            listed = await shown(tx, rows, caller)
            await _add_receivers(tx, caller, rows, listed)
            return {"triggers": listed, "led_to": await _led_to(tx, caller, rows), **more}

        return await self._folder.db.read_long(read)

    async def might_repeat(self, caller: Caller, fields: Mapping[str, Any]) -> list[str]:
        """Return the files that a trigger would wait for, and that those whom it calls have changed before.

        Args:
            fields: Of a trigger that there is not yet.
        """
        caller.require_somewhere("trigger")

        async def read(tx: Transaction) -> list[str]:
            rule = await definition_of(tx, {"name": "new", **fields}, caller)
            require_all_of(caller, rule)
            known = not isinstance(rule.target, Webhook) or rule.target.agent is not None
            if known and not rule.include_own_writes:
                return []  # what those write themselves does not start it
            target = _target(rule.as_mapping())
            rows = [row for row in await present(tx, caller) if _target(row.definition) == target]
            found = await _observed(tx, caller, rows)
            done = {one for seen in found.values() for one in seen}
            return sorted({path for path, kind in done if _starts(path, kind, [rule])})[:WRITTEN_SHOWN_MAX]

        return await self._folder.db.read_long(read)


def _target(definition: Mapping[str, Any]) -> list[Any]:
    return [definition.get(kind) for kind in _TARGETS]


async def _add_receivers(tx: Transaction, caller: Caller, rows: Sequence[TriggerRow], listed: Sequence[Result]) -> None:
    """Say of each trigger that sends webhooks how its receiver does, once anything was sent there."""
    urls = [row.definition["url"] for row in rows if "url" in row.definition]
    known = await endpoints.of_urls(tx, urls)
    shown_ones = dict(zip((row.url for row in known), await shown_endpoints(tx, caller, known), strict=True))
    for row, trigger in zip(rows, listed, strict=True):
        receiver = shown_ones.get(row.definition.get("url", ""))
        if receiver is not None:
            trigger["receiver"] = receiver


async def _led_to(tx: Transaction, caller: Caller, rows: Sequence[TriggerRow]) -> dict[str, list[Result]]:
    rules = [parse_definition(row.definition) for row in rows]
    names = {row.trigger_id: row.name for row in rows}
    observed = await _observed(tx, caller, rows)
    return {names[trigger_id]: _by_path(seen, rules) for trigger_id, seen in observed.items() if seen}


def _by_path(seen: Mapping[tuple[str, str], int], rules: Sequence[Definition]) -> list[Result]:
    """Return what was changed most often, whether it was made, written or deleted, and which triggers that starts."""
    times: Counter[str] = Counter()
    starts: dict[str, dict[str, None]] = {}
    for (path, kind), count in seen.items():
        times[path] += count
        starts.setdefault(path, {}).update(dict.fromkeys(_starts(path, kind, rules)))
    return [
        {"path": path, "times": count, "starts": list(starts[path])}
        for path, count in times.most_common(WRITTEN_SHOWN_MAX)
    ]


async def _observed(tx: Transaction, caller: Caller, rows: Sequence[TriggerRow]) -> dict[int, Counter[tuple[str, str]]]:
    """Return how often each (path, kind of event) came about because of each trigger, of what happened lately.

    Only of files that the caller may read.
    """
    found: dict[int, Counter[tuple[str, str]]] = {row.trigger_id: Counter() for row in rows}
    newest = await triggers.newest_firings(tx, limit=FIRINGS_SEEN)
    whose = {triggers.firing_name(firing): trigger for firing, trigger in newest if trigger in found}
    for event in await events.led_to(tx, list(whose), types=LEADING, limit=CHANGES_SEEN):
        if event.path is not None and caller.sees(event.path):
            found[whose[event.data["cause"]["firing"]]][event.path, event.type] += 1
    return found


def _starts(path: str, kind: str, rules: Sequence[Definition]) -> list[str]:
    """Return which triggers an event of that kind at *path* concerns."""
    return [rule.name for rule in rules if kind in rule.on and rule.is_watched(path)]
