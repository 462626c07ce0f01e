"""When a write may replace what stands at a path."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workspace_server.core.versions import Head, check_exists, check_expected, check_replace
from workspace_server.errors import Conflict, NotFound, VersionRequired

LIVE = Head(path="a.md", version=3, live=True, modified_by="alice")
DELETED = Head(path="a.md", version=3, live=False, modified_by="alice")
NEVER = Head(path="a.md", version=0, live=False)


@pytest.mark.parametrize(("head", "expected"), [(LIVE, None), (LIVE, 3), (DELETED, 0), (NEVER, 0), (NEVER, None)])
def test_what_is_expected_and_there_passes(head: Head, expected: int | None) -> None:
    check_expected(head, expected)


@pytest.mark.parametrize(
    ("head", "expected", "version"),
    [(LIVE, 2, 3), (LIVE, 4, 3), (LIVE, 0, 3), (LIVE, -1, 3), (DELETED, 3, 0), (NEVER, 1, 0)],
)
def test_what_is_expected_and_not_there_is_a_conflict(head: Head, expected: int, version: int) -> None:
    with pytest.raises(Conflict) as refusal:
        check_expected(head, expected)
    facts = refusal.value.facts
    assert (facts["path"], facts["expected"], facts["version"], facts["diff"]) == ("a.md", expected, version, None)
    assert refusal.value.hint


@pytest.mark.parametrize(
    "word", [{"expected": 3}, {"under_lock": True}, {"overwrite": True}], ids=["version", "lock", "overwrite"]
)
def test_each_of_three_words_lets_a_write_replace_a_file(word: dict[str, Any]) -> None:
    replace(LIVE, **word)


def test_a_write_without_a_word_is_told_the_next_call() -> None:
    with pytest.raises(VersionRequired) as refusal:
        replace(LIVE, agent="bob")
    assert refusal.value.facts == {"path": "a.md", "version": 3, "modified_by": "alice", "yours": False}
    assert "write_file(path='a.md', content=…, expect_version=3)" in str(refusal.value.hint)


def test_one_is_told_that_the_version_is_ones_own() -> None:
    with pytest.raises(VersionRequired) as refusal:
        replace(LIVE, agent="alice")
    assert refusal.value.facts["yours"] is True


def test_the_hint_names_the_call_that_was_made() -> None:
    with pytest.raises(VersionRequired) as refusal:
        replace(LIVE, call="move_file(path='b.md', to='a.md'")
    assert "move_file(path='b.md', to='a.md', expect_version=3)" in str(refusal.value.hint)


@pytest.mark.parametrize("head", [DELETED, NEVER])
def test_making_a_file_needs_no_word(head: Head) -> None:
    replace(head)


@given(
    st.integers(0, 4),
    st.booleans(),
    st.none() | st.integers(0, 4),
    st.booleans(),
    st.booleans(),
)
def test_a_given_version_is_honoured_whatever_else_is_said(
    version: int, live: bool, expected: int | None, under_lock: bool, overwrite: bool
) -> None:
    head = Head(path="a", version=version, live=live and version > 0)
    try:
        check_replace(head, expected=expected, under_lock=under_lock, overwrite=overwrite, agent="a")
    except Conflict:
        assert expected is not None
        assert expected != head.current
    except VersionRequired:
        assert head.live
        assert expected is None
        assert not under_lock
        assert not overwrite
    else:
        assert expected in {None, head.current}


def test_a_live_file_exists() -> None:
    check_exists(LIVE)


def test_a_deleted_file_is_not_found_and_the_hint_brings_it_back() -> None:
    with pytest.raises(NotFound) as refusal:
        check_exists(DELETED)
    assert refusal.value.facts == {"path": "a.md", "version": 3}
    assert "restore_file" in str(refusal.value.hint)


def test_a_file_that_never_was_is_not_found() -> None:
    with pytest.raises(NotFound) as refusal:
        check_exists(NEVER)
    assert refusal.value.facts == {"path": "a.md"}


def replace(
    head: Head,
    *,
    expected: int | None = None,
    under_lock: bool = False,
    overwrite: bool = False,
    agent: str = "bob",
    call: str | None = None,
) -> None:
    check_replace(head, expected=expected, under_lock=under_lock, overwrite=overwrite, agent=agent, call=call)
