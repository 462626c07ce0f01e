"""What the tests of flows do with pages: send their forms, and listen for webhooks."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Protocol

import httpx2
import pytest

from tests.interfaces.listening import Listening, listening
from tests.services.receiver import Receiver, receiving


@pytest.fixture
async def served(folder: Path) -> AsyncIterator[Listening]:
    """A workspace that may send to receivers on loopback; a test that waits for one runs the sending itself."""
    async with listening(folder, name="atlas", webhooks_allow_loopback=True) as found:
        yield found


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as opened:
        yield opened


class Send(Protocol):
    """Sends a form of a page, as a browser does."""

    async def __call__(self, address: str, **fields: str) -> httpx2.Response: ...


@pytest.fixture
def send(person: httpx2.AsyncClient) -> Send:
    async def sending(address: str, **fields: str) -> httpx2.Response:
        found = re.search(r'name="token" value="(\w+)"', (await person.get("/triggers:new")).text)
        assert found is not None
        return await person.post(address, data={"token": found[1], **fields})

    return sending
