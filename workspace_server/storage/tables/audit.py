"""Rows of the audit log: who did what, by which door, and whether the name was proven; as a chain (`core.audit_chain`).

The writer remembers where the chain ends, so that a row costs one statement; the head is written once per commit.
"""

import apsw

from workspace_server.core.access import Caller
from workspace_server.core.audit_chain import START, AuditRow, Break, ChainHead, breaks, link
from workspace_server.storage.database import Transaction
from workspace_server.storage.memory import Remembered
from workspace_server.storage.tables import meta

HEAD = "audit_head"
"""The fact that says where the chain ends: the last row's number, a space, its digest in hexadecimal."""
UNCHAINED = "audit_unchained"
"""The fact that says how many rows are older than the chain."""
_INSERT = (
    "INSERT INTO audit (audit_id, at, agent, verified, door, action, subject, seq, digest)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


async def add(tx: Transaction, caller: Caller, action: str, subject: str | None, seq: int | None) -> None:
    """Record one accepted change in the transaction that makes it."""
    last = await tx.recall(_CHAIN)
    row = AuditRow(last.audit_id + 1, tx.now_s, caller.agent, int(caller.verified), caller.door, action, subject, seq)
    digest = link(last.digest, row)
    await tx.run(_INSERT, *row, digest)
    tx.remember(_CHAIN, ChainHead(row.audit_id, digest))


def append(connection: apsw.Connection, caller: Caller, action: str, *, at: float, seq: int | None) -> None:
    """Record one act on a workspace that nobody has open."""
    last, _ = broken(connection)
    row = AuditRow(last.audit_id + 1, at, caller.agent, int(caller.verified), caller.door, action, None, seq)
    end = ChainHead(row.audit_id, link(last.digest, row))
    connection.execute(_INSERT, (*row, end.digest))
    connection.execute("INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)", (HEAD, spell_head(end)))


async def head(tx: Transaction) -> ChainHead:
    """Return where the chain ends."""
    return await tx.recall(_CHAIN)


def broken(connection: apsw.Connection) -> tuple[ChainHead, list[Break]]:
    """Return where the chain ends, and every place at which it does not hold. Blocks, and reads all of it.

    Call in a transaction: rows and head are of one moment.
    """
    said = connection.execute("SELECT name, value FROM meta WHERE name IN (?, ?)", (HEAD, UNCHAINED))
    facts = {str(name): str(value) for name, value in said}
    unchained = int(facts.get(UNCHAINED, 0))
    end = parse_head(facts[HEAD]) if HEAD in facts else ChainHead(unchained, START)
    rows = connection.execute(
        "SELECT audit_id, at, agent, verified, door, action, subject, seq, digest FROM audit ORDER BY audit_id"
    )
    return end, list(breaks(((AuditRow._make(row[:8]), row[8]) for row in rows), head=end, unchained=unchained))


def parse_head(text: str) -> ChainHead:
    """Return the head that the fact *text* says."""
    audit_id, _, digest = text.partition(" ")
    return ChainHead(int(audit_id), bytes.fromhex(digest))


def spell_head(end: ChainHead) -> str:
    """Return the head as a fact, and as people keep it elsewhere."""
    return f"{end.audit_id} {end.digest.hex()}"


async def _load(tx: Transaction) -> ChainHead:
    found = await meta.fact(tx, HEAD)
    if found is not None:
        return parse_head(found)
    return ChainHead(int(await meta.fact(tx, UNCHAINED) or 0), START)


async def _save(tx: Transaction, end: ChainHead) -> None:
    await meta.set_fact(tx, HEAD, spell_head(end))


_CHAIN = Remembered(_load, _save)
