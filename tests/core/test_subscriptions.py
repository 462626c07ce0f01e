"""What a subscription wants, how it is told from others, and how long it lives."""

from typing import Any

import pytest

from workspace_server.core.events import EVENT_TYPES, paths_of
from workspace_server.core.limits import LIMITS
from workspace_server.core.subscriptions import (
    ANYTHING,
    NAMES,
    canonical,
    granted_s,
    handle,
    occurrence,
    parse_wanted,
    watermark,
)
from workspace_server.errors import InvalidArgument, InvalidPath


def wants(name: str, arguments: dict[str, Any], kind: str, path: str | None = "a.md", **data: Any) -> bool:
    return parse_wanted(name, arguments).wants(kind, path, "alice", data)


def test_each_type_has_a_name_and_one_name_stands_for_all() -> None:
    assert set(NAMES) == {*EVENT_TYPES, ANYTHING}
    assert wants("file.created", {}, "file.created")
    assert not wants("file.created", {}, "file.updated")
    assert all(wants(ANYTHING, {}, kind) for kind in EVENT_TYPES)
    assert wants(ANYTHING, {"types": ["file.moved", "lock.expired"]}, "file.moved")
    assert wants(ANYTHING, {"types": "file.moved"}, "file.moved")
    assert not wants(ANYTHING, {"types": ["file.moved"]}, "file.created")


def test_it_is_narrowed_to_files_and_to_an_agent() -> None:
    of_drafts = {"files": ["drafts/", "**/notes.md", "plan.md"]}
    for path in ("drafts/deep/one.md", "a/notes.md", "plan.md"):
        assert wants("file.updated", of_drafts, "file.updated", path)
    assert not wants("file.updated", of_drafts, "file.updated", "other.md")
    assert not wants("files.committed", of_drafts, "files.committed", None)
    assert wants("file.updated", {"files": "/"}, "file.updated")
    assert wants("file.updated", {"agent": "alice"}, "file.updated")
    assert not wants("file.updated", {"agent": "bob"}, "file.updated")


def test_a_move_is_about_both_of_its_paths_and_a_lock_about_all_of_its_own() -> None:
    assert wants("file.moved", {"files": "old.md"}, "file.moved", "new.md", moved_from={"path": "old.md", "version": 2})
    assert wants("lock.acquired", {"files": "drafts/**"}, "lock.acquired", None, paths=["x.md", "drafts/a.md"])
    assert not wants("lock.acquired", {"files": "drafts/**"}, "lock.acquired", None, paths=["x.md"])
    assert paths_of("a.md", {"moved_from": "b.md", "paths": [7]}) == ["a.md", "b.md"]


def test_a_pattern_stays_one_when_a_file_of_that_name_appears() -> None:
    assert wants("file.created", {"files": "a[1].md"}, "file.created", "a1.md")


@pytest.mark.parametrize(
    ("name", "arguments", "argument"),
    [
        ("file.created", {"types": ["file.created"]}, "types"),
        ("file.created", {"path": "a.md"}, "path"),
        ("file.created", {"files": 7}, "files"),
        ("file.created", {"files": []}, "files"),
        ("file.created", {"files": ["a.md", 7]}, "files"),
        ("file.created", {"files": ["a"] * (LIMITS.subscription_files_max + 1)}, "files"),
        ("file.created", {"files": ["a" * (LIMITS.pattern_chars_max + 1)]}, "files"),
        ("file.created", {"files": "[.md"}, "files"),
        ("file.created", {"agent": ""}, "agent"),
        ("file.created", {"agent": 7}, "agent"),
        ("file.created", {"agent": "a" * (LIMITS.agent_chars_max + 1)}, "agent"),
        (ANYTHING, {"types": ["file.opened"]}, "types"),
    ],
)
def test_arguments_of_another_form_are_refused_by_name(name: str, arguments: dict[str, Any], argument: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        parse_wanted(name, arguments)
    assert refused.value.facts["argument"] == argument


def test_a_path_that_can_never_be_is_refused() -> None:
    with pytest.raises(InvalidPath):
        parse_wanted("file.created", {"files": "../a.md"})


def test_equal_subscriptions_have_one_handle_and_others_another() -> None:
    one = handle("alice", "https://a.example/h", "file.created", {"files": "a.md", "agent": "bob"})
    assert one == handle("alice", "https://a.example/h", "file.created", {"agent": "bob", "files": "a.md"})
    others = {
        handle("bob", "https://a.example/h", "file.created", {"files": "a.md", "agent": "bob"}),
        handle("alice", "https://a.example/i", "file.created", {"files": "a.md", "agent": "bob"}),
        handle("alice", "https://a.example/h", "file.updated", {"files": "a.md", "agent": "bob"}),
        handle("alice", "https://a.example/h", "file.created", {"files": "a.md"}),
    }
    assert len(others | {one}) == 5
    assert one.startswith("sub_")
    assert canonical({"b": 1, "a": [True, None]}) == '{"a":[true,null],"b":1}'


def test_a_life_is_clamped_and_never_endless_unasked() -> None:
    assert granted_s(None, for_ever=False) == LIMITS.subscription_ttl_s
    assert granted_s(1.0, for_ever=False) == LIMITS.subscription_ttl_s_min
    assert granted_s(600.5, for_ever=False) == 600.5
    assert granted_s(1e12, for_ever=False) == LIMITS.subscription_ttl_s_max
    assert granted_s(None, for_ever=True) is None


def test_the_watermark_never_passes_what_is_still_on_its_way() -> None:
    assert watermark(9, oldest_seq=9, seen_seq=20) == 9
    assert watermark(9, oldest_seq=5, seen_seq=20) == 4


def test_an_event_that_is_sent_once_more_takes_nobody_back() -> None:
    assert watermark(9, oldest_seq=None, seen_seq=20) == 20
    assert watermark(9, oldest_seq=15, seen_seq=20) == 14


def test_an_occurrence_is_the_same_on_every_way_but_for_its_cursor() -> None:
    event = {"seq": 7, "type": "file.created", "at": "2026-11-21T09:30:12.481Z", "agent": "a", "path": "a.md"}
    polled = occurrence(ANYTHING, event)
    assert polled == {"eventId": "evt_7", "name": ANYTHING, "timestamp": event["at"], "data": event}
    assert occurrence(ANYTHING, event, cursor="c") == {**polled, "cursor": "c"}
