"""The thinnest clients there are, so that the server is what is measured: raw HTTP keep-alive, raw lines over stdio."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

VERSION = "2026-07-28"
META = {
    "io.modelcontextprotocol/protocolVersion": VERSION,
    "io.modelcontextprotocol/clientInfo": {"name": "bench", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {},
}
LINE_BYTES_MAX = 1 << 26

Message = dict[str, Any]


class HttpAgent:
    """One agent on one keep-alive connection, with a token where the server asks for one."""

    def __init__(self, url: str, agent: str, *, token: str | None = None) -> None:
        self._address = urlsplit(url)
        self._agent = agent
        self._proof = "" if token is None else f"Authorization: Bearer {token}\r\n"
        self._id = 0

    async def __aenter__(self) -> Self:
        self._reader, self._writer = await asyncio.open_connection(self._address.hostname, self._address.port)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._writer.close()

    async def call(self, tool: str, **arguments: object) -> Message:
        """Call a tool and return its result."""
        return checked(await self.answer(tool, **arguments))

    async def answer(self, tool: str, **arguments: object) -> Message:
        """Call a tool and return the answer, whatever it is."""
        self._id += 1
        body = json.dumps(
            {
                "jsonrpc": "2.0",
                "id": self._id,
                "method": "tools/call",
                "params": {"name": tool, "arguments": arguments, "_meta": META},
            }
        ).encode()
        head = (
            f"POST /mcp HTTP/1.1\r\nHost: {self._address.netloc}\r\nX-Agent: {self._agent}\r\n{self._proof}"
            "Accept: application/json, text/event-stream\r\nContent-Type: application/json\r\n"
            f"MCP-Protocol-Version: {VERSION}\r\nMCP-Method: tools/call\r\nMCP-Name: {tool}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        self._writer.write(head.encode() + body)
        return await self._answer()

    async def _answer(self) -> Message:
        head = (await self._reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.split(b"content-length:")[1].split(b"\r\n")[0])
        answer: Message = json.loads(await self._reader.readexactly(length))
        return answer


class StdioAgent:
    """One agent behind a process of its own, in the handshake era that every stdio server speaks."""

    def __init__(self, *command: str) -> None:
        self._command = command
        self._id = 0

    @classmethod
    def of(cls, folder: Path, agent: str) -> Self:
        """Return an agent over our own `stdio`."""
        return cls(sys.executable, "-m", "workspace_server.cli", "stdio", str(folder), "--agent", agent)

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            limit=LINE_BYTES_MAX,
        )
        info = {"name": "bench", "version": "1"}
        await self._request("initialize", {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": info})
        self._send({"jsonrpc": "2.0", "method": "notifications/initialized"})
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        await self._process.wait()

    async def call(self, tool: str, **arguments: object) -> Message:
        """Call a tool and return its result."""
        return checked(await self._request("tools/call", {"name": tool, "arguments": arguments}))

    async def _request(self, method: str, params: Message) -> Message:
        assert self._process.stdout is not None
        self._id += 1
        self._send({"jsonrpc": "2.0", "id": self._id, "method": method, "params": params})
        while True:
            answer: Message = json.loads(await self._process.stdout.readline())
            if answer.get("id") == self._id and "method" not in answer:
                return answer

    def _send(self, message: Message) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(message).encode() + b"\n")


def checked(answer: Message) -> Message:
    """Return the result of an answer; a refusal would make the figure worthless."""
    result: Message = answer["result"]
    assert not result.get("isError"), result
    return result
