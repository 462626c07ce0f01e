"""Ten thousand callers that wait at once, each on a connection of its own: what they cost, how soon one is served."""

import asyncio
import contextlib
import json
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from tests.bench.measure import HEADER, figure
from tests.bench.processes import Running, running_server
from tests.bench.wire import META, VERSION, HttpAgent

CALLERS = 10_000
AT_ONCE = 200
"""How many connect at the same time: a listening socket holds so many and no more."""
SERVED = 200
WAIT_S = 50

Request = Callable[[int], tuple[str, bytes]]
"""Makes the request of a caller, given its number: the first lines of its head, and its body."""


async def run() -> None:
    """Print the figures, one kind of wait after the other."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    callers = min(CALLERS, hard - 1_000)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, callers + 500), hard))
    print(f"\n{callers:,} callers that wait, each on a connection of its own")
    for name, request in (
        ("claim_job over HTTP", _claim_over_http),
        ("claim_job over MCP", _claim_over_mcp),
        ("wait_for over MCP", _wait_over_mcp),
    ):
        with tempfile.TemporaryDirectory() as directory:
            folder = Path(directory) / "w"
            folder.mkdir()
            async with running_server(folder, "--crowd") as server:
                await _measure(name, request, server, callers)


async def _measure(name: str, request: Request, server: Running, callers: int) -> None:
    async with contextlib.AsyncExitStack() as opened:
        await _answers(server)
        before_mb = server.memory_mb()
        room = asyncio.Semaphore(AT_ONCE)
        begun = time.perf_counter()
        readers = await asyncio.gather(*(_wait(opened, server, request, number, room) for number in range(callers)))
        took_s = time.perf_counter() - begun
        await _answers(server)
        after_mb = server.memory_mb()
        print(f"  {name:<28}{after_mb:6.0f} MB, {before_mb:.0f} MB without them; all wait after {took_s:.1f} s")
        if "claim" in name:
            async with HttpAgent(server.url, "manager") as manager:
                await _serve(manager, readers)


async def _answers(server: Running) -> None:
    """Return once the server has read all that was sent to it before."""
    async with HttpAgent(server.url, "manager") as manager:
        await manager.call("list_files")


async def _serve(manager: HttpAgent, readers: list[asyncio.StreamReader]) -> None:
    """Add jobs, and time until those who wait longest have theirs."""
    times = []
    started = time.perf_counter()
    for number in range(SERVED):
        begun = time.perf_counter()
        await manager.call("add_job", queue="q", instructions="Work.")
        await readers[number].readuntil(b"\r\n\r\n")
        times.append(time.perf_counter() - begun)
    print(HEADER)
    print(figure("add_job → who waited longest has it", times, time.perf_counter() - started).line())


async def _wait(
    opened: contextlib.AsyncExitStack, server: Running, request: Request, number: int, room: asyncio.Semaphore
) -> asyncio.StreamReader:
    """Let one more caller wait."""
    address = urlsplit(server.url)
    async with room:
        reader, writer = await asyncio.open_connection(address.hostname, address.port, limit=1 << 12)
        opened.callback(writer.close)
        head, body = request(number)
        common = f"Host: {address.netloc}\r\nX-Agent: a{number}\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write(f"{head}\r\n{common}".encode() + body)
        await writer.drain()
    return reader


def _claim_over_http(_: int) -> tuple[str, bytes]:
    return "POST /api/v1/queues/q:claim HTTP/1.1", json.dumps({"wait_seconds": WAIT_S}).encode()


def _claim_over_mcp(_: int) -> tuple[str, bytes]:
    return _tool("claim_job", queue="q", wait_seconds=WAIT_S)


def _wait_over_mcp(number: int) -> tuple[str, bytes]:
    return _tool("wait_for", files=[f"absent/{number}.md"], timeout_seconds=WAIT_S)


def _tool(name: str, **arguments: object) -> tuple[str, bytes]:
    params = {"name": name, "arguments": arguments, "_meta": META}
    head = (
        "POST /mcp HTTP/1.1\r\nAccept: application/json, text/event-stream\r\nContent-Type: application/json\r\n"
        f"MCP-Protocol-Version: {VERSION}\r\nMCP-Method: tools/call\r\nMCP-Name: {name}"
    )
    return head, json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}).encode()
