"""The socket where the `stdio` processes of a folder come together."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp_types import CLIENT_CAPABILITIES_META_KEY, PROTOCOL_VERSION_META_KEY

from workspace_server.config import Settings
from workspace_server.core.access import Caller
from workspace_server.core.scopes import ALL
from workspace_server.interfaces.guard import Guard
from workspace_server.interfaces.mcp.server import WorkspaceMcp
from workspace_server.interfaces.mcp.unix_socket import ALIVE, SocketDoor
from workspace_server.services.engine import Engine

pytestmark = pytest.mark.anyio
MODERN = {PROTOCOL_VERSION_META_KEY: "2026-07-28", CLIENT_CAPABILITIES_META_KEY: {}}


class Process:
    """What a `stdio` process is to the owner: lines, both ways."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def send(self, message: object) -> None:
        self._writer.write((message if isinstance(message, bytes) else json.dumps(message).encode()) + b"\n")
        await self._writer.drain()

    async def receive(self) -> Any:
        with anyio.fail_after(10):
            line = await self._reader.readline()
        return json.loads(line) if line else None

    async def call(self, tool: str, arguments: dict[str, Any]) -> Any:
        params = {"name": tool, "arguments": arguments, "_meta": MODERN}
        await self.send({"jsonrpc": "2.0", "id": tool, "method": "tools/call", "params": params})
        answer = await self.receive()
        assert answer["id"] == tool
        return answer["result"].get("structuredContent") or json.loads(answer["result"]["content"][0]["text"])

    async def close(self) -> None:
        self._writer.close()
        await self._writer.wait_closed()


class Owner:
    def __init__(self, door: SocketDoor, path: Path, engine: Engine) -> None:
        self.door = door
        self.engine = engine
        self._path = path
        self.processes: list[Process] = []

    async def connect(self, preface: object) -> Process:
        process = Process(*await asyncio.open_unix_connection(str(self._path)))
        self.processes.append(process)
        await process.send(preface)
        return process


@asynccontextmanager
async def owner(folder: Path) -> AsyncIterator[Owner]:
    path = folder.parent / "s"
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen()
    listener.setblocking(False)
    async with Engine.open(folder, settings=Settings()) as engine, anyio.create_task_group() as tasks:
        door = SocketDoor(engine, WorkspaceMcp(engine, Guard(tokens=engine.tokens)))
        tasks.start_soon(door.serve, listener)
        here = Owner(door, path, engine)
        yield here
        for process in here.processes:
            await process.close()
        tasks.cancel_scope.cancel()


async def test_a_process_is_told_its_name_and_acts_under_it(folder: Path) -> None:
    async with owner(folder) as here:
        given = await here.connect({"agent": "crew/alice"})
        first = await here.connect({"client": "Claude Code (beta)"})
        second = await here.connect({"client": "Claude Code (beta)"})
        nameless = await here.connect({})
        assert await given.receive() == {"agent": "crew/alice"}
        assert await first.receive() == {"agent": "claude-code-beta-1"}
        assert await second.receive() == {"agent": "claude-code-beta-2"}
        assert await nameless.receive() == {"agent": "agent-1"}
        await second.call("write_file", {"path": "a.md", "content": "x"})
        rows = await given.call("list_files", {"detail": "full"})
        assert rows["files"][0]["modified_by"] == "claude-code-beta-2"


async def test_numbers_of_names_are_not_used_again_after_a_restart(folder: Path) -> None:
    for number in (1, 2):
        async with owner(folder) as here:
            process = await here.connect({"client": "x"})
            assert await process.receive() == {"agent": f"x-{number}"}
        (folder.parent / "s").unlink()


@pytest.mark.parametrize("preface", [b"no json", b"[" * 9_000, [], {"agent": "server"}, {"agent": 7}, {"agent": "a b"}])
async def test_who_says_no_name_that_can_be_is_turned_away(folder: Path, preface: object) -> None:
    async with owner(folder) as here:
        process = await here.connect(preface)
        refusal = await process.receive()
        assert refusal["error"]["code"] == "invalid_argument"
        assert await process.receive() is None


async def test_a_line_that_is_no_message_is_answered_and_harms_nothing(folder: Path) -> None:
    async with owner(folder) as here:
        process = await here.connect({"agent": "alice"})
        await process.receive()
        for line, number, code in ((b"{", None, -32700), (b'{"id": 7}', 7, -32600), (b'"\\ud800"', None, -32600)):
            await process.send(line)
            answer = await process.receive()
            assert (answer["id"], answer["error"]["code"]) == (number, code)
        assert (await process.call("list_files", {}))["seq"] == 0


async def test_a_cancelled_call_is_ended_without_an_answer(folder: Path) -> None:
    async with owner(folder) as here:
        process = await here.connect({"agent": "alice"})
        await process.receive()
        params = {"name": "wait_for", "arguments": {"files": ["never.md"], "timeout_seconds": 50}, "_meta": MODERN}
        await process.send({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params})
        await process.send({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}})
        assert (await process.call("list_files", {}))["seq"] == 0


async def test_a_process_that_goes_away_is_forgotten_with_its_calls(folder: Path) -> None:
    async with owner(folder) as here:
        process = await here.connect({"agent": "alice"})
        await process.receive()
        assert here.door.connected == 1
        params = {"name": "wait_for", "arguments": {"files": ["never.md"], "timeout_seconds": 50}, "_meta": MODERN}
        await process.send({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params})
        await process.close()
        with anyio.fail_after(10):
            while here.door.connected:  # noqa: ASYNC110 - the door tells nobody who leaves
                await anyio.sleep(0.001)


async def test_a_process_proves_who_it_is_until_its_token_is_revoked(folder: Path) -> None:
    boss = Caller(agent="boss", scope=ALL)
    async with owner(folder) as here:
        early = await here.connect({"agent": "ann"})
        assert await early.receive() == {"agent": "ann"}
        mine = await here.engine.tokens.create_token(boss, agent="ann", allow=["read,write:open/**"])
        crew = await here.engine.tokens.create_token(boss, agent="crew", crew=True)
        assert (await early.call("list_files", {}))["code"] == "unauthenticated"
        for wrong in ({"agent": "ann"}, {"agent": "ann", "token": "wst_nonsense"}):
            assert (await (await here.connect(wrong)).receive())["error"]["code"] == "unauthenticated"
        stolen = await here.connect({"agent": "bob", "token": mine["token"]})
        assert (await stolen.receive())["error"]["code"] == "forbidden"

        process = await here.connect({"client": "claude-code", "token": mine["token"]})
        assert await process.receive() == {"agent": "ann"}
        member = await here.connect({"client": "claude-code", "token": crew["token"]})
        assert await member.receive() == {"agent": "crew/claude-code-1"}
        assert (await process.call("write_file", {"path": "open/a.md", "content": "x"}))["version"] == 1
        assert (await process.call("write_file", {"path": "a.md", "content": "x"}))["code"] == "forbidden"
        await here.engine.tokens.revoke_token(boss, token=mine["id"])
        assert (await process.call("list_files", {}))["code"] == "unauthenticated"


async def test_a_process_keeps_its_locks_while_it_proves_who_it_is(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    boss = Caller(agent="boss", scope=ALL)
    async with owner(folder) as here:
        made = await here.engine.tokens.create_token(boss, agent="ann")
        process = await here.connect({"agent": "ann", "session": "a" * 16, "token": made["token"]})
        assert await process.receive() == {"agent": "ann"}
        kept: list[str] = []

        async def keep(session: str) -> None:
            kept.append(session)

        monkeypatch.setattr(here.engine.locks, "keep_session", keep)
        for expected in (1, 1):
            await process.send(ALIVE.strip())
            await process.call("list_files", {})  # is answered once the sign of life was heard
            assert len(kept) == expected
            await here.engine.tokens.revoke_token(boss, token=made["id"])
