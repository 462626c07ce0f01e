"""Rows of what needs a person, open and ended."""

import json
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from workspace_server.core.attention import Kind, Need, Place
from workspace_server.storage.database import Row, Transaction
from workspace_server.storage.tables import meta


class AttentionRow(NamedTuple):
    """One entry; `ended_at`, `ended_by` and `outcome` are None while it is open."""

    attention_id: int
    kind: Kind
    key: str
    summary: str
    path: str | None
    about: dict[str, Any]
    at: float
    ended_at: float | None
    ended_by: str | None
    outcome: str | None
    note: str | None


_COLUMNS = "attention_id, kind, key, summary, path, about, at, ended_at, ended_by, outcome, note"
_SELECT = f"SELECT {_COLUMNS} FROM attention"


def name_of(attention_id: int) -> str:
    """Return what names an entry."""
    return f"A{attention_id}"


def number_of(name: str) -> int | None:
    """Return the id behind an entry's name, or None when it cannot be one."""
    digits = name.removeprefix("A")
    return int(digits) if digits != name and digits.isascii() and digits.isdigit() and len(digits) < 19 else None


async def insert(tx: Transaction, need: Need) -> int:
    """Open an entry and return its id; there is none open of that kind and key."""
    number = await meta.raise_counter(tx, "attention")
    about = json.dumps(need.about, ensure_ascii=False, separators=(",", ":"))
    await tx.run(
        "INSERT INTO attention (attention_id, kind, key, summary, path, about, at) VALUES (?, ?, ?, ?, ?, ?, ?)",
        number,
        need.kind,
        need.key,
        need.summary,
        need.path,
        about,
        tx.now_s,
    )
    return number


async def end(tx: Transaction, attention_id: int, *, outcome: str, by: str, note: str | None) -> None:
    """End an entry."""
    await tx.run(
        "UPDATE attention SET ended_at = ?, ended_by = ?, outcome = ?, note = ? WHERE attention_id = ?",
        tx.now_s,
        by,
        outcome,
        note,
        attention_id,
    )


async def forget_ended(tx: Transaction, *, keep: int) -> None:
    """Drop the ended entries but the last *keep*."""
    await tx.run(
        "DELETE FROM attention WHERE attention_id IN (SELECT attention_id FROM attention WHERE ended_at IS NOT NULL"
        " ORDER BY ended_at DESC, attention_id DESC LIMIT -1 OFFSET ?)",
        keep,
    )


async def by_id(tx: Transaction, attention_id: int) -> AttentionRow | None:
    """Return an entry, open or ended."""
    row = await tx.one(f"{_SELECT} WHERE attention_id = ?", attention_id)
    return None if row is None else _row(row)


async def open_at(tx: Transaction, place: Place) -> AttentionRow | None:
    """Return the open entry of a kind and key."""
    row = await tx.one(f"{_SELECT} WHERE kind = ? AND key = ? AND ended_at IS NULL", *place)
    return None if row is None else _row(row)


async def open_among(tx: Transaction, places: Collection[Place]) -> set[Place]:
    """Return at which of *places* an entry is open."""
    if await tx.one("SELECT 1 FROM attention WHERE ended_at IS NULL LIMIT 1") is None:
        return set()  # nearly always, and every change of a file asks
    rows = await tx.all(
        "SELECT a.kind, a.key FROM json_each(?) wanted CROSS JOIN attention a"
        " ON a.kind = wanted.value ->> 0 AND a.key = wanted.value ->> 1 WHERE a.ended_at IS NULL",
        json.dumps(list(places)),
    )
    return {(row[0], row[1]) for row in rows}


async def open_of_trigger(tx: Transaction, trigger: str, *, kinds: Collection[Kind]) -> list[AttentionRow]:
    """Return the open entries of some kinds that are about a trigger."""
    rows = await tx.all(
        f"{_SELECT} WHERE ended_at IS NULL AND about ->> 'trigger' = ? AND kind IN (SELECT value FROM json_each(?))",
        trigger,
        json.dumps(list(kinds)),
    )
    return [_row(row) for row in rows]


async def oldest_beyond(tx: Transaction, kind: Kind, *, most: int) -> AttentionRow | None:
    """Return the oldest open entry of a kind of which more than *most* are open, else None."""
    row = await tx.one(
        f"{_SELECT} WHERE kind = ? AND ended_at IS NULL ORDER BY attention_id DESC LIMIT 1 OFFSET ?", kind, most
    )
    return None if row is None else _row(row)


async def count_of(tx: Transaction, kind: Kind) -> int:
    """Return how many entries of a kind are open."""
    row = await tx.one("SELECT count(*) FROM attention WHERE kind = ? AND ended_at IS NULL", kind)
    assert row is not None
    return int(row[0])


async def counts(tx: Transaction) -> Mapping[str, int]:
    """Return how many entries are open, by kind; kinds without any are left out."""
    rows = await tx.all("SELECT kind, count(*) FROM attention WHERE ended_at IS NULL GROUP BY kind ORDER BY kind")
    return {row[0]: row[1] for row in rows}


async def counts_by_trigger(tx: Transaction, *, limit: int) -> Mapping[str, int]:
    """Return how many open entries are about each trigger, those with most of them first."""
    rows = await tx.all(
        "SELECT about ->> 'trigger', count(*) FROM attention WHERE ended_at IS NULL AND about ->> 'trigger' IS NOT NULL"
        " GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT ?",
        limit,
    )
    return {row[0]: row[1] for row in rows}


async def page(
    tx: Transaction, *, kind: Kind | None, trigger: str | None, is_open: bool, before: int | None, limit: int
) -> list[AttentionRow]:
    """Return entries below the id *before*, newest first."""
    rows = await tx.all(
        f"{_SELECT} WHERE (ended_at IS NULL) = ?1 AND attention_id < coalesce(?2, attention_id + 1)"
        " AND kind = coalesce(?3, kind) AND (?4 IS NULL OR about ->> 'trigger' = ?4)"
        " ORDER BY attention_id DESC LIMIT ?5",
        is_open,
        before,
        kind,
        trigger,
        limit,
    )
    return [_row(row) for row in rows]


def _row(row: Row) -> AttentionRow:
    return AttentionRow._make((*row[:5], json.loads(row[5]), *row[6:]))
