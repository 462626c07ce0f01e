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
_SPELL = json.JSONEncoder(separators=(",", ":"), default=lambda raw: [raw.hex()]).encode
"""Bytes were never written, but somebody may have put them there: they are spelled as nothing else is."""
_SAID_ALWAYS = 8
"""How many fields a row has had from the first program on."""


class AuditRow(NamedTuple):
    """One row: who did what, by which door, and the seq of its first event.

    Attributes:
        token: The public id of the token by which the name was proven.
        address: Where the request came from: an address of the network, or `local`.
        call_id: By what the server's own log calls the request.
    """

    audit_id: int
    at: float
    agent: str
    verified: int
    door: str
    action: str
    subject: str | None
    seq: int | None
    token: str | None = None
    address: str | None = None
    call_id: str | None = None


class ChainHead(NamedTuple):
    """Where the chain ends: the number of its last row, and that one's digest."""

    audit_id: int
    digest: bytes


def parse_head(text: str) -> ChainHead:
    """Return the head that *text* says.

    Raises:
        ValueError: It says none.
    """
    audit_id, _, digest = text.strip().partition(" ")
    return ChainHead(int(audit_id), bytes.fromhex(digest))


def spell_head(end: ChainHead) -> str:
    """Return the head as a fact, and as people keep it elsewhere: the number, a space, the digest in hexadecimal."""
    return f"{end.audit_id} {end.digest.hex()}"


class Break(NamedTuple):
    """A place at which the chain does not hold."""

    audit_id: int
    said: str


def link(previous: bytes, row: AuditRow) -> bytes:
    """Return the digest of *row*, which follows the row with the digest *previous*.

    A row that says nothing of where it came from is spelled without that: so were all rows of earlier programs.
    """
    said = row if any(value is not None for value in row[_SAID_ALWAYS:]) else row[:_SAID_ALWAYS]
    return hashlib.sha256(previous + _SPELL(said).encode()).digest()


def breaks(
    rows: Iterable[tuple[AuditRow, bytes | None]],
    *,
    head: ChainHead,
    unchained: int,
    kept: Iterable[ChainHead] = (),
) -> Iterator[Break]:
    """Yield every place at which the log is not what was written, oldest first.

    Args:
        rows: All rows with their digests, in the order of their numbers.
        head: Where the chain is to end.
        unchained: How many rows are older than the chain, and have no digest.
        kept: Where it ended at earlier times, as was kept outside of the log.
    """
    number, previous = 0, START
    earlier = dict(kept)
    for row, digest in rows:
        if row.audit_id != number + 1:
            yield Break(number + 1, f"missing, up to {row.audit_id - 1}")
        number = row.audit_id
        if number > unchained:
            if digest != link(previous, row):
                yield Break(number, "was changed, or stands in another place than it was written")
            previous = digest if isinstance(digest, bytes) else START
        # No head was ever kept of a row without a digest: whoever says that there are more of those is found, too.
        if earlier.pop(number, previous) != previous:
            yield Break(number, "is not the row whose digest was kept outside of the log")
    for after in sorted(one for one in earlier if one > number):
        yield Break(after, f"is missing: the log ended there once, as was kept outside of it, and ends at {number} now")
    if number != head.audit_id:
        yield Break(number, f"is the last one, and {head.audit_id} was written last")
    elif previous != head.digest:
        yield Break(number, "is not the row that was written last")
