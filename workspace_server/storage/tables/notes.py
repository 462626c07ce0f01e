"""Rows of the notes that people have left for agents.

The writer remembers which have to be acknowledged, so that asking before each change costs no statement.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from workspace_server.core.agents import Note
from workspace_server.core.limits import LIMITS
from workspace_server.storage.database import Row, Transaction
from workspace_server.storage.memory import Remembered
from workspace_server.storage.tables import meta

_COLUMNS = "note_id, agent, by, at, text, must_acknowledge"
_WHOLE = f"SELECT {_COLUMNS}, shown_at, acknowledged_at, words FROM agent_notes"
_OPEN = "(shown_at IS NULL OR (must_acknowledge = 1 AND acknowledged_at IS NULL))"


class NoteRow(NamedTuple):
    """A note, when it was shown, and how it was acknowledged; None for what has not happened."""

    note: Note
    shown_at: float | None
    acknowledged_at: float | None
    words: str | None


async def unread(tx: Transaction) -> Mapping[str, Note]:
    """Return by agent the oldest note that it has yet to acknowledge."""
    return await tx.recall(_UNREAD)


async def insert(tx: Transaction, *, agent: str, by: str, text: str, must_acknowledge: bool) -> Note:
    """Leave a note, forget the agent's oldest that are over, and return it."""
    number = await meta.raise_counter(tx, "note")
    note = Note(number=number, agent=agent, by=by, at=tx.now_s, text=text, must_acknowledge=must_acknowledge)
    await tx.run(
        f"INSERT INTO agent_notes ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)",
        number,
        agent,
        by,
        note.at,
        text,
        must_acknowledge,
    )
    await tx.run(
        f"DELETE FROM agent_notes WHERE agent = ?1 AND NOT {_OPEN} AND note_id <="
        " (SELECT note_id FROM agent_notes WHERE agent = ?1 ORDER BY note_id DESC LIMIT 1 OFFSET ?2)",
        agent,
        LIMITS.notes_per_agent_max,
    )
    held = await tx.recall(_UNREAD)
    if must_acknowledge and agent not in held:
        tx.remember(_UNREAD, {**held, agent: note})
    return note


async def by_number(tx: Transaction, number: int) -> NoteRow | None:
    """Return a note by its number, or None."""
    row = await tx.one(f"{_WHOLE} WHERE note_id = ?", number)
    return None if row is None else _row(row)


async def acknowledge(tx: Transaction, note: Note, words: str | None) -> None:
    """Record that its agent has read a note, which need not be shown any more."""
    await tx.run(
        "UPDATE agent_notes SET acknowledged_at = ?, words = ?, shown_at = coalesce(shown_at, ?) WHERE note_id = ?",
        tx.now_s,
        words,
        tx.now_s,
        note.number,
    )
    others = {agent: one for agent, one in (await tx.recall(_UNREAD)).items() if agent != note.agent}
    tx.remember(_UNREAD, others | await _unread_of(tx, note.agent))


async def show(tx: Transaction, shown: Iterable[tuple[int, float]]) -> None:
    """Record (number, seconds since 1970) of notes that rode in a result."""
    await tx.many(
        "UPDATE agent_notes SET shown_at = ?2 WHERE note_id = ?1 AND shown_at IS NULL", [(*one,) for one in shown]
    )


async def unshown(tx: Transaction) -> list[Note]:
    """Return the notes that have not ridden in a result yet, the oldest first."""
    rows = await tx.all(f"SELECT {_COLUMNS} FROM agent_notes WHERE {_OPEN} AND shown_at IS NULL ORDER BY note_id")
    return [_note(row) for row in rows]


async def open_of(tx: Transaction, agent: str) -> int:
    """Return how many notes an agent has yet to see or to acknowledge."""
    row = await tx.one(f"SELECT count(*) FROM agent_notes WHERE agent = ? AND {_OPEN}", agent)
    assert row is not None
    return int(row[0])


async def of_agent(tx: Transaction, agent: str, *, limit: int) -> list[NoteRow]:
    """Return an agent's notes, newest first."""
    rows = await tx.all(f"{_WHOLE} WHERE agent = ? ORDER BY note_id DESC LIMIT ?", agent, limit)
    return [_row(row) for row in rows]


def _note(row: Row) -> Note:
    number, agent, by, at, text, must_acknowledge = row
    return Note(number=number, agent=agent, by=by, at=at, text=text, must_acknowledge=bool(must_acknowledge))


def _row(row: Row) -> NoteRow:
    return NoteRow(_note(row[:6]), *row[6:])


async def _load(tx: Transaction) -> Mapping[str, Note]:
    return await _unread_of(tx, None)


async def _unread_of(tx: Transaction, agent: str | None) -> dict[str, Note]:
    rows = await tx.all(
        f"SELECT {_COLUMNS} FROM agent_notes WHERE {_OPEN} AND must_acknowledge = 1 AND acknowledged_at IS NULL"
        " AND agent = coalesce(?, agent) ORDER BY note_id DESC",
        agent,
    )
    return {note.agent: note for note in map(_note, rows)}


_UNREAD = Remembered(_load)
