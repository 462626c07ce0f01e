"""Rows of drafts: content that was refused, kept for a while for the agent that sent it."""

import json
from collections.abc import Sequence
from typing import NamedTuple

from workspace_server.core.limits import LIMITS
from workspace_server.errors import NotFound
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import meta
from workspace_server.storage.tables.files import Source


class DraftRow(NamedTuple):
    """One draft; `append` says that it was to be added to the end, `sources` is JSON."""

    draft_id: int
    agent: str
    path: str
    sha256: str
    size_bytes: int
    append: int
    message: str | None
    sources: str | None
    at: float


_DRAFT = "draft_id, agent, path, sha256, size_bytes, append, message, sources, at"


async def keep(
    tx: Transaction,
    *,
    agent: str,
    path: str,
    sha256: str,
    size_bytes: int,
    append: bool,
    message: str | None,
    sources: Sequence[Source],
) -> int:
    """Keep content that is stored already, and return the number of its draft; the same again is the same draft.

    What was said with it last is kept with it. The agent's oldest drafts go where its quota is spent.
    """
    await forget_old(tx)
    named = json.dumps(list(sources)) if sources else None
    row = await tx.one(
        "UPDATE drafts SET at = ?, message = ?, sources = ?"
        " WHERE agent = ? AND path = ? AND sha256 = ? AND append = ? RETURNING draft_id",
        tx.now_s,
        message,
        named,
        agent,
        path,
        sha256,
        int(append),
    )
    if row is not None:
        return int(row[0])
    number = await meta.raise_counter(tx, "draft")
    await tx.run(
        f"INSERT INTO drafts ({_DRAFT}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        *DraftRow(number, agent, path, sha256, size_bytes, int(append), message, named, tx.now_s),
    )
    await _keep_within_quota(tx, agent)
    return number


async def _keep_within_quota(tx: Transaction, agent: str) -> None:
    await tx.run(
        "DELETE FROM drafts WHERE draft_id IN (SELECT draft_id FROM"
        " (SELECT draft_id, row_number() OVER newest AS place, sum(size_bytes) OVER newest AS bytes FROM drafts"
        " WHERE agent = ? WINDOW newest AS (ORDER BY at DESC, draft_id DESC)) WHERE place > ? OR bytes > ?)",
        agent,
        LIMITS.drafts_per_agent_max,
        LIMITS.draft_bytes_per_agent_max,
    )


async def find(tx: Transaction, agent: str, number: int) -> DraftRow | None:
    """Return a draft of *agent* whose hour is not over."""
    row = await tx.one(
        f"SELECT {_DRAFT} FROM drafts WHERE draft_id = ? AND agent = ? AND at > ?",
        number,
        agent,
        tx.now_s - LIMITS.draft_kept_s,
    )
    return None if row is None else DraftRow._make(row)


async def must_be_there(tx: Transaction, agent: str, number: int) -> None:
    """Pass when a draft is there yet, and with it its content.

    Raises:
        NotFound: There is none, or it was forgotten, or it is another agent's.
    """
    if await find(tx, agent, number) is None:
        raise unknown(f"D{number}")


def unknown(name: str) -> NotFound:
    """Return the refusal of a draft that is not there."""
    return NotFound(
        f"There is no draft {name} of yours.",
        hint="Drafts are kept for an hour, for the agent that sent them. Send the text again with write_file.",
        draft=name,
    )


async def forget_old(tx: Transaction) -> None:
    """Drop the drafts whose hour is over."""
    await tx.run("DELETE FROM drafts WHERE at <= ?", tx.now_s - LIMITS.draft_kept_s)
