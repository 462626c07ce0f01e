"""What checks find, and which the config may name."""

from typing import Any

import pytest

from workspace_server.core.checks import Check, headings, parse_check, text_failures

REPORT = """# Report

## Summary ##

```
# Not a heading
~~~
```

## Sources
"""


def test_headings_are_those_of_the_text_and_not_of_its_code() -> None:
    assert headings(REPORT) == ["Report", "Summary", "Sources"]
    assert headings("~~~\n# code\n```\n# code\n~~~\r\n# text\r\n#no heading") == ["text"]


def test_a_heading_that_is_missing_is_named() -> None:
    check = parse_check("report", {"headings": ["summary", "Risks"]})
    assert text_failures(check, REPORT, sources=0) == ["has no heading 'Risks'"]


def test_sources_are_counted() -> None:
    check = parse_check("report", {"sources_min": 2})
    assert text_failures(check, "", sources=1) == ["names 1 sources of at least 2"]
    assert text_failures(check, "", sources=2) == []


def test_a_todo_is_named_with_its_line() -> None:
    check = parse_check("done", {"no_todo": True})
    assert text_failures(check, "fine\nTODO: more", sources=0) == ["has a TODO on line 2"]
    assert text_failures(check, "MASTODON and todo", sources=0) == []


def test_a_check_may_have_all_parts() -> None:
    schema = {"type": "object"}
    given = {"headings": ["A"], "schema": schema, "sources_min": 1, "no_todo": True}
    assert parse_check("all-of-it", given) == Check(
        name="all-of-it", headings=("A",), schema=schema, sources_min=1, no_todo=True
    )


@pytest.mark.parametrize(
    ("name", "given", "reason"),
    [
        ("two words", {"no_todo": True}, "name"),
        ("a", 7, "table"),
        ("a", {}, "table"),
        ("a", {"hedings": []}, "no part hedings"),
        ("a", {"headings": "Summary"}, "headings"),
        ("a", {"headings": [""]}, "headings"),
        ("a", {"headings": ["x"] * 51}, "headings"),
        ("a", {"schema": "object"}, "schema"),
        ("a", {"sources_min": -1}, "sources_min"),
        ("a", {"sources_min": True}, "sources_min"),
        ("a", {"no_todo": "yes"}, "no_todo"),
    ],
)
def test_a_malformed_check_says_what_is_wrong(name: str, given: Any, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse_check(name, given)
