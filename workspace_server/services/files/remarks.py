"""What the answer to a change says besides: who has announced work there, and what it rests on that has moved on."""

from collections.abc import Mapping, Sequence
from typing import Any

from workspace_server.services.files.seen import STALE_SHOWN_MAX
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
        moved_on: What its caller has read of late, but for *paths*, and has moved on since.
    """
    intents = await others_intents(commit.tx, commit.caller, paths)
    if intents:
        result["intents"] = intents
    sees = commit.caller.sees
    sources = [one for one in sources if sees(str(one["path"]))]
    moved_on = [one for one in moved_on if sees(str(one["path"]))]
    if moved_on or sources:
        unknown, overtaken = await _amiss(commit.tx, sources, paths)
        stale = {str(one["path"]): one for one in overtaken}
        for one in moved_on:
            stale.setdefault(str(one["path"]), dict(one))
        warnings = [
            {name: listed[:STALE_SHOWN_MAX]}
            for name, listed in (("stale_inputs", list(stale.values())), ("unknown_sources", unknown))
            if listed
        ]
        if warnings:
            result["warnings"] = warnings
    return result


def stale_inputs(result: Result) -> list[str]:
    """Return the paths that an answer names as moved on."""
    warnings: list[Mapping[str, list[Mapping[str, Any]]]] = result.get("warnings", [])
    return [str(one["path"]) for warning in warnings for one in warning.get("stale_inputs", [])]


async def _amiss(
    tx: Transaction, sources: Sequence[Source], paths: Sequence[str]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the sources that never were, and those that are not the newest any more, so many of one as are shown.

    Returns:
        `[{path, version}]` and `[{path, you_read, now, by}]`; `now` is 0 for what is deleted.
    """
    unknown: list[dict[str, Any]] = []
    overtaken: list[dict[str, Any]] = []
    changed = frozenset(paths)
    named = dict.fromkeys((str(one["path"]), int(one["version"])) for one in sources if one["path"] not in changed)
    for path, version in named:
        if STALE_SHOWN_MAX in (len(unknown), len(overtaken)):
            break
        row = await files.by_path(tx, path)
        if row is None or not 1 <= version <= row.version:
            unknown.append({"path": path, "version": version})
        elif row.version != version or not row.live:
            now = row.version if row.live else 0
            overtaken.append({"path": row.path, "you_read": version, "now": now, "by": row.modified_by})
    return unknown, overtaken
