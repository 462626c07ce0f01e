"""A replacement that leaves out what it should have kept is told from one that is meant."""

import sys
import sysconfig
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workspace_server.core import diffs, elision
from workspace_server.core.elision import Loss, carried, joined, left_out, markers, unseen_lost

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
    text = "\n".join(new)
    assert left_out("\n".join(old), text, markers(text)) is None


@given(old=LINES, new=LINES, at=st.integers(0, 20))
def test_a_sure_marker_is_refused_exactly_where_lines_are_missing(old: list[str], new: list[str], at: int) -> None:
    text = "\n".join([*new[:at], "[unchanged]", *new[at:]])
    assert left_out("\n".join(old), text, markers(text)) == _missing_at_its_place(old, new, at)


def _missing_at_its_place(old: list[str], new: list[str], at: int) -> Loss | None:
    """Return what the rule says, told line by line."""
    once = {line: old.index(line) for line in old if line and old.count(line) == 1}
    above = next((once[line] for line in reversed(new[:at]) if line in once), -1)
    below = next((once[line] for line in new[at:] if once.get(line, -1) > above), len(old))
    lost = sum(bool(line) and line not in new for line in old[above + 1 : below])
    return Loss(lost, "[unchanged]") if lost else None


def steps_of(call: Callable[[], object]) -> int:
    """Return how many steps of the guard's code a call runs through."""
    steps = 0

    def step(frame: FrameType, event: str, arg: Any) -> Any:
        nonlocal steps
        steps += event == "line"
        return step if frame.f_code.co_filename == elision.__file__ else None

    before = sys.gettrace()
    sys.settrace(step)
    try:
        call()
    finally:
        sys.settrace(before)
    return steps


def test_many_markers_cost_no_more_than_as_many_lines() -> None:
    def cost(lines: int) -> int:
        old = "\n".join(f"a{number}" for number in range(lines))
        new = old + "\n# ..." * lines
        return steps_of(lambda: left_out(old, new, markers(new)))

    assert cost(400) < 5 * cost(100)


def test_many_parts_that_were_shown_cost_no_more_than_as_many_lines() -> None:
    def cost(lines: int) -> int:
        before = "line\n" * lines
        return steps_of(lambda: unseen_lost(before, "", [(5 * number, 5 * number + 2) for number in range(lines)]))

    assert cost(400) < 5 * cost(100)


def test_a_line_that_is_none_is_judged_once_and_so_many_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    judged: list[str] = []
    monkeypatch.setattr(elision, "_certainty", judged.append)
    line = "The rest of the remaining work was omitted and truncated in May"
    assert markers(f"{line}\n" * 9) == []
    assert judged == [line]
    markers("".join(f"{line} {number}\n" for number in range(elision.CANDIDATES_MAX + 9)))
    assert len(judged) == 1 + elision.CANDIDATES_MAX


def test_a_text_of_very_many_lines_is_not_judged() -> None:
    base = "line\n" * (elision.LINES_MAX + 1)
    text = "# rest unchanged\n"
    assert left_out(base, text, markers(text)) is None
    assert unseen_lost(base, "", [(0, 1)]) is None


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


def test_the_nearest_of_very_many_parts_are_taken_for_one() -> None:
    seen: list[tuple[int, int]] = []
    for number in range(elision.PARTS_MAX):
        seen = joined(seen, (10 * number, 10 * number + 2))
    assert len(seen) == elision.PARTS_MAX
    assert joined(seen, (13, 17)) == [(0, 2), (10, 17), *seen[2:]]


TEXTS = st.lists(st.sampled_from(["a", "bb", "", "ccc"]), max_size=25).map("\n".join)


@given(before=TEXTS, after=TEXTS, part=st.tuples(st.integers(0, 40), st.integers(1, 40)))
def test_after_a_diff_one_has_seen_what_it_shows_and_what_one_saw_before(
    before: str, after: str, part: tuple[int, int]
) -> None:
    diff = diffs.unified(before, after, before_name="a", after_name="b")
    changes = diffs.changes(diff)
    end = min(sum(part), len(before))
    seen = carried([(part[0], end)] if part[0] < end else [], before, after, changes)
    assert all(0 <= a < b <= len(after) for a, b in seen)
    shown = {number for change in changes for number in range(*change.new)}
    start = 0
    for number, line in enumerate(diffs.lines_of(after)):
        if number in shown:
            assert any(a <= start and start + len(line) <= b for a, b in seen)
        start += len(line)
    assert carried([(0, len(before))], before, after, changes) == ([(0, len(after))] if after else [])
    whole = sum(b - a for a, b in carried([], before, after, changes))
    assert whole == sum(len(line) for number, line in enumerate(diffs.lines_of(after)) if number in shown)
