"""A search whose model is away: every face says that only words count."""

import socket
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from tests.interfaces.listening import listening
from workspace_server.core.access import Caller

pytestmark = pytest.mark.anyio


@pytest.fixture
async def reader(folder: Path) -> AsyncIterator[httpx2.AsyncClient]:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/v1"
    async with (
        listening(folder, models_url=url, models_embed_model="vectors") as served,
        httpx2.AsyncClient(base_url=served.url) as reading,
    ):
        saved = await served.engine.files.write_file(Caller(agent="ana"), path="a.md", content="The relay.\n")
        await served.engine.indexing.reach("passages", saved["seq"], timeout_s=30)
        yield reading


async def test_the_page_tells_people(reader: httpx2.AsyncClient) -> None:
    page = (await reader.get("/search", params={"q": "relay"})).text

    assert "by their words only" in page
    assert "a.md" in page


async def test_the_answers_tell_programs(reader: httpx2.AsyncClient) -> None:
    for address in ("/api/v1/search", "/api/v1/facts"):
        answer = (await reader.get(address, params={"query": "relay"})).json()
        assert answer["words_only"] is True, address
    status = (await reader.get("/api/v1/status")).json()
    assert status["models"]["vectors"]["model"] == "vectors"
