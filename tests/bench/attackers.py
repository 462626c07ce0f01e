"""Clients that do harm, in a process of its own: `python -m tests.bench.attackers KIND URL TOKEN`, until it is ended.

It stands back (nice), as its like would be on other machines: what is measured is what the server gives up for it.
"""

import asyncio
import contextlib
import itertools
import json
import os
import secrets
import socket
import sys
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

import uvloop

from tests.bench.wire import HttpAgent
from tests.scenarios.test_hostile_files import PATTERNS, QUERIES

NICENESS = 10
CONNECTIONS = 10_000
SLOW = 200
"""Connections with a slow body, or a slow reader, at once."""
DRIP_S = 1.0
AGAIN_S = 10.0
"""After how many seconds one that was cut off comes again."""
GUESSERS = 32
ASKERS = 8
FLOODERS = 32
BODY_BYTES = 1_000_000
LARGE = "large.bin"
"""A file of some megabytes that is there."""
OPENING = 500
"""Connections that are opened at once, so that none waits in the kernel's queue for long."""


class Target:
    """The server that is attacked."""

    def __init__(self, url: str, token: str) -> None:
        self.url = url
        self.token = token
        self.address = urlsplit(url)

    def head(self, line: str, *, token: str | None = None) -> bytes:
        """Return the beginning of a request, without its last empty line."""
        bearer = self.token if token is None else token
        return f"{line} HTTP/1.1\r\nHost: {self.address.netloc}\r\nAuthorization: Bearer {bearer}\r\n".encode()

    async def connect(self, **how: object) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Open a connection."""
        return await asyncio.open_connection(self.address.hostname, self.address.port, **how)  # type: ignore[arg-type]


async def idle(target: Target, number: int) -> None:
    """Hold a connection: every other one without a word, the rest with a header line now and then."""
    reader, writer = await target.connect()
    with contextlib.closing(writer):
        if number % 2:
            writer.write(target.head("GET /api/v1/files"))
            for line in itertools.count():
                await asyncio.sleep(10)
                writer.write(f"X-Line-{line}: x\r\n".encode())
                await writer.drain()
        await reader.read()


async def slow_body(target: Target, number: int) -> None:
    """Send a body byte by byte."""
    _, writer = await target.connect()
    with contextlib.closing(writer):
        head = target.head(f"PUT /api/v1/files/slow/{number}.bin?overwrite=true")
        writer.write(head + f"Content-Length: {BODY_BYTES}\r\n\r\n".encode())
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(DRIP_S)


async def slow_reader(target: Target, number: int) -> None:
    """Ask for a large file and read it drop by drop."""
    del number
    plain = socket.socket()
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    plain.setblocking(False)
    await asyncio.get_running_loop().sock_connect(plain, (target.address.hostname, target.address.port))
    reader, writer = await asyncio.open_connection(sock=plain, limit=4_096)
    with contextlib.closing(writer):
        writer.write(target.head(f"GET /api/v1/files/{LARGE}") + b"\r\n")
        while await reader.read(1_024):  # noqa: ASYNC110 - bytes are waited for, not a state
            await asyncio.sleep(DRIP_S)


async def ask(target: Target, number: int) -> None:
    """Ask what takes the most, without a pause."""
    async with HttpAgent(target.url, f"asker-{number}", token=target.token) as agent:
        for query in itertools.cycle(QUERIES.values()):
            await agent.answer("search", query=query)
            await agent.answer("query_facts", query=query)


async def match(target: Target, number: int) -> None:
    """Search with expressions that take the most, without a pause."""
    async with HttpAgent(target.url, f"matcher-{number}", token=target.token) as agent:
        for pattern in itertools.cycle(PATTERNS.values()):
            await agent.answer("search", query=pattern, mode="regex")


async def guess(target: Target, number: int) -> None:
    """Try tokens, without a pause."""
    del number
    reader, writer = await target.connect()
    with contextlib.closing(writer):
        while True:
            token = f"wst_{secrets.token_hex(6)}_{secrets.token_urlsafe(32)}"
            writer.write(target.head("GET /api/v1/files", token=token) + b"\r\n")
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            await reader.readexactly(int(head.split(b"content-length:")[1].split(b"\r\n")[0]))


async def flood(target: Target, number: int) -> None:
    """Write and read as one agent on many connections, without a pause."""
    async with HttpAgent(target.url, "flooder", token=target.token) as agent:
        for count in itertools.count():
            await agent.answer("write_file", path=f"flood/{number}.md", content=f"{count}\n" * 500, overwrite=True)
            await agent.answer("read_file", path=f"flood/{number}.md")


Attack = Callable[[Target, int], Awaitable[None]]
KINDS: dict[str, tuple[str, int, Attack]] = {
    "idle": ("10,000 connections, idle or with slow headers", CONNECTIONS, idle),
    "bodies": (f"{SLOW} slow bodies", SLOW, slow_body),
    "readers": (f"{SLOW} slow readers of a large file", SLOW, slow_reader),
    "queries": (f"{ASKERS} agents that ask query bombs", ASKERS, ask),
    "patterns": (f"{ASKERS} agents that search with regex bombs", ASKERS, match),
    "guesses": (f"{GUESSERS} clients that guess tokens", GUESSERS, guess),
    "flood": (f"an agent that floods on {FLOODERS} connections", FLOODERS, flood),
}


async def attack(kind: str, target: Target) -> None:
    """Attack until the process is ended; who is cut off comes back after a moment."""
    _, count, how = KINDS[kind]
    opening = asyncio.Semaphore(OPENING)
    cut = 0

    async def again(number: int) -> None:
        nonlocal cut
        while True:
            with contextlib.suppress(OSError, EOFError, asyncio.IncompleteReadError, json.JSONDecodeError, IndexError):
                async with opening:
                    await asyncio.sleep(0)
                await how(target, number)
            cut += 1
            await asyncio.sleep(AGAIN_S)

    attackers = [asyncio.create_task(again(number)) for number in range(count)]
    await asyncio.sleep(min(5.0, 1.0 + count / 4_000))
    print("attacking", flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
    print(cut, flush=True)
    for attacker in attackers:
        attacker.cancel()


if __name__ == "__main__":
    os.nice(NICENESS)
    chosen, address, token = sys.argv[1:]
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(attack(chosen, Target(address, token)))
    os._exit(0)  # nobody waits for ten thousand connections to be closed one by one
