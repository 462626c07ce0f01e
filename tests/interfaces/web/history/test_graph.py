"""Sources and uses of a file as a drawing, with a list for those who do not see it."""

import re

import httpx2
import pytest

from tests.interfaces.listening import Listening
from tests.interfaces.web.conftest import Hand
from workspace_server.core.access import Caller
from workspace_server.interfaces.web.history.graph import ACROSS, DOWN, HEIGHT, WIDTH, drawn
from workspace_server.services.files.provenance import Provenance, Related

ANA = Caller(agent="ana")


def related(path: str, *beyond: Related) -> Related:
    return Related(path=path, version=1, state="current", newest=1, beyond=beyond)


def around(sources: list[Related], uses: list[Related], path: str = "dir/a.md") -> Provenance:
    return Provenance(path=path, version=3, sources=sources, uses=uses, more_sources=False, more_uses=False)


def test_sources_stand_on_the_left_of_the_file_and_uses_on_the_right() -> None:
    drawing = drawn(around([related("s.md", related("ss.md")), related("t.md")], [related("u.md")]))
    at = {box.name: (box.x, box.y) for box in drawing.boxes}
    step = WIDTH + ACROSS

    assert {name: x for name, (x, _) in at.items()} == {
        "ss.md": 0,
        "s.md": step,
        "t.md": step,
        "a.md": 2 * step,
        "u.md": 3 * step,
    }
    assert at["t.md"][1] - at["s.md"][1] == HEIGHT + DOWN
    assert (drawing.width, drawing.height) == (3 * step + WIDTH, 2 * HEIGHT + DOWN)
    assert len(drawing.lines) == 4
    assert drawing.middle_x == 2 * step
    assert f"M{step - ACROSS} {at['ss.md'][1] + HEIGHT // 2}C" in drawing.lines[2]


def test_no_two_boxes_overlap_and_all_are_within() -> None:
    far = [related(f"far-{number}.md") for number in range(4)]
    drawing = drawn(
        around([related(f"s-{n}.md", *far) for n in range(8)], [related(f"u-{n}.md", *far) for n in range(3)])
    )
    places = {(box.x, box.y) for box in drawing.boxes}

    assert len(places) == len(drawing.boxes) == 1 + 8 + 32 + 3 + 12
    for box in drawing.boxes:
        assert 0 <= box.x <= drawing.width - WIDTH
        assert 0 <= box.y <= drawing.height - HEIGHT
        assert not any(
            other is not box and other.x == box.x and abs(other.y - box.y) < HEIGHT for other in drawing.boxes
        )


def test_a_long_name_is_told_by_its_end() -> None:
    [box] = drawn(around([], [], "x" * 60 + "-end.md")).boxes

    assert box.name.startswith("…")
    assert box.name.endswith("-end.md")
    assert box.is_middle


@pytest.mark.anyio
async def test_the_page_of_facts_draws_where_a_file_comes_from_and_where_it_goes(
    served: Listening, reader: httpx2.AsyncClient, hand: Hand
) -> None:
    files = served.engine.files
    await hand.write("a.md", "one")
    assert "None named." in (await reader.get("/files/a.md?view=facts")).text
    bad = "<b>&.md"
    await files.write_file(
        ANA, path="b.md", content="b", sources=[{"path": "a.md", "version": 1}, {"path": bad, "version": 1}]
    )
    await files.write_file(ANA, path="c.md", content="c", sources=[{"path": "b.md", "version": 1}])
    await hand.write("a.md", "two")
    html = (await reader.get("/files/b.md?view=facts")).text
    boxes = re.findall(r'<a href="([^"]+)" class="box (\w+)">', html)

    assert boxes == [
        ("/files/b.md?version=1", "middle"),
        ("/files/a.md?version=1", "stale"),
        ("/files/%3Cb%3E%26.md", "unknown"),
        ("/files/c.md?version=1", "current"),
    ]
    assert "v1, now v2" in html
    assert "v1, never was there" in html
    assert "<b>" not in html
    listed = html.partition("<summary>As a list</summary>")[2].partition("</details>")[0]
    assert re.findall(r'<h3>([^<]+)|href="/files/([^"]+)"', listed) == [
        ("Made from", ""),
        ("", "a.md"),
        ("", "%3Cb%3E%26.md"),
        ("Used by", ""),
        ("", "c.md"),
    ]
