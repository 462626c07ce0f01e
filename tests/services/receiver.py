"""A real receiver of webhooks on loopback, which verifies them with the official package."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from aiohttp import web
from standardwebhooks import Webhook


class Received(NamedTuple):
    """One request that arrived."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def message_id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def event(self) -> dict[str, Any]:
        event: dict[str, Any] = json.loads(self.body)
        return event

    def verify(self, secret: str) -> dict[str, Any]:
        """Return the event once the signature holds."""
        event: dict[str, Any] = Webhook(secret).verify(self.body, self.headers)
        return event


class Receiver:
    """Answers requests, first with the statuses that it was told, then with 204.

    Attributes:
        answers: Statuses still to be given, each with its headers.
        gate: Requests wait for it before they are answered.
        taken: Those that were answered with success.
    """

    def __init__(self, scheme: str = "http") -> None:
        self._scheme = scheme
        self.answers: list[tuple[int, dict[str, str]]] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.received: list[Received] = []
        self.taken: list[Received] = []
        self._arrived: asyncio.Queue[Received] = asyncio.Queue()
        self.port = 0

    @property
    def url(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self.port}/hook"

    def answer(self, *statuses: int, **headers: str) -> None:
        """Give these statuses next."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answers += [(status, named) for status in statuses]

    async def next(self, count: int = 1) -> Sequence[Received]:
        """Return the next *count* requests, once they have arrived."""
        async with asyncio.timeout(30):
            return [await self._arrived.get() for _ in range(count)]

    async def handle(self, request: web.Request) -> web.Response:
        received = Received(request.path, dict(request.headers), await request.read())
        self.received.append(received)
        self._arrived.put_nowait(received)
        await self.gate.wait()
        status, headers = self.answers.pop(0) if self.answers else (204, {})
        if status < 300:
            self.taken.append(received)
        return web.Response(status=status, headers=headers, text=None if status == 204 else "heard")


@asynccontextmanager
async def receiving(port: int = 0) -> AsyncIterator[Receiver]:
    """Run a receiver on a loopback port, by default a free one."""
    receiver = Receiver()
    async with listening(receiver, port=port):
        yield receiver


@asynccontextmanager
async def listening(receiver: Receiver, *, port: int = 0, tls: ssl.SSLContext | None = None) -> AsyncIterator[None]:
    """Let *receiver* listen until the block ends.

    Args:
        tls: Its certificate, when it speaks https.
    """
    app = web.Application()
    app.router.add_post("/{tail:.*}", receiver.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port, ssl_context=tls).start()
    receiver.port = runner.addresses[0][1]
    try:
        yield
    finally:
        receiver.gate.set()
        await runner.cleanup()
