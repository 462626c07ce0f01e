"""Fixtures of the HTTP face: a workspace that listens, and a client that speaks to it."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from tests.interfaces.listening import Listening, listening


@pytest.fixture
async def served(folder: Path) -> AsyncIterator[Listening]:
    async with listening(folder) as found:
        yield found


@pytest.fixture
async def client(served: Listening) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(base_url=f"{served.url}/api/v1", headers={"X-Agent": "ana"}) as speaking:
        yield speaking
