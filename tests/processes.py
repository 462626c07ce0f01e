"""Servers in processes of their own, for what only a process can show."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile

from tests.forking import Forked
from workspace_server.app import owner

PROGRAM = [sys.executable, "-m", "workspace_server.cli"]
START_S = 30.0
RUN_S = 60.0


class Serving:
    """`workspace-server serve` on a folder; the port stays the same over a restart.

    Args:
        program: The module that is run, with its first arguments: a double of `workspace-server`, say.
        env: What stands in its environment besides: settings that come from there alone.
    """

    def __init__(
        self,
        folder: Path,
        *flags: str,
        program: Sequence[str] = ("workspace_server.cli",),
        env: Mapping[str, str] | None = None,
    ) -> None:
        self.folder = folder
        self.url = ""
        self._flags = flags
        self._program = program
        self._env = env or {}
        self._port = "0"
        self._process: Forked | None = None

    def start(self) -> None:
        """Start it and return once it answers."""
        module, *first = self._program
        arguments = [*first, "serve", str(self.folder), "--port", self._port, *self._flags]
        self._process = Forked(module, arguments, env={**clean_environment(), **self._env})
        record = None
        deadline = time.monotonic() + START_S
        while record is None or record.pid != self._process.pid:
            assert self._process.poll() is None, "the server ended at its start"
            assert time.monotonic() < deadline, "the server did not start"
            time.sleep(0.02)
            record = owner.current(self.folder)
        self.url = record.url
        self._port = self.url.rpartition(":")[2]

    def signal(self, number: signal.Signals) -> None:
        """Send the server a signal."""
        assert self._process is not None
        self._process.send_signal(number)

    def kill(self) -> None:
        """End it at once, whatever it is doing."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def stop(self) -> int:
        """Let it end by itself and return its exit code."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(timeout=START_S)

    def wait(self) -> int:
        """Wait until it ends, whatever ends it, and return its exit code, or the signal below zero."""
        assert self._process is not None
        return self._process.wait(timeout=START_S)

    @property
    def pid(self) -> int:
        """Its process id."""
        assert self._process is not None
        return self._process.pid


@contextmanager
def serving(
    folder: Path,
    *flags: str,
    program: Sequence[str] = ("workspace_server.cli",),
    env: Mapping[str, str] | None = None,
) -> Iterator[Serving]:
    """Serve *folder* until the block ends."""
    server = Serving(folder, *flags, program=program, env=env)
    server.start()
    try:
        yield server
    finally:
        if server._process is not None and server._process.poll() is None:
            server.stop()


def run(*arguments: str | Path, cwd: Path | None = None, input: str = "") -> "subprocess.CompletedProcess[str]":  # noqa: A002  # as subprocess.run has it
    """Run a command of `workspace-server` to its end."""
    with TemporaryFile("w+") as given, TemporaryFile("w+") as out, TemporaryFile("w+") as err:
        given.write(input)
        given.seek(0)
        streams = [stream.fileno() for stream in (given, out, err)]
        command = list(map(str, arguments))
        process = Forked("workspace_server.cli", command, env=clean_environment(), cwd=cwd, streams=streams)
        try:
            code = process.wait(RUN_S)
        finally:
            process.kill()
        out.seek(0)
        err.seek(0)
        return subprocess.CompletedProcess(command, code, out.read(), err.read())


def clean_environment() -> dict[str, str]:
    """Return the environment without settings of the person who runs the tests."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("WORKSPACE_", "OTEL_"))}
