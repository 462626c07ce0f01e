"""What the answer to a change says besides: who has announced work there, and what it rests on that has moved on."""

from collections.abc import Mapping, Sequence
from typing import Any

from workspace_server.services.locking.announced import others_intents
from workspace_server.services.recording import Commit, Result
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import files
from workspace_server.storage.tables.files import Source


async def added(
    commit: Commit,
    result: Result,
    paths: Sequence[str],
    *,
    sources: Sequence[Source],
    moved_on: Sequence[Mapping[str, Any]],
) -> Result:
    """Return *result* with `intents` and `warnings`, where there are any.

    Args:
        paths: The files that were changed.
        sources: The versions that the change says it was made from.
        moved_on: What its caller has read of late and has moved on since.
    """
    intents = await others_intents(commit.tx, commit.caller.agent, paths, may_read="read" in commit.caller.verbs)
    if intents:
        result["intents"] = intents
    stale = {str(one["path"]): one for one in moved_on}
    stale |= {str(one["path"]): one for one in await _overtaken(commit.tx, sources, paths)}
    if stale and "read" in commit.caller.verbs:
        result["warnings"] = [{"stale_inputs": list(stale.values())}]
    return result


async def _overtaken(tx: Transaction, sources: Sequence[Source], paths: Sequence[str]) -> list[dict[str, Any]]:
    """Return the sources that are not the newest of their files any more; `now` is 0 for what is deleted."""
    found = []
    for source in sources:
        row = None if source["path"] in paths else await files.by_path(tx, str(source["path"]))
        if row is not None and (row.version != source["version"] or not row.live):
            now = row.version if row.live else 0
            found.append({"path": row.path, "you_read": source["version"], "now": now, "by": row.modified_by})
    return found
