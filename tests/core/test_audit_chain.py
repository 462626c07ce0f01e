"""The audit chain: whatever is done to the log behind the server's back shows, wherever it is done."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workspace_server.core.audit_chain import START, AuditRow, ChainHead, breaks, link

Log = list[tuple[AuditRow, bytes | None]]


def chained(count: int, *, unchained: int = 0) -> tuple[Log, ChainHead]:
    """Return a sound log of *count* rows, of which the first *unchained* are older than the chain."""
    log: Log = []
    previous = START
    for number in range(1, count + 1):
        row = AuditRow(number, 1000.5 + number, "ada", 0, "mcp", "write_file", f"ä{number}.md", number)
        if number <= unchained:
            log.append((row, None))
        else:
            previous = link(previous, row)
            log.append((row, previous))
    return log, ChainHead(count, previous)


def found(log: Log, head: ChainHead, unchained: int = 0) -> list[int]:
    return [one.audit_id for one in breaks(log, head=head, unchained=unchained)]


@pytest.mark.parametrize(("count", "unchained"), [(0, 0), (1, 0), (5, 0), (5, 2), (5, 5)])
def test_a_log_that_nobody_touched_holds(count: int, unchained: int) -> None:
    log, head = chained(count, unchained=unchained)
    assert found(log, head, unchained) == []


def _edit(log: Log, at: int) -> None:
    row, digest = log[at]
    log[at] = (row._replace(agent="eve"), digest)


def _edit_with_a_digest_of_its_own(log: Log, at: int) -> None:
    row = log[at][0]._replace(agent="eve")
    log[at] = (row, link(log[at - 1][1] or START if at else START, row))


def _forget_digest(log: Log, at: int) -> None:
    log[at] = (log[at][0], None)


def _delete(log: Log, at: int) -> None:
    del log[at]


def _swap(log: Log, at: int) -> None:
    other = (at + 1) % len(log)
    (one, digest), (two, digest_two) = log[at], log[other]
    log[at] = (two._replace(audit_id=one.audit_id), digest_two)
    log[other] = (one._replace(audit_id=two.audit_id), digest)


def _double(log: Log, at: int) -> None:
    log.insert(at, log[at])


def _truncate(log: Log, at: int) -> None:
    del log[at:]


@pytest.mark.parametrize(
    "act", [_edit, _edit_with_a_digest_of_its_own, _forget_digest, _delete, _swap, _double, _truncate]
)
@given(count=st.integers(2, 12), data=st.data())
def test_every_act_on_the_log_is_found(act: Callable[[Log, int], None], count: int, data: st.DataObject) -> None:
    log, head = chained(count)
    act(log, data.draw(st.integers(0, count - 1)))
    assert found(log, head)


def test_a_changed_row_is_named_once() -> None:
    log, head = chained(9)
    _edit(log, 3)
    assert found(log, head) == [4]


def test_rows_that_are_gone_are_named_by_their_numbers() -> None:
    log, head = chained(9)
    del log[3:5]
    first, *_ = breaks(log, head=head, unchained=0)
    assert (first.audit_id, first.said) == (4, "missing, up to 5")


@given(st.sampled_from(AuditRow._fields), st.integers(0, 4))
def test_every_field_of_a_row_is_in_its_digest(field: str, at: int) -> None:
    log, head = chained(5)
    row, digest = log[at]
    other = {"audit_id": 99, "at": 1.25, "verified": 1, "seq": None, "subject": None}.get(field, "other")
    values = row._asdict() | {field: other}
    log[at] = (AuditRow(**values), digest)
    assert found(log, head)
