"""Patterns and selectors: what names several files at once."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from wcmatch import glob

from workspace_server.core.patterns import Selector, escape, parse_pattern, parse_selector
from workspace_server.errors import InvalidArgument, InvalidPath


def nothing_exists(path: str) -> bool:
    return False


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        ("a/b.md", ["a/b.md"], ["a/b", "a/b.md/c", "A/b.md"]),
        ("*.md", ["x.md", ".md", ".x.md"], ["a/x.md", "x.md.bak", "xmd"]),
        ("a/*", ["a/x", "a/.x"], ["a", "a/x/y"]),
        ("a/*/c", ["a/b/c"], ["a/c", "a/b/b/c"]),
        ("?.md", ["x.md", "\u00e9.md"], [".md", "xy.md", "/.md"]),
        ("**", ["x", "a/b/c"], []),
        ("a/**", ["a/b", "a/b/c"], ["a", "ab/c"]),
        ("a/", ["a/b", "a/b/c"], ["a"]),
        ("**/x.md", ["x.md", "a/x.md", "a/b/x.md"], ["ax.md", "a/ax.md"]),
        ("a/**/c", ["a/c", "a/b/c", "a/b/b/c"], ["ac", "a/bc"]),
        ("a/**/b/**/c", ["a/b/c", "a/x/b/y/z/c", "a/b/b/c"], ["a/c", "a/x/c"]),
        ("**/a*/**/*.md", ["a/x.md", "x/ab/y/z.md"], ["x/y.md"]),
        ("[abc].md", ["a.md", "c.md"], ["d.md", "ab.md"]),
        ("[!abc].md", ["d.md"], ["a.md", "/.md"]),
        ("[a-c0-9]x", ["bx", "5x"], ["dx", "-x"]),
        ("[]x]", ["]", "x"], ["y"]),
        ("[!]]", ["x"], ["]"]),
        ("[a-]", ["a", "-"], ["b"]),
        ("[*?]", ["*", "?"], ["x"]),
        (r"[\]\-x]", ["]", "-", "x"], ["\\"]),
        ("[^a]", ["^", "a"], ["b"]),
        ("a[.-0]b", ["a.b", "a0b"], ["a/b"]),
        (r"\*.md", ["*.md"], ["x.md"]),
        (r"\[x\]", ["[x]"], ["x"]),
        (r"\{x}", ["{x}"], ["x"]),
        ("x(1)+.md", ["x(1)+.md"], ["x11.md"]),
        ("*a*b*", ["ab", "xaxbx", "aab"], ["ba", "a"]),
        ("a*a", ["aa", "aba", "aaa"], ["a"]),
        ("*ab", ["ab", "aab", "abab"], ["aba"]),
        ("./a//*.md", ["a/x.md"], ["x.md"]),
        ("cafe\u0301*", ["caf\u00e9.md"], ["cafe.md"]),
    ],
)
def test_a_pattern_names_these_paths_and_not_those(pattern: str, yes: list[str], no: list[str]) -> None:
    parsed = parse_pattern(pattern)
    assert [path for path in yes if not parsed.matches(path)] == []
    assert [path for path in no if parsed.matches(path)] == []


@pytest.mark.parametrize(
    ("pattern", "path", "captured"),
    [
        ("research/{topic}/pricing.md", "research/acme/pricing.md", {"topic": "acme"}),
        ("research/{topic}/pricing.md", "research/a/b/pricing.md", None),
        ("research/{topic}.md", "research/.md", None),
        ("{year}-{rest}.md", "2026-11-21.md", {"year": "2026", "rest": "11-21"}),
        ("**/{who}/in*.txt", "a/b/ann/inbox.txt", {"who": "ann"}),
        ("{a}x/{b}", "xx/y", {"a": "x", "b": "y"}),
        ("{a}.tar.gz", "x.tar.gz.tar.gz", {"a": "x.tar.gz"}),
        ("plan.md", "plan.md", {}),
    ],
)
def test_a_capture_is_part_of_one_name_and_not_empty(pattern: str, path: str, captured: dict[str, str] | None) -> None:
    parsed = parse_pattern(pattern, captures=True)
    assert parsed.capture(path) == captured
    assert parsed.matches(path) == (captured is not None)


def test_captures_are_named_in_their_order() -> None:
    assert parse_pattern("{b}/x-{a}.md", captures=True).captures == ("b", "a")


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        "/",
        "/etc/*",
        "../*",
        "a/./b*",
        "a**",
        "**.md",
        "***",
        "[abc",
        "[]",
        "[!]",
        "[z-a]",
        "a\\",
        "*.{md,txt}",
        "x" * 1025,
        "/".join(["**", "a"] * 9),
    ],
)
def test_what_is_no_pattern_is_refused_with_a_reason(pattern: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        parse_pattern(pattern)
    assert caught.value.facts["argument"] == "pattern"
    assert caught.value.facts["reason"]


@pytest.mark.parametrize("pattern", ["{}", "{a", "{a-b}", "{1a}", "{a}{b}", "{a}*", "*{a}", "{a}/{a}", "{a,b}"])
def test_a_capture_that_is_not_clear_is_refused(pattern: str) -> None:
    with pytest.raises(InvalidArgument):
        parse_pattern(pattern, captures=True)


@pytest.mark.parametrize(
    ("pattern", "prefix"),
    [
        ("a/b/*.md", "a/b/"),
        ("a/b*", "a/b"),
        ("a/**", "a/"),
        ("a/b", "a/b"),
        ("*", ""),
        (r"a\*[b]?", "a*b"),
        ("[ab]", ""),
        ("[a-b]", ""),
    ],
)
def test_the_literal_prefix_bounds_a_range_scan(pattern: str, prefix: str) -> None:
    assert parse_pattern(pattern).literal_prefix == prefix


def test_a_hostile_pattern_takes_no_exponential_time() -> None:
    # With plain backtracking each of these runs for years; the suite's time-out is the bound.
    assert not parse_pattern("*a" * 120 + "b").matches("a" * 255)
    assert not parse_pattern("/".join(["**", "a"] * 8) + "/b").matches("/".join("a" * 32))
    assert not parse_pattern("**/" + "*a" * 100 + "/**/x").matches("/".join(["a" * 31] * 32))
    long = parse_pattern("*a" * 120), parse_pattern("*b" * 120)
    assert long[0].overlaps(long[1])


# What follows compares with other implementations on patterns over a small alphabet, where matches are frequent.

name_parts = st.sampled_from(["a", "b", "ab", "*", "?", "[ab]", "[!a]", r"\*", "."])
pattern_names = (
    st.lists(name_parts, min_size=1, max_size=4)
    .map("".join)
    .filter(lambda name: "**" not in name and name not in {".", ".."})
)
patterns = st.lists(st.one_of(st.just("**"), pattern_names), min_size=1, max_size=5).map("/".join)
paths = st.lists(
    st.text(alphabet="ab*.", min_size=1, max_size=4).filter(lambda name: name not in {".", ".."}),
    min_size=1,
    max_size=4,
).map("/".join)


@given(patterns, paths)
@example("**/a", "a")
def test_wcmatch_agrees(pattern: str, path: str) -> None:
    # wcmatch lets `a/**` match `a` itself when that could be a directory; ours are files.
    oracle = re.sub(r"(^|/)\*\*$", r"\1**/*", pattern)
    expected = glob.globmatch(path, oracle, flags=glob.GLOBSTAR | glob.DOTGLOB | glob.CASE | glob.FORCEUNIX)
    assert parse_pattern(pattern).matches(path) == expected


@given(patterns, paths)
def test_what_matches_begins_with_the_literal_prefix(pattern: str, path: str) -> None:
    parsed = parse_pattern(pattern)
    if parsed.matches(path):
        assert path.startswith(parsed.literal_prefix)


@given(patterns, patterns, paths)
def test_two_patterns_that_share_a_path_overlap(one: str, other: str, path: str) -> None:
    first, second = parse_pattern(one), parse_pattern(other)
    assert first.overlaps(second) == second.overlaps(first)
    if first.matches(path) and second.matches(path):
        assert first.overlaps(second)


selectors = st.one_of(
    patterns.filter(lambda text: re.search(r"[*?\[\\]", text)).map(lambda text: parse_selector(text, nothing_exists)),
    paths.filter(lambda path: "*" not in path and not re.search(r"\.(/|$)", path)).flatmap(
        lambda path: st.sampled_from(
            [
                parse_selector(path, nothing_exists),
                parse_selector(path + "/", nothing_exists),
                Selector("directory", ""),
            ]
        )
    ),
)


@given(selectors, selectors, paths)
def test_two_selectors_that_share_a_path_overlap(one: Selector, other: Selector, path: str) -> None:
    assert one.overlaps(other) == other.overlaps(one)
    if one.covers(path) and other.covers(path):
        assert one.overlaps(other)


@pytest.mark.parametrize(
    ("one", "other", "overlap"),
    [
        ("a.md", "a.md", True),
        ("a.md", "b.md", False),
        ("a/", "a/b/", True),
        ("a/", "ab/", False),
        ("a/", "a/x.md", True),
        ("a/", "a", True),  # a file takes the name from the directory
        ("a", "a/x.md", True),
        ("a", "a/*.md", True),
        ("a", "*/x.md", False),
        ("a/b", "*", False),
        ("a.md", "A.md", True),  # only one of the two can be there
        ("Straße", "strasse/y", True),
        ("Docs/x", "docs/*.md", True),
        ("docs/*.md", "Docs/", True),
        ("docs/*.md", "Docs/*.txt", True),
        ("A.md", "*.md", True),
        ("B.txt", "*.md", False),
        ("", "x", True),
        ("*.md", "*.txt", False),
        ("*.md", "a*", True),
        ("a/*.md", "a/", True),
        ("a/*.md", "b/", False),
        ("a/**/x", "a/b/*", True),
        ("[ab]x", "[cd]x", False),
        ("[!a]", "a", False),
        ("[!a]", "[a]*", False),
        ("[!a]*", "?[a]", True),
        ("??", "?", False),
        ("**/x", "a/", True),
    ],
)
def test_overlap_is_no_wider_than_need_be(one: str, other: str, overlap: bool) -> None:
    assert parse_selector(one, nothing_exists).overlaps(parse_selector(other, nothing_exists)) == overlap


def test_patterns_that_take_long_to_compare_are_taken_to_overlap() -> None:
    names = "/".join(["**", "*a?b*c?d*"] * 6)
    long = parse_pattern(f"{names}/x")
    assert long.overlaps(parse_pattern(f"{names}/y"))
    assert not parse_pattern("a/" + names).overlaps(parse_pattern("b/" + names)), "where they begin is seen at once"
    assert not parse_pattern("**/x").overlaps(parse_pattern("**/y"))


def test_a_string_that_is_an_existing_path_is_that_path() -> None:
    assert parse_selector("a[1].md", {"a[1].md"}.__contains__).covers("a[1].md")
    assert parse_selector("a[1].md", nothing_exists).covers("a1.md")
    assert parse_selector({"path": "a[1].md"}, nothing_exists).covers("a[1].md")


@pytest.mark.parametrize("root", ["", ".", "./", "/"])
def test_the_root_is_everything(root: str) -> None:
    selector = parse_selector(root, nothing_exists)
    assert [selector.covers(path) for path in ["a", "a/b"]] == [True, True]
    assert selector.shown == "/"


def test_a_selector_comes_back_from_what_is_stored() -> None:
    for raw in ["a/b.md", "a/", "", "a/*.md"]:
        selector = parse_selector(raw, nothing_exists)
        assert Selector.stored(selector.kind, selector.text) == selector


def test_an_entry_that_names_nothing_is_refused() -> None:
    for raw in ["../x", "../", "a/../"]:
        with pytest.raises(InvalidPath):
            parse_selector(raw, nothing_exists)
    with pytest.raises(InvalidArgument) as caught:
        parse_selector({"file": "x"}, nothing_exists)
    assert caught.value.facts["argument"] == "paths"


@given(paths)
def test_an_escaped_path_is_a_pattern_for_itself_alone(path: str) -> None:
    pattern = parse_pattern(escape(path))
    assert pattern.matches(path)
    assert pattern.literal_prefix == path
