"""Firings to come, for those who watch: joins that fill, and joins that are full and held back."""

from collections.abc import Mapping, Sequence

from workspace_server.core.access import Caller
from workspace_server.core.joins.holding import held_back
from workspace_server.core.limits import LIMITS
from workspace_server.core.triggers.parsing import parse_definition
from workspace_server.core.triggers.reach import has_all
from workspace_server.services.arguments import bounded
from workspace_server.services.automation.sight import present
from workspace_server.services.automation.standing import keys_told
from workspace_server.services.folder import Folder
from workspace_server.services.recording import Result
from workspace_server.services.times import iso
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import joins, triggers
from workspace_server.storage.tables.joins import JoinRow
from workspace_server.storage.tables.triggers import TriggerRow


class Progress:
    """Tells which firings are to come. Errors: invalid_argument, forbidden."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder

    async def show_progress(self, caller: Caller, *, limit: int = 20) -> Result:
        """Return `{filling, held}`, of each at most *limit*, those first to which something happened last.

        `filling: [{trigger, key, in, missing, …}]` wait for more; `held` the same with `reason` and, as known, `until`
        and `holders`: all is in, and the firing is held back because earlier ones are in flight (`busy`), an input is
        `locked`, files have to rest (`settle`), its `schedule` has not come round, the trigger is `paused`, or has
        fired as often as it may for now (`rate`).
        """
        caller.require_somewhere("trigger")
        bounded("limit", limit, 1, LIMITS.list_rows_max)

        async def read(tx: Transaction) -> Result:
            mine = None if has_all(caller) else [row.trigger_id for row in await present(tx, caller)]
            filling = await joins.filling(tx, limit=limit, trigger_ids=mine)
            full = await joins.held(tx, limit=limit, trigger_ids=mine)
            owners = await triggers.by_ids(tx, sorted({row.trigger_id for row in (*filling, *full)}))
            return {
                "filling": [one for one in await _named(tx, filling, owners) if one["in"] and one["missing"]],
                "held": [
                    told | _reason(row, owners[row.trigger_id], tx.now_s)
                    for told, row in zip(await _named(tx, full, owners), full, strict=True)
                ],
            }

        return await self._folder.db.read_long(read)


async def _named(tx: Transaction, rows: Sequence[JoinRow], owners: Mapping[int, TriggerRow]) -> list[Result]:
    """Return joins with the names of their triggers, with what is in and what is missing."""
    some = [(parse_definition(owners[row.trigger_id].definition), row) for row in rows]
    keys = await keys_told(tx, some)
    return [{"trigger": rule.name, **key} for (rule, _), key in zip(some, keys, strict=True)]


def _reason(row: JoinRow, owner: TriggerRow, now_s: float) -> Result:
    """Return why a full join has not fired."""
    if owner.paused_at is not None:
        return {"reason": "paused"}
    held = held_back(parse_definition(owner.definition), row.join, now_s=now_s)
    assert held is not None, "a join is ready only while it is full"
    until = {} if held.until_s is None else {"until": iso(held.until_s)}
    return {"reason": held.reason, **until, **({"holders": list(held.holders)} if held.holders else {})}
