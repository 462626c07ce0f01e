"""Rows of known files that were edited or deleted in the folder, many in a few statements."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from workspace_server.storage.database import Transaction


class Edited(NamedTuple):
    """The next version of a file, as it stands in the folder: durable there, and known by its signature."""

    file_id: int
    version: int
    seq: int
    sha256: str
    size_bytes: int
    media_type: str
    signature: str


class Gone(NamedTuple):
    """A file of which nothing stands in the folder any more, and that will not come back with a power cut."""

    file_id: int
    version: int
    seq: int


async def edit(tx: Transaction, edited: Sequence[Edited], *, op: str, agent: str, commit_id: int | None) -> None:
    """Insert versions and make them the heads; their content is there, and their events tell of them."""
    await tx.many(
        "INSERT INTO versions (file_id, version, seq, op, at, agent, sha256, size_bytes, media_type, commit_id)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            (one.file_id, one.version, one.seq, op, tx.now_s, agent, *one[3:6], commit_id)  # hash, size and media type
            for one in edited
        ),
    )
    await tx.many(
        "UPDATE files SET version = ?2, seq = ?3, sha256 = ?4, size_bytes = ?5, media_type = ?6, modified_at = ?8,"
        " modified_by = ?9, tree_sha256 = ?4, tree_signature = ?7 WHERE file_id = ?1",
        ((*one, tx.now_s, agent) for one in edited),
    )


async def delete(tx: Transaction, gone: Iterable[Gone], *, agent: str) -> None:
    """Record that files are deleted, in the folder and here; their events tell of it."""
    rows = [(*one, tx.now_s, agent) for one in gone]
    await tx.many("INSERT INTO deletions (file_id, version, seq, at, agent) VALUES (?, ?, ?, ?, ?)", rows)
    await tx.many(
        "UPDATE files SET live = 0, seq = ?3, modified_at = ?4, modified_by = ?5, tree_sha256 = NULL,"
        " tree_signature = NULL WHERE file_id = ?1 AND version = ?2",
        rows,
    )
