"""Rows of intents: working copies that are not yet known to be on disk.

A commit opens one per path; it is cleared only after the working copy was synced. Recovery finishes what is left.
"""

import json
from collections.abc import Sequence
from typing import NamedTuple

import apsw

from workspace_server.storage.database import Transaction

NO_BOOT = ""
"""The boot of intents that no server has opened: their folder was begun empty, so the database leads, whoever wrote."""


class Intent(NamedTuple):
    """One path on its way to a version; version and sha256 None: the path is to be absent.

    `previous_sha256` is what the server knew to stand there before.
    """

    intent_id: int
    path: str
    version: int | None
    sha256: str | None
    previous_sha256: str | None
    boot_id: str


async def open_(
    tx: Transaction, path: str, *, version: int | None, sha256: str | None, previous_sha256: str | None
) -> int:
    """Say in the commit itself that the tree must follow; return the intent's id."""
    row = await tx.one(
        "INSERT INTO intents (path, version, sha256, previous_sha256, boot_id) VALUES (?, ?, ?, ?, ?)"
        " RETURNING intent_id",
        path,
        version,
        sha256,
        previous_sha256,
        tx.boot_id,
    )
    assert row is not None
    return int(row[0])


def open_all(connection: apsw.Connection) -> None:
    """Say of a database that was just made of another one's copy that its folder holds none of its files yet."""
    connection.execute(
        "INSERT INTO intents (path, version, sha256, previous_sha256, boot_id)"
        " SELECT path, version, sha256, NULL, ? FROM files WHERE live = 1 ORDER BY path",
        (NO_BOOT,),
    )


async def of_path(tx: Transaction, path: str) -> list[Intent]:
    """Return the open intents of *path*, oldest first."""
    rows = await tx.all(
        "SELECT intent_id, path, version, sha256, previous_sha256, boot_id FROM intents"
        " WHERE path = ? ORDER BY intent_id",
        path,
    )
    return [Intent._make(row) for row in rows]


async def all_open(tx: Transaction) -> list[Intent]:
    """Return every open intent, oldest first."""
    rows = await tx.all(
        "SELECT intent_id, path, version, sha256, previous_sha256, boot_id FROM intents ORDER BY intent_id"
    )
    return [Intent._make(row) for row in rows]


async def among(tx: Transaction, paths: Sequence[str]) -> set[str]:
    """Return those of *paths* that have open intents."""
    rows = await tx.all(
        "SELECT value FROM json_each(?) WHERE EXISTS (SELECT 1 FROM intents WHERE path = value)", json.dumps(paths)
    )
    return {row[0] for row in rows}


async def clear(tx: Transaction, path: str, *, up_to: int) -> None:
    """Clear the intents of *path* up to and including the id *up_to*; call only after the sync."""
    await tx.run("DELETE FROM intents WHERE path = ? AND intent_id <= ?", path, up_to)


async def count(tx: Transaction) -> int:
    """Return how many intents are open."""
    row = await tx.one("SELECT count(*) FROM intents")
    assert row is not None
    return int(row[0])


def hashes(open_intents: Sequence[Intent]) -> set[str]:
    """Return every content hash that the server itself may have put at the path."""
    return {value for intent in open_intents for value in (intent.sha256, intent.previous_sha256) if value}
