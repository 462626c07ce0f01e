"""One Chromium for all tests of this folder, a fresh profile for each of them, and agents that speak MCP.

`look` opens a page as somebody would look at it, and `connect` connects an agent to the same server over HTTP. When the
test has ended, no page has run what others wrote, complained in its console, or asked anything of anybody else.
"""

import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any, Protocol

import pytest
from mcp import Client
from playwright.async_api import Browser, async_playwright

from tests.doors import Agent
from tests.interfaces.listening import Listening
from tests.interfaces.web.browser.looking import Look, looking
from tests.interfaces.web.browser.watching import Watch

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="package")
def anyio_backend() -> tuple[str, dict[str, Any]]:
    """One event loop for the folder: the browser lives on it from test to test."""
    return "asyncio", {"use_uvloop": False}


@pytest.fixture(scope="package")
async def browser(anyio_backend: object) -> AsyncIterator[Browser]:
    """The system's Chromium, started once."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    assert program is not None, "this test needs Chromium: apt-get install chromium"
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield opened
        await opened.close()


@pytest.fixture
def watch(served: Listening) -> Watch:
    return Watch(served.url)


@pytest.fixture
async def look(served: Listening, browser: Browser, watch: Watch) -> AsyncIterator[Look]:
    async with looking(served, browser, watch) as opened:
        yield opened


class Connect(Protocol):
    """Connects an agent over MCP; it stays connected until the test has ended."""

    async def __call__(self, name: str) -> Agent: ...


@pytest.fixture
async def connect(served: Listening) -> AsyncIterator[Connect]:
    async with AsyncExitStack() as stack:

        async def connect(name: str) -> Agent:
            client = await stack.enter_async_context(Client(f"{served.url}/mcp?agent={name}"))
            return Agent(client, served.engine.folder.root)

        yield connect
