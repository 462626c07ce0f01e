"""The audit log as lines of JSON, which carry the chain with them: who has the file can check it with nothing else.

The first line says where the chain ends; every other one is a row with its digest, in the order of the chain.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any, Final

from workspace_server.core.audit_chain import AuditRow, Break, ChainHead, breaks, parse_head, spell_head

FORM: Final = "workspace-server audit log 1"


def lines(rows: Iterable[tuple[AuditRow, bytes | None]], *, head: ChainHead, unchained: int) -> Iterator[str]:
    """Yield the log as lines, without their ends; see `audit_chain.breaks` for what is given."""
    yield _spelled({"form": FORM, "head": spell_head(head), "unchained": unchained})
    for row, digest in rows:
        yield _spelled({**row._asdict(), "digest": None if digest is None else digest.hex()})


def check(text: Iterable[str], kept: Iterable[ChainHead] = ()) -> tuple[ChainHead, list[Break]]:
    """Return where the chain in such lines ends, and every place at which it does not hold.

    Args:
        kept: Where it ended at earlier times, as was kept elsewhere.

    Raises:
        ValueError: The first line is none of an audit log's.
    """
    rest = iter(text)
    head, unchained = _first(next(rest, ""))
    unreadable: list[Break] = []
    found = list(breaks(_rows(rest, unreadable), head=head, unchained=unchained, kept=kept))
    return head, [*unreadable, *found]


def _first(line: str) -> tuple[ChainHead, int]:
    """Return where the chain ends, and how many rows are older than it."""
    try:
        first = json.loads(line)
    except RecursionError:
        first = None
    if not isinstance(first, dict) or first.get("form") != FORM or type(first.get("unchained")) is not int:
        raise ValueError(FORM)
    return parse_head(str(first.get("head"))), first["unchained"]


def _rows(text: Iterable[str], unreadable: list[Break]) -> Iterator[tuple[AuditRow, bytes | None]]:
    for number, line in enumerate(text, 1):
        try:
            said: dict[str, Any] = json.loads(line, object_pairs_hook=_once)
            digest = said.pop("digest")
            if type(said["audit_id"]) is not int or any(isinstance(value, dict | list) for value in said.values()):
                raise TypeError
            row = AuditRow(**said)
            known = None if digest is None else bytes.fromhex(digest)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            unreadable.append(Break(number, "cannot be read"))
            continue
        yield row, known


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object that says everything once: of what is said twice, other readers may take the other one."""
    said = dict(pairs)
    if len(said) != len(pairs):
        raise ValueError
    return said


def _spelled(said: dict[str, Any]) -> str:
    return json.dumps(said, separators=(",", ":"))
