"""A replacement that leaves out what it should have kept is told from one that is meant."""

import sysconfig
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workspace_server.core.elision import Loss, joined, left_out, markers, unseen_lost

BASE = "".join(f"line {number}\n" for number in range(40))
MARKERS = (
    *("# rest unchanged", "// ... existing code ...", "/* rest of the file remains the same */", "[unchanged]"),
    *("<!-- the rest of the document is unchanged -->", "-- remaining rows omitted", "# [unchanged]", "rest unchanged"),
    *("... (rest of the code unchanged) ...", "// omitted for brevity", "{/* ... existing components ... */}"),
    *("(* rest as before *)", "; remaining settings unchanged", "% rest of section omitted", "... rest of file ..."),
    *("[... rest of the chapter omitted for brevity ...]", "# Rest bleibt unverändert", "The rest stays the same."),
    *("// le reste du fichier inchangé", "// ... resto del código sin cambios ...", "# остальной код без изменений"),
    *("// 其余代码不变", "# 残りは変更なし", "# 나머지 코드는 동일", "# (content truncated for brevity)", "[snip]"),
    *(
        "// ... other methods ...",
        "# ... previous code ...",
        "[Content truncated]",
        "(...rest of the page unchanged...)",
    ),
)
NO_MARKERS = (
    *("The rest of the team remains unchanged since the merger in May of last year.", 'print("...")', "..."),
    *("Interest rates remained the same", "existing = load()", "# See the original paper for details", "İ rest"),
    *("self.rest = rest", "He left the rest to them...", "raise NotImplementedError  # same as above", "x" * 9_000),
    *("The same holds for others.", "# Keep a reference so that it is not collected", "...     case rest:"),
)


@pytest.mark.parametrize("line", MARKERS)
def test_a_line_that_stands_for_others_is_found_in_many_languages(line: str) -> None:
    assert [marker.line for marker in markers(f"a\n  {line}\nb\n")] == [line]
    short = f"line 0\nline 1\n{line}\nline 39\n"
    assert left_out(BASE, short, markers(short)) == Loss(37, line)


@pytest.mark.parametrize("line", NO_MARKERS)
def test_a_line_that_speaks_of_other_things_is_none(line: str) -> None:
    assert markers(line) == []


def test_a_marker_that_stood_there_before_is_no_news() -> None:
    base = BASE + "# rest unchanged\n"
    assert left_out(base, "# rest unchanged\n", markers(base)) is None


def test_a_marker_at_whose_place_nothing_is_missing_is_content() -> None:
    text = BASE.replace("line 7\n", "line 7\n# rest unchanged\n")
    assert left_out(BASE, text, markers(text)) is None


@pytest.mark.parametrize(
    ("line", "lost", "came", "refused"),
    [
        ("# rest unchanged", 1, 9, True),
        ("# same as before", 1, 1, False),  # a comment beside a line that was edited
        ("# same as before", 2, 1, True),
        ("# existing rows unchanged", 3, 2, True),
        ("// ...", 4, 0, False),
        ("// ...", 5, 5, False),
        ("// ...", 5, 0, True),
    ],
)
def test_the_less_sure_a_marker_the_more_must_be_missing(line: str, lost: int, came: int, refused: bool) -> None:
    fresh = "".join(f"new {number}\n" for number in range(came))
    text = BASE.replace("".join(f"line {number}\n" for number in range(10, 10 + lost)), f"{fresh}{line}\n")
    assert left_out(BASE, text, markers(text)) == (Loss(lost, line) if refused else None)


def test_one_of_several_markers_is_enough() -> None:
    text = "# same as before\n" + BASE.replace("line 20\nline 21\n", "[unchanged]\n")
    assert left_out(BASE, text, markers(text)) == Loss(2, "[unchanged]")


def test_lines_that_stand_there_twice_hold_no_place() -> None:
    base = "}\na\nb\n}\nc\n}\n"
    text = "}\n# rest unchanged\n}\n"
    assert left_out(base, text, markers(text)) == Loss(3, "# rest unchanged")


def test_the_standard_library_is_hardly_ever_taken_for_shortened() -> None:
    base = "".join(f"something else {number}\n" for number in range(5_000))
    texts = [path.read_text() for path in sorted(Path(sysconfig.get_paths()["stdlib"]).glob("*.py"))]
    refused = [left_out(base, text, markers(text)) for text in texts]
    assert len(texts) > 100
    assert sum(loss is not None for loss in refused) <= len(texts) // 40


LINES = st.lists(st.sampled_from(["a", "b", "rest", "existing", "the same", "…", "x = 1", ""]), max_size=20)


@given(old=LINES, new=LINES)
def test_a_text_of_which_no_line_is_a_marker_is_never_refused(old: list[str], new: list[str]) -> None:
    assert markers("\n".join(new)) == []
    assert left_out("\n".join(old), "\n".join(new), []) is None


@given(lines=st.integers(1, 30), shown=st.integers(0, 29), kept=st.booleans())
def test_what_was_not_shown_is_missed_unless_it_is_sent(lines: int, shown: int, kept: bool) -> None:
    shown = min(shown, lines - 1)
    base = "".join(f"line {number}\n" for number in range(lines))
    seen = [(0, len("".join(f"line {number}\n" for number in range(shown))))]
    text = base if kept else "changed\n" * shown
    expected = None if kept else Loss(lines - shown, None)
    assert unseen_lost(base, text, seen) == expected
    assert unseen_lost(base, text, [(0, len(base))]) is None


def test_who_sends_most_of_what_it_was_not_shown_has_it_from_elsewhere() -> None:
    seen = [(0, BASE.index("line 20"))]
    assert unseen_lost(BASE, BASE.replace("line 30\n", ""), seen) is None
    assert unseen_lost(BASE, BASE[: BASE.index("line 30")], seen) == Loss(10, None)


def test_a_line_that_was_shown_in_part_was_not_shown() -> None:
    assert unseen_lost("a long line", "a long", [(0, 6)]) == Loss(1, None)


@given(parts=st.lists(st.tuples(st.integers(0, 30), st.integers(0, 10)), max_size=8))
def test_parts_are_joined_to_what_they_cover(parts: list[tuple[int, int]]) -> None:
    seen: list[tuple[int, int]] = []
    covered: set[int] = set()
    for start, length in parts:
        seen = joined(seen, (start, start + length))
        covered |= set(range(start, start + length))
    assert {place for a, b in seen for place in range(a, b)} == covered
    assert all(before[1] < after[0] for before, after in pairwise(seen))
