"""Pages of PDFs as pictures, in a thread and in children."""

import os
import struct

import pytest

from indexer.document import Unreadable
from indexer.drawing import PNG, draw_page
from indexer.extracting import InThread
from indexer.processes import worker
from indexer.processes.in_processes import InProcesses
from indexer.processes.messages import Unbelievable
from tests.indexer import files

PLAN = files.pdf([["Owner: Ada"], ["Cost: 3 EUR"]])


def test_a_page_is_drawn_as_wide_as_it_is() -> None:
    drawn = draw_page(PLAN, 2)
    width, height = struct.unpack(">II", drawn.png[16:24])

    assert drawn.png.startswith(PNG)
    assert drawn.pages == 2
    assert (width, height) == (1020, 1320)
    assert draw_page(PLAN, 1).png != drawn.png


@pytest.mark.parametrize(
    ("data", "page", "why"),
    [
        (PLAN, 0, "has 2 pages"),
        (PLAN, 3, "has 2 pages"),
        (b"%PDF-1.4 nothing", 1, "damaged"),
        (PLAN.replace(b"[0 0 612 792]", b"[0 0 99999 99999]"), 1, "damaged"),
    ],
)
def test_a_page_that_cannot_be_drawn_says_why(data: bytes, page: int, why: str) -> None:
    with pytest.raises(Unreadable, match=why):
        draw_page(data, page)


def test_where_files_are_always_on_a_disk_nothing_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "memfd_create")
    with pytest.raises(Unreadable, match="on Linux only"):
        draw_page(PLAN, 1)


@pytest.mark.anyio
async def test_a_child_draws_what_a_thread_draws() -> None:
    drawing = InProcesses()
    try:
        assert await drawing.draw(PLAN, 2) == await InThread().draw(PLAN, 2)
        with pytest.raises(Unreadable, match="has 2 pages"):
            await drawing.draw(PLAN, 3)
    finally:
        await drawing.aclose()


@pytest.mark.anyio
async def test_a_child_that_takes_too_long_or_talks_nonsense_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    def doubt(_: bytes) -> None:
        raise Unbelievable

    drawing, slow = InProcesses(), InProcesses(document_s=0.0)
    try:
        with pytest.raises(Unreadable, match="took longer than 0 s"):
            await slow.draw(PLAN, 1)
        monkeypatch.setattr(worker, "drawing_answered", doubt)
        with pytest.raises(Unreadable, match="makes no sense"):
            await drawing.draw(PLAN, 1)
    finally:
        await drawing.aclose()
        await slow.aclose()
