"""What a webhook says of its inputs beyond their names, when the trigger asks: facts, a diff, the content.

All of it is of the versions that the firing saw, so that every attempt says the same.
"""

import json
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

from indexer.model import LiveFact
from workspace_server.core.limits import LIMITS
from workspace_server.errors import Unavailable
from workspace_server.services.extracted import extraction_of
from workspace_server.services.files.explaining import version_diff, version_text
from workspace_server.services.folder import Folder
from workspace_server.services.index.answers import fact_row
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import files
from workspace_server.storage.tables.files import VersionRow
from workspace_server.storage.tables.index_source import change_of

log = logging.getLogger(__name__)

Part = Callable[[Folder, str, int], Awaitable[dict[str, Any]]]


async def add_parts(folder: Folder, data: dict[str, Any], asked: Sequence[str], *, room_bytes: int) -> dict[str, Any]:
    """Return a firing's data with the parts that were asked for, each for all inputs or for none.

    A part that no longer fits is left out, and `dropped` names it.

    Args:
        room_bytes: How much longer the data may get, as JSON in UTF-8.
    """
    dropped = []
    inputs = [dict(one) for one in data["inputs"]]
    for name in _PARTS:
        if name not in asked:
            continue
        found = await _of_all(folder, name, inputs, room_bytes=room_bytes)
        if found is None:
            dropped.append(name)
            continue
        room_bytes -= sum(_size(one) for one in found)
        inputs = [{**one, **more} for one, more in zip(inputs, found, strict=True)]
    return {**data, "inputs": inputs, **({"dropped": dropped} if dropped else {})}


async def _of_all(
    folder: Folder, name: str, inputs: Sequence[Mapping[str, Any]], *, room_bytes: int
) -> list[dict[str, Any]] | None:
    """Return one part of every input, or None as soon as it is known not to fit."""
    found: list[dict[str, Any]] = []
    for one in inputs:
        more = await _of_one(folder, name, one["path"], one["version"])
        room_bytes -= _size(more)
        if room_bytes < 0:
            return None
        found.append(more)
    return found


async def _of_one(folder: Folder, name: str, path: str, version: int) -> dict[str, Any]:
    """Return one part of one input; of content that is damaged none, so that the webhook goes out all the same."""
    try:
        return await _PARTS[name](folder, path, version)
    except Unavailable:
        log.exception("the %s of %s@%s cannot be read for a webhook", name, path, version)
        return {name: None}


async def _facts(folder: Folder, path: str, version: int) -> dict[str, Any]:
    """Return what the version says in short statements, each with its lines."""

    async def read(tx: Transaction) -> VersionRow:
        row = await files.by_path(tx, path)
        assert row is not None, "a path that was ever there keeps its history"
        found = await files.version(tx, row.file_id, version)
        assert found is not None
        return found

    row = await folder.db.read(read)
    try:
        extraction = await extraction_of(folder, change_of(path, row))
    except OSError:
        return {"facts": None}  # its bytes are not kept any more
    first = extraction.facts[: LIMITS.delivery_facts_max]
    lives = [
        LiveFact(fact=fact, path=path, version=version, seq=row.seq, agent=row.agent, at_s=row.at) for fact in first
    ]
    cut = {"facts_cut": True} if len(extraction.facts) > len(first) else {}
    return {"facts": [fact_row(live, "brief") for live in lives], **cut}


async def _diff(folder: Folder, path: str, version: int) -> dict[str, Any]:
    """Return in what the version differs from the one before it; None for what is no text, or no longer kept."""
    return {"diff": await version_diff(folder, path, version - 1, version)}


async def _content(folder: Folder, path: str, version: int) -> dict[str, Any]:
    """Return the text of the version, or its beginning; None for what is no text, or no longer kept."""
    text = await folder.db.read_long(lambda tx: version_text(tx, folder, path, version))
    if text is None:
        return {"content": None}
    whole = text.encode()
    kept = whole[: LIMITS.delivery_input_bytes_max].decode("utf-8", "ignore")
    return {"content": kept, **({"content_cut": True} if len(kept) < len(text) else {})}


def _size(value: object) -> int:
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())


_PARTS: Final[dict[str, Part]] = {"facts": _facts, "diff": _diff, "content": _content}
"""In the order of their use: what is most useful for its size goes first."""
