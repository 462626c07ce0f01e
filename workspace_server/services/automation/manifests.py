"""Manifests: files that list the inputs of a join, read again whenever they change."""

from collections.abc import Awaitable, Callable, Mapping

from workspace_server.core.joins.changes import Failed, Listed, Removed, Saved
from workspace_server.core.limits import LIMITS
from workspace_server.core.triggers.definition import Definition
from workspace_server.core.triggers.manifest import ABSENT, listed
from workspace_server.services.files import changes
from workspace_server.storage.content import ObjectStore
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import files
from workspace_server.storage.tables.files import FileRow
from workspace_server.storage.tables.joins import JoinRow

Standing = Callable[[FileRow], Awaitable[Saved | Failed | Removed]]
"""What a file that stands there means to the trigger."""


def manifest_key(rule: Definition, path: str) -> Mapping[str, str] | None:
    """Return the key of the join whose inputs *path* lists, or None when it is no manifest of the trigger."""
    return None if rule.manifest is None else rule.manifest.capture(path)


async def listing(
    tx: Transaction, store: ObjectStore, rule: Definition, path: str, *, row: JoinRow | None, standing: Standing
) -> Listed:
    """Return what a manifest says now, with what stands at the paths that it lists anew.

    So a file counts that was saved before the manifest named it.

    Args:
        row: The join as it is stored; None before anything happened to it.
    """
    try:
        paths = listed(await _content(tx, store, path))
    except ValueError as error:
        return Listed(problem=str(error))
    outside = next((one for one in paths if not rule.may_list(one)), None)
    if outside is not None:
        return Listed(problem=f"lists {outside}, which is not among the trigger's files")
    known = {} if row is None else row.join.slots
    new = [one for one in paths if one not in known or known[one].kind == "dropped"]
    found: dict[str, Saved | Failed] = {}
    for there in await files.by_paths(tx, new):
        meaning = await standing(there) if there.live else None
        if isinstance(meaning, (Saved, Failed)):
            found[there.path] = meaning
    return Listed(paths, found)


async def _content(tx: Transaction, store: ObjectStore, path: str) -> bytes:
    """Return the bytes of a manifest.

    Raises:
        ValueError: There are none, or too many.
    """
    row = await files.by_path(tx, path)
    if row is None or not row.live:
        raise ValueError(ABSENT)
    if row.size_bytes > LIMITS.manifest_bytes_max:
        raise ValueError(f"is {row.size_bytes} bytes long; {LIMITS.manifest_bytes_max} are read")
    return await changes.head_bytes(tx, store, row)
