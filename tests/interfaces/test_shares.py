"""So many calls of one token are worked on at once, and nobody else waits for its others."""

import asyncio
from contextlib import AsyncExitStack, suppress
from pathlib import Path

import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from tests.interfaces.listening import Listening, listening
from workspace_server.core.access import Caller
from workspace_server.core.limits import LIMITS
from workspace_server.core.scopes import ALL
from workspace_server.interfaces.shares import Shares

pytestmark = pytest.mark.anyio

OWNER = Caller(agent="boss", scope=ALL)


async def test_one_more_than_so_many_waits_until_one_of_them_has_gone() -> None:
    shares, leaving = Shares(), asyncio.Event()
    inside: list[str] = []

    async def work(name: str, token: str | None) -> None:
        async with shares.place(Caller(agent="ana", token=token)):
            inside.append(name)
            await leaving.wait()

    count = LIMITS.calls_at_once + 1
    tasks = [asyncio.create_task(work(f"one {number}", "one")) for number in range(count)]
    tasks += [asyncio.create_task(work("other", "other"))]
    tasks += [asyncio.create_task(work("without", None)) for _ in range(count)]
    for _ in range(3):
        await asyncio.sleep(0)
    assert inside == [*(f"one {number}" for number in range(count - 1)), "other", *["without"] * count]
    leaving.set()
    await asyncio.gather(*tasks)
    assert inside[-1] == f"one {count - 1}"


async def test_a_token_whose_calls_wait_stands_back_for_others_and_for_nobody_else() -> None:
    rests: list[float] = []
    now_s = 0.0

    async def rest(rest_s: float) -> None:
        rests.append(rest_s)

    shares = Shares(1, clock=lambda: now_s, rest=rest)

    async def work() -> None:
        nonlocal now_s
        with suppress(ValueError):
            async with shares.place(Caller(agent="ana", token="busy")):
                await asyncio.sleep(0)  # until the other one waits
                now_s += 0.01
                raise ValueError

    await asyncio.gather(work(), work())
    assert rests == []
    async with shares.place(Caller(agent="eve", token="calm")):
        pass
    await asyncio.gather(work(), work())
    assert rests == [pytest.approx(LIMITS.rest_times * 0.01)]


async def made(served: Listening, agent: str) -> tuple[str, Caller]:
    """Return a token, and whoever bears it."""
    told = await served.engine.tokens.create_token(OWNER, agent=agent, allow=["all:**"])
    return str(told["token"]), Caller(agent=agent, token=str(told["id"]))


async def test_whoever_has_all_its_places_taken_waits_at_both_faces_and_others_go_on(folder: Path) -> None:
    async with listening(folder) as served, AsyncExitStack() as stack:
        (busy, caller), (free, _) = await made(served, "busy"), await made(served, "free")
        clients = []
        for token in (busy, free):
            headers = {"authorization": f"Bearer {token}"}
            http = await stack.enter_async_context(httpx2.AsyncClient(headers=headers, timeout=60))
            mcp = await stack.enter_async_context(Client(streamable_http_client(f"{served.url}/mcp", http_client=http)))
            clients.append((http, mcp))
        (http, mcp), (others_http, others_mcp) = clients
        async with AsyncExitStack() as places:
            for _ in range(LIMITS.calls_at_once):
                await places.enter_async_context(served.guard.shares.place(caller))
            calling = asyncio.create_task(mcp.call_tool("list_files", {}))
            asking = asyncio.create_task(http.get(f"{served.url}/api/v1/files"))
            assert not (await others_mcp.call_tool("list_files", {})).is_error
            assert (await others_http.get(f"{served.url}/api/v1/files")).status_code == 200
            # What waits by its nature, what has a body, and news take no place.
            assert not (await mcp.call_tool("wait_for", {"files": ["a.md"], "timeout_seconds": 0})).is_error
            assert (await http.put(f"{served.url}/api/v1/files/a.md", content=b"a")).status_code == 201
            assert (await http.get(f"{served.url}/api/v1/events")).status_code == 200
            assert not calling.done()
            assert not asking.done()
        assert not (await calling).is_error
        assert (await asking).status_code == 200
