"""The processes of the story: started with what they need to know, and every one of them ended at the end."""

import asyncio
import json
import os
import signal
import socket
import sys
import time
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiohttp

AGENTS = "workspace_server.demo.agents"
PROGRAM = [sys.executable, "-m", "workspace_server.cli"]
START_S = 30.0
END_S = 10.0


class Failed(Exception):
    """A part of the story did not do what it was to do."""


class Server:
    """`workspace-server serve` on a folder, always on the same port, so that it can be killed and come back."""

    def __init__(self, folder: Path, log: Path) -> None:
        self.folder = folder
        self._log = log
        self._port = _free_port()
        self._process: Process | None = None

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self._port}"

    async def start(self) -> None:
        """Start it and return once it is ready.

        Raises:
            Failed: It was not within START_S.
        """
        arguments = ["serve", str(self.folder), "--port", str(self._port), "--allow-loopback-webhooks"]
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *PROGRAM, *arguments, stdin=DEVNULL, stdout=log, stderr=log, env=_environment({})
            )
        deadline = time.monotonic() + START_S
        async with aiohttp.ClientSession() as session:
            while not await _is_ready(session, self.url):
                if time.monotonic() > deadline or self._process.returncode is not None:
                    raise Failed(f"the server did not start:\n{self._log.read_text()[-2000:]}")
                await asyncio.sleep(0.05)

    async def kill(self) -> None:
        """End it as a power cut would."""
        assert self._process is not None
        self._process.kill()
        await self._process.wait()

    async def ended(self) -> None:
        """Return once it has ended, by whomever."""
        assert self._process is not None
        await self._process.wait()

    async def stop(self) -> None:
        """Let it finish what it is doing and end."""
        if self._process is not None:
            await _end(self._process)


class Cast:
    """The agents, the workers that start agents, and the receiver of webhooks.

    Args:
        logs: A directory for what they say on standard error.
    """

    def __init__(self, url: str, logs: Path) -> None:
        self._url = url
        self._logs = logs
        self._running: list[Process] = []
        self._readers: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        """Begin with nobody on the stage."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """End every process that is still there."""
        await asyncio.gather(*(_end(process) for process in self._running))
        for reader in self._readers:
            reader.cancel()
        await asyncio.gather(*self._readers, return_exceptions=True)

    async def play(self, module: str, *arguments: str, **environment: str) -> list[dict[str, Any]]:
        """Run an agent to its end and return what it told.

        Raises:
            Failed: It ended with an error.
        """
        process = await self._spawn([sys.executable, "-m", f"{AGENTS}.{module}", *arguments], module, environment)
        output, _ = await process.communicate()
        if process.returncode != 0:
            raise Failed(f"{module} failed:\n{self._said(module)}")
        return [json.loads(line) for line in output.splitlines()]

    async def work(self, queue: str, agent: str, module: str) -> None:
        """Start `workspace-server work`, which runs the agent's program for each job of *queue*."""
        command = [*PROGRAM, "work", queue, "--agent", agent, "--", sys.executable, "-m", f"{AGENTS}.{module}"]
        process = await self._spawn(command, agent, {})
        self._readers.append(asyncio.create_task(_drain(process)))

    async def receive(self, on_told: Callable[[dict[str, Any]], None], secret: str) -> str:
        """Start the receiver of webhooks and return its address; *on_told* gets what it tells, line by line."""
        process = await self._spawn(
            [sys.executable, "-m", f"{AGENTS}.receiver"], "receiver", {"DEMO_WEBHOOK_SECRET": secret}
        )
        assert process.stdout is not None
        first = json.loads(await asyncio.wait_for(process.stdout.readline(), START_S))
        self._readers.append(asyncio.create_task(_pass_on(process, on_told)))
        return f"http://127.0.0.1:{first['port']}/"

    async def _spawn(self, command: list[str], name: str, environment: Mapping[str, str]) -> Process:
        given = {"WORKSPACE_URL": self._url, **environment}
        with (self._logs / f"{name}.log").open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                *command, stdin=DEVNULL, stdout=PIPE, stderr=log, env=_environment(given)
            )
        self._running.append(process)
        return process

    def _said(self, name: str) -> str:
        return (self._logs / f"{name}.log").read_text()[-2000:]


async def _is_ready(session: aiohttp.ClientSession, url: str) -> bool:
    try:
        async with session.get(f"{url}/readyz") as response:
            return response.status == 200
    except aiohttp.ClientError:
        return False


async def _end(process: Process) -> None:
    if process.returncode is not None:
        return
    process.send_signal(signal.SIGTERM)
    try:
        await asyncio.wait_for(process.wait(), END_S)
    except TimeoutError:
        process.kill()
        await process.wait()


async def _drain(process: Process) -> None:
    assert process.stdout is not None
    async for _ in process.stdout:
        pass


async def _pass_on(process: Process, on_told: Callable[[dict[str, Any]], None]) -> None:
    assert process.stdout is not None
    async for line in process.stdout:
        on_told(json.loads(line))


def _environment(added: Mapping[str, str]) -> dict[str, str]:
    """Return the environment without settings of the caller's own: the story is the same everywhere."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("WORKSPACE_", "DEMO_"))}
    return {**kept, **added}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
