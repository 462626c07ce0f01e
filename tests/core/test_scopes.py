"""Scopes: what is granted for a path, for a pattern, below a directory, and anywhere at all."""

import itertools

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from workspace_server.core.limits import LIMITS
from workspace_server.core.patterns import Selector, parse_pattern
from workspace_server.core.scopes import (
    ALL,
    LOCAL,
    NOTHING,
    VERBS,
    Scope,
    everywhere,
    parse_grant,
    parse_scope,
    union,
)
from workspace_server.errors import InvalidArgument

SHORT = ["a", "b", "ab", "b.", "."]
PATHS = [*SHORT, *map("/".join, itertools.product(SHORT, repeat=2))]
PATHS += [f"{one}/{two}/{three}" for one in "ab" for two in ("a", "ab") for three in ("a", "b.")]
PIECE = st.sampled_from(["*", *"? [ab] [!a] [!.] [a-b] [.-0] a b ab *a a* a? *. ?*".split()])
PATTERN = st.lists(st.one_of(st.just("**"), PIECE), min_size=1, max_size=4).map("/".join)


def scope(*grants: str) -> Scope:
    return parse_scope(grants)


def test_a_scope_allows_a_verb_on_the_paths_of_its_grants_and_on_no_other() -> None:
    writer = scope("read:**", "write,lock:drafts/**", "write:notes/*.md")
    assert writer.allows("read", "secret/a.md")
    assert writer.allows("write", "drafts/a/b.md")
    assert writer.allows("lock", "drafts/a.md")
    assert writer.allows("write", "notes/a.md")
    assert not writer.allows("lock", "notes/a.md")
    assert not writer.allows("write", "notes/deep/a.md")
    assert not writer.allows("write", "drafts")
    assert not writer.allows("write", "draftsx/a.md")
    assert not writer.allows("write", "Drafts/a.md")
    assert writer.verbs == {"read", "write", "lock"}
    assert writer.may("lock")
    assert not writer.may("admin")
    assert writer.is_whole("read")
    assert not writer.is_whole("write")


def test_the_scopes_without_tokens_are_whole() -> None:
    assert all(ALL.is_whole(verb) for verb in VERBS)
    assert LOCAL.verbs == ALL.verbs - {"admin"}
    assert not NOTHING.verbs
    assert everywhere("read").allows("read", "a")
    assert not everywhere("read").allows("write", "a")


@given(pattern=PATTERN, path=st.sampled_from(PATHS))
def test_a_grant_allows_what_its_pattern_matches(pattern: str, path: str) -> None:
    assert scope(f"read:{pattern}").allows("read", path) == parse_pattern(pattern).matches(path)


@given(outer=PATTERN, inner=PATTERN)
@example(outer="a/**", inner="**")
@example(outer="[a-b]/*", inner="[!.]/*")
@example(outer="[!a]", inner="[!ab]")
def test_what_lies_within_a_scope_is_allowed_path_by_path(outer: str, inner: str) -> None:
    pattern = parse_pattern(inner)
    granted = scope(f"lock:{outer}")
    if granted.within("lock", Selector("pattern", pattern.text, pattern)):
        assert [path for path in PATHS if pattern.matches(path) and not granted.allows("lock", path)] == []


@pytest.mark.parametrize(
    ("grant", "pattern", "within"),
    [
        ("**", "**", True),
        ("**", "a", True),
        ("docs/**", "docs/**", True),
        ("docs/**", "docs/a/*.md", True),
        ("docs/**", "docs/**/a/**", True),
        ("docs/**", "docs", False),
        ("docs/**", "**", False),
        ("docs/**", "*/a.md", False),
        ("docs/**", "doc?/a.md", False),
        ("**/*.md", "a/**/*.md", True),
        ("**/*.md", "a/*", False),
        ("a/*", "a/**", False),
        ("a/*", "a/b*c", True),
        ("a/b*", "a/*", False),
        ("[a-z]*", "[b-d]x", True),
        ("[b-d]*", "[a-z]x", False),
        ("[!a]", "b", True),
        ("[!a]", "a", False),
        ("[!a]", "[!a-c]", True),
        ("[!a-c]", "[!a]", False),
        ("[a-c]", "[!a]", False),
        ("?", "x", True),
        ("x", "xy", False),
        ("xy", "x", False),
        ("**/a/**/b", "a/a/a/c", False),
        ("*a*b", "aaac", False),
    ],
)
def test_one_pattern_lies_in_another(grant: str, pattern: str, within: bool) -> None:
    parsed = parse_pattern(pattern)
    assert scope(f"lock:{grant}").contains("lock", parsed) == within
    assert not scope(f"read:{grant}").contains("lock", parsed)


def test_a_capture_lies_where_a_star_does() -> None:
    assert scope("trigger:in/*/**").contains("trigger", parse_pattern("in/{who}/x-{what}.md", captures=True))


def test_a_selector_lies_in_a_scope_with_all_that_it_names() -> None:
    granted = scope("lock:docs/**")
    assert granted.within("lock", Selector("path", "docs/a.md"))
    assert not granted.within("lock", Selector("path", "a.md"))
    assert granted.within("lock", Selector("directory", "docs/"))
    assert granted.within("lock", Selector("directory", "docs/[x]/"))
    assert not granted.within("lock", Selector("directory", ""))
    assert ALL.within("lock", Selector("directory", ""))


@given(pattern=PATTERN, path=st.sampled_from([path for path in PATHS if "/" in path]))
def test_a_directory_with_something_granted_below_is_near(pattern: str, path: str) -> None:
    granted = scope(f"read:{pattern}")
    if granted.allows("read", path):
        assert granted.near("read", path.rpartition("/")[0])


def test_a_directory_with_nothing_granted_below_is_not_near() -> None:
    granted = scope("read:docs/a/**", "write:other/**")
    assert granted.near("read", "")
    assert granted.near("read", "docs")
    assert granted.near("read", "docs/a/b")
    assert not granted.near("read", "docs/b")
    assert not granted.near("read", "other")
    assert not granted.near("lock", "")
    assert LOCAL.near("read", "any/where")


def test_of_a_directory_that_no_pattern_can_name_its_beginning_decides() -> None:
    long = "/".join(["*" * 200] * 4)
    assert scope("read:docs/**").near("read", f"docs/{long}")
    assert not scope("read:docs/**").near("read", f"other/{long}")
    assert not scope("write:**").near("read", long)


def test_what_all_granted_paths_begin_with_is_told_once() -> None:
    granted = scope("read:docs/*.md", "read:docs/a/**", "read:a?/x", "read:b.md", "write:**")
    assert granted.prefixes("read") == ("a", "b.md", "docs/")
    assert granted.prefixes("write") == ("",)
    assert granted.prefixes("lock") == ()


def test_a_grant_is_read_as_it_is_written() -> None:
    assert str(parse_grant("write,read:docs/**")) == "read,write:docs/**"
    assert str(parse_grant("all:**")) == "read,write,lock,search,trigger,jobs,admin:**"
    assert str(parse_grant(r"read:a\:b/c:d")) == r"read:a\:b/c:d"
    assert parse_grant(str(parse_grant("jobs:**"))) == parse_grant("jobs:**")


@pytest.mark.parametrize("text", ["", *"read :** reed:** read,:** read: read:/a read:../a read:{a}".split()])
def test_what_is_no_grant_is_refused(text: str) -> None:
    with pytest.raises(InvalidArgument) as refusal:
        parse_grant(text)
    assert refusal.value.facts["argument"] == "allow"


def test_a_token_has_so_many_grants_and_no_more() -> None:
    texts = [f"read:{number}/**" for number in range(LIMITS.grants_max + 1)]
    assert len(parse_scope(texts[:-1]).grants) == LIMITS.grants_max
    with pytest.raises(InvalidArgument):
        parse_scope(texts)


def test_several_scopes_together_grant_what_any_of_them_does() -> None:
    both = union([scope("read:a/**"), scope("write:b/**"), scope("read:a/**")])
    assert len(both.grants) == 2
    assert both.allows("read", "a/x")
    assert both.allows("write", "b/x")
    assert not both.allows("read", "b/x")
