"""The audit log as a chain: each row carries a digest of itself and of the row before it.

Whoever changes, removes, adds or moves a row behind the server's back breaks the chain at that place. The chain has no
secret: who can rewrite the whole log and its head can forge it. A copy of the head that is kept elsewhere shows that.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from typing import NamedTuple

START = b""
"""What the first row of the chain follows."""
_SPELL = json.JSONEncoder(separators=(",", ":")).encode


class AuditRow(NamedTuple):
    """One row: who did what, by which door, and the seq of its first event."""

    audit_id: int
    at: float
    agent: str
    verified: int
    door: str
    action: str
    subject: str | None
    seq: int | None


class ChainHead(NamedTuple):
    """Where the chain ends: the number of its last row, and that one's digest."""

    audit_id: int
    digest: bytes


class Break(NamedTuple):
    """A place at which the chain does not hold."""

    audit_id: int
    said: str


def link(previous: bytes, row: AuditRow) -> bytes:
    """Return the digest of *row*, which follows the row with the digest *previous*."""
    return hashlib.sha256(previous + _SPELL(row).encode()).digest()


def breaks(rows: Iterable[tuple[AuditRow, bytes | None]], *, head: ChainHead, unchained: int) -> Iterator[Break]:
    """Yield every place at which the log is not what was written, oldest first.

    Args:
        rows: All rows with their digests, in the order of their numbers.
        head: Where the chain is to end.
        unchained: How many rows are older than the chain, and have no digest.
    """
    number, previous = 0, START
    for row, digest in rows:
        if row.audit_id != number + 1:
            yield Break(number + 1, f"missing, up to {row.audit_id - 1}")
        number = row.audit_id
        if number <= unchained:
            continue
        if digest != link(previous, row):
            yield Break(number, "was changed, or stands in another place than it was written")
        previous = digest or START
    if number != head.audit_id:
        yield Break(number, f"is the last one, and {head.audit_id} was written last")
    elif previous != head.digest:
        yield Break(number, "is not the row that was written last")
