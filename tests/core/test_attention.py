"""Which events ask for a person, and which say that it is over."""

from typing import Any, NamedTuple, get_args

import pytest

from workspace_server.core import attention
from workspace_server.core.attention import Action, needed, settled


class Happened(NamedTuple):
    type: str
    path: str | None = None
    data: dict[str, Any] = {}  # noqa: RUF012 - never changed


TIMED_OUT = {"trigger": "analyst", "key": {"topic": "owls"}, "missing": [{"path": "a.md"}, {"agent": "ann"}]}


@pytest.mark.parametrize(
    ("event", "kind", "key", "summary"),
    [
        (
            Happened("trigger.timed_out", None, TIMED_OUT),
            "timed_out",
            'analyst {"topic": "owls"}',
            "analyst waited in vain for a.md",
        ),
        (
            Happened("trigger.timed_out", None, {"trigger": "analyst", "on_timeout": "escalate"}),
            "timed_out",
            "analyst",
            "analyst waited in vain",
        ),
        (
            Happened("trigger.suppressed", "a.md", {"trigger": "loop", "reason": "depth"}),
            "suppressed",
            "loop depth",
            "loop was held back: it sets itself off again and again",
        ),
        (
            Happened("trigger.suppressed", "a.md", {"trigger": "loop", "reason": "odd"}),
            "suppressed",
            "loop odd",
            "loop was held back: odd",
        ),
        (
            Happened("delivery.failed", None, {"delivery": "msg_1", "address": "https://e.example", "reason": "500"}),
            "dead_letter",
            "msg_1",
            "A delivery to https://e.example was given up: 500",
        ),
        (
            Happened("endpoint.disabled", None, {"endpoint": "E3", "address": "https://e.example"}),
            "endpoint_disabled",
            "E3",
            "https://e.example wants no more webhooks",
        ),
        (
            Happened("file.conflict", "a.md", {"copy": "a.conflict-1.md"}),
            "conflict",
            "a.conflict-1.md",
            "a.md was changed by two sides; the other side's work is a.conflict-1.md",
        ),
        (
            Happened("file.indexed", "a.pdf", {"state": "failed"}),
            "failed_extraction",
            "a.pdf",
            "a.pdf could not be read for the index",
        ),
        (
            Happened("approval.requested", "a.md", {"firing": "F1", "trigger": "publish"}),
            "approval",
            "F1",
            "publish waits for an approval",
        ),
        (
            Happened("approval.requested", "a.md", {"firing": "F1", "trigger": "publish", "question": "Publish?"}),
            "approval",
            "F1",
            "Publish?",
        ),
    ],
)
def test_what_is_stuck_needs_a_person(event: Happened, kind: str, key: str, summary: str) -> None:
    need = needed(event)

    assert need is not None
    assert (need.kind, need.key, need.summary, need.path) == (kind, key, summary, event.path)


@pytest.mark.parametrize(
    "event",
    [
        Happened("file.updated", "a.md", {}),
        Happened("file.indexed", "a.md", {"state": "ok"}),
        Happened("trigger.timed_out", None, {"trigger": "analyst", "on_timeout": "reset"}),
        Happened("trigger.suppressed", None, {"trigger": "weekly", "reason": "missed"}),
    ],
)
def test_what_goes_on_by_itself_needs_nobody(event: Happened) -> None:
    assert needed(event) is None


def test_what_an_entry_tells_leaves_out_where_its_event_came_from() -> None:
    event = Happened("delivery.failed", None, {"delivery": "msg_1", "cause": {}, "commit": "C1"})

    need = needed(event)

    assert need is not None
    assert need.about == {"delivery": "msg_1"}


@pytest.mark.parametrize(
    ("event", "places"),
    [
        (Happened("file.deleted", "a.md"), {("conflict", "a.md"), ("failed_extraction", "a.md")}),
        (
            Happened("file.moved", "b.md", {"moved_from": {"path": "a.md", "version": 1}}),
            {("conflict", "a.md"), ("failed_extraction", "a.md")},
        ),
        (Happened("file.moved", "b.md"), set()),
        (Happened("file.indexed", "a.md", {"state": "empty"}), {("failed_extraction", "a.md")}),
        (Happened("file.indexed", "a.md", {"state": "failed"}), set()),
        (
            Happened("trigger.fired", None, {"trigger": "analyst", "key": {"topic": "owls"}}),
            {("timed_out", 'analyst {"topic": "owls"}'), ("suppressed", "analyst rate")},
        ),
        (Happened("file.updated", "a.md"), set()),
    ],
)
def test_what_goes_on_again_ends_its_entry(event: Happened, places: set[tuple[str, str]]) -> None:
    assert set(settled(event)) == places


def test_a_loop_is_not_over_because_its_trigger_fires_once_more() -> None:
    looped = needed(Happened("trigger.suppressed", None, {"trigger": "loop", "reason": "depth"}))

    assert looped is not None
    assert (looped.kind, looped.key) not in settled(Happened("trigger.fired", None, {"trigger": "loop"}))


@pytest.mark.parametrize(
    ("kind", "key", "posted"),
    [
        ("attention.added", "J1", True),
        ("attention.resolved", "msg_1", True),
        ("attention.added", "msg_attention_7", False),
        ("attention.resolved", "msg_attention_7", False),
        ("file.created", "J1", False),
    ],
)
def test_webhooks_tell_of_entries_but_not_of_those_about_such_webhooks(kind: str, key: str, posted: bool) -> None:
    assert attention.is_posted(Happened(kind, None, {"key": key})) is posted


def test_every_kind_can_be_ended_by_a_person() -> None:
    assert set(attention.ACTIONS) == set(attention.KINDS)
    assert all(set(actions) <= set(get_args(Action)) and actions for actions in attention.ACTIONS.values())


def test_long_lists_and_long_words_are_cut() -> None:
    most = attention.ENTRIES_SHOWN_MAX
    cut = attention.shortened({"inputs": list(range(most + 3)), "key": "k", "few": [1]})

    assert cut == {"inputs": list(range(most)), "inputs_more": 3, "key": "k", "few": [1]}
    assert attention.summarised("a\n b") == "a b"
    assert attention.summarised("x" * 400) == "x" * (attention.SUMMARY_CHARS_MAX - 1) + "…"
