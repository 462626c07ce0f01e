"""Fixtures of the web view: a workspace that listens, a reader of its pages, and a hand that writes."""

import base64
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from tests.interfaces.listening import Listening, listening
from tests.interfaces.web.filling import Browser
from workspace_server.core.access import Caller


@pytest.fixture
async def served(folder: Path) -> AsyncIterator[Listening]:
    async with listening(folder, name="atlas") as found:
        yield found


@pytest.fixture
async def reader(served: Listening) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(timeout=60, base_url=served.url) as reading:
        yield reading


@pytest.fixture
async def person(served: Listening) -> AsyncIterator[httpx2.AsyncClient]:
    """A browser that `workspace-server open` let in."""
    cookie = served.guard.redeem(served.guard.new_ticket())
    assert cookie is not None
    headers = {"cookie": f"{served.guard.cookie_name}={cookie}", "origin": served.url}
    async with httpx2.AsyncClient(timeout=60, base_url=served.url, headers=headers) as browsing:
        yield browsing


class Hand:
    """Writes files as an agent would."""

    def __init__(self, served: Listening) -> None:
        self._engine = served.engine

    async def write(self, path: str, content: str | bytes, *, agent: str = "ana", message: str | None = None) -> int:
        raw = content.encode() if isinstance(content, str) else content
        result = await self._engine.files.write_file(
            Caller(agent=agent),
            path=path,
            content=base64.b64encode(raw).decode(),
            encoding="base64",
            overwrite=True,
            message=message,
        )
        version: int = result["version"]
        return version


@pytest.fixture
def hand(served: Listening) -> Hand:
    return Hand(served)


@pytest.fixture
def owner(person: httpx2.AsyncClient) -> Browser:
    return Browser(person)


@pytest.fixture
async def guest(served: Listening) -> AsyncIterator[Browser]:
    """A browser on this machine that nobody let in."""
    async with httpx2.AsyncClient(timeout=60, base_url=served.url, headers={"origin": served.url}) as browsing:
        yield Browser(browsing)
