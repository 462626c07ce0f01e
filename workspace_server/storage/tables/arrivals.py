"""Rows of files that are new at paths that never were, many in a few statements."""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from workspace_server.storage.database import Transaction


class Arrival(NamedTuple):
    """A file with its first version, as it stands in the folder: durable there, and known by its signature."""

    path: str
    fold: str
    seq: int
    sha256: str
    size_bytes: int
    media_type: str
    signature: str


async def taken(tx: Transaction, paths: Iterable[str]) -> set[str]:
    """Return those of *paths* that are or were files, and those whose working copies are on their way."""
    rows = await tx.all(
        "SELECT j.value FROM json_each(?1) j JOIN files ON files.path = j.value"
        " UNION SELECT j.value FROM json_each(?1) j JOIN intents ON intents.path = j.value",
        json.dumps(list(paths)),
    )
    return {row[0] for row in rows}


async def in_the_way(tx: Transaction, folds: Iterable[str]) -> set[str]:
    """Return those of the folded names *folds* that a live file has, or a directory with live files in it."""
    rows = await tx.all(
        "SELECT value FROM json_each(?)"
        " WHERE EXISTS (SELECT 1 FROM files WHERE fold = value AND live = 1)"
        " OR EXISTS (SELECT 1 FROM files WHERE fold > value || '/' AND fold < value || '0' AND live = 1)",
        json.dumps(list(folds)),
    )
    return {row[0] for row in rows}


async def insert(tx: Transaction, arrivals: Sequence[Arrival], *, op: str, agent: str, commit_id: int | None) -> None:
    """Insert files with their first versions; their content is there, and their events tell of them."""
    row = await tx.one("SELECT coalesce(max(file_id), 0) + 1 FROM files")
    assert row is not None
    numbered = list(enumerate(arrivals, int(row[0])))

    def of_files() -> Iterator[Sequence[Any]]:
        for number, (path, fold, seq, sha256, size_bytes, kind, signature) in numbered:
            yield number, path, fold, seq, sha256, size_bytes, kind, tx.now_s, agent, sha256, signature

    def of_versions() -> Iterator[Sequence[Any]]:
        for number, (_, _, seq, sha256, size_bytes, kind, _) in numbered:
            yield number, seq, op, tx.now_s, agent, sha256, size_bytes, kind, commit_id

    await tx.many(
        "INSERT INTO files (file_id, path, fold, live, version, seq, sha256, size_bytes, media_type, modified_at,"
        " modified_by, tree_sha256, tree_signature) VALUES (?, ?, ?, 1, 1, ?, ?, ?, ?, ?, ?, ?, ?)",
        of_files(),
    )
    await tx.many(
        "INSERT INTO versions (file_id, version, seq, op, at, agent, sha256, size_bytes, media_type, commit_id)"
        " VALUES (?, 1, ?, ?, ?, ?, ?, ?, ?, ?)",
        of_versions(),
    )
