"""Many followers of the event stream at once: from the save until each of them has its event.

The floor is a bare asyncio server that writes the same bytes to as many connections: what sockets and loop alone take.
"""

import asyncio
import statistics
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

from tests.bench.measure import percentile
from tests.bench.processes import running_server
from tests.bench.wire import HttpAgent

COUNTS = (1, 100, 1_000)
SAVES = 40
PAUSE_S = 0.25
"""Between two saves, so that every follower is still when the next one comes."""
FRAME_BYTES = 420
"""About as long as what a save makes of the stream."""


class Follower(asyncio.Protocol):
    """One connection that notes when it is told something."""

    def __init__(self) -> None:
        self.times: list[float] = []
        self.begun = asyncio.Event()
        self.complete = asyncio.Event()

    def data_received(self, data: bytes) -> None:
        """Take note of each chunk with an event in it."""
        self.begun.set()
        if b"data: {" in data:
            self.times.append(time.perf_counter())
            if len(self.times) == SAVES:
                self.complete.set()


async def run() -> None:
    """Print the figures."""
    print("\nFollowers of the event stream: from the save to the event, at each of them")
    for count in COUNTS:
        with tempfile.TemporaryDirectory() as directory:
            folder = Path(directory) / "w"
            folder.mkdir()
            async with running_server(folder) as server:
                times = await _followed(server.url, count)
                memory_mb = server.memory_mb()
        print(f"{_line(f'{count:,} followers', times)}   server {memory_mb:.0f} MB")
        print(_line(f"  floor: {count:,} bare connections", await _floor(count)))


def _line(name: str, times_s: list[float]) -> str:
    p50, p99 = statistics.median(times_s) * 1e3, percentile(times_s, 0.99) * 1e3
    return f"  {name:<44} p50 {p50:7.2f} ms   p99 {p99:7.2f} ms   ({len(times_s):,} received)"


async def _followed(url: str, count: int) -> list[float]:
    address = urlsplit(url)
    request = (
        f"GET /api/v1/events?types=file.created HTTP/1.1\r\nHost: {address.netloc}\r\nAccept: text/event-stream\r\n\r\n"
    )
    assert address.hostname is not None
    assert address.port is not None
    async with (
        _connected(address.hostname, address.port, count, request.encode()) as followers,
        HttpAgent(url, "saver") as agent,
    ):
        for one in followers:
            await one.begun.wait()
        began = []
        for number in range(SAVES):
            await asyncio.sleep(PAUSE_S)
            began.append(time.perf_counter())
            await agent.call("write_file", path=f"{number}.bin", content=f"save {number}\n")
        await _all_received(followers)
    return [at - begun for one in followers for at, begun in zip(one.times, began, strict=True)]


async def _floor(count: int) -> list[float]:
    writers: list[asyncio.StreamWriter] = []

    async def keep(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)

    server = await asyncio.start_server(keep, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    frame = b"data: {" + b"x" * FRAME_BYTES
    async with _connected("127.0.0.1", port, count, b"") as followers:
        began = []
        while len(writers) < count:  # noqa: ASYNC110 - until the last one is let in
            await asyncio.sleep(PAUSE_S)
        for _ in range(SAVES):
            await asyncio.sleep(PAUSE_S)
            began.append(time.perf_counter())
            for writer in writers:
                writer.write(frame)
        await _all_received(followers)
    server.close()
    return [at - begun for one in followers for at, begun in zip(one.times, began, strict=True)]


@asynccontextmanager
async def _connected(host: str, port: int, count: int, request: bytes) -> AsyncIterator[list[Follower]]:
    loop = asyncio.get_running_loop()
    async with AsyncExitStack() as opened:
        followers = []
        for _ in range(count):
            transport, follower = await loop.create_connection(Follower, host, port)
            opened.callback(transport.close)
            transport.write(request)
            followers.append(follower)
        yield followers


async def _all_received(followers: list[Follower]) -> None:
    async with asyncio.timeout(60):
        for one in followers:
            await one.complete.wait()
