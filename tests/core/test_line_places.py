"""Where lines are in a text that is known by its strides alone."""

import pytest

from workspace_server.core.line_places import LinePlaces, begin_of_line

TEXT = b"one\ntwo\n\nlong line\nlast"


@pytest.mark.parametrize("stride_bytes", [1, 2, 3, 4, 5, 7, 100])
def test_each_line_is_found_in_the_stride_where_it_begins(stride_bytes: int) -> None:
    strides = [TEXT[at : at + stride_bytes] for at in range(0, len(TEXT), stride_bytes)]
    places = LinePlaces()
    for stride in strides:
        places.pass_over(stride)
    found = []
    for line in range(1, places.lines + 1):
        number, ends = places.stride_of(line)
        at = number * stride_bytes + begin_of_line(strides[number], ends)
        found.append(TEXT[at:].split(b"\n")[0])

    assert found == TEXT.split(b"\n")


@pytest.mark.parametrize(
    ("strides", "lines"), [([], 0), ([b"a"], 1), ([b"a\n"], 1), ([b"a\n", b"b"], 2), ([b"\n\n"], 2)]
)
def test_what_stands_behind_the_last_line_end_is_a_line(strides: list[bytes], lines: int) -> None:
    places = LinePlaces()
    for stride in strides:
        places.pass_over(stride)

    assert places.lines == lines
