"""How answers look in a terminal."""

import pytest

from workspace_server.cli import show


def test_text_from_files_cannot_steer_the_terminal() -> None:
    assert "\x1b" not in show.plain("red \x1b[31m alert")
    assert show.plain("a\u202eb\u200bc") == "a\ufffdb\ufffdc"


def test_columns_line_up_also_with_wide_characters(capsys: pytest.CaptureFixture[str]) -> None:
    show.table([("日本", 1, "x"), ("ab", None, "line\nbreak")], head=("NAME", "N", "REST"))
    assert capsys.readouterr().out.splitlines() == ["NAME  N  REST", "日本  1  x", "ab    -  line break"]


def test_an_empty_table_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    show.table([], head=("A",), empty="no locks")
    assert capsys.readouterr().out == "no locks\n"


def test_names_and_values_stand_side_by_side(capsys: pytest.CaptureFixture[str]) -> None:
    show.pairs({"seq": 3, "index": {"lag": 0}, "open": ["a.md", {"b": 1}], "left_out": {}, "blocked": []})
    assert capsys.readouterr().out.splitlines() == ["seq        3", "index.lag  0", 'open       a.md, {"b": 1}']


@pytest.mark.parametrize(
    ("size_bytes", "said"), [(0, "0 B"), (1023, "1023 B"), (2048, "2.0 KiB"), (5 << 30, "5.0 GiB")]
)
def test_sizes_are_for_people(size_bytes: int, said: str) -> None:
    assert show.size(size_bytes) == said


def test_times_come_as_iso_or_as_seconds() -> None:
    assert show.when("2026-01-02T03:04:05Z") == show.when(1767323045)
    assert show.when(None) == "-"
