"""Upkeep over HTTP: for an admin alone, with its progress."""

import anyio
import httpx2
import pytest

from tests.interfaces.listening import Listening
from workspace_server.core.access import Caller
from workspace_server.core.scopes import ALL

pytestmark = pytest.mark.anyio

ADMIN = Caller(agent="op", scope=ALL)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/gc"),
        ("POST", "/reindex"),
        ("GET", "/upkeep"),
        ("POST", "/files/a.md:purge"),
        ("POST", "/files/x:purge"),
    ],
)
async def test_without_the_verb_admin_nothing_is_told_or_done(
    client: httpx2.AsyncClient, method: str, path: str
) -> None:
    await client.put("/files/a.md", content=b"one")
    answer = await client.request(method, path)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "forbidden")
    assert (await client.get("/files/a.md")).content == b"one"


async def test_what_was_purged_answers_gone(client: httpx2.AsyncClient, served: Listening) -> None:
    await client.put("/files/a.md", content=b"one")
    await client.put("/files/a.md", content=b"two", headers={"If-Match": '"1"'})
    await served.engine.upkeep.purge(ADMIN, path="a.md", version=1)
    answer = await client.get("/files/a.md?version=1")
    facts = answer.json()["error"]
    assert (answer.status_code, facts["code"], facts["version"], facts["oldest_version"]) == (410, "gone", 1, 2)
    with anyio.fail_after(60):
        while served.engine.upkeep.is_busy:  # noqa: ASYNC110 - upkeep sends no event
            await anyio.sleep(0.01)
