"""Who brought a line, against an oracle that keeps the author of every line as the text is edited."""

from hypothesis import given
from hypothesis import strategies as st

from workspace_server.core import blame
from workspace_server.core.diffs import LINES_MAX

EDITS = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=12)
"""Of each version: where it edits the one before, how many lines it takes out, how many new ones it puts in."""


def written(edits: list[tuple[int, int, int]]) -> tuple[list[list[str]], list[dict[str, int]]]:
    """Return the versions, and for each of them which version first brought each of its lines."""
    versions: list[list[str]] = []
    authors: list[dict[str, int]] = []
    text: list[str] = []
    brought: dict[str, int] = {}
    for number, (place, out, into) in enumerate(edits):
        at = min(place, len(text))
        new = [f"{number}-{line}\n" for line in range(into)]
        text = text[:at] + new + text[at + out :]
        brought = brought | dict.fromkeys(new, number)
        versions.append(text)
        authors.append({line: brought[line] for line in text})
    return versions, authors


@given(EDITS)
def test_every_line_of_every_version_is_of_the_version_that_first_brought_it(edits: list[tuple[int, int, int]]) -> None:
    versions, authors = written(edits)
    for head, text in enumerate(versions):
        trace: blame.Trace | None = blame.begin(0, len(text))
        for number in range(head, 0, -1):
            assert trace is not None
            trace = blame.back(trace, versions[number - 1], versions[number])
        assert trace is not None
        steps = blame.ended(trace)
        assert {line: head - steps[at] for at, line in enumerate(text)} == authors[head]


@given(EDITS, st.integers(0, 10), st.integers(0, 10), st.integers(0, 10))
def test_a_part_of_the_way_says_the_same_as_far_as_it_goes(
    edits: list[tuple[int, int, int]], first: int, last: int, most: int
) -> None:
    versions, authors = written(edits)
    head, text = len(versions) - 1, versions[-1]
    first, last = sorted((min(first, len(text)), min(last, len(text))))
    trace = blame.begin(first, last)
    for number in range(head, max(0, head - most), -1):
        gone_back = blame.back(trace, versions[number - 1], versions[number])
        assert gone_back is not None
        trace = gone_back
    assert set(blame.ended(trace)) == set(range(first, last))
    for line, step in blame.ended(trace).items():
        if line in trace.found:
            assert head - step == authors[head][text[line]]
        else:
            assert head - step >= authors[head][text[line]]


def test_a_line_that_comes_again_is_of_the_version_that_brought_it_again() -> None:
    trace = blame.back(blame.begin(0, 1), ["other\n"], ["line\n"])
    assert trace is not None
    assert blame.ended(trace) == {0: 0}


def test_what_differs_in_too_much_ends_the_way() -> None:
    before = [f"{number}\n" for number in range(LINES_MAX)]
    assert blame.back(blame.begin(0, 1), before, ["x\n"]) is None


def test_neighbouring_lines_of_one_version_are_one_stretch() -> None:
    assert blame.stretches({3: 1, 0: 0, 1: 0, 2: 1, 5: 1}) == [(0, 2, 0), (2, 4, 1), (5, 6, 1)]
    assert blame.stretches({}) == []
