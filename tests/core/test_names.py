"""Which names can stand beside each other."""

from hypothesis import given
from hypothesis import strategies as st

from workspace_server.core.names import Names
from workspace_server.core.paths import fold, parents


def taken(*paths: str) -> list[str]:
    names = Names()
    return [path for path in paths if names.take(path)]


def test_of_names_that_differ_only_by_case_the_first_counts() -> None:
    assert taken("a.md", "A.md", "b.md") == ["a.md", "b.md"]
    assert taken("docs/a.md", "Docs/b.md", "docs/c.md") == ["docs/a.md", "docs/c.md"]
    assert taken("x/docs/a.md", "x/Docs/deep/b.md", "X/c.md") == ["x/docs/a.md"]


def test_no_file_stands_below_another_or_where_a_directory_is() -> None:
    assert taken("a", "a/b", "A/b") == ["a"]
    assert taken("a/b", "a", "A") == ["a/b"]
    assert taken("a/b/c", "a/b", "a/b/d") == ["a/b/c", "a/b/d"]


def test_a_name_that_is_refused_leaves_no_trace() -> None:
    assert taken("a", "a/b/c", "A/b/d", "b/x") == ["a", "b/x"]
    assert taken("docs/a", "Docs/new/b", "new/b") == ["docs/a", "new/b"]


PART = st.sampled_from(["a", "A", "b", "\u00e9", "\u00c9"])
PATHS = st.lists(st.lists(PART, min_size=1, max_size=3).map("/".join), max_size=10, unique=True)


@given(PATHS)
def test_what_was_taken_fits_in_pairs_and_what_was_not_does_not(paths: list[str]) -> None:
    names, kept = Names(), list[str]()
    for path in paths:
        fits = all(beside(path, other) for other in kept)
        assert names.take(path) is fits
        if fits:
            kept.append(path)


def beside(one: str, other: str) -> bool:
    """Return whether two files can stand in one folder, whatever the system thinks of case."""
    for mine in (one, *parents(one)):
        for theirs in (other, *parents(other)):
            if fold(mine) == fold(theirs) and (mine != theirs or one == mine or other == theirs):
                return False
    return True
