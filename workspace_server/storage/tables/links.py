"""Rows of share links."""

from collections.abc import Mapping
from typing import Any

from workspace_server.core.links import Link
from workspace_server.storage.database import Row, Transaction

_SELECT = (
    "SELECT link_id, path, is_directory, version, as_of_seq, note, created_by, created_at, expires_at, revoked_at,"
    " revoked_by, opened, opened_at FROM links"
)


async def add(
    tx: Transaction,
    *,
    digest: str,
    path: str,
    is_directory: bool,
    version: int | None,
    as_of_seq: int | None,
    note: str | None,
    created_by: str,
    expires_at: float,
) -> int:
    """Keep a new link and return its number, which no other one ever gets."""
    row = await tx.one(
        "INSERT INTO links (digest, path, is_directory, version, as_of_seq, note, created_by, created_at, expires_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING link_id",
        digest,
        path,
        int(is_directory),
        version,
        as_of_seq,
        note,
        created_by,
        tx.now_s,
        expires_at,
    )
    assert row is not None
    return int(row[0])


async def by_digest(tx: Transaction, digest: str) -> Link | None:
    """Return the link whose id has this digest."""
    return _link(await tx.one(f"{_SELECT} WHERE digest = ?", digest))


async def by_number(tx: Transaction, number: int) -> Link | None:
    """Return a link by its number."""
    return _link(await tx.one(f"{_SELECT} WHERE link_id = ?", number))


async def page(tx: Transaction, *, path: str | None, before: int | None, limit: int) -> list[Link]:
    """Return links, newest first: of one path, or of all."""
    rows = await tx.all(
        f"{_SELECT} WHERE (?1 IS NULL OR path = ?1) AND (?2 IS NULL OR link_id < ?2) ORDER BY link_id DESC LIMIT ?3",
        path,
        before,
        limit,
    )
    return [found for row in rows if (found := _link(row)) is not None]


async def count_open(tx: Transaction) -> int:
    """Return how many links still lead somewhere."""
    row = await tx.one("SELECT count(*) FROM links WHERE expires_at > ? AND revoked_at IS NULL", tx.now_s)
    return 0 if row is None else int(row[0])


async def revoke(tx: Transaction, number: int, *, by: str) -> None:
    """Let a link lead nowhere from now on."""
    await tx.run("UPDATE links SET revoked_at = ?, revoked_by = ? WHERE link_id = ?", tx.now_s, by, number)


async def add_opened(tx: Transaction, opened: Mapping[int, tuple[int, float]]) -> None:
    """Count how often links were opened, and when last, by their numbers."""
    for number, (times, at) in opened.items():
        await tx.run("UPDATE links SET opened = opened + ?, opened_at = ? WHERE link_id = ?", times, at, number)


async def forget_old(tx: Transaction, kept_s: float) -> None:
    """Forget the links whose time was over so long ago."""
    await tx.run("DELETE FROM links WHERE expires_at < ?", tx.now_s - kept_s)


def _link(row: Row | None) -> Link | None:
    if row is None:
        return None
    values: list[Any] = list(row)
    return Link(
        number=values[0],
        path=values[1],
        is_directory=bool(values[2]),
        version=values[3],
        as_of_seq=values[4],
        note=values[5],
        created_by=values[6],
        created_at=values[7],
        expires_at=values[8],
        revoked_at=values[9],
        revoked_by=values[10],
        opened=values[11],
        opened_at=values[12],
    )
