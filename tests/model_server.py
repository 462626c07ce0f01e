"""A small server of language models on loopback, whose vectors tell synonyms alike and whose answers a test writes."""

import asyncio
import hashlib
import json
import re
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

DIMENSIONS = 64
SYNONYMS = (
    "car automobile vehicle",
    "cost costs price expense",
    "doctor physician",
    "dismissed fired terminated",
    "staff employees workers",
    "holiday vacation leave",
)
_CONCEPTS = {word: some.split()[0] for some in SYNONYMS for word in some.split()}

Answering = Callable[[str], str | int | None]
"""Returns what the model says to a text: words, the status of a failure, or None for never."""


def vector_of(text: str) -> list[float]:
    """Return the sum of the directions of a text's concepts."""
    total = [0.0] * DIMENSIONS
    for word in re.findall(r"[a-z]+", text.lower()):
        bits = hashlib.sha256(_CONCEPTS.get(word, word).encode()).digest()
        for at in range(DIMENSIONS):
            total[at] += 1.0 if bits[at // 8] >> at % 8 & 1 else -1.0
    return total


def facts(*said: tuple[str, str, str, str]) -> str:
    """Return an answer with facts, each of subject, key, value and quote."""
    names = ("subject", "key", "value", "quote")
    return json.dumps({"facts": [dict(zip(names, one, strict=True)) for one in said]})


@dataclass
class ModelServer:
    """What was asked, and how it is answered.

    Attributes:
        asked: The bodies of the requests for words; *embedded* the texts of those for vectors.
        failing: The status of every answer, while it is set.
        hanging: Whether requests for vectors are never answered.
    """

    url: str = ""
    answering: Answering = lambda _: '{"facts": []}'
    asked: list[dict[str, Any]] = field(default_factory=list)
    embedded: list[str] = field(default_factory=list)
    keys: set[str | None] = field(default_factory=set)
    failing: int | None = None
    hanging: bool = False
    never: asyncio.Event = field(default_factory=asyncio.Event)

    async def complete(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.asked.append(body)
        self.keys.add(request.headers.get("Authorization"))
        said = self.answering(body["messages"][-1]["content"]) if self.failing is None else self.failing
        if said is None:
            await self.never.wait()
        if not isinstance(said, str):
            return web.Response(status=said or 500, text=f"the key {request.headers.get('Authorization')} is wrong")
        return web.json_response({"choices": [{"message": {"role": "assistant", "content": said}}]})

    async def embed(self, request: web.Request) -> web.Response:
        texts: Sequence[str] = (await request.json())["input"]
        self.keys.add(request.headers.get("Authorization"))
        if self.hanging:
            await self.never.wait()
        if self.failing is not None:
            return web.Response(status=self.failing)
        self.embedded += texts
        listed = [{"index": number, "embedding": vector_of(text)} for number, text in enumerate(texts)]
        return web.json_response({"data": listed[::-1]})


@asynccontextmanager
async def model_server() -> AsyncIterator[ModelServer]:
    """Serve until the block ends."""
    server = ModelServer()
    app = web.Application(client_max_size=1 << 24)
    app.router.add_post("/v1/chat/completions", server.complete)
    app.router.add_post("/v1/embeddings", server.embed)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    assert site._server is not None
    port = site._server.sockets[0].getsockname()[1]  # type: ignore[attr-defined]  # a started site has sockets
    server.url = f"http://127.0.0.1:{port}/v1"
    try:
        yield server
    finally:
        server.never.set()
        await runner.cleanup()
