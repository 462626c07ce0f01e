"""A browser that `workspace-server open` let in, without a screen."""

from collections.abc import AsyncIterator

import httpx2
import pytest

from tests.interfaces.listening import Listening


@pytest.fixture
async def owner(served: Listening) -> AsyncIterator[httpx2.AsyncClient]:
    cookie = served.guard.redeem(served.guard.new_ticket())
    headers = {"cookie": f"{served.guard.cookie_name}={cookie}", "origin": served.url}
    async with httpx2.AsyncClient(timeout=60, base_url=served.url, headers=headers) as browsing:
        yield browsing
