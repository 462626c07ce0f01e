"""Selectors looked up by where they stand say the same as selectors compared one by one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workspace_server.core.claims import Claims
from workspace_server.core.patterns import Selector, parse_selector

NAMES = ["a", "a/", "a/b", "a/b/", "a/b/c", "ab", "ab/", "/", "*", "a*", "a/*", "a/**", "**/b", "a/b/*.md", "a/*/c"]
SELECTORS = st.sampled_from(NAMES).map(lambda name: parse_selector(name, lambda _: False)) | st.builds(
    lambda text: Selector("path", text), st.sampled_from(["a*", "a/[b]", "a/b/x.md"])
)


@given(st.lists(SELECTORS), SELECTORS)
def test_claims_meet_what_one_of_them_overlaps(claimed: list[Selector], asked: Selector) -> None:
    assert Claims(claimed).meet(asked) == any(claim.overlaps(asked) for claim in claimed)


@pytest.mark.parametrize(
    ("claimed", "asked", "meets"),
    [
        ("a/b", "a/b", True),
        ("a/b", "a/c", False),
        ("a/b", "a/", True),
        ("a/", "a/b/c", True),
        ("/", "a", True),
        ("a", "/", True),
        ("a/*.md", "a/b.md", True),
        ("a/*.md", "b/", False),
        ("**/*.md", "a/*.txt", False),
        ("a/b*", "a/*c", True),
    ],
)
def test_paths_directories_and_patterns_meet_where_a_path_lies_in_both(claimed: str, asked: str, meets: bool) -> None:
    one, other = (parse_selector(name, lambda _: False) for name in (claimed, asked))
    assert Claims([one, one]).meet(other) is meets
    assert Claims([other]).meet(one) is meets
