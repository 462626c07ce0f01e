"""Agents of one crew: they share a token, an address and a connection, and yet no lock."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.interfaces.listening import Listening, listening
from tests.interfaces.mcp.test_unix_socket import owner
from tests.interfaces.test_matrix import OWNER, call_tool

pytestmark = pytest.mark.anyio


@pytest.fixture
async def crew(folder: Path) -> AsyncIterator[tuple[Listening, httpx2.AsyncClient]]:
    """A server, and the one connection that all agents of a crew share."""
    async with listening(folder) as served:
        await served.engine.files.write_file(OWNER, path="a.md", content="x")
        made = await served.engine.tokens.create_token(OWNER, agent="writers", crew=True, allow=["read,write,lock:**"])
        headers = {"authorization": f"Bearer {made['token']}"}
        one = httpx2.Limits(max_connections=1)
        async with httpx2.AsyncClient(base_url=served.url, headers=headers, limits=one) as client:
            yield served, client


async def test_two_agents_of_a_crew_share_no_lock_over_http(crew: tuple[Listening, httpx2.AsyncClient]) -> None:
    served, client = crew
    ann, bob = {"x-agent": "ann"}, {"x-agent": "bob"}
    body: dict[str, Any] = {"paths": ["a.md"]}
    granted = (await client.post("/api/v1/locks", json=body, headers=ann)).json()
    refused = (await client.post("/api/v1/locks", json=body, headers=bob)).json()["error"]
    assert (refused["code"], refused["agent"]) == ("locked", "writers/ann")
    for given in ({}, {"x-lock": granted["lock"]}):
        put = await client.put("/api/v1/files/a.md", content=b"y", headers={**bob, **given, "if-match": '"1"'})
        assert put.status_code in {409, 412, 423}, put.text
        assert put.json()["error"]["code"] in {"locked", "lock_lost"}
    assert (await client.delete(f"/api/v1/locks/{granted['lock']}", headers=bob)).status_code != 200
    held = await served.engine.locks.list_locks(OWNER)
    assert [one["agent"] for one in held["locks"]] == ["writers/ann"]


async def test_two_agents_of_a_crew_share_no_lock_over_mcp(crew: tuple[Listening, httpx2.AsyncClient]) -> None:
    _, client = crew
    client.headers["x-agent"] = "ann"
    assert (await call_tool(client, "lock_files", {"paths": ["a.md"]}))[0] is None
    client.headers["x-agent"] = "bob"
    assert (await call_tool(client, "lock_files", {"paths": ["a.md"]}))[0] == "locked"
    code, _ = await call_tool(client, "write_file", {"path": "a.md", "content": "y", "overwrite": True})
    assert code == "locked"
    client.headers["x-agent"] = "ann"
    assert (await call_tool(client, "unlock_files", {"paths": ["a.md"]}))[0] is None


async def test_two_processes_with_one_token_of_a_crew_share_no_lock_over_stdio(folder: Path) -> None:
    async with owner(folder) as here:
        made = await here.engine.tokens.create_token(OWNER, agent="writers", crew=True, allow=["read,write,lock:**"])
        ann, bob = [await here.connect({"agent": name, "token": made["token"]}) for name in ("ann", "bob")]
        assert [await one.receive() for one in (ann, bob)] == [{"agent": "writers/ann"}, {"agent": "writers/bob"}]
        await ann.call("write_file", {"path": "a.md", "content": "x"})
        granted = await ann.call("lock_files", {"paths": ["a.md"]})
        refused = await bob.call("lock_files", {"paths": ["a.md"]})
        assert (refused["code"], refused["agent"]) == ("locked", "writers/ann")
        change = {"path": "a.md", "content": "y", "overwrite": True}
        for given in ({}, {"lock": granted["lock"]}):
            assert (await bob.call("write_file", change | given))["code"] in {"locked", "lock_lost"}
        held = await here.engine.locks.list_locks(OWNER)
        assert [one["agent"] for one in held["locks"]] == ["writers/ann"]
        written = await ann.call("write_file", change | {"lock": granted["lock"]})
        assert written["version"] == 2, written
