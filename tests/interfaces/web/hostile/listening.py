"""Somebody else: a server on another port that notes whoever comes to it, and serves hostile files as they are."""

import asyncio
import mimetypes
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass(slots=True)
class Somebody:
    """A server that is not ours.

    Attributes:
        heard: A line for each time that somebody connected: what was asked for, nothing when nothing was said.
    """

    port: int
    files: Mapping[str, bytes] = field(default_factory=dict)
    heard: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Note who comes, and give what is asked for without a word about what a browser may do with it."""
        at = len(self.heard)
        self.heard.append("")
        asked = (await reader.readline()).decode("latin-1").split(" ")
        self.heard[at] = asked[1] if len(asked) > 1 else ""
        body = self.files.get(self.heard[at].lstrip("/"), b"")
        kind = mimetypes.guess_type(self.heard[at])[0] or "text/html"
        writer.write(f"HTTP/1.0 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
        await writer.drain()
        writer.close()


@asynccontextmanager
async def somebody() -> AsyncIterator[Somebody]:
    """Yield a server that listens until the block ends."""
    found = Somebody(port=0)
    server = await asyncio.start_server(found.answer, "127.0.0.1", 0)
    async with server:
        found.port = server.sockets[0].getsockname()[1]
        yield found
