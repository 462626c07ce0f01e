"""Rows of tokens."""

import json
from collections.abc import Mapping
from typing import Any

import apsw

from workspace_server.core.access_tokens import Token
from workspace_server.core.scopes import parse_scope
from workspace_server.storage.database import Row, Transaction

_SELECT = (
    "SELECT token_id, agent, is_crew, grants, note, created_by, created_at, expires_at, revoked_at, revoked_by, used_at"
)


async def add(tx: Transaction, token: Token, digest: str) -> None:
    """Keep a new token."""
    await tx.run(
        "INSERT INTO tokens (token_id, digest, agent, is_crew, grants, note, created_by, created_at, expires_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        token.token_id,
        digest,
        token.agent,
        int(token.is_crew),
        json.dumps([str(grant) for grant in token.scope.grants]),
        token.note,
        token.created_by,
        token.created_at,
        token.expires_at,
    )


async def by_id(tx: Transaction, token_id: str) -> Token | None:
    """Return a token by its public id."""
    row = await tx.one(f"{_SELECT} FROM tokens WHERE token_id = ?", token_id)
    return None if row is None else _token(row)


async def newest(tx: Transaction, *, limit: int) -> list[Token]:
    """Return tokens, newest first."""
    rows = await tx.all(f"{_SELECT} FROM tokens ORDER BY created_at DESC, token_id LIMIT ?", limit)
    return [_token(row) for row in rows]


async def live(tx: Transaction) -> dict[str, Token]:
    """Return the tokens that prove something, by their digests."""
    rows = await tx.all(
        f"{_SELECT}, digest FROM tokens WHERE revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?)", tx.now_s
    )
    return {str(row[11]): _token(row) for row in rows}


async def any_ever(tx: Transaction) -> bool:
    """Return whether a token was ever made."""
    return await tx.one("SELECT 1 FROM tokens LIMIT 1") is not None


async def revoke(tx: Transaction, token_id: str, *, by: str) -> None:
    """Let a token prove nothing from now on."""
    await tx.run("UPDATE tokens SET revoked_at = ?, revoked_by = ? WHERE token_id = ?", tx.now_s, by, token_id)


def revoke_all(connection: apsw.Connection) -> None:
    """Let no token prove anything in a copy: one that was revoked since would again. Blocks.

    The rows stay, so that the copy asks its callers for tokens as the original did.
    """
    connection.execute(
        "UPDATE tokens SET revoked_at = unixepoch('now', 'subsec'), revoked_by = 'server' WHERE revoked_at IS NULL"
    )


async def set_used(tx: Transaction, used: Mapping[str, float]) -> None:
    """Write down when tokens were last used, by their ids."""
    for token_id, at in used.items():
        await tx.run("UPDATE tokens SET used_at = ? WHERE token_id = ?", at, token_id)


def _token(row: Row) -> Token:
    values: list[Any] = list(row)
    return Token(
        token_id=values[0],
        agent=values[1],
        is_crew=bool(values[2]),
        scope=parse_scope(json.loads(values[3])),
        note=values[4],
        created_by=values[5],
        created_at=values[6],
        expires_at=values[7],
        revoked_at=values[8],
        revoked_by=values[9],
        used_at=values[10],
    )
