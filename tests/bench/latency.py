"""From the save to what follows: the signed webhook at its receiver, and facts that can be queried."""

import asyncio
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from aiohttp import web

from tests.bench.measure import percentile
from tests.bench.processes import running_server
from tests.bench.wire import HttpAgent

SAVES = 300
SAVES_PER_S = 100
FACT_SAVES = 40


async def run() -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory) / "w"
        folder.mkdir()
        async with running_server(folder) as server:
            print("\nFrom the save to what follows")
            webhook = await _webhook(server.url)
            print(_line(f"signed webhook received, {SAVES_PER_S} saves/s", webhook))
            print(_line("facts can be queried", await _facts(server.url)))


def _line(name: str, times_s: list[float]) -> str:
    p50, p99 = statistics.median(times_s) * 1e3, percentile(times_s, 0.99) * 1e3
    return f"  {name:<44} p50 {p50:7.1f} ms   p99 {p99:7.1f} ms   ({len(times_s)} saves)"


async def _webhook(url: str) -> list[float]:
    """Save to different files at a steady rate; the time runs from the answer's request to the receiver's handler."""
    saved: dict[str, float] = {}
    received: dict[str, float] = {}
    complete = asyncio.Event()

    async def receive(request: web.Request) -> web.Response:
        body: dict[str, Any] = await request.json()
        for one in body["data"]["inputs"]:
            received.setdefault(one["path"], time.perf_counter())
        if len(received) == SAVES:
            complete.set()
        return web.Response()

    application = web.Application()
    application.router.add_post("/hook", receive)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    agents = [HttpAgent(url, f"saver-{number}") for number in range(8)]
    for agent in agents:
        await agent.__aenter__()
    await agents[0].call(
        "create_trigger",
        name="bench",
        files=["saves/*.md"],
        url=f"http://127.0.0.1:{port}/hook",
        options={"settle": "immediate", "rate_per_minute": 100_000},
    )

    free: asyncio.Queue[HttpAgent] = asyncio.Queue()
    for agent in agents:
        free.put_nowait(agent)

    async def save(number: int) -> None:
        path = f"saves/{number}.md"
        saved[path] = time.perf_counter()
        agent = await free.get()
        await agent.call("write_file", path=path, content=f"save {number}\n")
        free.put_nowait(agent)

    started = time.perf_counter()
    tasks = []
    for number in range(SAVES):
        await asyncio.sleep(max(0.0, started + number / SAVES_PER_S - time.perf_counter()))
        tasks.append(asyncio.create_task(save(number)))
    await asyncio.gather(*tasks)
    async with asyncio.timeout(20):
        await complete.wait()
    for agent in agents:
        await agent.__aexit__()
    await runner.cleanup()
    return [received[path] - saved[path] for path in saved]


async def _facts(url: str) -> list[float]:
    """Save a file with a new fact and ask for it with the save's own seq, one after the other."""
    times = []
    async with HttpAgent(url, "asker") as agent:
        for number in range(FACT_SAVES):
            begun = time.perf_counter()
            saved = await agent.call(
                "write_file", path=f"facts/{number}.md", content=f"# Widget {number}\n\nPrice: {number + 7} EUR\n"
            )
            seq = saved["structuredContent"]["seq"]
            found = await agent.call("query_facts", query=f"Widget {number} price", min_seq=seq)
            assert found["structuredContent"]["complete"], found
            times.append(time.perf_counter() - begun)
    return times
