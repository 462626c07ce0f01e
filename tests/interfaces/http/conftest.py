"""Fixtures of the HTTP face: a workspace that listens, and a client that holds its answers to the description."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from tests.interfaces.listening import Listening, listening
from workspace_server.interfaces.guard import Guard
from workspace_server.interfaces.http.api import Api
from workspace_server.interfaces.http.openapi import PREFIX


@pytest.fixture
async def served(folder: Path) -> AsyncIterator[Listening]:
    async with listening(folder) as found:
        yield found


@pytest.fixture
async def client(served: Listening) -> AsyncIterator[httpx2.AsyncClient]:
    """A client all of whose JSON answers must be what the description says, to the last member."""
    table = Api(served.engine, Guard()).table

    async def check(answer: httpx2.Response) -> None:
        raw = answer.request.url.raw_path.decode().partition("?")[0]
        if not answer.is_success or not raw.startswith(PREFIX):
            return
        entry, _ = table.find(answer.request.method, raw.removeprefix(PREFIX))
        assert answer.status_code in entry.answers
        if entry.result is not None and answer.headers["content-type"] == "application/json":
            entry.result.model_validate_json(await answer.aread())

    async with httpx2.AsyncClient(
        base_url=served.url + PREFIX, headers={"X-Agent": "ana"}, event_hooks={"response": [check]}
    ) as speaking:
        yield speaking
