"""What a trigger may be, and which inputs a path is to it."""

from typing import Any

import pytest

from workspace_server.core.triggers.definition import IMMEDIATE, QUIET, Definition, Place, Settle, key_text
from workspace_server.core.triggers.manifest import listed
from workspace_server.core.triggers.parsing import parse_definition
from workspace_server.core.triggers.targets import Approval, Command, Queue, Target, Webhook
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
        "on": ["file.created", "file.updated", "file.moved", "file.restored"],
        "files": ["draft.md"],
        "mode": "each",
        "refire": "all",
        "settle": {"quiet_ms": 750, "max_wait_ms": 5_000},
        "hold_max_seconds": 900,
        "indexed": False,
        "since": "now",
        "concurrency": 1,
        "rate_per_minute": 60,
        "max_depth": 8,
        "include_own_writes": False,
        "queue": "editor",
    }


def test_a_definition_read_back_is_the_same_whatever_exists_then() -> None:
    first = parse_definition(
        {"name": "t", "files": ["notes[1].md", r"a\*.md", "b/{x}.md"], "url": "https://example.com/"},
        exists=lambda path: path == "notes[1].md",
    )
    assert first.as_mapping()["files"] == [{"path": "notes[1].md"}, {"path": "a*.md"}, "b/{x}.md"]
    assert parse_definition(first.as_mapping()) == first


@pytest.mark.parametrize("field", ["escalate", "filles", "concurency"])
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
        ("mode", {"mode": "some"}),
        ("on", {"on": ["file.eaten"]}),
        ("on", {"on": ["trigger.fired"]}),
        ("on", {"on": []}),
        ("on", {"on": 7}),
        ("not_files", {"not_files": []}),
        ("manifest", {"mode": "all", "manifest": 7}),
        ("count", {"mode": "count", "files": ["*"], "count": 0}),
        ("distinct_agents", {"mode": "count", "files": ["*"], "count": 2, "distinct_agents": 0}),
        ("distinct_agents", {"mode": "all", "files": ["a", "b"], "distinct_agents": True}),
        ("agents", {"agents": ["[a"]}),
        ("agents", {"agents": [""]}),
        ("agents", {"agents": ["a"] * 101}),
        ("not_agents", {"not_agents": ["\ud800"]}),
        ("media_types", {"media_types": ["csv"]}),
        ("min_bytes", {"min_bytes": -1}),
        ("indexed", {"indexed": "yes"}),
        ("checks", {"checks": ["two words"]}),
        ("within_seconds", {"mode": "all", "within_seconds": 0}),
        ("on_timeout", {"mode": "all", "within_seconds": 60, "on_timeout": "panic"}),
        ("on_timeout", {"mode": "all", "on_timeout": "escalate"}),
        ("schedule", {"schedule": "* * * *"}),
        ("schedule", {"schedule": 7}),
        ("timezone", {"timezone": "UTC"}),
        ("timezone", {"schedule": "* * * * *", "timezone": ""}),
        ("timezone", {"schedule": "* * * * *", "timezone": "\ud800"}),
        ("missed", {"missed": "skip"}),
        ("missed", {"schedule": "* * * * *", "missed": "all"}),
        ("concurrency", {"concurrency": 0}),
        ("include", {"include": ["facts"]}),
        ("include", {"queue": None, "url": "https://example.com/", "include": ["bytes"]}),
        ("profile", {"queue": None, "url": "https://example.com/", "profile": "fancy"}),
        ("agent", {"queue": None, "url": "https://example.com/", "agent": ""}),
        ("visibility_seconds", {"queue": None, "url": "https://example.com/", "visibility_seconds": 60}),
        ("visibility_seconds", {"queue": None, "url": "https://e.com/", "agent": "a", "visibility_seconds": 1}),
        ("command", {"queue": None, "command": "a b"}),
        ("approval", {"queue": None, "approval": " "}),
        ("approval", {"queue": None, "approval": "\ud800"}),
        ("approval", {"queue": None, "approval": True}),
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
        ("url", {"queue": None, "url": "file:///etc/passwd"}),
        ("url", {"queue": None, "url": "//example.com/hook"}),
        ("url", {"queue": None, "url": "https://example.com/\r\nX-Agent: owner"}),
        ("url", {"queue": None, "url": "https://example.com/\tx"}),
        ("url", {"queue": None, "url": " https://example.com/"}),
        ("url", {"queue": None, "url": "https://ann:word@example.com/"}),
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


def test_every_field_means_the_same_when_it_is_read_back() -> None:
    everything: dict[str, Any] = {
        "on": ["file.created", "file.deleted"],
        "files": ["in/{topic}/*.csv", "in/{topic}/summary.md", "brief.md"],
        "not_files": ["in/*/old.csv"],
        "mode": "all",
        "refire": "any",
        "count": 3,
        "distinct_agents": 2,
        "agents": ["crew/*", "ann"],
        "not_agents": ["crew/bad"],
        "media_types": ["text/*"],
        "min_bytes": 1,
        "max_bytes": 1_000,
        "settle": {"quiet_ms": 5, "max_wait_ms": 50},
        "hold_max_seconds": 60,
        "indexed": True,
        "checks": ["no-todo"],
        "within_seconds": 3_600,
        "on_timeout": "fire_partial",
        "schedule": "0 9 * * 1-5",
        "timezone": "Europe/Berlin",
        "missed": "skip",
        "since": "existing",
        "concurrency": 2,
        "rate_per_minute": 5,
        "max_depth": 3,
        "include_own_writes": True,
        "instructions": "Compare them.",
        "include": ["facts", "diff"],
        "profile": "plain",
        "agent": "analyst",
        "visibility_seconds": 60,
        "queue": None,
        "url": "https://example.com/hook",
    }
    first = define(**everything)
    given = {name: value for name, value in everything.items() if value is not None}
    assert first.as_mapping() == {"name": "editor", **given}
    assert parse_definition(first.as_mapping()) == first


@pytest.mark.parametrize(
    ("fields", "target"),
    [
        ({"queue": "editor"}, Queue("editor")),
        ({"command": "edit"}, Command("edit")),
        ({"approval": " Publish it? "}, Approval("Publish it?")),
        ({"url": "https://example.com/"}, Webhook(url="https://example.com/")),
    ],
)
def test_a_trigger_has_one_target_of_four_kinds(fields: dict[str, Any], target: Target) -> None:
    made = parse_definition({"name": "t", "files": ["a"], **fields})
    assert made.target == target
    assert parse_definition(made.as_mapping()) == made


@pytest.mark.parametrize(
    ("argument", "fields"),
    [
        ("count", {"mode": "count"}),
        ("count", {"mode": "count", "files": ["a", "b"], "count": 3}),
        ("count", {"mode": "any", "count": 1}),
        ("count", {"mode": "all", "count": 1}),
        ("count", {"mode": "all", "manifest": "list.txt", "count": 1}),
        ("distinct_agents", {"distinct_agents": 1}),
        ("distinct_agents", {"mode": "all", "files": ["a", "b"], "distinct_agents": 3}),
        ("distinct_agents", {"mode": "count", "files": ["*"], "count": 2, "distinct_agents": 3}),
        ("not_files", {"not_files": ["draft.md"]}),
        ("not_files", {"not_files": ["**"]}),
        ("not_files", {"files": ["in/*.md"], "not_files": ["in/*.md"]}),
        ("not_files", {"files": ["a", "b"], "mode": "all", "not_files": ["b"]}),
        ("not_files", {"not_files": ["{x}.md"]}),
        ("max_bytes", {"min_bytes": 2, "max_bytes": 1}),
        ("not_agents", {"agents": ["ann"], "not_agents": ["bob", "ann"]}),
        ("agents", {"queue": None, "url": "https://example.com/", "agent": "ed", "agents": ["ed"]}),
        ("refire", {"refire": "any"}),
        ("within_seconds", {"within_seconds": 60}),
        ("manifest", {"manifest": "list.txt"}),
        ("manifest", {"mode": "all", "manifest": "lists/*.txt"}),
        ("manifest", {"mode": "all", "files": ["{x}.md"], "manifest": "list.txt"}),
        ("files", {"mode": "all", "files": ["{x}.md"], "manifest": "{y}.txt"}),
        ("files", {"mode": "all", "files": ["a", "in/*.md"]}),
        ("files", {"files": None, "mode": "any", "schedule": "* * * * *"}),
    ],
)
def test_a_trigger_that_can_never_fire_is_refused(argument: str, fields: dict[str, Any]) -> None:
    assert refusal(**fields)["argument"] == argument


def test_a_schedule_or_a_manifest_needs_no_files() -> None:
    nightly = define(files=None, schedule=" 0  3 * * * ")
    assert nightly.entries == ()
    assert nightly.as_mapping()["schedule"] == "0 3 * * *"
    assert define(files=None, mode="all", manifest="{topic}/list.txt").captures == ("topic",)


def test_what_is_left_out_concerns_no_join() -> None:
    trigger = define(files=["docs/**"], not_files=["docs/drafts/", "docs/index.md"])
    assert trigger.places("docs/a.md")
    assert trigger.places("docs/drafts/a.md") == trigger.places("docs/index.md") == []


def test_a_path_that_is_named_counts_as_named_also_when_a_pattern_matches_it() -> None:
    for files in (["*.md", "a.md"], ["a.md", "*.md"]):
        trigger = define(files=files, mode="count", count=2)
        assert trigger.places("a.md") == [Place({}, "a.md")]
        assert trigger.places("b.md") == [Place({}, "b.md", matched=True)]
        assert trigger.slots({}) == ("a.md",)


def test_patterns_beside_a_manifest_say_what_it_may_list() -> None:
    trigger = define(files=["cover.md", "parts/*.md"], not_files=["parts/x.md"], mode="all", manifest="list.txt")
    assert trigger.places("parts/a.md") == []
    assert trigger.slots({}) == ("cover.md",)
    assert [trigger.may_list(path) for path in ("parts/a.md", "other.md", "parts/x.md")] == [True, False, False]
    assert define(files=None, mode="all", manifest="list.txt").may_list("anything.md")


def test_distinct_agents_may_be_as_many_as_are_counted() -> None:
    assert define(files=["votes/*"], mode="count", count=3, distinct_agents=True).distinct_agents == 3


def test_only_events_that_bring_versions_are_about_content() -> None:
    assert define().on_content
    assert define(on=["file.deleted", "file.moved"]).on_content
    assert not define(on="file.deleted").on_content


def test_filters_look_at_the_author_and_at_the_content() -> None:
    filters = define(agents=["crew/*"], not_agents=["crew/bad"], media_types=["text/*"], max_bytes=9).filters
    assert [filters.want_author(agent) for agent in ("crew/a", "crew/bad", "ann")] == [True, False, False]
    assert filters.want_content("text/csv; charset=utf-8", 9)
    assert not filters.want_content("image/png", 9)
    assert not filters.want_content("text/csv", 10)
    assert filters.want_content(None, None)
    assert define().filters.want_author("anybody")
    assert not define(min_bytes=3).filters.want_content("text/csv", 2)


def test_a_manifest_lists_a_path_on_a_line() -> None:
    text = "\ufeff# parts\r\n- parts/a.md\n\n  parts/b.md \n* ./parts/c.md\nparts/a.md\n"
    assert listed(text.encode()) == ("parts/a.md", "parts/b.md", "parts/c.md")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "lists no path"),
        (b"# nothing yet\n", "lists no path"),
        (b"a.md\n../b.md", "no path on line 2"),
        (b"\xff\xfe", "not text"),
        ("\n".join(f"part-{number}.md" for number in range(1_001)).encode(), "more than 1000 paths"),
        (b"a.md\n" * 1_000_000, "bytes long"),
    ],
)
def test_a_manifest_that_cannot_be_one_says_why(content: bytes, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        listed(content)
