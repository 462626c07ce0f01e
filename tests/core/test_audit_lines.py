"""The exported audit log: lines that carry the chain, and that show whatever was done to them."""

import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workspace_server.core.audit_chain import START, AuditRow, ChainHead, link
from workspace_server.core.audit_lines import check, lines


def exported(count: int, *, unchained: int = 0) -> list[str]:
    """Return the lines of a sound log of *count* rows, of which the first *unchained* are older than the chain."""
    log: list[tuple[AuditRow, bytes | None]] = []
    previous = START
    for number in range(1, count + 1):
        token = "0123456789ab" if number % 2 else None
        row = AuditRow(number, 1000.1 + number, "ada", 1, "http", "write_file", f"ä\ud800{number}.md", number, token)
        if number > unchained:
            previous = link(previous, row)
        log.append((row, previous if number > unchained else None))
    return list(lines(log, head=ChainHead(count, previous), unchained=unchained))


BROKEN_NUMBERS: list[object] = [None, "2", [], True, 2.0]
BROKEN_SUBJECTS: list[object] = [[], {}, [[[]]]]
ODD: list[dict[str, object]] = [
    *({"audit_id": value} for value in BROKEN_NUMBERS),
    *({"subject": value} for value in BROKEN_SUBJECTS),
]


@pytest.mark.parametrize(("count", "unchained"), [(0, 0), (1, 0), (5, 0), (5, 3)])
def test_a_log_that_nobody_touched_holds_without_the_server(count: int, unchained: int) -> None:
    head, faults = check(exported(count, unchained=unchained))
    assert (head.audit_id, faults) == (count, [])


def _edit(log: list[str], at: int) -> None:
    log[at] = log[at].replace("ada", "eve")


def _edit_the_token(log: list[str], at: int) -> None:
    log[at] = json.dumps(json.loads(log[at]) | {"token": "ba9876543210"})


def _delete(log: list[str], at: int) -> None:
    del log[at]


def _swap(log: list[str], at: int) -> None:
    other = at % (len(log) - 1) + 1
    log[at], log[other] = log[other], log[at]


def _cut(log: list[str], at: int) -> None:
    del log[at:]


def _garble(log: list[str], at: int) -> None:
    log[at] = log[at][:-5]


def _add_a_field(log: list[str], at: int) -> None:
    log[at] = json.dumps(json.loads(log[at]) | {"pardoned": True})


@pytest.mark.parametrize("act", [_edit, _edit_the_token, _delete, _swap, _cut, _garble, _add_a_field])
@given(count=st.integers(2, 8), data=st.data())
def test_every_act_on_the_file_is_found(act: Callable[[list[str], int], None], count: int, data: st.DataObject) -> None:
    log = exported(count)
    act(log, data.draw(st.integers(1, count)))
    assert check(log)[1]


def test_the_file_can_be_checked_by_the_rule_in_the_documentation() -> None:
    import hashlib

    previous = b""
    for line in exported(4)[1:]:
        row = json.loads(line)
        digest = row.pop("digest")
        values = list(row.values())
        if values[8:] == [None, None, None]:
            values = values[:8]
        previous = hashlib.sha256(previous + json.dumps(values, separators=(",", ":")).encode()).digest()
        assert previous.hex() == digest


def test_a_head_that_was_kept_shows_a_log_that_was_cut_and_closed_again() -> None:
    """Whoever rewrites rows and head leaves a sound chain: only what was kept elsewhere tells."""
    whole, _ = check(exported(5))
    short = exported(3)
    assert check(short)[1] == []
    assert [fault.audit_id for fault in check(short, [whole])[1]] == [5]
    assert check(exported(7), [whole])[1] == []
    other = ChainHead(2, whole.digest)
    assert [fault.audit_id for fault in check(short, [other])[1]] == [2]


@pytest.mark.parametrize(
    "line",
    ["[" * 100_000, *(json.dumps({**json.loads(exported(2)[2]), **odd}) for odd in ODD)],
    ids=range(len(ODD) + 1),
)
def test_a_line_of_another_kind_is_damage(line: str) -> None:
    log = exported(3)
    log[2] = line
    assert "cannot be read" in [fault.said for fault in check(log)[1]]


def test_a_line_that_says_a_thing_twice_is_damage() -> None:
    log = exported(3)
    log[2] = log[2].replace('"agent":', '"agent":"eve","agent":')
    assert "cannot be read" in [fault.said for fault in check(log)[1]]


def test_rows_that_are_said_to_be_older_than_the_chain_are_not_what_was_kept() -> None:
    """Nothing is computed anew here: the first line alone says that no row has a digest."""
    whole, _ = check(exported(5))
    first, *rows = exported(5, unchained=5)
    rows[3] = json.dumps(json.loads(rows[3]) | {"agent": "somebody"})
    assert check([first, *rows])[1] == []
    assert [fault.audit_id for fault in check([first, *rows], [whole])[1]] == [5]


HEADED = '{"form":"workspace-server audit log 1","head":"0 "'


@pytest.mark.parametrize(
    "text",
    [
        *([], ["[]"], ["{}"], ["no JSON"], ["[" * 100_000], ['{"form":"workspace-server audit log 1"}']),
        *([f'{HEADED},"unchained":{said}}}'] for said in ("null", "[]", '"x"', "true", "1e999")),
    ],
)
def test_what_is_no_audit_log_is_refused(text: list[str]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - JSON's own or ours
        check(text)
