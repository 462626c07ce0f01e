"""A process that lives keeps its locks, and one that only lives does not keep them for ever."""

import asyncio
import socket
from pathlib import Path

import anyio
import pytest

from workspace_server.cli import stdio
from workspace_server.config import Settings
from workspace_server.core.access import Caller
from workspace_server.core.clock import ManualClock
from workspace_server.core.limits import LIMITS
from workspace_server.errors import LockLost
from workspace_server.interfaces.guard import Guard
from workspace_server.interfaces.mcp import unix_socket
from workspace_server.interfaces.mcp.server import WorkspaceMcp
from workspace_server.services.engine import Engine

pytestmark = pytest.mark.anyio

PROCESS = "0123456789abcdef"
ANN = Caller(agent="ann", session=PROCESS)


async def left(engine: Engine) -> list[int]:
    return [lock["expires_in_seconds"] for lock in (await engine.locks.list_locks(ANN))["locks"]]


async def test_signs_of_life_keep_the_locks_of_their_process(engine: Engine, clock: ManualClock) -> None:
    kept = (await engine.locks.lock_files(ANN, paths=["a.md"], ttl_seconds=60))["lock"]
    await engine.locks.lock_files(Caller(agent="ann", session="f" * 16), paths=["b.md"], ttl_seconds=60)
    await engine.locks.lock_files(Caller(agent="bob"), paths=["c.md"], ttl_seconds=60)
    for _ in range(10):
        clock.advance(30)
        await engine.locks.keep_session(PROCESS)
    await engine.locks.expire()
    assert await left(engine) == [60]
    await engine.files.write_file(ANN, path="a.md", content="x", lock=kept)


async def test_a_lock_that_has_run_out_is_not_revived_by_a_sign_of_life(engine: Engine, clock: ManualClock) -> None:
    handle = (await engine.locks.lock_files(ANN, paths=["a.md"], ttl_seconds=60))["lock"]
    clock.advance(60)
    await engine.locks.keep_session(PROCESS)
    with pytest.raises(LockLost):
        await engine.files.write_file(ANN, path="a.md", content="x", lock=handle)


async def test_a_lock_is_kept_by_the_process_that_used_it_last(engine: Engine, clock: ManualClock) -> None:
    """Two processes under one name: the second one asks for the same lock and ends, the first one works on."""
    kept = (await engine.locks.lock_files(ANN, paths=["a.md"], ttl_seconds=60))["lock"]
    await engine.locks.lock_files(Caller(agent="ann", session="f" * 16), paths=["a.md"], ttl_seconds=60)
    await engine.files.write_file(ANN, path="a.md", content="1", lock=kept)
    for _ in range(4):
        clock.advance(30)
        await engine.locks.keep_session(PROCESS)
    await engine.files.write_file(ANN, path="a.md", content="2", lock=kept)


async def test_a_process_whose_agent_hangs_loses_its_lock_in_the_end(engine: Engine, clock: ManualClock) -> None:
    handle = (await engine.locks.lock_files(ANN, paths=["a.md"], ttl_seconds=60))["lock"]
    clock.advance(50)
    await engine.files.write_file(ANN, path="a.md", content="x", lock=handle)
    used_s = clock.boot_s()
    while await left(engine) != []:
        clock.advance(5)
        await engine.locks.keep_session(PROCESS)
        await engine.locks.expire()
    assert clock.boot_s() - used_s == LIMITS.lock_ttl_s_max


async def test_asking_again_from_another_process_hands_the_keeping_over(engine: Engine, clock: ManualClock) -> None:
    """As after a restart of the client: its new process holds what the old one took."""
    old = Caller(agent="ann", session="f" * 16)
    handle = (await engine.locks.lock_files(old, paths=["a.md"], ttl_seconds=60))["lock"]
    assert (await engine.locks.lock_files(ANN, paths=["a.md"], ttl_seconds=60))["lock"] == handle
    clock.advance(50)
    await engine.locks.keep_session(PROCESS)
    assert await left(engine) == [60]


async def test_a_sign_of_life_on_the_socket_keeps_the_locks_and_nothing_answers_it(
    folder: Path, clock: ManualClock
) -> None:
    assert stdio.ALIVE == unix_socket.ALIVE
    path = folder.parent / "s"
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen()
    listener.setblocking(False)
    async with Engine.open(folder, settings=Settings(), clock=clock) as engine, anyio.create_task_group() as tasks:
        tasks.start_soon(unix_socket.SocketDoor(engine, WorkspaceMcp(engine, Guard())).serve, listener)
        await engine.locks.lock_files(ANN, paths=["a.md"], ttl_seconds=60)
        clock.advance(50)
        for session, kept in (("another", 10), (PROCESS, 60)):
            reader, writer = await asyncio.open_unix_connection(str(path))
            writer.write(b'{"agent": "ann", "session": "%s"}\n' % session.encode() + stdio.ALIVE)
            writer.write(b'{"jsonrpc": "2.0", "id": 1, "method": "ping"}\n')
            with anyio.fail_after(30):
                assert b'"agent"' in await reader.readline()
                assert b'"id":1' in await reader.readline(), "the answer to what came after it"
            assert await left(engine) == [kept]
            writer.close()
            await writer.wait_closed()
        tasks.cancel_scope.cancel()
