"""Rows of the audit log: who did what, by which door, and whether the name was proven; as a chain (`core.audit_chain`).

The writer remembers where the chain ends, so that a row costs one statement; the head is written once per commit.
"""

from collections.abc import Iterable, Iterator
from typing import cast

import apsw

from workspace_server.core.access import Caller
from workspace_server.core.audit_chain import START, AuditRow, Break, ChainHead, breaks, link, parse_head, spell_head
from workspace_server.storage.database import Transaction
from workspace_server.storage.memory import Remembered
from workspace_server.storage.tables import meta

HEAD = "audit_head"
"""The fact that says where the chain ends: the last row's number, a space, its digest in hexadecimal."""
UNCHAINED = "audit_unchained"
"""The fact that says how many rows are older than the chain."""
_COLUMNS = ", ".join((*AuditRow._fields, "digest"))
_INSERT = f"INSERT INTO audit ({_COLUMNS}) VALUES ({', '.join('?' * (len(AuditRow._fields) + 1))})"


async def add(tx: Transaction, caller: Caller, action: str, subject: str | None, seq: int | None) -> None:
    """Record one accepted change in the transaction that makes it."""
    last = await tx.recall(_CHAIN)
    row = _row(last.audit_id + 1, tx.now_s, caller, action=action, subject=subject, seq=seq)
    digest = link(last.digest, row)
    await tx.run(_INSERT, *row, digest)
    tx.remember(_CHAIN, ChainHead(row.audit_id, digest))


def append(connection: apsw.Connection, caller: Caller, action: str, *, at: float, seq: int | None) -> None:
    """Record one act on a workspace that nobody has open."""
    last, _ = broken(connection)
    row = _row(last.audit_id + 1, at, caller, action=action, subject=None, seq=seq)
    end = ChainHead(row.audit_id, link(last.digest, row))
    connection.execute(_INSERT, (*row, end.digest))
    connection.execute("INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)", (HEAD, spell_head(end)))


async def head(tx: Transaction) -> ChainHead:
    """Return where the chain ends, as of the last commit."""
    return await _load(tx)


async def digest_of(tx: Transaction, audit_id: int) -> bytes | None:
    """Return the digest of a row; None when there is no such row, or it has none."""
    row = await tx.one("SELECT digest FROM audit WHERE audit_id = ?", audit_id)
    return None if row is None else cast("bytes | None", row[0])


def broken(connection: apsw.Connection, kept: Iterable[ChainHead] = ()) -> tuple[ChainHead, list[Break]]:
    """Return where the chain ends, and every place at which it does not hold. Blocks, and reads all of it.

    Call in a transaction: rows and head are of one moment.

    Args:
        kept: Where it ended at earlier times, as was kept outside of the database.
    """
    end, unchained = ends(connection)
    return end, list(breaks(rows(connection), head=end, unchained=unchained, kept=kept))


def look(connection: apsw.Connection, kept: Iterable[ChainHead]) -> tuple[ChainHead, list[Break]]:
    """Return what `broken` does, in a transaction of its own. Blocks."""
    connection.execute("BEGIN")
    try:
        return broken(connection, kept)
    finally:
        connection.execute("COMMIT")


def ends(connection: apsw.Connection) -> tuple[ChainHead, int]:
    """Return where the chain ends, and how many rows are older than it: 0 when that was garbled. Blocks."""
    said = connection.execute("SELECT name, value FROM meta WHERE name IN (?, ?)", (HEAD, UNCHAINED))
    facts = {str(name): str(value) for name, value in said}
    try:
        unchained = int(facts.get(UNCHAINED, 0))
        return (parse_head(facts[HEAD]) if HEAD in facts else ChainHead(unchained, START)), unchained
    except ValueError:
        return ChainHead(0, START), 0


def rows(connection: apsw.Connection) -> Iterator[tuple[AuditRow, bytes | None]]:
    """Yield all rows with their digests, oldest first; at text that is none they end, with one that says so. Blocks."""
    number = 0
    try:
        for row in connection.execute(f"SELECT {_COLUMNS} FROM audit ORDER BY audit_id"):
            number = row[0]
            yield AuditRow._make(row[:-1]), cast("bytes | None", row[-1])
    except UnicodeDecodeError:
        yield AuditRow(number + 1, 0, "", 0, "", "cannot be read", None, None), None


def _row(audit_id: int, at: float, caller: Caller, *, action: str, subject: str | None, seq: int | None) -> AuditRow:
    return AuditRow(
        audit_id,
        at,
        caller.agent,
        int(caller.verified),
        caller.door,
        action,
        subject,
        seq,
        caller.token,
        caller.address,
        caller.call_id,
    )


async def _load(tx: Transaction) -> ChainHead:
    found = await meta.fact(tx, HEAD)
    if found is not None:
        return parse_head(found)
    return ChainHead(int(await meta.fact(tx, UNCHAINED) or 0), START)


async def _save(tx: Transaction, end: ChainHead) -> None:
    await meta.set_fact(tx, HEAD, spell_head(end))


_CHAIN = Remembered(_load, _save)
