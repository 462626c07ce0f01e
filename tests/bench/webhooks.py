"""Webhooks: from the save to the receiver, how many a second, and what a dead endpoint costs the others.

Beside each stands a floor of the same run: the same requests straight from aiohttp, without a workspace.
"""

import asyncio
import itertools
import json
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final, cast

import aiohttp

from tests.bench.measure import HEADER, Figure, figure
from tests.bench.processes import running_server
from tests.bench.wire import HttpAgent

SAVES: Final = 500
SAVES_PER_S: Final = 100
SAVERS: Final = 8
BACKLOG: Final = 3_000
IN_FLIGHT: Final = 16
WARM_UP: Final = 100
LIFTED: Final = "[webhooks]\nper_second = 100000\n"
OPTIONS: Final = {"settle": "immediate", "rate_per_minute": 1_000_000}


class Receiver(asyncio.Protocol):
    """The thinnest receiver there is: it takes note of when each request came, and answers 204, or never."""

    def __init__(self, taken: Callable[[bytes], None], *, dead: bool) -> None:
        self._taken = taken
        self._dead = dead
        self._read = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by its class

    def data_received(self, data: bytes) -> None:
        self._read += data
        while (end := self._read.find(b"\r\n\r\n")) >= 0:
            head = self._read[:end].lower()
            length = int(head.split(b"content-length:")[1].split(b"\r\n")[0])
            if len(self._read) < end + 4 + length:
                return
            body, self._read = self._read[end + 4 : end + 4 + length], self._read[end + 4 + length :]
            if not self._dead:
                self._taken(body)
                self._transport.write(b"HTTP/1.1 204 No Content\r\n\r\n")


class Arrivals:
    """When the request for each path came first."""

    def __init__(self, count: int) -> None:
        self.at: dict[str, float] = {}
        self._count = count
        self.complete = asyncio.Event()

    def take(self, body: bytes) -> None:
        self.at.setdefault(json.loads(body)["data"]["inputs"][0]["path"], time.perf_counter())
        if len(self.at) == self._count:
            self.complete.set()


@asynccontextmanager
async def receiving(taken: Callable[[bytes], None], *, dead: bool = False) -> AsyncIterator[str]:
    """Yield the address of a receiver."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Receiver(taken, dead=dead), "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"
    finally:
        server.close()


async def run() -> None:
    """Print the figures."""
    print(f"\nWebhooks, {SAVES_PER_S} saves a second, from the save's request to the receiver\n{HEADER}")
    floor = await _straight_at_a_rate()
    print(floor.line())
    healthy = await _saved(dead=False)
    print(healthy.line(floor))
    beside = await _saved(dead=True)
    print(beside.line(floor))
    print(f"  a dead endpoint adds {100 * (beside.p99_ms / healthy.p99_ms - 1):.0f} % to the p99 of the healthy one")
    print(f"\nWebhooks to one endpoint, {IN_FLIGHT} in flight, {BACKLOG} waiting\n{HEADER}")
    floor = await _straight_at_once()
    print(floor.line())
    print((await _backlog()).line(floor))


async def _straight_at_a_rate() -> Figure:
    """POST bodies of the same size at the same rate, without a workspace."""
    arrivals, begun = Arrivals(SAVES), dict[str, float]()
    async with receiving(arrivals.take) as url, aiohttp.ClientSession() as session:

        async def post(number: int) -> None:
            begun[f"saves/{number}.md"] = time.perf_counter()
            async with session.post(url, data=_body(number)) as response:
                await response.read()

        started = time.perf_counter()
        await _at_a_rate(post)
        await arrivals.complete.wait()
    return _figure("straight from aiohttp (floor)", begun, arrivals, started)


async def _saved(*, dead: bool) -> Figure:
    """Save to different files at a steady rate while a trigger sends a webhook for each."""
    arrivals, begun = Arrivals(SAVES), dict[str, float]()
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(receiving(arrivals.take))
        silent = await stack.enter_async_context(receiving(arrivals.take, dead=True))
        server = await stack.enter_async_context(_server(stack, LIFTED))
        agents = [await stack.enter_async_context(HttpAgent(server, f"saver-{one}")) for one in range(SAVERS)]
        await _warm_up(agents)
        await _watch(agents[0], "healthy", url)
        if dead:
            await _watch(agents[0], "dead", silent)
        free: asyncio.Queue[HttpAgent] = asyncio.Queue()
        for agent in agents:
            free.put_nowait(agent)

        async def save(number: int) -> None:
            path = f"saves/{number}.md"
            begun[path] = time.perf_counter()
            agent = await free.get()
            await agent.call("write_file", path=path, content=f"save {number}\n")
            free.put_nowait(agent)

        started = time.perf_counter()
        await _at_a_rate(save)
        async with asyncio.timeout(60):
            await arrivals.complete.wait()
    return _figure("saved, beside a dead endpoint" if dead else "saved", begun, arrivals, started)


async def _straight_at_once() -> Figure:
    """POST as many as the backlog holds, as many at once as are in flight."""
    arrivals, times = Arrivals(BACKLOG), list[float]()
    numbers = iter(range(BACKLOG))
    async with receiving(arrivals.take) as url, aiohttp.ClientSession() as session:

        async def poster() -> None:
            for number in numbers:
                begun = time.perf_counter()
                async with session.post(url, data=_body(number)) as response:
                    await response.read()
                times.append(time.perf_counter() - begun)

        started = time.perf_counter()
        await asyncio.gather(*(poster() for _ in range(IN_FLIGHT)))
    return figure("straight from aiohttp (floor)", times, time.perf_counter() - started)


async def _backlog() -> Figure:
    """Let deliveries gather while none is sent, and then send them all."""
    arrivals = Arrivals(BACKLOG)
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory) / "w"
        async with receiving(arrivals.take) as url:
            async with _serving(folder, f"deliveries = false\n{LIFTED}") as server, HttpAgent(server, "saver") as agent:
                await _watch(agent, "healthy", url)
                for first in range(0, BACKLOG, 1_000):
                    numbers = range(first, min(first + 1_000, BACKLOG))
                    changes = [{"op": "write", "path": f"saves/{one}.md", "content": f"{one}\n"} for one in numbers]
                    await agent.call("commit_files", changes=changes)
            # What was saved is indexed otherwise, which is another measurement.
            async with _serving(folder, LIFTED, "--without-index"):
                async with asyncio.timeout(120):
                    await arrivals.complete.wait()
    ordered = sorted(arrivals.at.values())
    gaps = [after - before for before, after in itertools.pairwise(ordered)]
    # Each holds a place for as long as those before it take: the figure is of the arrivals, not of one request.
    return figure("from the outbox, durable (between arrivals)", gaps, ordered[-1] - ordered[0])


async def _at_a_rate(call: Callable[[int], Awaitable[None]]) -> None:
    started = time.perf_counter()
    async with asyncio.TaskGroup() as tasks:
        for number in range(SAVES):
            await asyncio.sleep(max(0.0, started + number / SAVES_PER_S - time.perf_counter()))
            tasks.create_task(_one(call, number))


async def _one(call: Callable[[int], Awaitable[None]], number: int) -> None:
    await call(number)


@asynccontextmanager
async def _server(stack: AsyncExitStack, settings: str) -> AsyncIterator[str]:
    directory = stack.enter_context(tempfile.TemporaryDirectory())
    async with _serving(Path(directory) / "w", settings) as url:
        yield url


@asynccontextmanager
async def _serving(folder: Path, settings: str, *options: str) -> AsyncIterator[str]:
    """Serve *folder* with these settings and yield the address."""
    (folder / ".workspace").mkdir(parents=True, exist_ok=True)
    (folder / ".workspace" / "config.toml").write_text(settings)
    async with running_server(folder, *options) as server:
        yield server.url


async def _warm_up(agents: Sequence[HttpAgent]) -> None:
    """Save until all that a server starts beside itself is there."""
    for number in range(WARM_UP):
        await agents[number % SAVERS].call("write_file", path=f"warm/{number}.md", content=f"warm {number}\n")
    await agents[0].call("wait_for", files=["warm/*.md"], mode="count", count=WARM_UP, indexed=True, timeout_seconds=50)


async def _watch(agent: HttpAgent, name: str, url: str) -> None:
    await agent.call("create_trigger", name=name, files=["saves/*.md"], url=url, options=OPTIONS)


def _body(number: int) -> bytes:
    """Return a body as long as a webhook's."""
    said = {"path": f"saves/{number}.md", "version": 1, "sha256": "0" * 64, "agent": "saver", "padding": "x" * 400}
    return json.dumps({"data": {"inputs": [said]}}).encode()


def _figure(name: str, begun: dict[str, float], arrivals: Arrivals, started: float) -> Figure:
    wall_s = max(arrivals.at.values()) - started
    return figure(name, [arrivals.at[path] - at for path, at in begun.items()], wall_s)
