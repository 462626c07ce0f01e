"""What a trigger may be, and which inputs a path is to it."""

from typing import Any

import pytest

from workspace_server.core.triggers import IMMEDIATE, QUIET, Definition, Place, Settle, key_text, parse_definition
from workspace_server.errors import InvalidArgument, InvalidPath

REPORTS = ["research/{topic}/pricing.md", "research/{topic}/features.md", "brief.md"]


def define(**fields: Any) -> Definition:
    return parse_definition({"name": "editor", "files": ["draft.md"], "queue": "editor", **fields})


def refusal(**fields: Any) -> dict[str, object]:
    with pytest.raises(InvalidArgument) as caught:
        define(**fields)
    return caught.value.facts


def test_a_trigger_on_one_file_needs_no_more_than_a_target() -> None:
    assert define().as_mapping() == {
        "name": "editor",
        "files": ["draft.md"],
        "mode": "each",
        "refire": "all",
        "settle": {"quiet_ms": 750, "max_wait_ms": 5_000},
        "hold_max_seconds": 900,
        "since": "now",
        "include_own_writes": False,
        "max_depth": 8,
        "rate_per_minute": 60,
        "instructions": None,
        "queue": "editor",
    }


def test_a_definition_read_back_is_the_same_whatever_exists_then() -> None:
    first = parse_definition(
        {"name": "t", "files": ["notes[1].md", r"a\*.md", "b/{x}.md"], "url": "https://example.com/"},
        exists=lambda path: path == "notes[1].md",
    )
    assert first.as_mapping()["files"] == [{"path": "notes[1].md"}, {"path": "a*.md"}, "b/{x}.md"]
    assert parse_definition(first.as_mapping()) == first


@pytest.mark.parametrize("field", ["manifest", "schedule", "checks", "count", "escalate", "command", "filles"])
def test_an_unknown_field_is_refused_by_its_name(field: str) -> None:
    assert refusal(**{field: 1}) == {"argument": field, "reason": "unknown field"}


def test_a_field_that_is_null_counts_as_left_out() -> None:
    assert define(count=None, settle=None, url=None) == define()


@pytest.mark.parametrize(
    "pattern", ["research/*.md", "research/", "**", "a/{topic}/*.md", "a/{topic}/", "n[12].md", "/"]
)
def test_a_bare_glob_cannot_mean_all(pattern: str) -> None:
    assert refusal(files=[pattern], mode="all")["argument"] == "files"


def test_entries_with_captures_must_have_the_same_names() -> None:
    assert refusal(files=["a/{x}.md", "b/{y}.md"])["argument"] == "files"


@pytest.mark.parametrize(
    ("argument", "fields"),
    [
        ("name", {"name": "two words"}),
        ("name", {"name": ""}),
        ("name", {"name": "n" * 65}),
        ("name", {"name": None}),
        ("files", {"files": []}),
        ("files", {"files": 7}),
        ("files", {"files": [7]}),
        ("files", {"files": [{"path": "a", "more": 1}]}),
        ("files", {"files": [{"path": 1}]}),
        ("files", {"files": ["a"] * 101}),
        ("files", {"files": ["a/{x}{y}.md"]}),
        ("files", {"files": ["a/\ud800*.md"]}),
        ("instructions", {"instructions": "\udfff"}),
        ("mode", {"mode": "count"}),
        ("refire", {"refire": "never"}),
        ("since", {"since": "yesterday"}),
        ("settle", {"settle": "soon"}),
        ("settle", {"settle": {"quiet": 1}}),
        ("settle", {"settle": {"quiet_ms": -1}}),
        ("settle", {"settle": {"quiet_ms": 10, "max_wait_ms": 9}}),
        ("hold_max_seconds", {"hold_max_seconds": 1.5}),
        ("max_depth", {"max_depth": True}),
        ("rate_per_minute", {"rate_per_minute": 0}),
        ("include_own_writes", {"include_own_writes": "no"}),
        ("instructions", {"instructions": 7}),
        ("instructions", {"instructions": "é" * 2_049}),
        ("queue", {"queue": "a/b"}),
        ("queue", {"queue": None}),
        ("queue", {"url": "https://example.com/"}),
        ("url", {"queue": None, "url": 7}),
        ("url", {"queue": None, "url": "ftp://example.com/"}),
        ("url", {"queue": None, "url": "https:///hook"}),
        ("url", {"queue": None, "url": "https://[::1/"}),
        ("url", {"queue": None, "url": "https://example.com:99999/"}),
        ("url", {"queue": None, "url": "https://exa mple.com/"}),
        ("url", {"queue": None, "url": "https://example.com/é"}),
        ("url", {"queue": None, "url": "https://user@example.com/"}),
        ("url", {"queue": None, "url": "https://example.com/" + "a" * 2_048}),
    ],
)
def test_a_field_out_of_bounds_is_refused_by_its_name(argument: str, fields: dict[str, Any]) -> None:
    assert refusal(**fields)["argument"] == argument


def test_short_instructions_are_kept() -> None:
    assert define(instructions="Edit it.").instructions == "Edit it."


def test_a_path_that_can_never_be_is_refused() -> None:
    with pytest.raises(InvalidPath):
        define(files=["../draft.md"])


def test_settle_is_quiet_for_each_and_immediate_for_all() -> None:
    assert define().settle == QUIET
    assert define(mode="all").settle == IMMEDIATE
    assert define(settle="immediate").settle == IMMEDIATE
    assert define(settle={"quiet_ms": 0}).settle == IMMEDIATE
    assert define(settle={"quiet_ms": 9_000}).settle == Settle(quiet_ms=9_000, max_wait_ms=9_000)
    assert define(settle={"quiet_ms": 5, "max_wait_ms": 50}).as_mapping()["settle"] == {
        "quiet_ms": 5,
        "max_wait_ms": 50,
    }
    assert define(mode="all").as_mapping()["settle"] == "immediate"


def test_each_value_of_a_capture_is_a_join_of_its_own() -> None:
    trigger = define(files=REPORTS, mode="all")
    assert trigger.captures == ("topic",)
    assert trigger.places("research/cats/pricing.md") == [Place({"topic": "cats"}, "research/cats/pricing.md")]
    assert trigger.places("research/cats/other.md") == []
    assert trigger.slots({"topic": "cats"}) == ("research/cats/pricing.md", "research/cats/features.md", "brief.md")


def test_an_entry_without_captures_is_shared_by_every_key() -> None:
    trigger = define(files=REPORTS, mode="all")
    assert trigger.places("brief.md") == [Place(None, "brief.md")]
    assert trigger.shared_slots() == ("brief.md",)
    assert define(files=["a", "b"], mode="all").shared_slots() == ()
    assert define(files=["a", "b"], mode="all").places("b") == [Place({}, "b")]


def test_each_takes_a_path_once_however_many_entries_match() -> None:
    trigger = define(files=["docs/*.md", "docs/{page}.md", "docs/"])
    assert trigger.places("docs/a.md") == [Place({}, "docs/a.md")]
    assert trigger.places("docs/deep/a.txt") == [Place({}, "docs/deep/a.txt")]
    assert define(files="/").places("any/where") == [Place({}, "any/where")]


def test_two_entries_may_place_one_path_in_two_joins() -> None:
    trigger = define(files=["{topic}/all.md", "all/{topic}.md"], mode="all")
    assert [place.key for place in trigger.places("all/all.md")] == [{"topic": "all"}]
    both = define(files=["{a}/x/1.md", "y/{a}/1.md"], mode="all")
    assert [place.key for place in both.places("y/x/1.md")] == [{"a": "y"}, {"a": "x"}]


def test_a_capture_is_put_into_paths_as_they_are_spelled() -> None:
    trigger = define(files=[r".//in\[1]//{name}.md"], mode="all")
    assert trigger.slots({"name": "a"}) == ("in[1]/a.md",)
    assert trigger.places("in[1]/a.md") == [Place({"name": "a"}, "in[1]/a.md")]


def test_equal_keys_have_one_spelling() -> None:
    assert key_text({"b": "2", "a": "1"}) == key_text({"a": "1", "b": "2"}) == '{"a":"1","b":"2"}'
    assert key_text({}) == ""
