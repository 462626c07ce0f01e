"""Pages of PDFs as pictures: drawn once while they are kept, refused in words."""

from collections.abc import AsyncIterator

import pytest

from indexer.drawing import Drawn
from indexer.extracting import InThread
from tests.indexer import files
from workspace_server.core.access import Caller
from workspace_server.errors import NotText
from workspace_server.services.engine import Engine
from workspace_server.services.files import drawn
from workspace_server.services.files.opened import OpenContent

pytestmark = pytest.mark.anyio
ANA = Caller(agent="ana")


@pytest.fixture
async def paper(engine: Engine) -> OpenContent:
    async def stream() -> AsyncIterator[bytes]:
        yield files.pdf([["one"], ["two"], ["three"]])

    await engine.files.upload(ANA, path="a.pdf", chunks=stream())
    return await engine.files.open_content(ANA, path="a.pdf")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list that grows with each page that is drawn."""
    pages: list[int] = []
    draw = InThread.draw

    async def counted(self: InThread, data: bytes, page: int) -> Drawn:
        pages.append(page)
        return await draw(self, data, page)

    monkeypatch.setattr(InThread, "draw", counted)
    return pages


async def test_a_page_is_drawn_once_while_it_is_kept(
    engine: Engine, paper: OpenContent, asked: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    pages = engine.parts.drawn
    first = await pages.page(paper, 1)
    assert await pages.page(paper, 1) is first
    assert (asked, first.pages) == ([1], 3)

    monkeypatch.setattr(drawn, "KEPT_BYTES_MAX", len(first.png) * 2 + 10_000)
    for number in (2, 1, 3, 1, 2):
        await pages.page(paper, number)
    assert asked == [1, 2, 3, 2]


async def test_what_cannot_be_drawn_says_why(
    engine: Engine, paper: OpenContent, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(NotText, match="has 3 pages"):
        await engine.parts.drawn.page(paper, 4)
    monkeypatch.setattr(drawn, "DOCUMENT_BYTES_MAX", 100)
    with pytest.raises(NotText, match="more than"):
        await engine.parts.drawn.page(paper, 2)
