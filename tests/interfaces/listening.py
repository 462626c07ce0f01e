"""A workspace that listens on a loopback port, with all its faces."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from workspace_server.app.binding import peers_of
from workspace_server.app.ending import Ending
from workspace_server.app.listening import prepare
from workspace_server.app.server import application, outer
from workspace_server.app.serving import Server
from workspace_server.config import Settings
from workspace_server.core.clock import Clock
from workspace_server.interfaces.guard import Guard
from workspace_server.interfaces.mcp.server import WorkspaceMcp
from workspace_server.services.engine import Engine

ADMIN_KEY = "the-key-of-the-owner"


@dataclass(frozen=True, slots=True)
class Listening:
    """An engine and the address at which it is reached."""

    engine: Engine
    port: int
    guard: Guard

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def raw(self, method: str, target: str, *headers: str, body: bytes = b"") -> tuple[int, str]:
        """Send a request whose target nobody tidies up; return the status and all that came."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        lines = [f"{method} {target} HTTP/1.1", f"Host: 127.0.0.1:{self.port}", "Connection: close", *headers]
        if body:
            lines.append(f"Content-Length: {len(body)}")
        writer.write("\r\n".join([*lines, "", ""]).encode("latin-1") + body)
        await writer.drain()
        answer = (await reader.read()).decode("utf-8", "replace")
        writer.close()
        return int(answer.split(" ", 2)[1]), answer


@asynccontextmanager
async def listening(folder: Path, clock: Clock | None = None, **settings: object) -> AsyncIterator[Listening]:
    """Open the workspace in *folder* and serve it until the block ends."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        prepare(door)
        port = door.getsockname()[1]
        async with Engine.open(folder, settings=Settings(**settings), clock=clock) as engine:  # type: ignore[arg-type]
            engine.folder.base_url = f"http://127.0.0.1:{port}"
            guard = Guard(
                admin_key=ADMIN_KEY, tokens=engine.tokens, issuer=engine.issuer, refused=engine.auditing.refuse
            )
            mcp, ending = WorkspaceMcp(engine, guard), Ending()
            before = outer(engine.settings, peers_of(engine.settings))
            server = Server(application(engine, guard, mcp, ending, outer=before), log_level="critical")
            serving = asyncio.create_task(server.serve(sockets=[door]))
            await server.answers(serving)
            try:
                yield Listening(engine, port, guard)
            finally:
                ending.say()
                mcp.end_streams()
                server.should_exit = True
                await serving
